"""What does the journal know of the words about a stack? The last look before an apply asks it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from tfreconcile.gate.model import Verdict
from tfreconcile.plan.document import Json
from tfreconcile.store import chain, raw
from tfreconcile.store.database import Store
from tfreconcile.store.journal import EventKind
from tfreconcile.store.raw import Garbled
from tfreconcile.store.tables import JournalRow

REJECTED = "rejected"
KINDS = (EventKind.APPROVAL_GIVEN, EventKind.APPROVAL_REVOKED, EventKind.APPROVAL_USED)


@dataclass(frozen=True, kw_only=True)
class Witness:
    """The numbers of the words that were given, rejected with, revoked and used, by sound events.

    ``given`` has the number of the event in which each was given. ``tags`` are the names of the signed tags
    that were words.
    """

    given: dict[int, int]
    rejections: frozenset[int]
    revoked: frozenset[int]
    used: frozenset[int]
    tags: frozenset[str] = frozenset()

    def stands(self, approval_id: int) -> bool:
        """Was it given, and neither used nor taken back since?"""
        return approval_id in self.given and approval_id not in self.revoked | self.used


def of(store: Store, session: Session, stack: str) -> Witness:
    """What the journal knows of this stack's words. Events that were tampered with say nothing."""
    given: dict[int, int] = {}
    tags: set[str | None] = set()
    told: dict[str, set[int]] = {kind: set() for kind in (REJECTED, *KINDS)}
    for columns in _sound(store, session, JournalRow.stack == stack):
        match columns:
            case {"id": int(event), "event": str(kind), "body": {"approval": int(number), **body}}:
                told[kind].add(number)
                if kind == EventKind.APPROVAL_GIVEN:
                    given[number] = event
                if body.get("verdict") == Verdict.REJECT:
                    told[REJECTED].add(number)
                tags.add(_tag(body.get("signature")))
    return Witness(
        given=given,
        rejections=frozenset(told[REJECTED]),
        revoked=frozenset(told[EventKind.APPROVAL_REVOKED]),
        used=frozenset(told[EventKind.APPROVAL_USED]),
        tags=frozenset(tag for tag in tags if tag is not None),
    )


def begun(store: Store, session: Session, stack: str) -> dict[int, tuple[int, ...]]:
    """The words on which each apply of the stack was begun, by the number of the apply."""
    found: dict[int, tuple[int, ...]] = {}
    for columns in _sound(store, session, JournalRow.stack == stack, kinds=(EventKind.APPLY_BEGUN,)):
        match columns:
            case {"body": {"apply": int(number), "approvals": list(words)}}:
                ids = (one.get("id") for one in words if isinstance(one, dict))
                found[number] = tuple(one for one in ids if isinstance(one, int))
    return found


def _tag(signature: object) -> str | None:
    tag = signature.get("tag") if isinstance(signature, dict) else None
    return tag if isinstance(tag, str) else None


def stack_of_standing(store: Store, session: Session, approval_id: int) -> str | None:
    """The stack of a word that stands as far as the journal knows, else None."""
    for columns in _sound(store, session):
        match columns:
            case {"stack": str(stack), "body": {"approval": int(number)}} if number == approval_id:
                return stack if of(store, session, stack).stands(approval_id) else None
    return None


def _sound(
    store: Store,
    session: Session,
    *where: ColumnElement[bool],
    kinds: tuple[EventKind, ...] = KINDS,
) -> Iterator[dict[str, Json]]:
    key, form = store.sealing_key(), raw.form(session, JournalRow)
    for row in raw.stored(session, JournalRow, JournalRow.event.in_(kinds), *where):
        try:
            columns = form.document(row)
        except Garbled:
            continue
        if chain.is_sound(columns, key):
            yield columns
