"""The room that speaks to a person: verbs, flags, tables, exit codes."""
