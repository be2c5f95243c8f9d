"""Does a database that changes what is written get nothing sealed but what was said?"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest
from support import ledger
from support.remembered import NOON, PAY, an_apply, an_approval

from tfreconcile.errors import Misconfigured
from tfreconcile.gate.model import Verdict
from tfreconcile.store import applies, approvals, audit, plans, stacks
from tfreconcile.store.database import Store, connect


def edit(store: Store, statement: str) -> None:
    """What somebody with the database's file and no key does."""
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute(statement)


def on(table: str, moment: str, change: str) -> str:
    return (
        f"CREATE TRIGGER t AFTER {moment} ON {table} BEGIN UPDATE {table} SET {change} WHERE id = new.id; END"  # noqa: S608
    )


@pytest.mark.parametrize(
    ("trigger", "act"),
    [
        pytest.param(
            on("approvals", "INSERT", "verdict = 'approve'"),
            lambda store: approvals.add(store, replace(an_approval(), verdict=Verdict.REJECT)),
            id="a rejection into an approval",
        ),
        pytest.param(
            on("approvals", "UPDATE", "expires_at = '2036-01-01 00:00:00.000000'"),
            lambda store: approvals.add(store, an_approval()),
            id="when it is sealed",
        ),
        pytest.param(
            on("approvals", "UPDATE", "revoked_at = NULL, revoked_by = NULL"),
            lambda store: approvals.revoke(store, 1, by="ana", at=NOON),
            id="revoke",
        ),
        pytest.param(
            on("approvals", "UPDATE", "fingerprint = 'e'"),
            lambda store: approvals.revoke(store, 1, by="ana", at=NOON),
            id="another word with a revoke",
        ),
        pytest.param(
            on("journal", "INSERT", "stack = 'x'"),
            lambda store: stacks.request_sync(store, PAY, by="ana", at=NOON),
            id="an event",
        ),
        pytest.param(
            on("applies", "INSERT", "fingerprint = 'e'"),
            lambda store: applies.begin(store, an_apply()),
            id="an intent",
        ),
        pytest.param(
            on("plans", "INSERT", "classification = '[]'"),
            lambda store: plans.add(store, ledger.a_kept_plan()),
            id="a plan",
        ),
        pytest.param(
            "CREATE TRIGGER t AFTER INSERT ON applies BEGIN DELETE FROM applies WHERE id = new.id; END",
            lambda store: applies.begin(store, an_apply()),
            id="an intent that vanishes",
        ),
    ],
)
def test_what_is_not_kept_as_it_was_said_is_not_kept_at_all(
    store: Store, trigger: str, act: Callable[[Store], object]
) -> None:
    stacks.ensure(store, PAY, "stack.yaml")
    given = approvals.add(store, an_approval())
    edit(store, trigger)
    with pytest.raises(Misconfigured, match="the database changes what is written") as error:
        act(store)
    assert "triggers" in error.value.problems[0].hint
    edit(store, "DROP TRIGGER t")
    assert approvals.of(store) == (given,)
    seen = audit.verify(store)
    assert (seen.findings, seen.events) == ((), 1)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (on("approvals", "INSERT", "reason = 'x'"), "the database holds trigger t"),
        ("CREATE VIEW words AS SELECT * FROM approvals", "the database holds view words"),
    ],
    ids=["trigger", "view"],
)
def test_a_database_with_a_trigger_or_a_view_is_not_opened(store: Store, made: str, says: str) -> None:
    edit(store, made)
    with pytest.raises(Misconfigured, match=says):
        connect(f"sqlite:///{store.path}")


def test_text_that_no_database_holds_is_no_reason_to_refuse_a_word(store: Store) -> None:
    odd = "half \ud800 of a pair, nul \0, ünï\u2028\x1b[31m"
    given = approvals.add(store, replace(an_approval(), reason=odd))
    assert approvals.revoke(store, given.id, by=odd, at=NOON.astimezone())
    assert audit.verify(store).findings == ()
