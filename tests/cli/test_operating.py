"""What do suspend, resume and sync leave in the database?"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest
from support.operator import Operator, a_stack

from tfreconcile import clock
from tfreconcile.cli.person import person
from tfreconcile.source.model import StackName
from tfreconcile.store import stacks
from tfreconcile.store.records import StackRecord


@pytest.fixture
def running(operator: Operator) -> Operator:
    """A machine that knows the stack ``archive``."""
    return operator.remember(a_stack("archive"))


def _archive(operator: Operator) -> StackRecord:
    with operator.store() as store:
        found = stacks.get(store, StackName("archive"))
    assert found is not None
    return found


def test_suspend_keeps_who_why_and_since_when(running: Operator) -> None:
    before = clock.now()
    told = running.types("suspend", "archive", "--reason", "restore under way")
    assert (told.code, told.stdout) == (0, "archive is suspended\n")
    assert told.stderr == "next: tfreconcile resume archive lets it go on\n"
    found = _archive(running)
    assert (found.suspended_by, found.suspended_reason) == (person(os.environ), "restore under way")
    assert found.suspended_until is None
    assert found.suspended_at is not None
    assert before <= found.suspended_at <= clock.now()


@pytest.mark.parametrize(
    ("typed", "until"),
    [
        ("2999-01-02T08:00:00Z", datetime(2999, 1, 2, 8, tzinfo=UTC)),
        ("2999-01-02T08:00:00", datetime(2999, 1, 2, 8, tzinfo=UTC)),
        ("2999-01-02T08:30", datetime(2999, 1, 2, 8, 30, tzinfo=UTC)),
        ("2999-01-02", datetime(2999, 1, 2, tzinfo=UTC)),
    ],
)
def test_an_end_is_read_as_utc_and_as_status_writes_it(
    typed: str, until: datetime, running: Operator
) -> None:
    told = running.types("suspend", "archive", "--reason", "x", "--until", typed)
    assert told.stdout == f"archive is suspended until {clock.text(until)}\n"
    assert _archive(running).suspended_until == until


@pytest.mark.parametrize("typed", ["tomorrow", "2999-13-01", "08:00"])
def test_an_end_that_is_no_moment_is_refused_with_what_is_allowed(typed: str, running: Operator) -> None:
    told = running.types("suspend", "archive", "--reason", "x", "--until", typed)
    assert told.code == 2
    assert repr(typed) in told.stderr
    assert "allowed: 2027-01-02T08:00:00Z, 2027-01-02T08:00 or 2027-01-02, in UTC" in told.stderr
    assert _archive(running).suspended_at is None


def test_an_end_that_is_over_is_refused(running: Operator) -> None:
    past = clock.text(clock.now() - timedelta(minutes=1))
    told = running.types("suspend", "archive", "--reason", "x", "--until", past)
    assert told.code == 2
    assert f"--until {past} is over already" in told.stderr
    assert _archive(running).suspended_at is None


def test_suspend_needs_a_reason(running: Operator) -> None:
    told = running.types("suspend", "archive")
    assert told.code == 2
    assert "--reason" in told.stderr


def test_resume_lets_it_go_on_and_has_it_checked(running: Operator) -> None:
    running.types("suspend", "archive", "--reason", "x", "--until", "2999-01-02")
    told = running.types("resume", "archive")
    assert (told.code, told.stdout) == (0, "archive is checked in the next pass\n")
    assert "was not suspended" not in told.stderr
    found = _archive(running)
    assert (found.suspended_by, found.suspended_at, found.suspended_until) == (None, None, None)
    assert found.sync_requested_at is not None


def test_resume_of_what_runs_says_so(running: Operator) -> None:
    told = running.types("resume", "archive")
    assert told.code == 0
    assert "archive was not suspended" in told.stderr


def test_sync_asks_for_a_check(running: Operator) -> None:
    told = running.types("sync", "archive")
    assert (told.code, told.stdout) == (0, "archive is checked in the next pass\n")
    assert "tfreconcile once archive" in told.stderr
    assert _archive(running).sync_requested_at is not None


def test_sync_of_a_suspended_stack_says_that_it_stays_suspended(running: Operator) -> None:
    running.types("suspend", "archive", "--reason", "x")
    told = running.types("sync", "archive")
    assert told.code == 0
    assert f"it is suspended by {person(os.environ)}" in told.stdout
    assert "tfreconcile resume archive" in told.stderr


@pytest.mark.parametrize(
    "typed", [("suspend", "archiv", "--reason", "x"), ("resume", "archiv"), ("sync", "archiv")]
)
def test_an_unknown_stack_is_answered_with_a_similar_one(typed: tuple[str, ...], running: Operator) -> None:
    told = running.types(*typed)
    assert told.code == 2
    assert "did you mean archive?" in told.stderr
