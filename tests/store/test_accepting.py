"""Can a broken journal go on when a person accepts it, and is nothing forgotten by that?"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support import ledger
from support.remembered import HOUR, KEY, NOON, PAY, an_apply, an_approval

from tfreconcile.errors import Misconfigured, Waiting
from tfreconcile.gate.model import Verdict
from tfreconcile.source.model import Signature
from tfreconcile.store import (
    accepting,
    anchor,
    applies,
    approvals,
    audit,
    export,
    exported,
    journal,
    tags,
    wholeness,
)
from tfreconcile.store.database import Store, connect
from tfreconcile.store.export import Part
from tfreconcile.store.journal import EventKind
from tfreconcile.store.records import ApplyStatus, TagRecord

WHEN = NOON + HOUR
BROKEN = "UPDATE journal SET stack = 'x' WHERE id = 3"


def edit(store: Store, statement: str) -> None:
    """What somebody with the database's file and no key does."""
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute(statement)


def accept(store: Store) -> tuple[int, ...]:
    return accepting.accept(store, by="zoe", reason="an old backup", at=WHEN)[1]


def held_up(store: Store, *ids: int) -> str:
    """The reason for which an apply would not begin, "" for none."""
    try:
        with store.read() as session:
            approvals.require(store, session, ids, stack=PAY, at=NOON)
    except Waiting as error:
        return error.reason
    return ""


def found(store: Store) -> list[str]:
    return [str(one) for one in audit.verify(store).findings]


def _cut_off(store: Store) -> None:
    edit(store, "DELETE FROM journal WHERE id > 5")


def _restored(store: Store) -> None:
    edit(store, "PRAGMA wal_checkpoint(TRUNCATE)")
    backup = store.path.with_name("backup.db")
    shutil.copy(store.path, backup)
    ledger.go_on(store, times=4)
    store.close()
    for name in ("x.db-wal", "x.db-shm"):
        store.path.with_name(name).unlink(missing_ok=True)
    shutil.copy(backup, store.path)


def _forgot(store: Store) -> None:
    assert store.anchor is not None
    store.anchor.write_text("{}")


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda store: edit(store, BROKEN), id="edited"),
        pytest.param(
            lambda store: edit(store, "UPDATE journal SET body = 'x' WHERE id = 2"), id="unreadable"
        ),
        pytest.param(lambda store: edit(store, "DELETE FROM journal WHERE id = 4"), id="taken out"),
        pytest.param(_cut_off, id="cut off"),
        pytest.param(_restored, id="restored"),
        pytest.param(_forgot, id="damaged head"),
    ],
)
def test_after_a_person_accepted_it_applies_go_on_and_the_damage_is_history(
    grown: Store, damage: Callable[[Store], None]
) -> None:
    damage(grown)
    assert held_up(grown) == "JournalBroken"
    before = found(grown)
    assert before
    accept(grown)
    assert held_up(grown) == ""
    seen = audit.verify(grown)
    assert seen.findings == ()
    for one in before:
        assert any(note.startswith("accepted by zoe in event") and one in note for note in seen.notes), one
    ledger.go_on(grown, times=wholeness.STEP + 1)
    assert (held_up(grown), found(grown)) == ("", [])


def test_an_acceptance_says_who_why_and_what_was_found(grown: Store) -> None:
    edit(grown, BROKEN)
    head = audit.verify(grown).head
    accept(grown)
    event = next(one for one in journal.history(grown, limit=9) if one.event == EventKind.JOURNAL_ACCEPTED)
    assert (event.actor, event.at, event.stack) == ("zoe", WHEN, None)
    told = event.body
    assert (told["reason"], told["head"], told["findings"]) == ("an old backup", head, len(list_of(told)))
    assert any(one[:3] == ["event", 3, 3] for one in list_of(told))


def list_of(told: object) -> list[list[object]]:
    assert isinstance(told, dict)
    found: list[list[object]] = told["found"]
    return found


def test_a_whole_journal_cannot_be_accepted(grown: Store) -> None:
    with pytest.raises(Misconfigured, match="there is nothing to accept"):
        accept(grown)
    assert journal.history(grown, limit=1)[0].event != EventKind.JOURNAL_ACCEPTED


@pytest.mark.parametrize(
    "later",
    [
        pytest.param("UPDATE journal SET stack = 'y' WHERE id = 3", id="the same event once more"),
        pytest.param("UPDATE journal SET stack = 'y' WHERE id = 1", id="an older one"),
        pytest.param("UPDATE journal SET stack = 'y' WHERE event = 'journal.accepted'", id="the acceptance"),
        pytest.param("DELETE FROM journal WHERE event = 'journal.accepted'", id="taken out"),
        pytest.param("DELETE FROM journal WHERE id > 13", id="cut off"),
        pytest.param("UPDATE journal SET actor = 'y' WHERE id = 15", id="a later one"),
    ],
)
def test_what_is_changed_after_an_acceptance_is_found_anew(grown: Store, later: str) -> None:
    edit(grown, BROKEN)
    accept(grown)
    ledger.go_on(grown, times=2)
    edit(grown, later)
    assert found(grown)
    assert held_up(grown) == "JournalBroken"
    accept(grown)
    assert (held_up(grown), found(grown)) == ("", [])


def test_a_cut_is_found_anew_though_as_many_events_were_gone_before(grown: Store) -> None:
    edit(grown, "DELETE FROM journal WHERE id > 5")
    accept(grown)
    ledger.go_on(grown, times=8)
    edit(grown, "DELETE FROM journal WHERE id > 8")
    assert any("is gone" in one for one in found(grown))


def test_approvals_from_before_are_taken_back_and_new_ones_count(grown: Store) -> None:
    standing = approvals.add(grown, an_approval())
    edit(grown, BROKEN)
    assert standing.id in accept(grown)
    assert held_up(grown, standing.id) == "ApprovalGone"
    assert held_up(grown, approvals.add(grown, an_approval()).id) == ""


def test_a_rejection_from_before_stays(grown: Store) -> None:
    no = approvals.add(grown, replace(an_approval(), verdict=Verdict.REJECT))
    edit(grown, BROKEN)
    assert no.id not in accept(grown)
    edit(grown, "DELETE FROM approvals WHERE verdict = 'reject'")
    assert held_up(grown) == "RejectionGone"


def test_a_word_whose_use_was_forgotten_is_not_used_again_after_an_acceptance(store: Store) -> None:
    given = approvals.add(store, an_approval())
    edit(store, "CREATE TABLE was AS SELECT * FROM approvals")
    intent = applies.begin(store, an_apply(word=(given.id,)))
    applies.finish(store, intent, at=NOON, status=ApplyStatus.SUCCEEDED)
    edit(store, "DELETE FROM journal WHERE event = 'approval.used'")
    accept(store)
    edit(store, "UPDATE approvals SET (consumed_at, seal) = (SELECT consumed_at, seal FROM was)")
    assert approvals.of(store) == (given,), "its seal fits"
    assert held_up(store, given.id) == "ApprovalGone"


REF = "tfreconcile/approve/payments-prod/ffffffffffff"
SIGNED = Signature(kind="ssh", signer="ana", key="SHA256:x", payload="p", text="s", tag=REF, object="a" * 40)
TAG = TagRecord(ref=REF, object="a" * 40, stack=PAY, at=NOON, signer="ana")
WORD = replace(an_approval(), channel="tag", signature=SIGNED)


def test_a_tag_is_not_accepted_while_the_journal_is_broken(store: Store) -> None:
    first = tags.accept(store, TAG, WORD, made_at=NOON)
    assert first is not None
    approvals.revoke(store, first.id, by="ana", at=NOON)
    for statement in (
        "DELETE FROM tags",
        "DELETE FROM approvals",
        "UPDATE journal SET stack = 'x' WHERE event = 'approval.given'",
    ):
        edit(store, statement)
    with pytest.raises(Waiting, match="JournalBroken"):
        tags.accept(store, TAG, WORD, made_at=NOON)
    assert (approvals.of(store), tags.known(store)) == ((), {})
    accept(store)
    assert tags.accept(store, TAG, WORD, made_at=WHEN) is None
    assert [one.refused for one in tags.refused(store, limit=9)] == [tags.OLDER]
    newer = replace(TAG, ref=f"{REF}-2")
    assert tags.accept(store, newer, WORD, made_at=WHEN + timedelta(seconds=1)) is not None


def test_the_head_that_the_host_remembers_is_the_new_one(grown: Store) -> None:
    _cut_off(grown)
    accept(grown)
    assert grown.anchor is not None
    last = journal.history(grown, limit=1)[0]
    assert anchor.read(grown.anchor, KEY) == anchor.Head(number=last.id, hash=last.hash)


def test_an_export_tells_of_what_was_accepted(grown: Store, tmp_path: Path) -> None:
    edit(grown, "UPDATE journal SET actor = 'mallory' WHERE id = 3")
    accept(grown)
    file = tmp_path / "journal.jsonl"
    file.write_bytes(b"".join(export.lines(grown, Part())))
    seen = exported.verify(file, key=KEY)
    assert seen.findings == ()
    assert any("accepted by zoe" in note and "event 3 was changed" in note for note in seen.notes)


def test_under_a_new_key_the_journal_goes_on_when_somebody_accepts_it(grown: Store) -> None:
    with closing(connect(f"sqlite:///{grown.path}", key=b"o" * 32, anchor=grown.anchor)) as later:
        assert held_up(later) == "JournalBroken"
        accept(later)
        assert (held_up(later), found(later)) == ("", [])
