"""How does the journal tell of tags that do not count, of one and of many, and what does it still know?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from hashlib import sha256

from sqlalchemy.orm import Session

from tfreconcile.source.model import StackName
from tfreconcile.store import chain, raw
from tfreconcile.store.database import Store
from tfreconcile.store.journal import BY_ITSELF, Event, EventKind
from tfreconcile.store.raw import Garbled
from tfreconcile.store.records import TagRecord
from tfreconcile.store.tables import JournalRow

BEFORE = "it was refused before, says the journal; sign a new one with another label"


def event(record: TagRecord) -> Event:
    """What is told of one tag."""
    return Event(
        kind=EventKind.APPROVAL_REFUSED,
        stack=StackName(record.stack) if record.stack else None,
        actor=BY_ITSELF,
        at=record.at,
        body={
            "tag": record.ref,
            "object": record.object,
            "signer": record.signer,
            "reason": record.refused or "",
        },
    )


def summary(records: Sequence[TagRecord], *, signed: Collection[TagRecord]) -> Event:
    """What is told of many tags at once. Of the ``signed`` ones among them it keeps a digest each.

    The others lack what nothing can give them later, so that nobody needs to know them again.
    """
    return Event(
        kind=EventKind.APPROVAL_REFUSED,
        stack=None,
        actor=BY_ITSELF,
        at=records[-1].at,
        body={
            "refused": len(records),
            "reason": "these tags count for nothing either: tfreconcile approvals",
            "tags": sorted(_digest(one.ref, one.object) for one in signed),
        },
    )


def reason(store: Store, session: Session, record: TagRecord) -> str | None:
    """Why this tag was refused before, by the journal; None when it was not. Reads every refusal."""
    key, form = store.sealing_key(), raw.form(session, JournalRow)
    digest = _digest(record.ref, record.object)
    for row in raw.stored(session, JournalRow, JournalRow.event == EventKind.APPROVAL_REFUSED):
        try:
            columns = form.document(row)
        except Garbled:
            continue
        match columns:
            case {"body": {"tag": record.ref, "object": record.object, "reason": str(why)}}:
                said = why
            case {"body": {"tags": [*digests]}} if digest in digests:
                said = BEFORE
            case _:
                continue
        if chain.is_sound(columns, key):
            return said
    return None


def _digest(ref: str, oid: str) -> str:
    return sha256(f"{ref}\0{oid}".encode()).hexdigest()[:32]
