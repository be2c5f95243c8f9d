"""Do migrations lead to the tables that the code knows, whoever runs them and whatever interrupts?"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from importlib import resources
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry
from support.remembered import KEY, a_plan, an_approval

from tfreconcile.errors import Misconfigured
from tfreconcile.store import applies, approvals, audit, database, plans, schema, sqlite, stacks

TABLES = {"stacks", "plans", "passes", "approvals", "applies", "tags", "sources", "journal"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a database may be made."""
    return tmp_path / "tfreconcile.db"


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {name for (name,) in found} - {"sqlite_sequence"}


def test_models_and_migrations_describe_one_schema(path: Path) -> None:
    with closing(database.connect(f"sqlite:///{path}")) as store, store.engine.connect() as connection:
        command.check(schema.configuration(connection))


def test_an_empty_database_gets_every_table(path: Path) -> None:
    assert database.upgrade(f"sqlite:///{path}") == schema.newest()
    assert tables(path) == TABLES | {"alembic_version"}


def test_a_second_upgrade_writes_nothing(path: Path) -> None:
    database.upgrade(f"sqlite:///{path}")
    before = path.read_bytes()
    database.upgrade(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_migrations_are_numbered_in_one_line() -> None:
    scripts = ScriptDirectory(str(resources.files(schema.MIGRATIONS)))
    found = [script.revision for script in scripts.walk_revisions()]
    assert found == [f"{number:04}" for number in range(len(found), 0, -1)]


def test_a_schema_from_the_future_is_refused_and_left_alone(path: Path) -> None:
    database.upgrade(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(Misconfigured) as error:
        database.connect(f"sqlite:///{path}")
    assert str(error.value) == (
        f"{path}: the database is from a newer tfreconcile (schema 9999); "
        f"this one knows up to {schema.newest()} (upgrade tfreconcile)"
    )
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def test_an_upgrade_that_fails_half_way_leaves_nothing(path: Path) -> None:
    engine = sqlite.engine_for(path, patience=timedelta(seconds=1), foreign_keys=False)

    def make_small(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
        connection.execute("PRAGMA max_page_count = 6")

    event.listen(engine, "connect", make_small)
    with pytest.raises(OperationalError, match="disk is full"):
        schema.upgrade(sqlite.writing(engine), path)
    engine.dispose()
    assert tables(path) == set()
    database.upgrade(f"sqlite:///{path}")
    assert tables(path) >= TABLES


def test_processes_that_start_at_once_migrate_once(path: Path) -> None:
    program = "import sys; from tfreconcile.store.database import upgrade; print(upgrade(sys.argv[1]))"
    argv = [sys.executable, "-W", "error", "-c", program, f"sqlite:///{path}"]
    started = [
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    ended = [(*process.communicate(timeout=120), process.returncode) for process in started]
    assert ended == [(f"{schema.newest()}\n", "", 0)] * 3
    assert tables(path) >= TABLES


def test_a_path_with_percent_signs_is_only_a_path(tmp_path: Path) -> None:
    path = tmp_path / "100%s %(here)s.db"
    database.connect(f"sqlite:///{path}").close()
    assert tables(path) >= TABLES


def at_revision(path: Path, revision: str) -> None:
    """Make a database as an older tfreconcile did."""
    engine = sqlite.writing(sqlite.engine_for(path, patience=timedelta(seconds=1), foreign_keys=False))
    with engine.begin() as connection:
        command.upgrade(schema.configuration(connection), revision)
    engine.dispose()


OLD = """
INSERT INTO plans (id, stack, created_at, fingerprint, engine, engine_version, workspace, document,
  classification, decision, state)
  VALUES (7, 'pay', '2026-11-21 12:00:00.0', 'f', 'terraform', '1', 'default', '{}', '[]', '{}', 'pending');
INSERT INTO stacks (name, definition, sync, health, state, reason, message, drift, pending_plan, conditions,
  failures)
  VALUES ('pay', 'stack.yaml', 'OutOfSync', 'Unknown', 'AwaitingApproval', '', '', '[]', 7, '[]', 0);
INSERT INTO approvals (id, stack, fingerprint, verdict, "by", channel, at, reason, expires_at, changes,
  hazards) VALUES (3, 'pay', 'f', 'approve', 'ana', 'cli', '2026-11-21 12:00:00.0', '',
  '2036-11-21 12:00:00.0', '[]', '[]');
INSERT INTO applies (id, stack, plan_id, fingerprint, approvals, on_word_of, started_at, host, status, reason,
  message, outcomes) VALUES (2, 'pay', 7, 'f', '[3]', '["ana"]', '2026-11-21 12:00:00.0', 'bastion',
  'failed', 'Boom', '', '[]');
"""


def test_what_was_in_effect_before_there_were_seals_is_not_believed_until_it_is_once_more(path: Path) -> None:
    at_revision(path, "0001")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(OLD)
        connection.execute("UPDATE stacks SET applied_revision = 'r', applied_inputs = 'i', resources = 3")
    with closing(database.connect(f"sqlite:///{path}", key=KEY)) as store:
        (stack,) = stacks.all(store)
        assert (stack.sound, stack.settled_revision, stack.settled_inputs) == (False, "r", "i")
        assert audit.verify(store).findings == ()
        stacks.save(store, replace(stack, sound=True))
        assert [one.sound for one in stacks.all(store)] == [True]


def test_what_was_kept_before_there_was_a_journal_stays_and_only_words_are_to_be_given_again(
    path: Path,
) -> None:
    at_revision(path, "0001")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(OLD)
    with closing(
        database.connect(f"sqlite:///{path}", key=KEY, anchor=path.with_name("journal.head"))
    ) as store:
        (stack,), (plan,), (apply,) = (
            stacks.all(store),
            plans.history(store, limit=9),
            applies.history(store, limit=9),
        )
        assert (stack.pending_plan, stack.on_removal, stack.defined_revision) == (7, "orphan", None)
        assert (stack.sound, stack.well_defined) == (True, True), "it was never in effect"
        assert (plan.id, plan.mode, plans.is_as_decided(store, plan)) == (7, "normal", False)
        assert (apply.approvals, apply.on_word_of) == ((3,), ("ana",))
        assert approvals.of(store) == ()
        assert [str(one) for one in approvals.tampered(store)] == [
            "approval 3 has no seal, so nobody can tell who wrote it: it must be given again"
        ]
        approvals.add(store, an_approval())
        plans.add(store, a_plan())
        assert audit.verify(store).findings == (), "what is older than the journal is no finding"
