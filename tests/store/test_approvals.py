"""Is a person's word kept for ever, and used once?"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from support.remembered import HOUR, NET, NOON, PAY, an_apply, an_approval

from tfreconcile.errors import Waiting
from tfreconcile.gate.model import Approval, Verdict
from tfreconcile.store import applies, approvals, audit, stacks
from tfreconcile.store.database import Store, connect
from tfreconcile.store.records import ApplyStatus


def only(store: Store) -> Approval:
    (found,) = approvals.of(store)
    return found


def use(store: Store, approval_id: int, *, at: datetime) -> None:
    with store.write() as session:
        approvals.use(store, session, [approval_id], stack=PAY, at=at, apply_id=1)


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
    use(store, given.id, at=NOON)
    assert not approvals.revoke(store, given.id, by="bob", at=NOON)
    assert only(store) == replace(given, consumed_at=NOON)


def test_a_word_that_nobody_gave_cannot_be_taken_back(store: Store) -> None:
    assert not approvals.revoke(store, 7, by="bob", at=NOON)


def test_a_word_keeps_the_moment_of_its_first_use(store: Store) -> None:
    given, spared = approvals.add(store, an_approval()), approvals.add(store, an_approval())
    use(store, given.id, at=NOON)
    use(store, given.id, at=NOON + HOUR)
    assert approvals.of(store) == (replace(given, consumed_at=NOON), spared)


def test_words_that_hold_let_us_go_on(store: Store) -> None:
    given = [approvals.add(store, an_approval()).id for _ in range(2)]
    with store.read() as session:
        approvals.require(store, session, given, stack=PAY, at=NOON)
        approvals.require(store, session, [], stack=PAY, at=NOON)


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
        approvals.require(store, session, [1], stack=PAY, at=NOON)
    assert error.value.reason == "ApprovalGone"


def test_a_word_holds_until_the_moment_it_says(store: Store) -> None:
    given = approvals.add(store, an_approval(expires_at=NOON))
    with store.read() as session:
        approvals.require(store, session, [given.id], stack=PAY, at=NOON - timedelta(microseconds=1))


def edit(store: Store, statement: str) -> None:
    """What somebody with the database's file and no key does."""
    with store.write() as session:
        session.execute(text(statement))


def refusal(store: Store, *ids: int, stack: str = PAY) -> tuple[str, str]:
    with pytest.raises(Waiting) as error, store.read() as session:
        approvals.require(store, session, ids, stack=stack, at=NOON)
    return error.value.reason, error.value.message


EDITS = [
    "stack = 'network-prod'",
    "fingerprint = 'e'",
    "verdict = 'reject'",
    "verdict = 'perhaps'",
    "\"by\" = 'mallory'",
    "channel = 'tag'",
    "at = '2026-11-21 11:30:00.000000'",
    "reason = 'other'",
    "expires_at = '2036-11-21 11:30:00.000000'",
    "changes = '[]'",
    "changes = 'not json'",
    "hazards = '[]'",
    "revoked_at = '2026-11-21 11:30:00.000000'",
    "revoked_by = 'bob'",
    "consumed_at = '2026-11-21 11:30:00.000000'",
    "signature = '{}'",
    "seal = NULL",
    "seal = 'x'",
]


@pytest.mark.parametrize("change", EDITS)
def test_a_word_that_somebody_edited_is_nobodys_word(store: Store, change: str) -> None:
    given = approvals.add(store, an_approval())
    edit(store, f"UPDATE approvals SET {change}")  # noqa: S608
    assert approvals.of(store) == ()
    (found,) = approvals.tampered(store)
    assert str(found).startswith("approval 1 ")
    assert refusal(store, given.id)[0] == "ApprovalGone"


def test_a_word_that_somebody_wrote_into_the_table_is_nobodys_word(store: Store) -> None:
    given = approvals.add(store, an_approval())
    edit(
        store,
        "INSERT INTO approvals SELECT 9, stack, fingerprint, verdict, 'eve', channel, at, reason, "
        "expires_at, changes, hazards, NULL, NULL, NULL, signature, seal FROM approvals",
    )
    assert approvals.of(store) == (given,)
    assert [one.id for one in approvals.tampered(store, PAY)] == [9]


@pytest.fixture
def used(store: Store) -> int:
    """A word that was used, and then written back as it was before, seal and all."""
    given = approvals.add(store, an_approval())
    edit(store, "CREATE TABLE was AS SELECT * FROM approvals")
    intent = applies.begin(store, an_apply(word=(given.id,)))
    applies.finish(store, intent, at=NOON, status=ApplyStatus.SUCCEEDED)
    edit(store, "UPDATE approvals SET (consumed_at, seal) = (SELECT consumed_at, seal FROM was)")
    assert approvals.of(store) == (given,), "its seal fits"
    return given.id


def test_a_used_word_that_was_written_back_is_not_used_again(store: Store, used: int) -> None:
    reason, message = refusal(store, used)
    assert (reason, "its row was written back" in message) == ("ApprovalGone", True)
    with pytest.raises(Waiting, match="written back"):
        applies.begin(store, an_apply(word=(used,)))
    assert "approval 1 was used, and its row no longer says so: an old row was written back" in map(
        str, audit.verify(store).findings
    )


@pytest.mark.parametrize(
    "hides",
    [
        "DELETE FROM journal WHERE event = 'approval.used'",
        "DELETE FROM journal WHERE id > 1",
        "UPDATE journal SET event = 'stack.sync' WHERE event = 'approval.used'",
        "UPDATE journal SET body = 'x' WHERE event = 'approval.used'",
        "UPDATE journal SET stack = 'network-prod' WHERE event = 'approval.used'",
    ],
)
def test_nor_when_the_journal_is_made_to_forget_its_use(store: Store, used: int, hides: str) -> None:
    stacks.ensure(store, NET, "stack.yaml")
    stacks.request_sync(store, NET, by="ana", at=NOON)
    edit(store, hides)
    reason, message = refusal(store, used)
    assert (reason, "tfreconcile audit accept" in message) == ("JournalBroken", True)


def test_a_word_that_the_journal_never_heard_of_is_not_used(store: Store) -> None:
    given = approvals.add(store, an_approval())
    edit(store, "DELETE FROM journal")
    assert store.anchor is not None
    store.anchor.unlink()
    assert refusal(store, given.id)[0] == "ApprovalGone"


@pytest.mark.parametrize("away", ["DELETE FROM approvals", "UPDATE approvals SET verdict = 'approve'"])
def test_a_rejection_that_somebody_did_away_with_still_holds(store: Store, away: str) -> None:
    no = approvals.add(store, replace(an_approval(), verdict=Verdict.REJECT))
    edit(store, away)
    reason, message = refusal(store)
    assert reason == "RejectionGone"
    assert f"tfreconcile revoke payments-prod --id {no.id}" in message
    assert approvals.lost(store, PAY) == (no.id,)
    assert approvals.revoke(store, no.id, by="ana", at=NOON)
    assert not approvals.revoke(store, no.id, by="ana", at=NOON)
    with store.read() as session:
        approvals.require(store, session, [], stack=PAY, at=NOON)


def test_without_the_key_nobodys_word_counts(store: Store) -> None:
    approvals.add(store, an_approval())
    with closing(connect(f"sqlite:///{store.path}")) as keyless:
        assert approvals.of(keyless) == ()
        (found,) = approvals.tampered(keyless)
    assert str(found) == "approval 1 cannot be checked: the host's key is missing"
