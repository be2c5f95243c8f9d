"""What kind of plan is it, and may it be applied? Classification and gate, fed with what is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from tfreconcile.classify import assess
from tfreconcile.classify.hazards import Known
from tfreconcile.classify.model import Classification, Hazard
from tfreconcile.gate import convergence, decision, windows
from tfreconcile.gate.decision import Asked
from tfreconcile.gate.model import Approval, Decision, Proceed
from tfreconcile.plan import document
from tfreconcile.plan.document import Address
from tfreconcile.plan.dynamic import generated
from tfreconcile.reconcile import asking, doubts, keep, policing, withdrawn
from tfreconcile.reconcile.learned import Learned, Planned
from tfreconcile.reconcile.world import World
from tfreconcile.redact import Scrubber
from tfreconcile.store import approvals


def judge(world: World, learned: Learned) -> Learned:
    """Why is each change there, and how could it hurt?"""
    planned = learned.planned
    if planned is None:
        return learned
    learned = asking.asked(world, learned)
    classification = assess.assess(
        planned.produced.plan,
        planned.digests,
        _known(world, learned),
        inputs_changed=learned.inputs_changed,
        generated=generated(planned.produced.sources),
        ignore=() if learned.removing else learned.stack.ignore,
        today=learned.started.date(),
    )
    classification = policing.judged(world, learned, classification)
    return replace(learned, classification=_speakable(classification, learned.scrubber))


def _known(world: World, learned: Learned) -> Known:
    record, policy, context = learned.record, learned.policy, learned.stack.context
    return Known(
        had_resources=record.resources or 0 if record.sound else max(1, record.resources or 0),
        backend_moved=not record.sound or record.backend not in (None, learned.backend),
        max_destroys=policy.max_destroys,
        max_destroy_percent=policy.max_destroy_percent,
        stateful=world.stateful,
        scale_factor=policy.scale_factor,
        critical=context.get("criticality") == "high" or context.get("latency_critical") is True,
        commits=learned.commits,
        unattributed=learned.unattributed,
        unattended=policy.unattended,
        off_hours=windows.off_hours(policy.working_hours, world.clock()),
        removed=learned.removing,
        renamed_from=next(iter(learned.former), None),
        perhaps_of=learned.perhaps_of,
    )


def _speakable(found: Classification, scrubber: Scrubber) -> Classification:
    """Hazards as a person is shown them: an approval names these, and they must be found again in it."""

    def spoken(one: Hazard) -> Hazard:
        return Hazard(one.kind, Address(scrubber.scrub(one.address)), scrubber.scrub(one.detail))

    changes = tuple(replace(one, hazards=tuple(map(spoken, one.hazards))) for one in found.changes)
    return replace(found, changes=changes, hazards=tuple(map(spoken, found.hazards)))


def gate(world: World, learned: Learned) -> Learned:
    """May we? The decision is written down with the plan before anything follows from it."""
    planned, found = learned.planned, learned.classification
    if planned is None or found is None:
        return learned
    now = world.clock()  # not the start of the pass: a window may have closed while Terraform planned
    words, lost = withdrawn.counting(world.mirror, approvals.of(world.store, learned.stack.name))
    effects = frozenset(filter(None, (*planned.digests.changes, *planned.digests.outputs)))
    learned = replace(learned, doubts=doubts.doubts(words, world.trust.signers, effects, now))
    asked = _asked(learned, planned)
    made = _decided(world, learned, found, words, asked=asked, now=now)
    made = withdrawn.told(withdrawn.told(made, lost), learned.unattributed)
    question = decision.question(found, learned.policy, asked=asked, authors=learned.authors)
    learned = replace(learned, decision=made, question=question)
    return replace(learned, plan_id=keep.plan(world, learned))


def _asked(learned: Learned, planned: Planned) -> Asked:
    plan, digests = planned.produced.plan, planned.digests
    return Asked(
        stack=learned.stack.name,
        fingerprint=digests.fingerprint,
        applyable=plan.applyable,
        complete=plan.complete,
        errored=plan.errored,
        only_reads=document.only_reads(plan),
        unstable=digests.unstable,
        doubts=learned.doubts,
    )


def _decided(
    world: World,
    learned: Learned,
    found: Classification,
    words: tuple[Approval, ...],
    *,
    asked: Asked,
    now: datetime,
) -> Decision:
    policy, authors = learned.policy, learned.authors
    made = decision.decide(found, policy, words, asked=asked, authors=authors, now=now)
    if isinstance(made, Proceed) and not made.approvals and keep.came_back(world, learned):
        made = convergence.once_more(made, policy, words, asked=asked, authors=authors, now=now)
    return decision.in_time(made, found, policy, words, asked=asked, authors=authors, now=now)
