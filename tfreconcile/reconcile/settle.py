"""How does a pass end? In one place, where status, back-off and the stack's row are computed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from tfreconcile import clock
from tfreconcile.errors import ReconcileError
from tfreconcile.gate.model import Hold, Nothing, Refuse
from tfreconcile.observe import conditions, report, schedule
from tfreconcile.observe.conditions import Conclusion, Condition, Facts, Sync
from tfreconcile.observe.health import HealthStatus
from tfreconcile.reconcile.learned import Learned
from tfreconcile.reconcile.world import World
from tfreconcile.store import stacks
from tfreconcile.store.records import JsonObject, JsonObjects, StackRecord
from tfreconcile.terraform.outcomes import Status


def conclude(learned: Learned, failure: ReconcileError | None) -> tuple[Conclusion, Facts]:
    """The status that follows, and the facts that it follows from; every sentence is scrubbed."""
    classification = learned.classification
    facts = Facts(
        stack=learned.stack.name,
        decision=learned.decision,
        failure=failure,
        applied=learned.applied,
        effects=len(classification.changes) + len(classification.outputs) if classification else 0,
        drift=classification.drift if classification else (),
        health=learned.health,
        previous_sync=Sync(learned.record.sync),
    )
    said = conditions.conclude(facts)
    return replace(said, message=learned.scrubber.scrub(said.message)), facts


def settle(world: World, learned: Learned, failure: ReconcileError | None) -> Conclusion:
    """Write the stack's row and what became of its plan; returns the status that was written."""
    now = world.clock()
    conclusion, facts = conclude(learned, failure)
    before = {one.type: one for one in _conditions(learned.record.conditions)}
    stated = conditions.conditions(conclusion, facts, previous=before, now=now)
    record = replace(
        _progressed(learned, failure, now),
        sync=str(conclusion.sync),
        health=str(learned.health.status),
        state=str(conclusion.state),
        reason=conclusion.reason,
        message=conclusion.message,
        conditions=tuple(_plain(one, learned) for one in stated),
        next_due_at=_next_due(world, learned, failure, now),
    )
    stacks.save(world.store, record, holder=world.holder)
    stacks.clear_sync(world.store, record.name, before=learned.started)
    return conclusion


def _progressed(learned: Learned, failure: ReconcileError | None, now: datetime) -> StackRecord:
    record, planned, classification = learned.record, learned.planned, learned.classification
    failures = 0 if failure is None else learned.record.failures + 1
    record = replace(
        record,
        failures=failures,
        desired_revision=learned.revision,
        tried_inputs=learned.wanted.inputs,
    )
    if planned is None or classification is None:
        return record
    held = isinstance(learned.decision, Hold | Refuse)
    in_sync = learned.applied or isinstance(learned.decision, Nothing)
    resources = planned.produced.plan.prior_resources
    return replace(
        record,
        definition=str(learned.stack.definition),
        observed_revision=learned.revision,
        observed_inputs=learned.wanted.inputs,
        applied_revision=learned.revision if in_sync else record.applied_revision,
        applied_inputs=learned.wanted.inputs if in_sync else record.applied_inputs,
        backend=learned.backend if in_sync or record.backend is None else record.backend,
        resources=record.resources if held or failure else max(resources, _created(learned)),
        drift=report.drift(classification, learned.scrubber.scrub),
        severity=conditions.severity(classification.drift),
        pending_plan=learned.plan_id if held or failure else None,
        last_checked_at=now,
        last_applied_at=now if learned.applied else record.last_applied_at,
        healthy_by=learned.health.healthy_by,
    )


def _created(learned: Learned) -> int:
    done = learned.execution.outcomes if learned.execution else ()
    return sum(one.action == "create" and one.status is Status.APPLIED for one in done)


def _next_due(world: World, learned: Learned, failure: ReconcileError | None, now: datetime) -> datetime:
    name, interval = learned.stack.name, learned.stack.interval or world.interval
    if failure is not None:
        failures = learned.record.failures + 1
        return schedule.after_failure(name, now, interval, error=failure, failures=failures)
    if learned.applied:
        return now
    if learned.health.status is HealthStatus.PROGRESSING:
        return now + min(interval, schedule.PROGRESS_RETRY)
    return schedule.after_success(name, now, interval)


def _plain(one: Condition, learned: Learned) -> dict[str, object]:
    scrubbed = learned.scrubber.scrub(one.message)
    return {**dataclasses.asdict(one), "message": scrubbed, "changed_at": clock.text(one.changed_at)}


def _conditions(stored: JsonObjects) -> tuple[Condition, ...]:
    return tuple(_condition(one) for one in stored)


def _condition(stored: JsonObject) -> Condition:
    words: Mapping[str, str] = {key: str(value) for key, value in stored.items()}
    return Condition(
        type=words["type"],
        status=words["status"],
        reason=words["reason"],
        message=words["message"],
        changed_at=datetime.fromisoformat(words["changed_at"]),
    )
