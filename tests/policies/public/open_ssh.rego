# The style of violations with metadata.
package main

import rego.v1

violation_open_port contains {"msg": msg, "details": {"resource": resource.address, "port": 22}} if {
	some resource in input.resource_changes
	resource.type == "aws_security_group"
	some rule in resource.change.after.ingress
	"0.0.0.0/0" in rule.cidr_blocks
	rule.from_port <= 22
	rule.to_port >= 22
	msg := sprintf("%s opens port 22 to the world", [resource.address])
}
