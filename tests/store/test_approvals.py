"""Is a person's word kept for ever, and used once?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support.remembered import HOUR, NET, NOON, PAY, an_approval

from tfreconcile.errors import Waiting
from tfreconcile.gate.model import Approval, Verdict
from tfreconcile.store import approvals
from tfreconcile.store.database import Store


def only(store: Store) -> Approval:
    (found,) = approvals.of(store)
    return found


def test_a_word_comes_back_with_its_number(store: Store) -> None:
    given = approvals.add(store, an_approval())
    assert given.id > 0
    assert given == replace(an_approval(), id=given.id) == only(store)


def test_a_number_that_somebody_brings_is_not_taken(store: Store) -> None:
    first = approvals.add(store, an_approval())
    second = approvals.add(store, replace(an_approval(), id=first.id, verdict=Verdict.REJECT))
    assert approvals.of(store) == (first, second)
    assert first.id != second.id


def test_words_come_oldest_first_and_by_stack(store: Store) -> None:
    given = [approvals.add(store, an_approval(stack)) for stack in (PAY, NET, PAY)]
    assert approvals.of(store) == tuple(given)
    assert approvals.of(store, PAY) == (given[0], given[2])


def test_a_word_is_taken_back_once(store: Store) -> None:
    given = approvals.add(store, an_approval())
    assert approvals.revoke(store, given.id, by="bob", at=NOON)
    assert not approvals.revoke(store, given.id, by="eve", at=NOON + HOUR)
    assert only(store) == replace(given, revoked_by="bob", revoked_at=NOON)


def test_a_word_that_was_used_cannot_be_taken_back(store: Store) -> None:
    given = approvals.add(store, an_approval())
    approvals.consume(store, [given.id], at=NOON)
    assert not approvals.revoke(store, given.id, by="bob", at=NOON)
    assert only(store) == replace(given, consumed_at=NOON)


def test_a_word_that_nobody_gave_cannot_be_taken_back(store: Store) -> None:
    assert not approvals.revoke(store, 7, by="bob", at=NOON)


def test_a_word_keeps_the_moment_of_its_first_use(store: Store) -> None:
    given, spared = approvals.add(store, an_approval()), approvals.add(store, an_approval())
    approvals.consume(store, [given.id], at=NOON)
    approvals.consume(store, [given.id], at=NOON + HOUR)
    assert approvals.of(store) == (replace(given, consumed_at=NOON), spared)


def test_words_that_hold_let_us_go_on(store: Store) -> None:
    given = [approvals.add(store, an_approval()).id for _ in range(2)]
    with store.read() as session:
        approvals.require(session, given, at=NOON)
        approvals.require(session, [], at=NOON)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param(
            replace(an_approval(), revoked_at=NOON, revoked_by="bob"),
            "approval 1 was revoked by bob at 2026-11-21T12:00:00Z",
            id="revoked",
        ),
        pytest.param(
            replace(an_approval(), consumed_at=NOON), "was used at 2026-11-21T12:00:00Z", id="used before"
        ),
        pytest.param(an_approval(expires_at=NOON), "expired at 2026-11-21T12:00:00Z", id="expired"),
        pytest.param(None, "is not in the database", id="unknown"),
    ],
)
def test_a_word_that_no_longer_holds_says_why(store: Store, given: Approval | None, says: str) -> None:
    if given is not None:
        approvals.add(store, given)
    with pytest.raises(Waiting, match=says) as error, store.read() as session:
        approvals.require(session, [1], at=NOON)
    assert error.value.reason == "ApprovalGone"


def test_a_word_holds_until_the_moment_it_says(store: Store) -> None:
    given = approvals.add(store, an_approval(expires_at=NOON))
    with store.read() as session:
        approvals.require(session, [given.id], at=NOON - timedelta(microseconds=1))
