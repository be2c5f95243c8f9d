# Reads the configuration rather than the changes.
package main

import rego.v1

allowed_regions := {"eu-central-1", "eu-west-1"}

deny contains msg if {
	some name, provider in input.configuration.provider_config
	region := provider.expressions.region.constant_value
	not region in allowed_regions
	msg := sprintf("provider %s is in %s, which is not one of %v", [name, region, allowed_regions])
}
