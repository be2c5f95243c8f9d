# With an exception for one team, as in conftest's documentation.
package main

deny_unprotected[msg] {
  rc := input.resource_changes[_]
  rc.type == "aws_db_instance"
  rc.change.after.deletion_protection == false
  msg := sprintf("%s can be deleted", [rc.address])
}

deny[msg] {
  rc := input.resource_changes[_]
  rc.type == "aws_db_instance"
  rc.change.after.publicly_accessible
  msg := sprintf("%s is public", [rc.address])
}

exception[rules] {
  data.exceptions.unprotected
  rules := ["unprotected"]
}
