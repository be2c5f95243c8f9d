# The walk of the Terraform documentation of OPA: resources of the root and of every module.
package main

import rego.v1

resources contains resource if {
	some path, value
	walk(input.planned_values, [path, value])
	some resource in module_resources(path, value)
}

module_resources(path, value) := found if {
	path[count(path) - 1] == "resources"
	found := value
}

deny contains msg if {
	some resource in resources
	resource.type == "aws_sqs_queue"
	not startswith(resource.values.name, "acme-")
	msg := sprintf("%s: the name %s does not begin with acme-", [resource.address, resource.values.name])
}
