"""Which words in the database are as they were written, and which were changed by somebody else?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from tfreconcile.gate.model import Approval
from tfreconcile.plan.document import Json
from tfreconcile.store import raw, rows, seal
from tfreconcile.store.raw import Form, Garbled, Stored
from tfreconcile.store.tables import ApprovalRow

LATER = ("revoked_at", "revoked_by", "consumed_at")
"""What is filled in after a word was given."""
_FIELDS = tuple(field.name for field in fields(Approval))


@dataclass(frozen=True, kw_only=True)
class Tampered:
    """A word that does not count: it is not as tfreconcile wrote it. ``why`` follows its number.

    ``sealed`` False: it has no seal at all, as those that were given before there were seals.
    """

    id: int
    stack: str
    why: str
    sealed: bool = True

    def __str__(self) -> str:
        return f"approval {self.id} {self.why}"


def words(session: Session, key: bytes | None, *where: ColumnElement[bool]) -> Iterator[Approval | Tampered]:
    """Every word, by its number. Without a key nothing can be told from what was tampered with."""
    for _, one in with_columns(session, key, *where):
        yield one


def with_columns(
    session: Session, key: bytes | None, *where: ColumnElement[bool]
) -> Iterator[tuple[Mapping[str, Json] | None, Approval | Tampered]]:
    """Every word with its columns as JSON; None for columns that cannot be read."""
    form = raw.form(session, ApprovalRow)
    for row in raw.stored(session, ApprovalRow, *where):
        try:
            columns = form.document(row)
        except Garbled as error:
            yield None, _tampered(row, f"was changed outside tfreconcile: {error}")
        else:
            yield columns, _judged(columns, form, row, key)


def as_given(columns: Mapping[str, Json]) -> str:
    """The digest of a word as it was given, whatever became of it later."""
    return seal.digest({name: columns[name] for name in columns if name not in (*LATER, "seal")})


def put(session: Session, key: bytes, columns: Mapping[str, Json]) -> None:
    """Seal a word with the columns that were just written: what was said, not what the database made of it.

    Raises Misconfigured, so that nothing is kept, when the two differ.
    """
    number = int(str(columns["id"]))
    made = seal.seal(key, seal.APPROVAL, _digest(columns))
    rows.changed(session, update(ApprovalRow).where(ApprovalRow.id == number).values(seal=made))
    raw.require(session, ApprovalRow, number, {**columns, "seal": made})


def word(
    session: Session, key: bytes, approval_id: int
) -> tuple[Mapping[str, Json], Approval | Tampered | None]:
    """The word of that number with its columns; none of them, and None, when there is none."""
    found = with_columns(session, key, ApprovalRow.id == approval_id)
    columns, one = next(found, (None, None))
    return columns or {}, one


def _judged(columns: Mapping[str, Json], form: Form, row: Stored, key: bytes | None) -> Approval | Tampered:
    found = columns["seal"]
    if found is None:
        why = "has no seal, so nobody can tell who wrote it: it must be given again"
        return _tampered(row, why, sealed=False)
    if key is None:
        return _tampered(row, "cannot be checked: the host's key is missing")
    if not seal.fits(key, seal.APPROVAL, _digest(columns), found):
        return _tampered(row, "was changed outside tfreconcile, or sealed under another key")
    return _approval(form.values(row))


def _approval(values: Mapping[str, object]) -> Approval:
    known = {name: values[name] for name in _FIELDS}
    return rows.made(Approval, known)


def _tampered(row: Stored, why: str, *, sealed: bool = True) -> Tampered:
    return Tampered(id=int(str(row["id"])), stack=str(row["stack"]), why=why, sealed=sealed)


def _digest(columns: Mapping[str, Json]) -> str:
    return seal.digest({name: columns[name] for name in columns if name != "seal"})
