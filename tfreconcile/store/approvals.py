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
from tfreconcile.gate.weighing import Question, standing_no
from tfreconcile.plan.document import Json
from tfreconcile.plan.fingerprint import ChangeDigest
from tfreconcile.source.model import Signature, StackName
from tfreconcile.store import journal, raw, rows, seal, sealed, wholeness, witness
from tfreconcile.store.columns import clean
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
    """``add`` inside a transaction of the caller's. Raises Misconfigured when another word would be kept."""
    row = ApprovalRow(**rows.columns(approval, without=("id",)))
    session.add(row)
    session.flush()
    columns = {**raw.as_written(session, approval, ApprovalRow), "id": row.id}
    sealed.put(session, store.sealing_key(), columns)
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
    with store.write() as session:
        return take_back(store, session, approval_id, by=by, at=at)


def take_back(store: Store, session: Session, approval_id: int, *, by: str, at: datetime) -> bool:
    """``revoke`` inside a transaction of the caller's."""
    open_word = update(ApprovalRow).where(
        ApprovalRow.id == approval_id, ApprovalRow.revoked_at.is_(None), ApprovalRow.consumed_at.is_(None)
    )
    columns, word = sealed.word(session, store.sealing_key(), approval_id)
    changed = rows.changed(session, open_word.values(revoked_at=at, revoked_by=by)) == 1
    if isinstance(word, Approval):
        stack: str | None = word.stack if changed else None
    else:
        stack = witness.stack_of_standing(store, session, approval_id)
    if stack is None:
        return False
    if isinstance(word, Approval):
        later: dict[str, Json] = {"revoked_at": seal.plain(at), "revoked_by": clean(by)}
        sealed.put(session, store.sealing_key(), {**columns, **later})
    told: JsonObject = {"approval": approval_id}
    journal.append(store, session, _event(EventKind.APPROVAL_REVOKED, stack, by, at, told))
    return True


def use(
    store: Store, session: Session, ids: Collection[int], *, stack: str, at: datetime, apply_id: int
) -> None:
    """Inside a transaction: these words have been used. One that was used before keeps its first moment."""
    for approval_id in ids:
        columns, word = sealed.word(session, store.sealing_key(), approval_id)
        ours = isinstance(word, Approval)
        unused = update(ApprovalRow).where(ApprovalRow.id == approval_id, ApprovalRow.consumed_at.is_(None))
        if rows.changed(session, unused.values(consumed_at=at)) == 0 and ours:
            continue
        if ours:
            sealed.put(session, store.sealing_key(), {**columns, "consumed_at": seal.plain(at)})
        told: JsonObject = {"approval": approval_id, "apply": apply_id}
        journal.append(store, session, _event(EventKind.APPROVAL_USED, stack, journal.BY_ITSELF, at, told))


def require(store: Store, session: Session, ids: Collection[int], *, stack: str, at: datetime) -> None:
    """Inside a transaction: raise Waiting("ApprovalGone") unless each of these words holds at this moment.

    A person may have taken a word back between the decision and the apply. Each must be as we wrote it,
    and the journal must know of no use: an old row that somebody wrote back, seal and all, says nothing.
    Raises Waiting("JournalBroken") when the journal is not whole, whoever's word it is or nobody's: what it
    does not know any more may be a no. Raises Waiting("RejectionGone") when a rejection of the stack that
    the journal knows to stand was changed or removed.
    """
    wholeness.require(store, session)
    known, accepted = witness.of(store, session, stack), wholeness.accepted(store, session)
    words = {one.id: one for one in sealed.words(session, store.key, ApprovalRow.stack == stack)}
    for approval_id in ids:
        why = _gone(words.get(approval_id), known, approval_id, at)
        if why is None and accepted is not None and known.given[approval_id] < accepted.number:
            why = f"was given before the journal was accepted as it is; {_again(stack, approval_id)}"
        if why:
            raise Waiting("ApprovalGone", f"approval {approval_id} {why}: nothing was applied on its word")
    for number in _lost(known, {one.id for one in words.values() if isinstance(one, Approval)}):
        if number in known.rejections:
            what = f"rejection {number} was changed or removed outside tfreconcile"
            raise Waiting(
                "RejectionGone", f"{what}; it holds until: tfreconcile revoke {stack} --id {number}"
            )


def require_whole(store: Store) -> None:
    """Raise Waiting("JournalBroken") while the journal is not whole, as ``require`` does."""
    with store.read() as session:
        wholeness.require(store, session)


def obstacle(store: Store, stack: str, *, at: datetime) -> Waiting | None:
    """What ``require`` would say now of an apply of the stack, whoever approves it."""
    try:
        with store.read() as session:
            require(store, session, (), stack=stack, at=at)
    except Waiting as error:
        return error
    return None


def require_no_rejection(store: Store, session: Session, question: Question, *, at: datetime) -> None:
    """Inside a transaction: raise Waiting("Rejected") when a rejection holds a plan, as the gate has it.

    It may have been kept after the decision.
    """
    words = sealed.words(session, store.key, ApprovalRow.stack == question.stack)
    no = standing_no(question, (one for one in words if isinstance(one, Approval)), at)
    if no is not None:
        because = f": {no.reason}" if no.reason else ""
        raise Waiting("Rejected", f"{no.by} rejected it before it began{because}; nothing was applied")


def standing(store: Store, session: Session, ids: Collection[int], *, stack: str) -> tuple[int, ...]:
    """Inside a transaction: which of these words are, by the journal, neither used nor taken back."""
    known = witness.of(store, session, stack)
    return tuple(one for one in ids if known.stands(one))


def named(store: Store, session: Session, stack: str) -> dict[int, frozenset[ChangeDigest]]:
    """Inside a transaction: the effects that each approval names which is neither used nor taken back."""
    unused = (ApprovalRow.consumed_at.is_(None), ApprovalRow.revoked_at.is_(None))
    found = sealed.words(session, store.key, ApprovalRow.stack == stack, *unused)
    return {
        one.id: one.changes for one in found if isinstance(one, Approval) and one.verdict is Verdict.APPROVE
    }


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
            again = _again(word.stack, approval_id)
            return f"is, by the journal, not to be used any more: its row was written back; {again}"
    return f"expired at {text(word.expires_at)}" if word.expires_at <= at else None


def _again(stack: str, approval_id: int) -> str:
    return f"tfreconcile revoke {stack} --id {approval_id} takes it away, and a new one may be given"


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
