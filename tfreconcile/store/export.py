"""What is taken to an auditor? The journal line by line, and for each apply the evidence of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from tfreconcile.errors import Stalled
from tfreconcile.plan.canonical import canonical
from tfreconcile.plan.document import Json
from tfreconcile.source.model import StackName
from tfreconcile.store import journal, raw, seal
from tfreconcile.store.database import Store
from tfreconcile.store.journal import EventKind
from tfreconcile.store.raw import Garbled
from tfreconcile.store.tables import ApplyRow, ApprovalRow, Base, JournalRow, PlanRow

if TYPE_CHECKING:
    from hashlib import _Hash as Digest

FORMAT = 1
"""Counted up when an older tfreconcile could no longer read what is written."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Which part of the journal: of one stack or (None) of all, from one event on."""

    stack: StackName | None = None
    since: int = 1


@dataclass(kw_only=True)
class _Written:
    """What was written so far: its digest, its last event's hash, and which applies it tells of."""

    digest: Digest = field(default_factory=sha256)
    events: int = 0
    head: str | None = None
    applies: list[int] = field(default_factory=list)


def lines(store: Store, part: Part) -> Iterator[bytes]:
    """Each line with its end: a header, every event, a bundle for each apply that began, a footer.

    Raises Stalled("JournalBroken") for a row that cannot even be read: ``audit verify`` tells more.
    """
    with store.read() as session, raw.any_text(session):
        written = _Written()
        for line in _before_the_footer(store, session, part, written):
            written.digest.update(line)
            yield line
        footer = {
            "events": written.events,
            "bundles": len(written.applies),
            "head": written.head,
            "sha256": written.digest.hexdigest(),
        }
        yield line_of("footer", footer)


def line_of(kind: str, document: Mapping[str, Json]) -> bytes:
    """One line: canonical JSON, so that there is one way only to write it."""
    return canonical({kind: dict(document)}).encode("ascii") + b"\n"


def _before_the_footer(store: Store, session: Session, part: Part, written: _Written) -> Iterator[bytes]:
    yield line_of("header", _header(store, session, part))
    for columns in _events(session, part):
        written.events += 1
        written.head = str(columns["hash"])
        match columns:
            case {"event": EventKind.APPLY_BEGUN, "body": {"apply": int(number)}}:
                written.applies.append(number)
        yield line_of("event", columns)
    for number in written.applies:
        yield line_of("bundle", _bundle(session, number))


def _where(part: Part) -> tuple[ColumnElement[bool], ...]:
    since = JournalRow.id >= part.since
    return (since,) if part.stack is None else (since, JournalRow.stack == part.stack)


def _header(store: Store, session: Session, part: Part) -> dict[str, Json]:
    ends = select(func.min(JournalRow.id), func.max(JournalRow.id)).where(*_where(part))
    first, last = session.execute(ends).one()
    return {
        "format": FORMAT,
        "written_by": journal.version(),
        "key": None if store.key is None else seal.key_id(store.key),
        "stack": part.stack,
        "since": part.since,
        "first": first,
        "last": last,
    }


def _events(session: Session, part: Part) -> Iterator[dict[str, Json]]:
    form = raw.form(session, JournalRow)
    for row in raw.stored(session, JournalRow, *_where(part)):
        try:
            yield form.document(row)
        except Garbled as error:
            raise _broken(f"event {row['id']}", error) from error


def _bundle(session: Session, number: int) -> dict[str, Json]:
    """The evidence of one apply; None for a row that somebody took away."""
    intent = _row(session, ApplyRow, number)
    plan_id = intent.get("plan_id") if intent else None
    words = intent.get("approvals") if intent else []
    plan = _row(session, PlanRow, plan_id) if isinstance(plan_id, int) else None
    given = (_row(session, ApprovalRow, one) for one in _list(words) if isinstance(one, int))
    return {
        "number": number,
        "apply": intent,
        "plan": None if plan is None else _without(plan, "state"),
        "approvals": [_without(one, "seal") for one in given if one is not None],
    }


def _row(session: Session, table: type[Base], number: int) -> dict[str, Json] | None:
    with suppress(LookupError):
        try:
            return raw.numbered(session, table, number)
        except Garbled as error:
            raise _broken(f"row {number} of {table.__tablename__}", error) from error
    return None


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _without(columns: Mapping[str, Json], name: str) -> dict[str, Json]:
    return {key: value for key, value in columns.items() if key != name}


def _broken(what: str, error: Garbled) -> Stalled:
    return Stalled("JournalBroken", f"{what} cannot be exported, {error}; see: tfreconcile audit verify")
