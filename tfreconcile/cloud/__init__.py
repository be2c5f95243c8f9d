"""The room of the doors to the clouds: who are we, roles, parameters."""
