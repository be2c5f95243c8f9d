"""The room that does it once: the plan that was decided on, or nothing."""
