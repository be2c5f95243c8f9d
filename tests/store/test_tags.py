"""Is each tag kept once, together with what it became?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from sqlalchemy import delete, select, update
from support.remembered import NOON, PAY, an_approval

from tfreconcile.gate.model import Approval
from tfreconcile.source.model import Signature
from tfreconcile.store import approvals, refusals, tags
from tfreconcile.store.database import Store
from tfreconcile.store.records import TagRecord
from tfreconcile.store.tables import ApprovalRow, JournalRow, TagRow

REF = "tfreconcile/approve/payments-prod/ffffffffffff"
TAG = TagRecord(ref=REF, object="a" * 40, stack=PAY, at=NOON, signer="ana")
BAD = replace(TAG, refused="it is not signed", signer=None)
SIGNED = Signature(kind="ssh", signer="ana", key="SHA256:x", payload="p", text="s", tag=REF, object="a" * 40)
WORD = replace(an_approval(), channel="tag", signature=SIGNED)


def _events(store: Store) -> list[tuple[str, str | None, str, object]]:
    with store.read() as session:
        found = session.scalars(select(JournalRow).order_by(JournalRow.id)).all()
        return [(row.event, row.stack, row.actor, row.body.get("reason")) for row in found]


def _accepted(store: Store) -> Approval:
    kept = tags.accept(store, TAG, WORD, made_at=NOON)
    assert kept is not None
    return kept


def test_an_accepted_tag_is_kept_with_its_word_and_its_event(store: Store) -> None:
    kept = _accepted(store)
    assert approvals.of(store) == (kept,)
    assert tags.known(store) == {(REF, "a" * 40): replace(TAG, id=1, approval_id=kept.id)}
    assert tags.refused(store, limit=9) == ()
    assert _events(store) == [("approval.given", PAY, "ana", "seen in review")]


def test_a_refused_tag_is_kept_with_its_event(store: Store) -> None:
    tags.refuse(store, BAD)
    assert tags.refused(store, limit=9) == (replace(BAD, id=1),)
    assert _events(store) == [("approval.refused", PAY, "tfreconcile", "it is not signed")]


def test_a_refused_tag_of_no_known_stack_is_an_event_of_the_installation(store: Store) -> None:
    tags.refuse(store, replace(BAD, stack=""))
    assert _events(store) == [("approval.refused", None, "tfreconcile", "it is not signed")]


@pytest.mark.parametrize("first", ["accepted", "refused"])
def test_what_was_judged_is_not_judged_again(first: str, store: Store) -> None:
    if first == "accepted":
        _accepted(store)
    else:
        tags.refuse(store, BAD)
    before = (tags.known(store), approvals.of(store), _events(store))
    tags.refuse(store, BAD)
    assert tags.accept(store, TAG, WORD, made_at=NOON) is None
    assert (tags.known(store), approvals.of(store), _events(store)) == before


def test_the_same_name_on_another_object_is_another_tag(store: Store) -> None:
    tags.refuse(store, BAD)
    assert tags.accept(store, replace(TAG, object="b" * 40), WORD, made_at=NOON) is not None


def test_rows_that_were_taken_away_do_not_bring_an_old_tag_back(store: Store) -> None:
    _accepted(store)
    with store.write() as session:
        session.execute(delete(TagRow))
        session.execute(delete(ApprovalRow))
    assert tags.accept(store, TAG, WORD, made_at=NOON) is None
    assert approvals.of(store) == ()
    assert [one.refused for one in tags.refused(store, limit=9)] == [tags.COUNTED]


def test_a_spent_tag_says_so_once(store: Store) -> None:
    kept = _accepted(store)
    (record,) = tags.known(store).values()
    for why in ("already used by apply 1", "already used by apply 2"):
        tags.spend(store, record, why=why, at=NOON)
    assert [(one.refused, one.approval_id) for one in tags.refused(store, limit=9)] == [
        ("already used by apply 1", kept.id)
    ]
    assert [event for event, *_ in _events(store)] == ["approval.given", "approval.refused"]


def test_the_newest_refusals_of_one_stack_are_listed_oldest_first(store: Store) -> None:
    for number in range(4):
        tags.refuse(store, replace(BAD, ref=f"r{number}", stack=PAY if number % 2 else "orders"))
    assert [one.ref for one in tags.refused(store, limit=3)] == ["r1", "r2", "r3"]
    assert [one.ref for one in tags.refused(store, "orders", limit=3)] == ["r0", "r2"]


def _body(store: Store, number: int) -> Mapping[str, object]:
    with store.read() as session:
        row = session.get(JournalRow, number)
        assert row is not None
        return row.body


def test_many_refusals_have_one_event_between_them_after_the_first(store: Store) -> None:
    signed = [replace(BAD, ref=f"s{number}") for number in range(tags.TOLD + 2)]
    unsigned = [replace(BAD, ref=f"u{number}") for number in range(7)]
    tags.refuse_all(store, signed, unsigned)
    tags.refuse_all(store, signed, unsigned)
    assert len(_events(store)) == tags.TOLD + 1
    assert [_body(store, number)["tag"] for number in (1, tags.TOLD)] == ["s0", f"s{tags.TOLD - 1}"]
    last = _body(store, tags.TOLD + 1)
    digests = last["tags"]
    assert last["refused"] == 9
    assert isinstance(digests, list)
    assert len(digests) == 2, "of the signed ones: nothing makes a word of the others"
    assert [one.ref for one in tags.refused(store, limit=99)] == [one.ref for one in (*unsigned, *signed)]


def test_nothing_is_told_of_no_refusals(store: Store) -> None:
    tags.refuse_all(store, ())
    assert _events(store) == []


@pytest.mark.parametrize("place", [0, tags.TOLD + 1], ids=["with an event of its own", "with the others"])
def test_rows_that_were_taken_away_do_not_have_a_refused_tag_accepted(place: int, store: Store) -> None:
    refused = [replace(BAD, ref=f"r{number}") for number in range(tags.TOLD + 2)]
    tags.refuse_all(store, (*refused[:place], BAD, *refused[place:]))
    with store.write() as session:
        session.execute(delete(TagRow))
    assert tags.accept(store, TAG, WORD, made_at=NOON) is None
    assert approvals.of(store) == ()
    why = refusals.BEFORE if place else BAD.refused
    assert [(one.ref, one.refused) for one in tags.refused(store, limit=9)] == [(REF, why)]


def test_an_event_that_was_made_up_refuses_nothing(store: Store) -> None:
    tags.refuse(store, BAD)
    with store.write() as session:
        session.execute(delete(TagRow))
        session.execute(update(JournalRow).values(body={**_body(store, 1), "reason": "made up"}))
        session.flush()
        assert refusals.reason(store, session, TAG) is None
