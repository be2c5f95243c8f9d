"""tfreconcile: a Terraform reconciler that lives inside the target cloud account."""
