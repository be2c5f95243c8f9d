# Data-driven: what is allowed stands in the policy data.
package main

array_contains(arr, elem) {
  arr[_] = elem
}

deny[reason] {
  resource := input.resource_changes[_]
  resource.type == "aws_db_instance"
  action := resource.change.actions[count(resource.change.actions) - 1]
  array_contains(["create", "update"], action)
  not array_contains(data.allowed.db_classes, resource.change.after.instance_class)
  reason := sprintf("%s: class %q is not one of %v", [resource.address, resource.change.after.instance_class, data.allowed.db_classes])
}
