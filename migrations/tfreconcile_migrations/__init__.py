"""How did the schema of the database come to be? Alembic's scripts, run by ``tfreconcile.store.schema``."""
