"""The room that says what kind: cause, drift and hazards of each change."""
