"""What did people say, and does their word still hold? Kept for ever: there is no delete here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tfreconcile.clock import text
from tfreconcile.errors import Waiting
from tfreconcile.gate.model import Approval
from tfreconcile.store import rows
from tfreconcile.store.database import Store
from tfreconcile.store.tables import ApprovalRow


def add(store: Store, approval: Approval) -> Approval:
    """Keep a person's word. Its ``id`` is ignored; the one that comes back carries the real one."""
    row = ApprovalRow(**rows.columns(approval, without=("id",)))
    with store.write() as session:
        session.add(row)
        session.flush()
        session.refresh(row)
        return rows.value(row, Approval)


def of(store: Store, stack: str | None = None) -> tuple[Approval, ...]:
    """Every word ever said about a stack (None: about any), oldest first, used and revoked ones too."""
    words = select(ApprovalRow).order_by(ApprovalRow.id)
    with store.read() as session:
        found = session.scalars(words if stack is None else words.where(ApprovalRow.stack == stack))
        return tuple(rows.value(row, Approval) for row in found)


def by_stack(store: Store) -> Mapping[str, tuple[Approval, ...]]:
    """``of`` every stack at once; a stack of which nobody has said anything has an empty tuple."""
    found: defaultdict[str, list[Approval]] = defaultdict(list)
    for word in of(store):
        found[word.stack].append(word)
    return defaultdict(tuple, {stack: tuple(words) for stack, words in found.items()})


def revoke(store: Store, approval_id: int, *, by: str, at: datetime) -> bool:
    """Take a word back. False when it was used or taken back before, or there is none of that number."""
    open_word = update(ApprovalRow).where(
        ApprovalRow.id == approval_id, ApprovalRow.revoked_at.is_(None), ApprovalRow.consumed_at.is_(None)
    )
    with store.write() as session:
        return rows.changed(session, open_word.values(revoked_at=at, revoked_by=by)) == 1


def consume(store: Store, ids: Collection[int], *, at: datetime) -> None:
    """These words have been used. A word that was used before keeps the moment of its first use."""
    with store.write() as session:
        use(session, ids, at=at)


def use(session: Session, ids: Collection[int], *, at: datetime) -> None:
    """``consume`` inside a transaction of the caller's."""
    unused = update(ApprovalRow).where(ApprovalRow.id.in_(ids), ApprovalRow.consumed_at.is_(None))
    rows.changed(session, unused.values(consumed_at=at))


def require(session: Session, ids: Collection[int], *, at: datetime) -> None:
    """Inside a transaction: raise Waiting("ApprovalGone") unless each of these words holds at this moment.

    A person may have taken a word back between the decision and the apply.
    """
    found = {row.id: row for row in session.scalars(select(ApprovalRow).where(ApprovalRow.id.in_(ids)))}
    for approval_id in ids:
        why = _gone(found.get(approval_id), at)
        if why:
            raise Waiting("ApprovalGone", f"approval {approval_id} {why}: nothing was applied on its word")


def _gone(row: ApprovalRow | None, at: datetime) -> str | None:
    if row is None:
        return "is not in the database"
    if row.revoked_at is not None:
        return f"was revoked by {row.revoked_by} at {text(row.revoked_at)}"
    if row.consumed_at is not None:
        return f"was used at {text(row.consumed_at)}"
    return f"expired at {text(row.expires_at)}" if row.expires_at <= at else None
