"""May a pass of this stack begin?"""

from __future__ import annotations

from tfreconcile.apply import execute
from tfreconcile.classify import ignoring
from tfreconcile.errors import Stalled, Waiting
from tfreconcile.gate import windows
from tfreconcile.gate.model import Act
from tfreconcile.observe import conditions
from tfreconcile.plan import desk
from tfreconcile.reconcile import intent, status
from tfreconcile.reconcile.learned import Learned
from tfreconcile.reconcile.surroundings import unready
from tfreconcile.reconcile.world import World
from tfreconcile.store import removals, stacks


def admit(world: World, learned: Learned) -> Learned:
    """May a pass begin? Suspended, waiting for others, or an earlier apply that is not understood.

    Nor while an ignore rule of the stack has ended: what it hid would be undone, and nobody was told.
    """
    if learned.stack.suspend:
        raise Waiting(conditions.SUSPENDED_IN_GIT, f"{learned.stack.definition} says suspend: true")
    removals.require_wanted(learned.record, removing=learned.removing, at=learned.started)
    intent.settle_open(world, learned.stack.name)
    desk.sweep(world.directory, learned.stack.name, keep=learned.desk)
    left = execute.rescued_states(world.directory.rescued(learned.stack.name))
    if left:
        raise execute.state_rescued(left[0])
    shut = windows.closed(learned.policy.windows, frozenset({Act.PLAN}), learned.started)
    if shut is not None:
        raise Waiting(conditions.WINDOW_CLOSED, shut.why, until=shut.until)
    if learned.removing:
        return _last_one(world, learned)
    ended = ignoring.expired(learned.stack.ignore, learned.started.date())
    if ended:
        raise Stalled("IgnoreRuleExpired", "; ".join(f"{one.place}: {one.what}; {one.hint}" for one in ended))
    for name in learned.stack.depends_on:
        missing = unready(stacks.get(world.store, name), learned.revision)
        if missing is not None:
            raise Waiting(conditions.NOT_READY, f"{name} {missing}")
    return learned


def _last_one(world: World, learned: Learned) -> Learned:
    """Is nothing left that depends on the stack which is to go?"""
    for name in learned.dependents:
        other = stacks.get(world.store, name)
        if other is not None and (other.removed_at is None or status.leaving(other)):
            raise Waiting(conditions.NOT_READY, f"{name} depends on it, and is to go or to change first")
    return learned
