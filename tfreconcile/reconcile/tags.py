"""What do the signed tags of the repository say that was not heard before? Looked at after every fetch."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tfreconcile.clock import text
from tfreconcile.errors import ReconcileError
from tfreconcile.gate.approvals import is_open
from tfreconcile.gate.model import Approval, Verdict
from tfreconcile.gate.tags import Judged, Named, Presented, RefusedTag, Waiting, judge, named
from tfreconcile.reconcile import status, words
from tfreconcile.reconcile.world import World
from tfreconcile.source import history, signatures, tags
from tfreconcile.source.model import Revision, StackName
from tfreconcile.source.signers import Signers, Untrusted, Unverifiable
from tfreconcile.source.tags import Tag, TagRef
from tfreconcile.store import applies, approvals, stacks
from tfreconcile.store import tags as judged
from tfreconcile.store.records import PlanRecord, TagRecord

MOST = 200
"""How many tags are judged after one fetch: those that name a pending plan first, the rest after the next."""
DELETED = "tag deleted"
"""Who revokes an approval whose tag is gone."""
_APPLIES = 1000

log = logging.getLogger(__name__)
_Known = Mapping[tuple[str, str], TagRecord]
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
    """Judge every tag that is new, once and for all; take back approvals whose tag was deleted.

    ``head`` is that of the tracked branch. Without signers nobody's tag can be a word: nothing is judged.
    What one tag holds never stops this; what this host cannot do is tried again after the next fetch.
    """
    signers = world.trust.signers
    if signers is None:
        return
    try:
        found = tags.listed(world.mirror)
        known = judged.known(world.store)
        plans: _Plans = {str(one.name): status.waiting(world.store, one) for one in stacks.all(world.store)}
        _settle(world, found, known, plans)
        new = [one for one in found if (one.name, one.object) not in known]
        with tags.reading(world.mirror) as read:
            here = _Look(world=world, signers=signers, head=head, plans=plans, read=read)
            _judge_all(here, sorted(new, key=lambda one: not _is_urgent(one, plans))[:MOST])
    except ReconcileError as error:
        _tell(world, str(error))


def _is_urgent(one: TagRef, plans: _Plans) -> bool:
    """Does it name a plan that waits? Whoever floods the repository with tags does not delay these."""
    means = named(one.name)
    plan = plans.get(means.stack) if isinstance(means, Named) else None
    return isinstance(means, Named) and plan is not None and plan.fingerprint.startswith(means.digits)


def _judge_all(here: _Look, new: Iterable[TagRef]) -> None:
    for one in new:
        try:
            _judge(here, one)
        except (ReconcileError, Unverifiable) as error:
            _tell(here.world, f"{one.name}: {error}")


def _tell(world: World, what: str) -> None:
    log.warning("tag not judged", extra={"event": "tag.not_judged", "why": what})
    world.progress("", f"not judged: {what}")


def _judge(here: _Look, one: TagRef) -> None:
    now, store = here.world.clock(), here.world.store
    record = TagRecord(ref=one.name, object=one.object, stack=_stack(one, here.plans), at=now)
    plan = here.plans.get(record.stack)
    made = _made(here, one, plan, now)
    if isinstance(made, RefusedTag):
        judged.refuse(store, replace(record, refused=made.reason, signer=made.signer))
    elif plan is not None:
        word = words.composed(plan, made.word, channel=words.TAG, at=now)
        judged.accept(store, replace(record, signer=made.word.by), word)


def _stack(one: TagRef, plans: _Plans) -> str:
    """The stack that a name speaks of, also when it says nothing else that is right; "" for none."""
    parts = one.name.split("/")
    return parts[2] if len(parts) == 4 and parts[2] in plans else ""


def _made(here: _Look, one: TagRef, plan: PlanRecord | None, now: datetime) -> Judged:
    means = named(one.name)
    if isinstance(means, RefusedTag):
        return means
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
    return Waiting(
        question=status.question(plan),
        ttl=words.lasts(plan),
        words=approvals.of(world.store, plan.stack),
        idle=words.idle(plan),
    )


def _settle(world: World, found: Iterable[TagRef], known: _Known, plans: _Plans) -> None:
    """Of accepted tags: those that are gone take their approval with them, those that are spent say so."""
    here = {(one.name, one.object) for one in found}
    given = {one.id: one for one in approvals.of(world.store)}
    for key, record in known.items():
        word = given.get(record.approval_id or 0)
        if word is None or record.refused is not None:
            continue
        plan = plans.get(word.stack)
        if key not in here:
            _withdraw(world, word)
        elif word.consumed_at is not None and plan is not None and plan.fingerprint == word.fingerprint:
            judged.spend(world.store, record, why=_used(world, word, word.consumed_at), at=world.clock())


def _withdraw(world: World, word: Approval) -> None:
    """A rejection stays: whoever may delete a tag in Git must not be able to lift it."""
    now = world.clock()
    if word.verdict is Verdict.APPROVE and is_open(word, now):
        approvals.revoke(world.store, word.id, by=DELETED, at=now)


def _used(world: World, word: Approval, at: datetime) -> str:
    done = applies.history(world.store, StackName(word.stack), limit=_APPLIES)
    number = next((f"apply {one.id}" for one in done if word.id in one.approvals), "an apply")
    return f"already used by {number} at {text(at)}; sign a new one with another label"
