# Every taggable resource carries the tags of the company.
package main

required_tags := {"Owner", "CostCenter"}

taggable := {"aws_s3_bucket", "aws_sqs_queue", "aws_security_group", "aws_db_instance"}

tags(resource) = found {
  found := resource.change.after.tags
  is_object(found)
}

tags(resource) = {} {
  not is_object(resource.change.after.tags)
}

deny[msg] {
  resource := input.resource_changes[_]
  taggable[resource.type]
  resource.change.actions[_] != "delete"
  missing := required_tags - {tag | tags(resource)[tag]}
  count(missing) > 0
  msg := sprintf("%v lacks the tags %v", [resource.address, missing])
}
