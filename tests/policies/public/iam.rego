# Policy documents as JSON in a text, with a library.
package main

import rego.v1

import data.lib.iam

deny_admin contains msg if {
	some resource in input.resource_changes
	resource.type in {"aws_iam_role_policy", "aws_iam_policy"}
	some statement in iam.statements(resource.change.after.policy)
	iam.allows_everything(statement)
	msg := sprintf("%s allows everything", [resource.address])
}
