"""How does a pass end? In one place, where status, back-off and the stack's row are computed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from tfreconcile import clock
from tfreconcile.classify.model import Classification
from tfreconcile.errors import ReconcileError, Waiting
from tfreconcile.gate.model import Hold, Nothing, Proceed, Refuse
from tfreconcile.observe import conditions, report, schedule
from tfreconcile.observe.conditions import DESTROYED, Conclusion, Condition, Facts, Sync
from tfreconcile.observe.health import Health, HealthStatus
from tfreconcile.plan.fingerprint import ChangeDigest
from tfreconcile.reconcile import leaving
from tfreconcile.reconcile.learned import Learned
from tfreconcile.reconcile.remembering import kept_as
from tfreconcile.reconcile.world import World
from tfreconcile.source.model import Stack
from tfreconcile.store import applies, stacks
from tfreconcile.store.records import JsonObject, StackRecord
from tfreconcile.terraform.outcomes import Status


def conclude(learned: Learned, failure: ReconcileError | None) -> tuple[Conclusion, Facts]:
    """The status that follows, and the facts that it follows from; every sentence is scrubbed."""
    classification = learned.classification
    facts = Facts(
        decision=learned.decision,
        failure=failure,
        applied=learned.applied,
        effects=len(classification.changes) + len(classification.outputs) if classification else 0,
        drift=classification.drift if classification else (),
        health=learned.health,
        previous_sync=_known_sync(learned),
        removing=learned.removing,
    )
    said = conditions.conclude(facts)
    return replace(said, message=learned.scrubber.scrub(said.message)), facts


def _known_sync(learned: Learned) -> Sync:
    """What the last plan found, as long as it was of what is wanted now; a stack that goes is not in sync."""
    same = learned.removing or learned.record.observed_inputs == learned.wanted.inputs
    return Sync(learned.record.sync) if same else Sync.UNKNOWN


def settle(world: World, learned: Learned, failure: ReconcileError | None) -> Conclusion:
    """Write the stack's row and what became of its plan; returns the status that was written."""
    now = world.clock()
    conclusion, facts = conclude(learned, failure)
    record = replace(
        _stated(_progressed(learned, failure, now), conclusion, facts, scrub=learned.scrubber.scrub, now=now),
        next_due_at=None if conclusion.reason == DESTROYED else _next_due(world, learned, failure, now),
    )
    stacks.save(world.store, record, holder=world.holder)
    if learned.planned is not None and learned.classification is not None and learned.execution is None:
        applies.exhaust(world.store, record.name, _left(learned.classification), at=now)
    stacks.clear_sync(world.store, record.name, before=learned.started)
    if conclusion.reason == DESTROYED:
        with suppress(ReconcileError):  # a commit that is kept too long costs a little room
            world.mirror.drop(kept_as(record.name))
    return conclusion


def _left(found: Classification) -> frozenset[ChangeDigest]:
    """All that the plan of this pass would do."""
    return frozenset((*(one.digest for one in found.changes), *(one.digest for one in found.outputs)))


def without_a_pass(world: World, stack: Stack, failure: ReconcileError) -> None:
    """Write down that a pass could not even begin (no room for its files), so that it backs off too."""
    now, record = world.clock(), stacks.ensure(world.store, stack.name, str(stack.definition))
    failures, interval = _failures(record, failure), stack.interval or world.interval
    facts = Facts(
        decision=None,
        failure=failure,
        applied=False,
        effects=0,
        drift=(),
        health=last_health(record),
        previous_sync=Sync(record.sync),
    )
    due = schedule.after_failure(stack.name, now, interval, error=failure, failures=failures)
    record = replace(record, failures=failures, last_checked_at=now, next_due_at=due)
    said = conditions.conclude(facts)
    stacks.save(world.store, _stated(record, said, facts, scrub=str, now=now), holder=world.holder)


def last_health(record: StackRecord, *, goes: bool = False) -> Health:
    """What the last pass said of health, for one that does not ask again; nothing of a stack that goes."""
    status = HealthStatus.UNKNOWN if goes else HealthStatus(record.health)
    return Health(status=status, reason="NotProbed", message="not probed in the last pass")


def _stated(
    record: StackRecord, said: Conclusion, facts: Facts, *, scrub: Callable[[str], str], now: datetime
) -> StackRecord:
    before = {one.type: one for one in map(_condition, record.conditions)}
    stated = conditions.conditions(said, facts, previous=before, now=now)
    return replace(
        record,
        sync=str(said.sync),
        health=str(facts.health.status),
        state=str(said.state),
        reason=said.reason,
        message=said.message,
        conditions=tuple(_plain(one, scrub) for one in stated),
    )


def _progressed(learned: Learned, failure: ReconcileError | None, now: datetime) -> StackRecord:
    record, planned, classification = learned.record, learned.planned, learned.classification
    record = replace(
        record,
        failures=_failures(record, failure),
        desired_revision=record.desired_revision if learned.removing else learned.revision,
        tried_inputs=learned.wanted.inputs,
        last_checked_at=learned.started,  # not the end: who approves during a pass is not overlooked
    )
    if learned.removing:
        return leaving.progressed(learned, record, now, failed=failure is not None)
    if planned is None or classification is None:
        return record
    held = isinstance(learned.decision, Hold | Refuse)
    in_sync, settled = learned.applied or isinstance(learned.decision, Nothing), learned.settled
    resources = planned.produced.plan.prior_resources
    return replace(
        record,
        definition=str(learned.stack.definition),
        observed_revision=learned.revision,
        observed_inputs=learned.wanted.inputs,
        applied_revision=learned.revision if in_sync else record.applied_revision,
        applied_inputs=learned.wanted.inputs if in_sync else record.applied_inputs,
        settled_revision=learned.revision if settled else record.settled_revision,
        settled_inputs=learned.wanted.inputs if settled else record.settled_inputs,
        sound=settled or record.sound,
        backend=learned.backend if settled or record.backend is None else record.backend,
        place=learned.place if settled or record.place is None else record.place,
        resources=record.resources if held or failure else max(resources, _created(learned)),
        drift=report.drift(classification, learned.scrubber.scrub),
        ignored=report.ignored(classification, learned.stack.ignore, learned.policy, learned.scrubber.scrub),
        severity=conditions.severity(classification.drift),
        pending_plan=learned.plan_id if held or failure else None,
        last_applied_at=now if learned.applied else record.last_applied_at,
        healthy_by=learned.health.healthy_by,
    )


def _failures(record: StackRecord, failure: ReconcileError | None) -> int:
    """How many in a row; what waits has not failed and proves nothing."""
    if isinstance(failure, Waiting):
        return record.failures
    return 0 if failure is None else record.failures + 1


def _created(learned: Learned) -> int:
    done = learned.execution.outcomes if learned.execution else ()
    return sum(one.action == "create" and one.status is Status.APPLIED for one in done)


def _next_due(world: World, learned: Learned, failure: ReconcileError | None, now: datetime) -> datetime:
    name, interval = learned.stack.name, learned.stack.interval or world.interval
    if failure is not None:
        failures = _failures(learned.record, failure)
        return schedule.after_failure(name, now, interval, error=failure, failures=failures)
    if isinstance(learned.decision, Proceed):
        return now  # applied: did it converge? Stopped before the apply: it is still to do
    if learned.health.status is HealthStatus.PROGRESSING:
        return now + min(interval, schedule.PROGRESS_RETRY)
    until = learned.decision.until if isinstance(learned.decision, Hold) else None
    return schedule.after_hold(name, now, interval, until=until)


def _plain(one: Condition, scrub: Callable[[str], str]) -> dict[str, object]:
    scrubbed = scrub(one.message)
    return {**dataclasses.asdict(one), "message": scrubbed, "changed_at": clock.text(one.changed_at)}


def _condition(stored: JsonObject) -> Condition:
    words: Mapping[str, str] = {key: str(value) for key, value in stored.items()}
    return Condition(
        type=words["type"],
        status=words["status"],
        reason=words["reason"],
        message=words["message"],
        changed_at=datetime.fromisoformat(words["changed_at"]),
    )
