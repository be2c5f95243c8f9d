package lib.iam

import rego.v1

statements(document) := as_array(json.unmarshal(document).Statement)

as_array(value) := value if is_array(value)

as_array(value) := [value] if not is_array(value)

allows_everything(statement) if {
	statement.Effect == "Allow"
	"*" in as_array(statement.Action)
}
