# The blast radius of the OPA tutorial, with weights and a limit.
package main

blast_radius := 30

weights := {
  "aws_sqs_queue": {"delete": 10, "create": 1, "modify": 1},
  "aws_dynamodb_table": {"delete": 100, "create": 10, "modify": 1},
}

num_deletes[resource_type] = num {
  weights[resource_type]
  deletes := [r | r := input.resource_changes[_]; r.type == resource_type; r.change.actions[_] == "delete"]
  num := count(deletes)
}

score = s {
  all := [x | some resource_type; weights[resource_type]; x := weights[resource_type].delete * num_deletes[resource_type]]
  s := sum(all)
}

deny[msg] {
  score >= blast_radius
  msg := sprintf("the blast radius is %v, the limit %v", [score, blast_radius])
}

warn[msg] {
  score > 0
  score < blast_radius
  msg := sprintf("the blast radius is %v", [score])
}
