"""What can be done with the database? ``db upgrade``."""

from __future__ import annotations

import click

from tfreconcile.cli.options import with_settings
from tfreconcile.settings.model import Settings
from tfreconcile.store import database


@click.group()
def db() -> None:
    """The database's schema. Every verb brings it up to date by itself; this does only that."""


@db.command()
@with_settings
def upgrade(settings: Settings) -> None:
    """Bring the schema up to date and say which revision it has."""
    click.echo(f"schema {database.upgrade(settings.database)}")
