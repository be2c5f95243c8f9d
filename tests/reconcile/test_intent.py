"""Is an open intent understood before anything else is done?"""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from support.remembered import HOUR, NET, NOON, PAY, an_apply, an_approval
from support.worlds import Clock

from tfreconcile.errors import Waiting
from tfreconcile.reconcile import intent
from tfreconcile.reconcile.lease import machine
from tfreconcile.reconcile.world import World
from tfreconcile.store import applies, approvals, stacks
from tfreconcile.store.records import ApplyRecord, ApplyStatus
from tfreconcile.terraform.process import Child, identify


@pytest.fixture(autouse=True)
def known(world: World) -> None:
    for name in (PAY, NET):
        stacks.ensure(world.store, name, "d")


def begun(world: World, child: Child | None, *, host: str = "", word: tuple[int, ...] = ()) -> int:
    """An intent of noon that nobody has closed; ``child`` is the process that was written down."""
    record = replace(an_apply(word=word), host=host or machine())
    apply_id = applies.begin(world.store, record)
    if child is not None:
        intent.started(world, apply_id, child)
    return apply_id


def newest(world: World) -> ApplyRecord:
    return applies.history(world.store, PAY, limit=1)[0]


def gone() -> Child:
    """A process that had our number before a reboot."""
    return replace(identify(os.getpid()), boot_id="another-boot")


def test_a_process_that_was_written_down_is_found_again(world: World) -> None:
    me = identify(os.getpid())
    begun(world, me)
    (found,) = applies.open(world.store)
    assert (found.pid, found.pid_started, found.boot_id) == (me.pid, me.start_time, me.boot_id)


def test_nothing_is_settled_where_nothing_is_open(world: World) -> None:
    intent.settle_open(world, PAY)
    assert applies.history(world.store, limit=9) == ()


def test_an_apply_that_still_runs_is_waited_for(world: World) -> None:
    begun(world, identify(os.getpid()))
    with pytest.raises(Waiting) as caught:
        intent.settle_open(world, PAY)
    assert caught.value.reason == "ApplyStillRuns"
    assert str(os.getpid()) in caught.value.message
    assert newest(world).status is ApplyStatus.APPLYING


@pytest.mark.parametrize("child", [gone(), None], ids=["its-process-is-gone", "no-process-was-written-down"])
def test_an_apply_whose_end_nobody_saw_is_closed_as_unknown(world: World, child: Child | None) -> None:
    word = approvals.add(world.store, an_approval())
    begun(world, child, word=(word.id,))
    intent.settle_open(world, PAY)
    closed = newest(world)
    assert (closed.status, closed.reason, closed.ended_at) == (ApplyStatus.UNKNOWN, "Interrupted", NOON)
    (kept,) = approvals.of(world.store)
    assert kept.consumed_at is None, "what is left of the plan goes on under the same word"


def test_an_apply_of_another_machine_is_waited_for_whatever_runs_here(world: World) -> None:
    begun(world, gone(), host="elsewhere")
    with pytest.raises(Waiting) as caught:
        intent.settle_open(world, PAY)
    assert caught.value.reason == "ApplyElsewhere"
    assert "elsewhere" in caught.value.message


def test_an_apply_of_another_machine_counts_as_lost_when_none_lasts_so_long(world: World) -> None:
    begun(world, gone(), host="elsewhere")
    almost = Clock(NOON + intent.LONGEST_APPLY - HOUR)
    with pytest.raises(Waiting):
        intent.settle_open(replace(world, clock=almost), PAY)
    intent.settle_open(replace(world, clock=Clock(NOON + intent.LONGEST_APPLY)), PAY)
    assert newest(world).status is ApplyStatus.UNKNOWN


def test_an_open_intent_of_another_stack_is_none_of_ours(world: World) -> None:
    begun(world, identify(os.getpid()))
    intent.settle_open(world, NET)
    assert newest(world).status is ApplyStatus.APPLYING
