"""Is every event kept with what it tells of, chained to the one before, and never without the key?"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from support import ledger
from support.remembered import HOUR, KEY, NET, NOON, PAY, a_plan, an_apply, an_approval

from tfreconcile.errors import Misconfigured, Stalled
from tfreconcile.store import anchor, applies, approvals, audit, journal, plans, stacks
from tfreconcile.store.database import Store, connect
from tfreconcile.store.journal import Event, EventKind
from tfreconcile.store.records import ApplyStatus, JsonObject


def an_event(**body: object) -> Event:
    return Event(kind=EventKind.STACK_SYNC, stack=PAY, actor="ana", at=NOON, body=body)


def append(store: Store, event: Event) -> int:
    with store.write() as session:
        return journal.append(store, session, event)


def _twice(store: Store, session: Session) -> None:
    journal.append(store, session, an_event())
    session.execute(text("INSERT INTO journal SELECT * FROM journal"))


def told(store: Store, kind: EventKind) -> JsonObject:
    """The body of the newest event of a kind."""
    return next(one.body for one in journal.history(store, limit=99) if one.event == kind)


def test_events_are_numbered_and_chained_from_the_first(store: Store) -> None:
    assert [append(store, an_event(number=number)) for number in range(3)] == [1, 2, 3]
    newest, middle, first = journal.history(store, limit=9)
    assert first.previous == "0" * 64
    assert (middle.previous, newest.previous) == (first.hash, middle.hash)
    assert len({one.hash for one in (newest, middle, first)} | {one.seal for one in (newest, middle)}) == 5


def test_an_event_says_who_did_what_when_and_with_which_version(store: Store) -> None:
    append(store, replace(an_event(reason="because"), at=NOON.astimezone(), stack=None))
    (found,) = journal.history(store, limit=1)
    assert (found.event, found.stack, found.actor, found.at) == ("stack.sync", None, "ana", NOON)
    assert found.body == {"reason": "because"}
    assert found.version == journal.version()


def test_the_newest_events_of_one_stack_come_first(store: Store) -> None:
    for stack in (PAY, NET, PAY):
        append(store, replace(an_event(), stack=stack))
    assert [one.id for one in journal.history(store, PAY, limit=9)] == [3, 1]
    assert [one.id for one in journal.history(store, limit=2)] == [3, 2]


def test_an_event_goes_with_the_transaction_that_fails(store: Store) -> None:
    with pytest.raises(IntegrityError), store.write() as session:
        _twice(store, session)
    assert journal.history(store, limit=9) == ()
    assert store.anchor is not None
    assert not store.anchor.exists(), "nor does the host remember it"


@pytest.mark.parametrize(
    "odd", ["half \ud800 of a pair", "nul \0", "ünï\u2028\x1b[31m", "", "x" * 100_000], ids=ascii
)
def test_any_text_is_chained_as_it_comes_back(store: Store, odd: str) -> None:
    append(store, replace(an_event(text=odd, nested=[{"also": odd}]), actor=odd))
    assert audit.verify(store).findings == ()


def test_a_store_without_the_key_reads_and_does_not_write(store: Store) -> None:
    append(store, an_event())
    with closing(connect(f"sqlite:///{store.path}")) as keyless:
        assert len(journal.history(keyless, limit=9)) == 1
        with pytest.raises(Misconfigured, match="can only be read"):
            append(keyless, an_event())
    assert "k" * 32 not in repr(store)


def test_writers_at_the_same_time_make_one_chain(store: Store) -> None:
    def write(number: int) -> int:
        anchor_file = store.path.parent.parent / "journal.head"
        url = f"sqlite:///{store.path}"
        with closing(connect(url, key=KEY, anchor=anchor_file, patience=timedelta(seconds=30))) as own:
            return append(own, an_event(number=number))

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(write, range(12))) == list(range(1, 13))
    seen = audit.verify(store)
    assert (seen.findings, seen.events) == ((), 12)


def test_an_event_that_cannot_be_read_is_named(store: Store) -> None:
    append(store, an_event())
    with store.write() as session:
        session.execute(text("UPDATE journal SET body = 'x'"))
    with pytest.raises(Stalled, match="event 1 cannot be read, body holds"):
        journal.history(store, limit=1)


def test_the_host_remembers_the_newest_event_and_no_older_one(store: Store) -> None:
    assert store.anchor is not None
    for _ in range(3):
        append(store, an_event())
    head = anchor.read(store.anchor, KEY)
    assert head is not None
    assert head.number == 3
    anchor.advance(store.anchor, KEY, anchor.Head(number=2, hash="x"))
    assert anchor.read(store.anchor, KEY) == head


def test_a_head_that_cannot_be_written_down_fails_nothing(tmp_path: Path, url: str) -> None:
    nowhere = tmp_path / "none" / "journal.head"
    with closing(connect(url, key=KEY, anchor=nowhere)) as store:
        append(store, an_event())
        assert audit.verify(store).intact


@pytest.mark.parametrize(
    ("act", "kind", "says"),
    [
        pytest.param(
            lambda store: plans.add(store, ledger.a_kept_plan()),
            EventKind.PLAN_DECIDED,
            {
                "plan": 1,
                "verdict": "hold",
                "hazards": {"destroy": 1},
                "changes": {"delete": 1},
                "approvals_given": 0,
                "approvals_required": 1,
                "reasons_count": 1,
                "mode": "normal",
            },
            id="plan.decided",
        ),
        pytest.param(
            lambda store: approvals.add(store, replace(an_approval(), signature=ledger.SIGNED)),
            EventKind.APPROVAL_GIVEN,
            {"approval": 1, "channel": "cli", "effects": 1, "verdict": "approve", "reason": "seen in review"},
            id="approval.given",
        ),
        pytest.param(
            lambda store: approvals.revoke(store, approvals.add(store, an_approval()).id, by="bob", at=NOON),
            EventKind.APPROVAL_REVOKED,
            {"approval": 1},
            id="approval.revoked",
        ),
        pytest.param(
            lambda store: applies.begin(store, an_apply(plan_id=plans.add(store, ledger.a_kept_plan()))),
            EventKind.APPLY_BEGUN,
            {"apply": 1, "plan": 1, "engine": "terraform", "engine_version": "1.11.4", "revision": "a" * 40},
            id="apply.begun",
        ),
        pytest.param(
            lambda store: applies.finish(
                store, applies.begin(store, an_apply()), at=NOON, status=ApplyStatus.FAILED, reason="Boom"
            ),
            EventKind.APPLY_ENDED,
            {"apply": 1, "status": "failed", "reason": "Boom", "outcomes": {}},
            id="apply.ended",
        ),
        pytest.param(
            lambda store: stacks.suspend(store, PAY, by="ana", reason="why", until=NOON + HOUR, at=NOON),
            EventKind.STACK_SUSPENDED,
            {"reason": "why", "until": "2026-11-21T13:00:00Z"},
            id="stack.suspended",
        ),
        pytest.param(
            lambda store: stacks.resume(store, PAY, by="ana", at=NOON),
            EventKind.STACK_RESUMED,
            {},
            id="stack.resumed",
        ),
        pytest.param(
            lambda store: stacks.request_sync(store, PAY, by="ana", at=NOON),
            EventKind.STACK_SYNC,
            {},
            id="stack.sync",
        ),
    ],
)
def test_what_happens_is_told(
    store: Store, act: Callable[[Store], object], kind: EventKind, says: dict[str, object]
) -> None:
    stacks.ensure(store, PAY, "stack.yaml")
    act(store)
    assert says.items() <= told(store, kind).items()


def test_a_success_tells_which_words_it_used(store: Store) -> None:
    word = approvals.add(store, an_approval())
    intent = applies.begin(store, replace(an_apply(word=(word.id,)), on_word_of=("ana",)))
    applies.finish(store, intent, at=NOON, status=ApplyStatus.SUCCEEDED)
    assert told(store, EventKind.APPROVAL_USED) == {"approval": word.id, "apply": intent}
    begun = told(store, EventKind.APPLY_BEGUN)
    assert (begun["on_word_of"], len(str(begun["approvals"])) > 64) == (["ana"], True)


def test_a_failure_uses_no_word_up(store: Store) -> None:
    stacks.ensure(store, PAY, "d")
    word = approvals.add(store, an_approval())
    intent = applies.begin(store, an_apply(word=(word.id,)))
    applies.finish(store, intent, at=NOON, status=ApplyStatus.FAILED)
    assert EventKind.APPROVAL_USED not in {one.event for one in journal.history(store, limit=99)}
    assert audit.verify(store).intact


def test_what_nobody_knows_is_not_told(store: Store) -> None:
    assert not stacks.suspend(store, PAY, by="ana", reason="r", until=None, at=NOON)
    assert not approvals.revoke(store, 7, by="ana", at=NOON)
    assert journal.history(store, limit=9) == ()


def test_the_memory_of_an_audit_does_not_grow_with_the_journal(store: Store) -> None:
    with store.write() as session:
        for number in range(1500):
            journal.append(store, session, an_event(number=number, padding="x" * 10_000))
    tracemalloc.start()
    assert audit.verify(store).intact
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000, "of 15 MB"


def test_a_plan_that_was_edited_is_not_what_was_decided(store: Store) -> None:
    kept = plans.get(store, plans.add(store, ledger.a_kept_plan()))
    assert kept is not None
    assert plans.is_as_decided(store, kept)
    with store.write() as session:
        session.execute(text("""UPDATE plans SET classification = '[{"kind": "update"}]'"""))
    assert not plans.is_as_decided(store, kept)
    plans.add(store, a_plan())
    newest = plans.history(store, limit=1)[0]
    assert plans.is_as_decided(store, newest)
    assert not plans.is_as_decided(store, kept)


@pytest.mark.parametrize(
    "hides",
    ["DELETE FROM journal", "UPDATE journal SET stack = 'x'", "UPDATE journal SET event = 'stack.sync'"],
)
def test_a_plan_of_which_no_event_tells_is_not_as_decided(store: Store, hides: str) -> None:
    kept = plans.get(store, plans.add(store, a_plan()))
    assert kept is not None
    with store.write() as session:
        session.execute(text(hides))
    assert not plans.is_as_decided(store, kept)


def test_a_plan_that_was_read_while_it_was_edited_is_not_as_decided(store: Store) -> None:
    number = plans.add(store, ledger.a_kept_plan())
    with store.write() as session:
        session.execute(text("UPDATE plans SET engine = 'x'"))
    edited = plans.get(store, number)
    with store.write() as session:
        session.execute(text("UPDATE plans SET engine = 'terraform'"))
    assert edited is not None
    assert not plans.is_as_decided(store, edited)
