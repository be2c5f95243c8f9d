"""The room of the door to Terraform: the only room that starts it."""
