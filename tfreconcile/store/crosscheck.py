"""Are approvals, plans, applies, stacks and the accepted commit as the journal tells of them?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from tfreconcile.gate.model import Approval
from tfreconcile.plan.document import Json
from tfreconcile.store import raw, sealed, telling, vouched
from tfreconcile.store.journal import EventKind
from tfreconcile.store.raw import Garbled
from tfreconcile.store.records import ApplyStatus
from tfreconcile.store.tables import ApplyRow, Base, PlanRow, SourceRow, StackRow
from tfreconcile.store.told import Finding, Told

UNTOLD = "is in the database, and no event tells of it: it was written past tfreconcile"
CHANGED = "was changed: it is not what its event tells"
GONE = "is told of by an event, and is no longer in the database"


def rows(session: Session, key: bytes, told: Told) -> Iterator[Finding]:
    """Every row that is not as its events tell. Rows from before there was a journal are left alone."""
    yield from _approvals(session, key, told)
    yield from _plans(session, told)
    yield from _applies(session, told)
    yield from _sources(session, told)
    yield from _stacks(session, key, told)


def _approvals(session: Session, key: bytes, told: Told) -> Iterator[Finding]:
    found = set()
    for columns, word in sealed.with_columns(session, key):
        found.add(word.id)
        if not isinstance(word, Approval):
            if word.sealed or word.id >= _first(told.given):
                yield _finding("approval", word.id, word.why)
        elif columns is not None:
            for what in _word(columns, word, told):
                yield _finding("approval", word.id, what)
    for number in sorted(told.given.keys() - found):
        yield _finding("approval", number, GONE)


def _word(columns: Mapping[str, Json], word: Approval, told: Told) -> Iterator[str]:
    given = told.given.get(word.id)
    if given is None:
        yield UNTOLD
    elif given != sealed.as_given(columns):
        yield CHANGED
    for verb, kind, at in (
        ("used", EventKind.APPROVAL_USED, word.consumed_at),
        ("revoked", EventKind.APPROVAL_REVOKED, word.revoked_at),
    ):
        happened = (kind, word.id) in told.moments
        if happened and at is None:
            yield f"was {verb}, and its row no longer says so: an old row was written back"
        if at is not None and not happened:
            yield f"is {verb} by its row, and no event tells of that"


def _plans(session: Session, told: Told) -> Iterator[Finding]:
    for number, columns in _documents(session, PlanRow):
        if columns is None:
            yield _finding("plan", number, CHANGED)
        elif number not in told.decided:
            if number >= _first(told.decided):
                yield _finding("plan", number, UNTOLD)
        elif told.decided[number] != telling.plan_digest(columns):
            yield _finding("plan", number, CHANGED)
    kept = set(session.scalars(select(PlanRow.id)))
    for number in sorted({one.plan for one in told.begun.values() if one.plan is not None} - kept):
        yield _finding("plan", number, GONE)


def _applies(session: Session, told: Told) -> Iterator[Finding]:
    found = set()
    for number, columns in _documents(session, ApplyRow):
        found.add(number)
        what = _apply(number, columns, told)
        if what is not None:
            yield _finding("apply", number, what)
    for number in sorted(told.begun.keys() - found):
        yield _finding("apply", number, GONE)


def _apply(number: int, columns: Mapping[str, Json] | None, told: Told) -> str | None:
    if columns is None:
        return CHANGED
    if number not in told.begun:
        return UNTOLD if number >= _first(told.begun) else None
    if told.begun[number].digest != telling.begun_digest(columns):
        return CHANGED
    if number in told.ended:
        return CHANGED if told.ended[number] != telling.ended_digest(columns) else None
    return (
        None
        if columns["status"] == ApplyStatus.APPLYING
        else "has ended by its row, and no event tells of that"
    )


def _sources(session: Session, told: Told) -> Iterator[Finding]:
    for number, row in enumerate(session.execute(select(SourceRow.branch, SourceRow.accepted)), 1):
        if row.accepted is not None and told.accepted.get(row.branch) != row.accepted:
            what = (
                f"({row.branch}) accepts {row.accepted[:12]}, and no event tells that this was the last one"
            )
            yield _finding("source", number, what)


def _stacks(session: Session, key: bytes, told: Told) -> Iterator[Finding]:
    form, found = raw.form(session, StackRow), []
    for number, row in enumerate(raw.stored(session, StackRow), 1):
        name = str(row["name"])
        found.append(name)
        try:
            columns = form.document(row)
        except Garbled as error:
            yield _finding("stack", number, f"({name}) was changed outside tfreconcile: {error}")
            continue
        for what in vouched.wrong(session, key, columns, applied=name in told.succeeded):
            yield _finding("stack", number, f"({name}) {what}")
    begun = {one.stack for one in told.begun.values()}
    for number, name in enumerate(sorted(begun.difference(found)), len(found) + 1):
        yield _finding("stack", number, f"({name}) {GONE}")


def _documents(session: Session, table: type[Base]) -> Iterator[tuple[int, Mapping[str, Json] | None]]:
    form = raw.form(session, table)
    for row in raw.stored(session, table):
        try:
            columns = form.document(row)
        except Garbled:
            yield int(str(row["id"])), None
        else:
            yield int(str(row["id"])), columns


def _first(told: Mapping[int, object]) -> int:
    """Rows before the first that an event tells of are older than the journal; all are, when none does."""
    return min(told, default=1 << 62)


def _finding(kind: str, number: int, what: str) -> Finding:
    return Finding(kind=kind, first=number, last=number, what=what)
