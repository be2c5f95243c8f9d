"""What is one pass of one stack? The list of steps, and one place where it ends."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from tfreconcile.errors import Misconfigured, ReconcileError, Transient, Waiting
from tfreconcile.gate.model import Policy
from tfreconcile.observe.conditions import Conclusion, State, Sync
from tfreconcile.observe.health import Health, HealthStatus
from tfreconcile.plan import desk
from tfreconcile.plan.desk import Desk
from tfreconcile.reconcile import lease, settle
from tfreconcile.reconcile.learned import Learned
from tfreconcile.reconcile.steps import STEPS
from tfreconcile.reconcile.world import World
from tfreconcile.redact import Scrubber
from tfreconcile.source.model import Revision, Wanted
from tfreconcile.store import passes, stacks
from tfreconcile.store.records import StackRecord
from tfreconcile.terraform.environment import secret_values

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Errand:
    """Which stack, at which revision, under which policy; ``record`` is how it was when it was chosen."""

    wanted: Wanted
    policy: Policy
    revision: Revision


@dataclass(frozen=True, kw_only=True)
class Passed:
    """What a pass came to. ``again`` asks for another one at once, to see that an apply converged."""

    stack: str
    conclusion: Conclusion
    health: HealthStatus
    failed: bool
    waits: bool
    again: bool


def reconcile(world: World, errand: Errand) -> Passed:
    """One pass: never raises for what is wrong with the stack; that is its outcome."""
    name = errand.wanted.stack.name
    try:
        with lease.held(world, name) as lost, desk.desk(world.directory, name) as here:
            passed = _pass(world, errand, here)
            if lost.is_set():
                raise Waiting("LeaseLost", "another tfreconcile took the stack over during the pass")
            return passed
    except Waiting as busy:
        return _not_begun(world, name, busy)
    except ReconcileError as error:
        return _not_begun(world, name, error)


def _pass(world: World, errand: Errand, here: Desk) -> Passed:
    learned = _beginning(world, errand, here)
    failure: ReconcileError | None = None
    try:
        for step in STEPS:
            learned = step(world, learned)
    except ReconcileError as error:
        failure = error
    except Misconfigured as error:
        failure = Transient("Misconfigured", str(error))
    except Exception as bug:  # ours, not the stack's: told with its traceback, and kept inside
        log.exception("pass failed", extra={"event": "pass.bug", "stack": learned.stack.name})
        failure = Transient("Bug", f"{type(bug).__name__} in tfreconcile; the log has the traceback")
    conclusion = settle.settle(world, learned, failure)
    passes.finish(
        world.store,
        learned.pass_id,
        at=world.clock(),
        outcome=str(conclusion.state),
        reason=conclusion.reason,
        message=conclusion.message,
        revision=errand.revision,
        plan_id=learned.plan_id,
    )
    return _passed(learned, conclusion, failure)


def _beginning(world: World, errand: Errand, here: Desk) -> Learned:
    stack, now = errand.wanted.stack, world.clock()
    record = stacks.ensure(world.store, stack.name, str(stack.definition))
    return Learned(
        wanted=errand.wanted,
        policy=errand.policy,
        revision=errand.revision,
        record=record,
        started=now,
        pass_id=passes.begin(world.store, stack.name, at=now),
        desk=here,
        health=_last_health(record),
        scrubber=Scrubber.of(secret_values(world.environment)),
    )


def _last_health(record: StackRecord) -> Health:
    return Health(
        status=HealthStatus(record.health), reason="NotProbed", message="not probed in the last pass"
    )


def _passed(learned: Learned, conclusion: Conclusion, failure: ReconcileError | None) -> Passed:
    waiting = conclusion.state in (State.AWAITING_APPROVAL, State.HELD)
    broken = failure is not None and not isinstance(failure, Waiting)
    degraded = learned.health.status is HealthStatus.DEGRADED
    return Passed(
        stack=learned.stack.name,
        conclusion=conclusion,
        health=learned.health.status,
        failed=broken or degraded or conclusion.state is State.REFUSED,
        waits=waiting or learned.health.status is HealthStatus.PROGRESSING,
        again=learned.applied,
    )


def _not_begun(world: World, name: str, error: ReconcileError) -> Passed:
    state = State.HELD if isinstance(error, Waiting) else State.BACKOFF
    conclusion = Conclusion(sync=Sync.UNKNOWN, state=state, reason=error.reason, message=error.message)
    world.progress(name, error.message)
    waits = isinstance(error, Waiting)
    return Passed(
        stack=name,
        conclusion=conclusion,
        health=HealthStatus.UNKNOWN,
        failed=not waits,
        waits=waits,
        again=False,
    )
