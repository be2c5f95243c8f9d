"""The room that knows what the operator chose: the host config, read once and frozen."""
