"""The room that says what became of it: health, conditions, due times."""
