"""On which connection, and towards which tables, do migrations run? Alembic executes this file."""

from __future__ import annotations

from alembic import context

from tfreconcile.store.tables import Base

# The caller brings the connection and its transaction, so that all steps are kept or none is.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
context.run_migrations()
