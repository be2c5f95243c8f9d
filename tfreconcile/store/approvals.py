"""What did people say, and does their word still hold? Kept for ever: there is no delete here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from hashlib import sha256

from sqlalchemy import update
from sqlalchemy.orm import Session

from tfreconcile.clock import text
from tfreconcile.errors import Waiting
from tfreconcile.gate.model import Approval, Verdict
from tfreconcile.source.model import Signature, StackName
from tfreconcile.store import journal, rows, sealed, witness
from tfreconcile.store.database import Store
from tfreconcile.store.journal import Event, EventKind
from tfreconcile.store.records import JsonObject
from tfreconcile.store.sealed import Tampered
from tfreconcile.store.tables import ApprovalRow
from tfreconcile.store.witness import Witness


def add(store: Store, approval: Approval) -> Approval:
    """Keep a person's word. Its ``id`` is ignored; the one that comes back carries the real one."""
    with store.write() as session:
        return give(store, session, approval)


def give(store: Store, session: Session, approval: Approval) -> Approval:
    """``add`` inside a transaction of the caller's."""
    row = ApprovalRow(**rows.columns(approval, without=("id",)))
    session.add(row)
    session.flush()
    columns = sealed.put(session, store.sealing_key(), row.id)
    session.refresh(row)
    kept = rows.value(row, Approval)
    said = {**_said(kept), "digest": sealed.as_given(columns)}
    journal.append(store, session, _event(EventKind.APPROVAL_GIVEN, kept.stack, kept.by, kept.at, said))
    return kept


def of(store: Store, stack: str | None = None) -> tuple[Approval, ...]:
    """Every word ever said about a stack (None: about any), oldest first, used and revoked ones too.

    Only those that are as tfreconcile wrote them: what ``tampered`` names is nobody's word.
    """
    return tuple(one for one in _all(store, stack) if isinstance(one, Approval))


def tampered(store: Store, stack: str | None = None) -> tuple[Tampered, ...]:
    """The words about a stack (None: about any) that somebody changed or wrote past tfreconcile."""
    return tuple(one for one in _all(store, stack) if isinstance(one, Tampered))


def lost(store: Store, stack: str) -> tuple[int, ...]:
    """The numbers of words that the journal knows to stand and that were changed or removed past it."""
    with store.read() as session:
        known = witness.of(store, session, stack)
        words = sealed.words(session, store.key, ApprovalRow.stack == stack)
        return _lost(known, {one.id for one in words if isinstance(one, Approval)})


def _lost(known: Witness, sound: Collection[int]) -> tuple[int, ...]:
    return tuple(sorted(one for one in known.given if known.stands(one) and one not in sound))


def by_stack(store: Store) -> Mapping[str, tuple[Approval, ...]]:
    """``of`` every stack at once; a stack of which nobody has said anything has an empty tuple."""
    found: defaultdict[str, list[Approval]] = defaultdict(list)
    for word in of(store):
        found[word.stack].append(word)
    return defaultdict(tuple, {stack: tuple(words) for stack, words in found.items()})


def revoke(store: Store, approval_id: int, *, by: str, at: datetime) -> bool:
    """Take a word back. False when it was used or taken back before, or there is none of that number.

    One that somebody changed or removed behind our back is taken back in the journal, whose word counts:
    until then a rejection holds its stack.
    """
    open_word = update(ApprovalRow).where(
        ApprovalRow.id == approval_id, ApprovalRow.revoked_at.is_(None), ApprovalRow.consumed_at.is_(None)
    )
    with store.write() as session:
        word = sealed.word(session, store.sealing_key(), approval_id)
        changed = rows.changed(session, open_word.values(revoked_at=at, revoked_by=by)) == 1
        if isinstance(word, Approval):
            stack: str | None = word.stack if changed else None
        else:
            stack = witness.stack_of_standing(store, session, approval_id)
        if stack is None:
            return False
        if isinstance(word, Approval):
            sealed.put(session, store.sealing_key(), approval_id)
        told: JsonObject = {"approval": approval_id}
        journal.append(store, session, _event(EventKind.APPROVAL_REVOKED, stack, by, at, told))
        return True


def use(
    store: Store, session: Session, ids: Collection[int], *, stack: str, at: datetime, apply_id: int
) -> None:
    """Inside a transaction: these words have been used. One that was used before keeps its first moment."""
    for approval_id in ids:
        ours = isinstance(sealed.word(session, store.sealing_key(), approval_id), Approval)
        unused = update(ApprovalRow).where(ApprovalRow.id == approval_id, ApprovalRow.consumed_at.is_(None))
        if rows.changed(session, unused.values(consumed_at=at)) == 0 and ours:
            continue
        if ours:
            sealed.put(session, store.sealing_key(), approval_id)
        told: JsonObject = {"approval": approval_id, "apply": apply_id}
        journal.append(store, session, _event(EventKind.APPROVAL_USED, stack, journal.BY_ITSELF, at, told))


def require(store: Store, session: Session, ids: Collection[int], *, stack: str, at: datetime) -> None:
    """Inside a transaction: raise Waiting("ApprovalGone") unless each of these words holds at this moment.

    A person may have taken a word back between the decision and the apply. Each must be as we wrote it,
    and the journal since it was given must be whole and know of no use: an old row that somebody wrote
    back, seal and all, says nothing. Raises Waiting("RejectionGone") when a rejection of the stack that the
    journal knows to stand was changed or removed.
    """
    known = witness.of(store, session, stack)
    words = {one.id: one for one in sealed.words(session, store.key, ApprovalRow.stack == stack)}
    for approval_id in ids:
        why = _gone(words.get(approval_id), known, approval_id, at)
        if why:
            raise Waiting("ApprovalGone", f"approval {approval_id} {why}: nothing was applied on its word")
    if ids and not witness.is_whole_since(store, session, min(known.given[one] for one in ids)):
        why = "was changed outside tfreconcile since they were given: tfreconcile audit verify"
        raise Waiting("ApprovalGone", f"nothing was applied on these approvals: the journal {why}")
    for number in _lost(known, {one.id for one in words.values() if isinstance(one, Approval)}):
        if number in known.rejections:
            what = f"rejection {number} was changed or removed outside tfreconcile"
            raise Waiting(
                "RejectionGone", f"{what}; it holds until: tfreconcile revoke {stack} --id {number}"
            )


def _all(store: Store, stack: str | None) -> Iterator[Approval | Tampered]:
    where = () if stack is None else (ApprovalRow.stack == stack,)
    with store.read() as session:
        yield from sealed.words(session, store.key, *where)


def _gone(word: Approval | Tampered | None, known: Witness, approval_id: int, at: datetime) -> str | None:
    match word:
        case None:
            return "is not in the database"
        case Tampered(why=why):
            return why
        case Approval() if word.revoked_at is not None:
            return f"was revoked by {word.revoked_by} at {text(word.revoked_at)}"
        case Approval() if word.consumed_at is not None:
            return f"was used at {text(word.consumed_at)}"
        case Approval() if not known.stands(approval_id):
            return "is, by the journal, not to be used any more: its row was written back"
    return f"expired at {text(word.expires_at)}" if word.expires_at <= at else None


def _event(kind: EventKind, stack: str, actor: str, at: datetime, body: JsonObject) -> Event:
    return Event(kind=kind, stack=StackName(stack), actor=actor, at=at, body=body)


def _said(word: Approval) -> dict[str, object]:
    return {
        "approval": word.id,
        "verdict": str(word.verdict),
        "channel": word.channel,
        "fingerprint": word.fingerprint,
        "effects": len(word.changes),
        "hazards": [list(pair) for pair in sorted(word.hazards)],
        "reason": word.reason,
        "expires_at": None if word.verdict is Verdict.REJECT else text(word.expires_at),
        "signature": None if word.signature is None else _signed(word.signature),
    }


def _signed(by: Signature) -> dict[str, object]:
    return {
        "kind": by.kind,
        "signer": by.signer,
        "key": by.key,
        "tag": by.tag,
        "sha256": sha256(by.text.encode("utf-8", "surrogatepass")).hexdigest(),
    }
