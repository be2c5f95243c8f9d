# Is a planned value known before the apply? Plan JSON leaves unknown values out of `after`, so that a rule which
# compares one is undefined and denies nothing. Import it with `import data.tfreconcile`.
package tfreconcile

import rego.v1

# `change` is an entry of resource_changes, `path` the name of an attribute, or a list of names and indexes.
# A value is unknown when it is, when anything above it is, or when anything below it is.
unknown(change, path) if {
	some prefix in _prefixes(path)
	object.get(change.change.after_unknown, prefix, false) == true
}

unknown(change, path) if {
	walk(object.get(change.change.after_unknown, _steps(path), false), [_, true])
}

known(change, path) if not unknown(change, path)

_steps(path) := path if is_array(path)

_steps(path) := [path] if is_string(path)

_prefixes(path) := {array.slice(_steps(path), 0, end) | some end in numbers.range(1, count(_steps(path)))}
