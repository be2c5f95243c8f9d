"""Is the schema the one we know? Brings a database up to date, in one transaction that one process wins."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from tfreconcile.errors import Misconfigured

MIGRATIONS = "tfreconcile_migrations"
"""The package of Alembic's scripts; its source lies under ``migrations/``."""


def newest() -> str:
    """The revision that this version of tfreconcile brings."""
    head = _scripts().get_current_head()
    if head is None:
        raise LookupError(f"the package {MIGRATIONS} holds no migration")
    return head


def is_current(engine: Engine, path: Path) -> bool:
    """True when there is nothing to upgrade.

    Raises Misconfigured for a schema that we do not know, and for one with triggers or views: they change
    what is written, or show something else than what is there, and tfreconcile makes none.
    """
    with engine.connect() as connection:
        _require_tables_only(connection, path)
        return _revision(connection, path) == newest()


def upgrade(engine: Engine, path: Path) -> None:
    """Take every step that is missing, all in one transaction: a crash leaves the old schema.

    Transactions of ``engine`` write, and leave foreign keys unchecked, since SQLite alters a table by
    copying it. Raises Misconfigured for a schema that we do not know.
    """
    with engine.begin() as connection:
        # Another process may have upgraded while we waited for our turn.
        if _revision(connection, path) != newest():
            command.upgrade(configuration(connection), "head")


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for work on one connection; there is no file of it."""
    config = Config()
    config.set_main_option("script_location", str(resources.files(MIGRATIONS)).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _revision(connection: Connection, path: Path) -> str | None:
    """The revision of the schema there, None for an empty database."""
    heads = MigrationContext.configure(connection).get_current_heads()
    if not heads:
        _require_empty(connection, path)
        return None
    found = ", ".join(sorted(heads))
    if found in {script.revision for script in _scripts().walk_revisions()}:
        return found
    what = f"the database is from a newer tfreconcile (schema {found}); this one knows up to {newest()}"
    raise Misconfigured.at(str(path), what, "upgrade tfreconcile")


def _require_tables_only(connection: Connection, path: Path) -> None:
    look = text("SELECT type || ' ' || name FROM sqlite_master WHERE type IN ('trigger', 'view') ORDER BY 1")
    found = [str(name) for name in connection.scalars(look)]
    if found:
        what = f"the database holds {', '.join(found[:3])}, which tfreconcile never makes"
        raise Misconfigured.at(str(path), what, "find out who made it and drop it; tfreconcile audit verify")


def _require_empty(connection: Connection, path: Path) -> None:
    found = [name for name in inspect(connection).get_table_names() if name != "alembic_version"]
    if found:
        what = f"the database is of another program: it holds {', '.join(found[:3])} and no schema of ours"
        raise Misconfigured.at(str(path), what, "name another file under `database`")


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(resources.files(MIGRATIONS)))
