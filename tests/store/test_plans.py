"""Does at most one plan of a stack wait, and is none forgotten that still matters?"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from support.remembered import NET, NOON, PAY, a_plan, an_apply

from tfreconcile.source.model import StackName
from tfreconcile.store import applies, passes, plans, stacks
from tfreconcile.store.database import Store
from tfreconcile.store.records import ApplyStatus, PlanRecord, PlanState, StackRecord
from tfreconcile.store.tables import PlanRow


def state_of(store: Store, plan_id: int) -> PlanState:
    record = plans.get(store, plan_id)
    assert record is not None
    return record.state


def numbers(found: tuple[PlanRecord, ...]) -> list[int]:
    return [record.id for record in found]


def test_a_plan_comes_back_with_its_number(store: Store) -> None:
    record = replace(
        a_plan(), document={"changes": [{"address": "a.b"}]}, classification=({"kind": "create"},)
    )
    plan_id = plans.add(store, record)
    assert plans.get(store, plan_id) == replace(record, id=plan_id)


def test_a_plan_that_nobody_made_is_none(store: Store) -> None:
    assert plans.get(store, 7) is None
    assert plans.pending(store, PAY) is None


def test_a_new_plan_supersedes_the_one_that_waits(store: Store) -> None:
    first, other = plans.add(store, a_plan()), plans.add(store, a_plan(NET))
    second = plans.add(store, a_plan())
    assert plans.pending(store, PAY) == replace(a_plan(), id=second)
    assert plans.pending(store, NET) == replace(a_plan(NET), id=other)
    assert state_of(store, first) is PlanState.SUPERSEDED


def test_an_empty_plan_leaves_nothing_waiting(store: Store) -> None:
    first = plans.add(store, a_plan())
    plans.add(store, replace(a_plan(), state=PlanState.EMPTY))
    assert plans.pending(store, PAY) is None
    assert state_of(store, first) is PlanState.SUPERSEDED


def test_a_plan_can_be_superseded_by_nothing(store: Store) -> None:
    mine, other = plans.add(store, a_plan()), plans.add(store, a_plan(NET))
    plans.supersede(store, PAY)
    assert (state_of(store, mine), state_of(store, other)) == (PlanState.SUPERSEDED, PlanState.PENDING)


def test_what_became_of_a_plan_stays(store: Store) -> None:
    first = plans.add(store, a_plan())
    assert plans.set_state(store, first, PlanState.APPLIED)
    plans.add(store, a_plan())
    assert state_of(store, first) is PlanState.APPLIED
    assert not plans.set_state(store, 99, PlanState.FAILED)


@given(steps=st.lists(st.tuples(st.sampled_from([PAY, NET]), st.sampled_from(PlanState)), max_size=8))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_only_the_newest_plan_of_a_stack_can_wait(
    store: Store, steps: list[tuple[StackName, PlanState]]
) -> None:
    with store.write() as session:
        session.execute(delete(PlanRow))
    for stack, state in steps:
        plans.add(store, replace(a_plan(stack), state=state))
    for stack in (PAY, NET):
        newest = plans.history(store, stack, limit=1)
        expected = newest[0] if newest and newest[0].state is PlanState.PENDING else None
        assert plans.pending(store, stack) == expected


def test_history_is_newest_first_and_no_longer_than_asked(store: Store) -> None:
    made = [plans.add(store, a_plan(stack)) for stack in (PAY, NET, PAY, PAY)]
    assert numbers(plans.history(store, limit=9)) == made[::-1]
    assert numbers(plans.history(store, PAY, limit=2)) == [made[3], made[2]]


@pytest.mark.parametrize("keep", [0, 1, 3, 9], ids=str)
def test_pruning_keeps_the_newest_of_each_stack(store: Store, keep: int) -> None:
    for stack in (PAY, NET):
        for _ in range(5):
            plans.add(store, replace(a_plan(stack), state=PlanState.EMPTY))
    before = {stack: numbers(plans.history(store, stack, limit=9)) for stack in (PAY, NET)}
    assert plans.prune(store, keep=keep) == 2 * max(0, 5 - keep)
    assert {stack: numbers(plans.history(store, stack, limit=9)) for stack in before} == {
        stack: found[:keep] for stack, found in before.items()
    }


def test_pruning_spares_what_waits_is_pointed_at_or_was_ever_to_be_applied(store: Store) -> None:
    pointed_at = plans.add(store, replace(a_plan(), state=PlanState.FAILED))
    applied = plans.add(store, replace(a_plan(), state=PlanState.EMPTY))
    failed = plans.add(store, replace(a_plan(NET), state=PlanState.EMPTY))
    waits = plans.add(store, a_plan(NET))
    forgotten = plans.add(store, replace(a_plan(), state=PlanState.EMPTY))
    stacks.save(store, StackRecord(name=PAY, definition="d", pending_plan=pointed_at))
    stacks.save(store, StackRecord(name=NET, definition="d"))
    applies.begin(store, an_apply(plan_id=applied))
    ended = applies.begin(store, an_apply(NET, plan_id=failed))
    applies.finish(store, ended, at=NOON, status=ApplyStatus.UNKNOWN)
    assert plans.prune(store, keep=0) == 1
    assert numbers(plans.history(store, limit=9)) == [waits, failed, applied, pointed_at]
    assert plans.get(store, forgotten) is None


def test_history_outlives_the_plan_that_it_speaks_of(store: Store) -> None:
    plan_id = plans.add(store, replace(a_plan(), state=PlanState.EMPTY))
    pass_id = passes.begin(store, PAY, at=NOON)
    passes.finish(store, pass_id, at=NOON, outcome="Idle", reason="r", message="m", plan_id=plan_id)
    assert plans.prune(store, keep=0) == 1
    assert [record.plan_id for record in passes.history(store, limit=9)] == [None]


def test_the_number_of_a_pruned_plan_is_never_given_again(store: Store) -> None:
    pruned = plans.add(store, replace(a_plan(), state=PlanState.EMPTY))
    plans.prune(store, keep=0)
    assert plans.add(store, a_plan()) > pruned
