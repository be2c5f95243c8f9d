"""What is kept of a plan? Masked values only, and never the same pending plan twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from tfreconcile.classify.model import Cause
from tfreconcile.gate import authors
from tfreconcile.gate.convergence import NOT_CONVERGING
from tfreconcile.gate.model import Nothing
from tfreconcile.observe import report
from tfreconcile.plan import render
from tfreconcile.reconcile.learned import Learned
from tfreconcile.reconcile.world import World
from tfreconcile.store import applies, plans
from tfreconcile.store.records import ApplyStatus, PlanRecord, PlanState

SETTLING = timedelta(minutes=5)
"""How long after an apply the same plan means that it did not converge."""


def came_back(world: World, learned: Learned) -> bool:
    """Does the plan do again what was just applied without error, though nobody changed Git or the world?

    The same actions on the same addresses count, whatever the values: ``uuid()`` has a new one each time.
    "Just" is SETTLING, or for as long as the stack is held for this very reason.
    """
    classification = learned.classification
    if classification is None or learned.inputs_changed:
        return False
    if any(one.cause in (Cause.DRIFT, Cause.BOTH) for one in classification.changes):
        return False
    last = applies.history(world.store, learned.stack.name, limit=1)
    if not last or last[0].status is not ApplyStatus.SUCCEEDED or last[0].plan_id is None:
        return False
    ended = last[0].ended_at or last[0].started_at
    recent = learned.started - ended < SETTLING or NOT_CONVERGING in learned.record.message
    applied = plans.get(world.store, last[0].plan_id)
    return recent and applied is not None and _shape(applied.classification) == _shape(_told(learned))


def _told(learned: Learned) -> tuple[report.Plain, ...]:
    found = learned.classification
    return () if found is None else report.effects(found, learned.policy, learned.scrubber.scrub)


def _shape(changes: Iterable[Mapping[str, object]]) -> frozenset[tuple[str, str]]:
    return frozenset((str(one["address"]), str(one["actions"])) for one in changes)


def plan(world: World, learned: Learned) -> int | None:
    """Keep the plan with what was made of it; None when there is nothing to keep of it.

    A plan that says the same as the last one is the last one: history shows changes, not checks.
    """
    record = _record(world, learned)
    if record is None:
        return None
    if not record.classification:
        plans.supersede(world.store, record.stack)
        return None
    last = plans.history(world.store, record.stack, limit=1)
    if last and _same(last[0], record) and plans.is_as_decided(world.store, last[0]):
        return last[0].id
    return plans.add(world.store, record)


def _same(last: PlanRecord, record: PlanRecord) -> bool:
    return (last.fingerprint, last.revision, last.decision, last.state) == (
        record.fingerprint,
        record.revision,
        record.decision,
        record.state,
    )


def _record(world: World, learned: Learned) -> PlanRecord | None:
    planned, classification, decision = learned.planned, learned.classification, learned.decision
    if planned is None or classification is None or decision is None:
        return None
    scrub = learned.scrubber.scrub
    barred = authors.barred(learned.policy.approvals, learned.authors)
    return PlanRecord(
        stack=learned.stack.name,
        pass_id=learned.pass_id,
        created_at=world.clock(),
        revision=learned.revision,
        inputs=learned.wanted.inputs,
        fingerprint=planned.digests.fingerprint,
        engine=world.engine.kind,
        engine_version=world.engine.version,
        lock_digest=planned.produced.lock_digest,
        backend=learned.backend,
        workspace=learned.stack.workspace,
        mode=learned.mode,
        document=render.to_json(planned.masked),
        classification=report.effects(classification, learned.policy, scrub),
        decision=report.kept(
            decision, classification, learned.policy, barred=barred, doubts=learned.doubts, scrub=scrub
        ),
        state=PlanState.EMPTY if isinstance(decision, Nothing) else PlanState.PENDING,
    )
