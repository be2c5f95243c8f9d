"""The room of the door to the database: values in, rows out, and back."""
