"""May the journal go on from what is left of it? A person's word, sealed into the journal itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from tfreconcile.errors import Misconfigured
from tfreconcile.gate.approvals import is_open
from tfreconcile.gate.model import Approval, Verdict
from tfreconcile.plan.document import Json
from tfreconcile.store import anchor, approvals, audit, journal, raw, sealed, wholeness
from tfreconcile.store.audit import Audited
from tfreconcile.store.database import ANEW, HEAD, Store
from tfreconcile.store.journal import Event, EventKind
from tfreconcile.store.told import Finding

LISTED = 1000
"""Findings that an acceptance names at most; more of them stay findings."""


def accept(store: Store, *, by: str, reason: str, at: datetime) -> tuple[Audited, tuple[int, ...]]:
    """Go on from here: what was found wrong so far is history, what changes from now on is a finding.

    Gives what was found, and the numbers of the approvals that were taken back: what stood before cannot
    vouch for them any more. Rejections stay. This host remembers the new head, whatever it remembered.
    Raises Misconfigured when there is nothing to accept, or what this host remembers cannot be read.
    """
    with store.write() as session:
        _require_readable(store)
        seen = audit.seen(store, session)
        if seen.intact:
            raise Misconfigured.at("audit accept", "the journal is whole: there is nothing to accept")
        session.info[HEAD] = session.info[ANEW] = journal.head(session)
        event = Event(
            kind=EventKind.JOURNAL_ACCEPTED,
            stack=None,
            actor=by,
            at=at,
            body=_body(session, seen, reason),
        )
        journal.append(store, session, event)
        gone = _take_back(store, session, by=by, at=at)
    return seen, gone


def _require_readable(store: Store) -> None:
    try:
        if store.anchor is not None:
            anchor.read(store.anchor, store.sealing_key())
    except anchor.Unreadable as error:
        raise Misconfigured.at(str(store.anchor), str(error), "chown it") from error
    except anchor.Damaged:
        return


def _body(session: Session, seen: Audited, reason: str) -> dict[str, object]:
    with raw.any_text(session):
        digest = wholeness.digest(session, journal.head(session).number)
    return {
        "reason": reason,
        "head": seen.head,
        "digest": digest,
        "findings": len(seen.findings),
        "found": [_plain(one) for one in seen.findings[:LISTED]],
    }


def _plain(one: Finding) -> list[Json]:
    return [one.kind, one.first, one.last, one.what]


def _take_back(store: Store, session: Session, *, by: str, at: datetime) -> tuple[int, ...]:
    words = [one for one in sealed.words(session, store.key) if isinstance(one, Approval)]
    ours = [one.id for one in words if one.verdict is Verdict.APPROVE and is_open(one, at)]
    return tuple(one for one in ours if approvals.take_back(store, session, one, by=by, at=at))
