"""Which rows of stacks are as tfreconcile wrote them, as far as a gate goes by them?

Two seals a row, since two write it: what a pass found out, and what Git defines. The first also covers the
newest apply of the stack that the journal knows to have ended, so that a row from before it does not fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from tfreconcile.plan.document import Json
from tfreconcile.source.model import StackName
from tfreconcile.store import rows, seal
from tfreconcile.store.database import Store
from tfreconcile.store.journal import EventKind
from tfreconcile.store.records import ApplyStatus, StackRecord
from tfreconcile.store.tables import ApplyRow, JournalRow, StackRow

PROGRESS = (
    "name",
    "applied_revision",
    "applied_inputs",
    "settled_revision",
    "settled_inputs",
    "resources",
    "backend",
    "place",
    "last_applied_at",
)
"""What passes find out and gates go by."""
DEFINITION = ("name", "on_removal", "defined_revision", "depends_on")
"""What Git defines, for the time when the stack has left it."""


def value(store: Store, session: Session, row: StackRow) -> StackRecord:
    """The stack, with a verdict on its row."""
    found = rows.value(row, StackRecord)
    return replace(found, sound=is_sound(store, session, row), well_defined=is_well_defined(store, row))


def is_sound(store: Store, session: Session, row: StackRow) -> bool:
    """Is what passes found out as we wrote it? Without a key nobody can tell."""
    if store.key is None:
        return False
    if row.seal is None:
        return _is_unapplied(row) and not _was_ever_applied(session, row.name)
    return seal.fits(store.key, seal.STACK, _progress(session, _plain(row, PROGRESS)), row.seal)


def is_well_defined(store: Store, row: StackRow) -> bool:
    """Is what Git defined as we wrote it? Without a key nobody can tell."""
    if store.key is None:
        return False
    if row.definition_seal is None:
        return (row.on_removal, row.defined_revision, row.depends_on) == ("orphan", None, ())
    return seal.fits(store.key, seal.DEFINITION, seal.digest(_plain(row, DEFINITION)), row.definition_seal)


@contextmanager
def unless_edited(store: Store, session: Session, row: StackRow | None) -> Iterator[None]:
    """Seal what is found out inside, unless somebody edited the row before: nothing launders that."""
    sound = row is not None and is_sound(store, session, row)
    yield
    if sound and row is not None:
        put(store, session, row)


def put(store: Store, session: Session, row: StackRow) -> None:
    """Seal what passes found out, all of which was written anew, or is as it was written before."""
    row.seal = seal.seal(store.sealing_key(), seal.STACK, _progress(session, _plain(row, PROGRESS)))


def define(store: Store, row: StackRow) -> None:
    """Seal what Git defines, all of which was written anew."""
    digest = seal.digest(_plain(row, DEFINITION))
    row.definition_seal = seal.seal(store.sealing_key(), seal.DEFINITION, digest)


def begin(store: Store, session: Session, row: StackRow) -> None:
    """Seal a row that was just made. One that was removed behind our back stays in doubt."""
    define(store, row)
    if not _was_ever_applied(session, row.name):
        put(store, session, row)


def wrong(session: Session, key: bytes, columns: Mapping[str, Json], *, applied: bool) -> Iterator[str]:
    """What is wrong with the columns of a row. One without seals may be from before there were any, unless an
    apply of the stack has succeeded since (``applied``)."""
    progress = _progress(session, {name: columns[name] for name in PROGRESS})
    definition = seal.digest({name: columns[name] for name in DEFINITION})
    for what, text, found in (
        (seal.STACK, progress, columns["seal"]),
        (seal.DEFINITION, definition, columns["definition_seal"]),
    ):
        if found is None and applied:
            yield f"has lost its seal ({what})"
        elif found is not None and not seal.fits(key, what, text, found):
            yield f"was changed outside tfreconcile, or is an old row that was written back ({what})"


def _plain(row: StackRow, names: tuple[str, ...]) -> dict[str, Json]:
    return {name: seal.plain(getattr(row, name)) for name in names}


def _progress(session: Session, columns: Mapping[str, Json]) -> str:
    return f"{seal.digest(columns)} {_last_ended(session, StackName(str(columns['name'])))}"


def _last_ended(session: Session, name: StackName) -> int:
    ended = select(JournalRow.id).where(JournalRow.stack == name, JournalRow.event == EventKind.APPLY_ENDED)
    return session.scalar(ended.order_by(JournalRow.id.desc()).limit(1)) or 0


def _was_ever_applied(session: Session, name: StackName) -> bool:
    done = select(ApplyRow.id).where(ApplyRow.stack == name, ApplyRow.status == ApplyStatus.SUCCEEDED)
    return bool(_last_ended(session, name)) or session.scalar(done.limit(1)) is not None


def _is_unapplied(row: StackRow) -> bool:
    """Was the stack never in effect? Then its row, from before there were seals, says nothing of weight."""
    known = (row.applied_revision, row.applied_inputs, row.settled_revision, row.settled_inputs)
    return not any((*known, row.last_applied_at, row.resources))
