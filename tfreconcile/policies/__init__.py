"""The door to policy engines: Rego and checkov, each in a child process."""
