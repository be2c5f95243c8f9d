package main

import rego.v1

public_acls := {"public-read", "public-read-write", "website"}

deny contains msg if {
	some resource in input.resource_changes
	resource.type == "aws_s3_bucket"
	resource.change.after.acl in public_acls
	msg := sprintf("%s: acl %s is public", [resource.address, resource.change.after.acl])
}
