"""What does a person see of a broken journal, and how do they let it go on?"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from support import ledger
from support.operator import Operator, a_held_stack, a_plan_of
from support.remembered import MARK

from tfreconcile.cli.person import person
from tfreconcile.store import stacks

OURS = person(os.environ)
YES = ("--plan", MARK[:12], "--yes")
ACCEPT = ("audit", "accept", "--reason", "an old backup", "--yes")


def edit(operator: Operator, statement: str) -> None:
    """What somebody with the database's file and no key does."""
    with closing(sqlite3.connect(operator.database)) as connection, connection:
        connection.execute(statement)


@pytest.fixture
def broken(operator: Operator) -> Operator:
    """A host on which something has happened, with a stack that waits and an event that was edited."""
    with operator.store() as store:
        ledger.fill(store)
    operator.remember(a_held_stack("archive"), a_plan_of("archive"))
    edit(operator, "UPDATE journal SET actor = 'mallory' WHERE id = 3")
    return operator


def test_a_broken_journal_that_is_accepted_is_intact_and_says_what_was_broken(broken: Operator) -> None:
    before = broken.types("audit", "verify")
    assert (before.code, "event 3 was changed" in before.stdout) == (1, True)
    told = broken.types(*ACCEPT)
    assert told.code == 0
    assert told.stdout.startswith(f"accepted by {OURS}: 2 findings are history now\n")
    after = broken.types("audit", "verify")
    assert (after.code, "intact" in after.stdout) == (0, True)
    assert f"note: accepted by {OURS} in event" in after.stderr
    assert "(an old backup): event 3 was changed" in after.stderr
    assert "journal.accepted" in broken.types("audit", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--yes",), "Missing option '--reason'"),
        (("--reason", "x"), "without a terminal --yes is required"),
    ],
    ids=["no reason", "unasked"],
)
def test_what_is_not_meant_is_not_accepted(broken: Operator, arguments: tuple[str, ...], said: str) -> None:
    told = broken.types("audit", "accept", *arguments)
    assert (told.code, said in told.stderr) == (2, True)
    assert broken.types("audit", "verify").code == 1


def test_a_whole_journal_is_not_accepted(broken: Operator) -> None:
    broken.types(*ACCEPT)
    told = broken.types(*ACCEPT)
    assert (told.code, "there is nothing to accept" in told.stderr) == (2, True)


def test_no_approval_is_taken_while_the_journal_is_broken(broken: Operator) -> None:
    told = broken.types("approve", "archive", *YES)
    assert told.code == 2
    assert "no approval counts now" in told.stderr
    assert "tfreconcile audit accept" in told.stderr
    broken.types(*ACCEPT)
    assert broken.types("approve", "archive", *YES).code == 0


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("ApprovalGone", "who still agrees types: tfreconcile approve archive"),
        ("JournalBroken", "no approval changes that"),
        ("RejectionGone", "no approval changes that"),
    ],
)
def test_a_plan_whose_word_is_gone_does_not_wait_for_nobody(
    operator: Operator, reason: str, says: str
) -> None:
    plan = a_plan_of("archive")
    operator.remember(
        a_held_stack("archive"), replace(plan, decision={**plan.decision, "verdict": "proceed"})
    )
    assert "waits for nobody's approval" in operator.types("approve", "archive", *YES).stderr
    with operator.store() as store:
        record = stacks.get(store, a_held_stack("archive").name)
        assert record is not None
        stacks.save(store, replace(record, state="Held", reason=reason, message="it is gone"))
    told = operator.types("explain", "archive").stdout
    assert "waits for nobody" not in told
    assert says in told
    assert operator.types("approve", "archive", *YES).code == 0


def test_what_was_cut_off_is_told_with_the_way_out(broken: Operator) -> None:
    edit(broken, "DELETE FROM journal WHERE id > 2")
    told = broken.types("approve", "archive", *YES)
    assert (told.code, "the stored plan 2 was changed outside tfreconcile" in told.stderr) == (2, True)
    broken.types(*ACCEPT)
    assert broken.types("audit", "verify").code == 0
