"""What kind of plan is it, and may it be applied? Classification and gate, fed with what is known."""

from __future__ import annotations

from dataclasses import replace

from tfreconcile.classify import assess
from tfreconcile.classify.hazards import Known
from tfreconcile.classify.model import Classification, Hazard
from tfreconcile.gate import convergence, decision, windows
from tfreconcile.gate.decision import Asked
from tfreconcile.gate.model import Decision, Proceed
from tfreconcile.plan import document
from tfreconcile.plan.document import Address
from tfreconcile.reconcile import asking, keep, policing, renaming
from tfreconcile.reconcile.learned import Learned
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
        ignore=() if learned.removing else learned.stack.ignore,
        today=learned.started.date(),
    )
    classification = policing.judged(world, learned, classification)
    return replace(learned, classification=_speakable(classification, learned.scrubber))


def _known(world: World, learned: Learned) -> Known:
    record, policy, context = learned.record, learned.policy, learned.stack.context
    return Known(
        had_resources=record.resources or 0,
        backend_moved=record.backend not in (None, learned.backend),
        max_destroys=policy.max_destroys,
        max_destroy_percent=policy.max_destroy_percent,
        stateful=world.stateful,
        scale_factor=policy.scale_factor,
        critical=context.get("criticality") == "high" or context.get("latency_critical") is True,
        commits=learned.commits,
        unattended=policy.unattended,
        off_hours=windows.off_hours(policy.working_hours, world.clock()),
        removed=learned.removing,
        renamed_from=renaming.renamed_from(world, learned),
    )


def _speakable(found: Classification, scrubber: Scrubber) -> Classification:
    """Hazards as a person is shown them: an approval names these, and they must be found again in it."""

    def spoken(one: Hazard) -> Hazard:
        return Hazard(one.kind, Address(scrubber.scrub(one.address)), scrubber.scrub(one.detail))

    changes = tuple(replace(one, hazards=tuple(map(spoken, one.hazards))) for one in found.changes)
    return replace(found, changes=changes, hazards=tuple(map(spoken, found.hazards)))


def gate(world: World, learned: Learned) -> Learned:
    """May we? The decision is written down with the plan before anything follows from it."""
    if learned.planned is None or learned.classification is None:
        return learned
    plan, mark = learned.planned.produced.plan, learned.planned.digests.fingerprint
    asked = Asked(
        stack=learned.stack.name,
        fingerprint=mark,
        applyable=plan.applyable,
        complete=plan.complete,
        errored=plan.errored,
        only_reads=document.only_reads(plan),
        unstable=learned.planned.digests.unstable,
    )
    made = _decided(world, learned, learned.classification, asked)
    learned = replace(learned, decision=made)
    return replace(learned, plan_id=keep.plan(world, learned))


def _decided(world: World, learned: Learned, found: Classification, asked: Asked) -> Decision:
    policy, authors = learned.policy, learned.authors
    now = world.clock()  # not the start of the pass: a window may have closed while Terraform planned
    words = approvals.of(world.store, learned.stack.name)
    made = decision.decide(found, policy, words, asked=asked, authors=authors, now=now)
    if isinstance(made, Proceed) and not made.approvals and keep.came_back(world, learned):
        made = convergence.once_more(made, policy, words, asked=asked, authors=authors, now=now)
    return decision.in_time(made, found, policy, words, asked=asked, authors=authors, now=now)
