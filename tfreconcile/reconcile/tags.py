"""What do the signed tags of the repository say that was not heard before? Looked at after every fetch."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from tfreconcile.clock import text
from tfreconcile.errors import ReconcileError
from tfreconcile.gate.model import Approval
from tfreconcile.gate.tags import Judged, Named, Presented, RefusedTag, Waiting, judge
from tfreconcile.reconcile import status, withdrawn, words
from tfreconcile.reconcile.turns import Order, taken
from tfreconcile.reconcile.world import World
from tfreconcile.source import history, signatures, tags
from tfreconcile.source.model import Revision, StackName
from tfreconcile.source.signers import Signers, Untrusted, Unverifiable
from tfreconcile.source.tags import Tag, TagRef
from tfreconcile.store import applies, approvals, stacks
from tfreconcile.store import tags as judged
from tfreconcile.store.records import PlanRecord, TagRecord

_APPLIES = 1000

log = logging.getLogger(__name__)
_Plans = Mapping[str, PlanRecord | None]


@dataclass(frozen=True, kw_only=True)
class _Look:
    """What one look goes by: the plan of every stack that waits, or None, and the head of the branch."""

    world: World
    signers: Signers
    head: Revision
    plans: _Plans
    read: Callable[[TagRef], Tag]


def look(world: World, head: Revision) -> None:
    """Take back approvals whose tag was deleted, then judge every tag that is new, once and for all.

    ``head`` is that of the tracked branch. Without signers nobody's tag can be a word: nothing is judged.
    What one tag holds never stops this; what this host cannot do is tried again after the next fetch, and so
    is what nobody can judge now: any tag while the journal is not whole, one about a plan that was edited.
    """
    try:
        found = withdrawn.settle(world)
        if world.trust.signers is not None:
            _hear(world, world.trust.signers, found, head)
    except ReconcileError as error:
        _tell(world, str(error))


def _hear(world: World, signers: Signers, found: Iterable[TagRef], head: Revision) -> None:
    known = judged.known(world.store)
    new = [one for one in found if (one.name, one.object) not in known]
    if new:
        approvals.require_whole(world.store)
    plans: _Plans = {str(one.name): status.waiting(world.store, one) for one in stacks.all(world.store)}
    _tell_of_spent(world, known, plans)
    order = Order(
        is_pending=partial(_is_pending, plans=plans),
        is_known=signatures.recognised(signers),
        key=world.key,
        now=world.clock(),
    )
    with tags.reading(world.mirror) as read:
        turns = taken(new, read, order)
        here = _Look(world=world, signers=signers, head=head, plans=plans, read=read)
        refused = [_record(here, one, why) for one, why in turns.refused]
        judged.refuse_all(world.store, list(_judge_all(here, turns.signed)), refused)


def _is_pending(means: Named, *, plans: _Plans) -> bool:
    """Does a name speak of a plan that waits?"""
    plan = plans.get(means.stack)
    return plan is not None and plan.fingerprint.startswith(means.digits)


def _judge_all(here: _Look, signed: Iterable[tuple[TagRef, Named]]) -> Iterator[TagRecord]:
    """Keep the words among these tags; gives the others."""
    for one, means in signed:
        try:
            made = _judge(here, one, means)
        except (ReconcileError, Unverifiable) as error:
            _tell(here.world, f"{one.name}: {error}")
        else:
            yield from () if made is None else (made,)


def _tell(world: World, what: str) -> None:
    log.warning("tag not judged", extra={"event": "tag.not_judged", "why": what})
    world.progress("", f"not judged: {what}")


def _judge(here: _Look, one: TagRef, means: Named) -> TagRecord | None:
    """Keep the word that a tag is, or give the refusal."""
    plan = here.plans.get(means.stack)
    if plan is not None:
        words.require_as_decided(here.world.store, plan)
    made = _made(here, one, means, plan)
    if isinstance(made, RefusedTag):
        return _record(here, one, made)
    if plan is not None:
        record = replace(_record(here, one), signer=made.word.by)
        word = words.composed(here.world.store, plan, made.word, channel=words.TAG, at=record.at)
        judged.accept(here.world.store, record, word, made_at=here.read(one).tagged_at)
    return None


def _record(here: _Look, one: TagRef, why: RefusedTag | None = None) -> TagRecord:
    return TagRecord(
        ref=one.name,
        object=one.object,
        stack=_stack(one, here.plans),
        at=here.world.clock(),
        signer=why.signer if why else None,
        refused=why.reason if why else None,
    )


def _stack(one: TagRef, plans: _Plans) -> str:
    """The stack that a name speaks of, also when it says nothing else that is right; "" for none."""
    parts = one.name.split("/")
    return parts[2] if len(parts) == 4 and parts[2] in plans else ""


def _made(here: _Look, one: TagRef, means: Named, plan: PlanRecord | None) -> Judged:
    now = here.world.clock()
    if means.stack not in here.plans:
        return RefusedTag(f"there is no stack {means.stack}")
    try:
        tag = here.read(one)
        signature = signatures.of_tag(tag, here.signers, now)
    except Unverifiable:
        raise
    except Untrusted as error:
        return RefusedTag(error.reason)
    presented = Presented(
        ref=one.name,
        name=tag.inner_name,
        on_branch=_is_on_branch(here, tag),
        tagged_at=tag.tagged_at,
        trailers=tag.trailers,
        signature=signature,
    )
    return judge(presented, means, None if plan is None else _waiting(here.world, plan), now=now)


def _is_on_branch(here: _Look, tag: Tag) -> bool:
    if tag.target_type != "commit":
        return False
    return history.is_ancestor(here.world.mirror, Revision(tag.target), here.head)


def _waiting(world: World, plan: PlanRecord) -> Waiting:
    record = stacks.get(world.store, plan.stack)
    return Waiting(
        question=status.question(plan),
        ttl=words.lasts(plan),
        words=approvals.of(world.store, plan.stack),
        idle=words.idle(plan, record.reason if record else ""),
    )


def _tell_of_spent(world: World, known: Mapping[tuple[str, str], TagRecord], plans: _Plans) -> None:
    """Tags whose word was used say so when their plan is pending again."""
    given = {one.id: one for one in approvals.of(world.store)}
    for record in known.values():
        word = given.get(record.approval_id or 0)
        if word is None or record.refused is not None or word.consumed_at is None:
            continue
        plan = plans.get(word.stack)
        if plan is not None and plan.fingerprint == word.fingerprint:
            judged.spend(world.store, record, why=_used(world, word, word.consumed_at), at=world.clock())


def _used(world: World, word: Approval, at: datetime) -> str:
    done = applies.history(world.store, StackName(word.stack), limit=_APPLIES)
    number = next((f"apply {one.id}" for one in done if word.id in one.approvals), "an apply")
    return f"already used by {number} at {text(at)}; sign a new one with another label"
