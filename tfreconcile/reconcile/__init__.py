"""The room where the steps meet: one pass of one stack, and the survey of what Git wants."""
