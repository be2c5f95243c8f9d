"""What is one pass of one stack? The list of steps, and one place where it ends."""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass

from tfreconcile.errors import Misconfigured, ReconcileError, Stalled, Transient, Waiting
from tfreconcile.gate.model import Policy
from tfreconcile.observe.conditions import Conclusion, State, Sync
from tfreconcile.observe.health import HealthStatus
from tfreconcile.plan import desk
from tfreconcile.plan.desk import Desk
from tfreconcile.plan.fingerprint import Mode
from tfreconcile.reconcile import lease, settle
from tfreconcile.reconcile.learned import Learned
from tfreconcile.reconcile.steps import STEPS
from tfreconcile.reconcile.world import World
from tfreconcile.redact import Scrubber
from tfreconcile.source.model import Revision, StackName, Wanted
from tfreconcile.store import passes, stacks
from tfreconcile.terraform.environment import secret_values

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Errand:
    """Which stack, at which revision, under which policy, and what for.

    Mode DESTROY is for a stack that left Git: ``revision`` is then the last commit with its definition,
    ``gone_at`` one without it, and ``dependents`` are the stacks that must be gone before it. Its state may
    be that of ``perhaps_of``, another stack.
    """

    wanted: Wanted
    policy: Policy
    revision: Revision
    mode: Mode = Mode.NORMAL
    gone_at: Revision | None = None
    dependents: tuple[StackName, ...] = ()
    perhaps_of: StackName | None = None

    @property
    def after(self) -> tuple[StackName, ...]:
        """The stacks that come first: those it depends on or, when it goes, those that depend on it."""
        return self.dependents if self.mode is Mode.DESTROY else self.wanted.stack.depends_on


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
    """One pass: never raises for what is wrong with the stack, or for a bug of ours; that is its outcome.

    Raises Misconfigured when the database cannot be used: then no stack can be looked at.
    """
    name = errand.wanted.stack.name
    try:
        with lease.held(world, name) as lost:
            passed = _at_a_desk(world, errand)
            if lost.is_set():
                raise Waiting("LeaseLost", "another tfreconcile took the stack over during the pass")
            return passed
    except Misconfigured:
        raise
    except Exception as error:  # one stack's trouble stays its own
        return _not_begun(
            world, name, _named(error, world, name, Scrubber.of(secret_values(world.environment)))
        )


def _at_a_desk(world: World, errand: Errand) -> Passed:
    try:
        with desk.desk(world.directory, errand.wanted.stack.name) as here:
            return _pass(world, errand, here)
    except (Transient, Stalled) as error:
        settle.without_a_pass(world, errand.wanted.stack, error)
        raise


def _pass(world: World, errand: Errand, here: Desk) -> Passed:
    learned = _beginning(world, errand, here)
    failure: ReconcileError | None = None
    try:
        for step in STEPS:
            learned = step(world, learned)
    except Exception as error:
        failure = _named(error, world, learned.stack.name, learned.scrubber)
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


def _named(error: Exception, world: World, name: str, scrubber: Scrubber) -> ReconcileError:
    """What an exception means for the loop. One that nobody foresaw is ours: told with its traceback."""
    match error:
        case ReconcileError():
            return error
        case Misconfigured():
            return Transient("Misconfigured", str(error))
        case OSError(errno=number) if number in desk.FULL:
            return desk.unwritable(world.directory.root, error)
    told = scrubber.scrub("".join(traceback.format_exception(error)))
    log.error("pass failed", extra={"event": "pass.bug", "stack": name, "traceback": told})
    return Transient("Bug", f"{type(error).__name__} in tfreconcile; the log has the traceback")


def _beginning(world: World, errand: Errand, here: Desk) -> Learned:
    stack, now = errand.wanted.stack, world.clock()
    record = stacks.ensure(world.store, stack.name, str(stack.definition))
    return Learned(
        wanted=errand.wanted,
        policy=errand.policy,
        revision=errand.revision,
        gone_at=errand.gone_at,
        mode=errand.mode,
        dependents=errand.dependents,
        perhaps_of=errand.perhaps_of,
        record=record,
        started=now,
        pass_id=passes.begin(world.store, stack.name, at=now),
        desk=here,
        health=settle.last_health(record, goes=errand.mode is Mode.DESTROY),
        scrubber=Scrubber.of(secret_values(world.environment)),
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
        again=learned.applied and not learned.removing,
    )


def _not_begun(world: World, name: str, error: ReconcileError) -> Passed:
    state = {Waiting: State.HELD, Stalled: State.STALLED}.get(type(error), State.BACKOFF)
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
