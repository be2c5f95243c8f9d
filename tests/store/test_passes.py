"""Is every pass on record, and does each one end once?"""

from __future__ import annotations

from support.remembered import HEAD, HOUR, NET, NOON, PAY, a_plan

from tfreconcile.store import passes, plans
from tfreconcile.store.database import Store
from tfreconcile.store.records import PassRecord


def finish(store: Store, pass_id: int, *, outcome: str = "Idle") -> bool:
    return passes.finish(store, pass_id, at=NOON + HOUR, outcome=outcome, reason="UpToDate", message="m")


def test_a_pass_that_begins_is_open(store: Store) -> None:
    pass_id = passes.begin(store, PAY, at=NOON)
    assert passes.history(store, limit=9) == (PassRecord(id=pass_id, stack=PAY, started_at=NOON),)


def test_a_pass_ends_with_what_it_learned(store: Store) -> None:
    plan_id, pass_id = plans.add(store, a_plan()), passes.begin(store, PAY, at=NOON)
    assert passes.finish(
        store,
        pass_id,
        at=NOON + HOUR,
        outcome="Held",
        reason="AwaitingApproval",
        message="one person must say yes",
        revision=HEAD,
        plan_id=plan_id,
        log=({"event": "plan.produced"},),
    )
    assert passes.history(store, limit=9) == (
        PassRecord(
            id=pass_id,
            stack=PAY,
            started_at=NOON,
            ended_at=NOON + HOUR,
            revision=HEAD,
            outcome="Held",
            reason="AwaitingApproval",
            message="one person must say yes",
            plan_id=plan_id,
            log=({"event": "plan.produced"},),
        ),
    )


def test_a_pass_ends_once(store: Store) -> None:
    pass_id = passes.begin(store, PAY, at=NOON)
    assert finish(store, pass_id, outcome="Idle")
    assert not finish(store, pass_id, outcome="Stalled")
    assert not finish(store, 99)
    assert [record.outcome for record in passes.history(store, limit=9)] == ["Idle"]


def test_a_pass_whose_process_died_is_closed_by_the_next_of_its_stack(store: Store) -> None:
    dead, other = passes.begin(store, PAY, at=NOON), passes.begin(store, NET, at=NOON)
    following = passes.begin(store, PAY, at=NOON + HOUR)
    found = {record.id: record for record in passes.history(store, limit=9)}
    assert (found[dead].outcome, found[dead].ended_at) == (passes.LOST, NOON + HOUR)
    assert found[other].ended_at is found[following].ended_at is None
    assert not finish(store, dead)


def test_a_pass_that_ended_is_not_touched_by_the_next(store: Store) -> None:
    ended = passes.begin(store, PAY, at=NOON)
    finish(store, ended)
    before = passes.history(store, limit=9)
    passes.begin(store, PAY, at=NOON + 2 * HOUR)
    assert passes.history(store, limit=9)[1:] == before


def test_history_is_newest_first_and_no_longer_than_asked(store: Store) -> None:
    made = [passes.begin(store, stack, at=NOON) for stack in (PAY, NET, PAY, PAY)]
    assert [record.id for record in passes.history(store, limit=3)] == made[:0:-1]
    assert [record.id for record in passes.history(store, PAY, limit=2)] == [made[3], made[2]]


def test_pruning_keeps_the_newest_of_each_stack_and_what_still_runs(store: Store) -> None:
    made = [passes.begin(store, stack, at=NOON) for stack in (PAY, PAY, NET, PAY, PAY)]
    assert passes.prune(store, keep=1) == 3
    assert [record.id for record in passes.history(store, limit=9)] == [made[4], made[2]]
    assert passes.prune(store, keep=0) == 0
