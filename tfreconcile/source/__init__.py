"""The room that knows what is wanted: Git, stack definitions, inputs."""
