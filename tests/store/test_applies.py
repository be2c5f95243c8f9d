"""Is the intent on the disk before the irreversible, and closed once, as a whole?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from support.remembered import HOUR, NET, NOON, PAY, a_plan, an_apply, an_approval

from tfreconcile.errors import Waiting
from tfreconcile.store import applies, approvals, leases, plans, rows, stacks
from tfreconcile.store.database import Store, connect
from tfreconcile.store.records import ApplyStatus, PlanState
from tfreconcile.store.tables import ApplyRow


def consumed(store: Store) -> list[bool]:
    return [approval.consumed_at is not None for approval in approvals.of(store)]


def test_an_intent_is_seen_by_others_when_begin_returns(store: Store) -> None:
    record = replace(an_apply(), on_word_of=("ana",), host="bastion")
    apply_id = applies.begin(store, record)
    with closing(connect(f"sqlite:///{store.path}")) as after_a_crash:
        assert applies.open(after_a_crash) == (replace(record, id=apply_id),)


def test_the_process_is_written_down_when_it_has_started(store: Store) -> None:
    apply_id = applies.begin(store, an_apply())
    applies.started(store, apply_id, pid=4711, pid_started=2**40, boot_id="b")
    (found,) = applies.open(store)
    assert (found.pid, found.pid_started, found.boot_id) == (4711, 2**40, "b")


def test_an_intent_is_closed_with_what_came_of_it(store: Store) -> None:
    apply_id = applies.begin(store, an_apply())
    outcomes = ({"address": "a.b", "action": "create", "status": "applied", "seconds": 1.5, "error": ""},)
    assert applies.finish(
        store,
        apply_id,
        at=NOON + HOUR,
        status=ApplyStatus.SUCCEEDED,
        reason="Applied",
        message="m",
        outcomes=outcomes,
    )
    assert applies.open(store) == ()
    assert applies.history(store, limit=9) == (
        replace(
            an_apply(),
            id=apply_id,
            ended_at=NOON + HOUR,
            status=ApplyStatus.SUCCEEDED,
            reason="Applied",
            message="m",
            outcomes=outcomes,
        ),
    )


@pytest.mark.parametrize(
    ("status", "uses_up", "plan_becomes"),
    [
        pytest.param(ApplyStatus.SUCCEEDED, True, PlanState.APPLIED, id="succeeded"),
        pytest.param(ApplyStatus.FAILED, False, PlanState.FAILED, id="failed"),
        pytest.param(ApplyStatus.UNKNOWN, False, PlanState.PENDING, id="unknown"),
    ],
)
def test_only_a_success_uses_up_the_words_it_was_done_on(
    store: Store, status: ApplyStatus, uses_up: bool, plan_becomes: PlanState
) -> None:
    word, _ = approvals.add(store, an_approval()), approvals.add(store, an_approval())
    plan_id = plans.add(store, a_plan())
    apply_id = applies.begin(store, an_apply(plan_id=plan_id, word=(word.id,)))
    applies.finish(store, apply_id, at=NOON, status=status)
    assert consumed(store) == [uses_up, False]
    plan = plans.get(store, plan_id)
    assert plan is not None
    assert plan.state is plan_becomes


def test_a_success_whose_words_cannot_be_used_up_is_not_written_either(store: Store) -> None:
    word, plan_id = approvals.add(store, an_approval()), plans.add(store, a_plan())
    apply_id = applies.begin(store, an_apply(plan_id=plan_id, word=(word.id,)))
    with store.write() as session:
        session.execute(
            text("CREATE TRIGGER no BEFORE UPDATE ON approvals BEGIN SELECT RAISE(ABORT, 'no'); END")
        )
    with pytest.raises(IntegrityError, match="no"):
        applies.finish(store, apply_id, at=NOON, status=ApplyStatus.SUCCEEDED)
    assert [record.id for record in applies.open(store)] == [apply_id]
    assert plans.pending(store, PAY) is not None
    assert consumed(store) == [False]


def test_an_intent_is_closed_once(store: Store) -> None:
    word = approvals.add(store, an_approval())
    apply_id = applies.begin(store, an_apply(word=(word.id,)))
    assert applies.finish(store, apply_id, at=NOON, status=ApplyStatus.UNKNOWN, reason="Interrupted")
    assert not applies.finish(store, apply_id, at=NOON, status=ApplyStatus.SUCCEEDED, reason="Applied")
    assert [record.reason for record in applies.history(store, limit=9)] == ["Interrupted"]
    assert consumed(store) == [False]


def test_an_intent_that_nobody_wrote_cannot_be_closed(store: Store) -> None:
    assert not applies.finish(store, 7, at=NOON, status=ApplyStatus.FAILED)


def test_a_stack_has_one_open_intent_at_most(store: Store) -> None:
    first = applies.begin(store, an_apply())
    applies.begin(store, an_apply(NET))
    with pytest.raises(Waiting, match=f"apply {first} of payments-prod has not ended") as error:
        applies.begin(store, an_apply())
    assert error.value.reason == "ApplyOpen"
    applies.finish(store, first, at=NOON, status=ApplyStatus.UNKNOWN)
    assert applies.begin(store, an_apply()) > first


def test_the_database_itself_refuses_a_second_open_intent(store: Store) -> None:
    applies.begin(store, an_apply())
    with pytest.raises(IntegrityError), store.write() as session:
        session.add(ApplyRow(**rows.columns(an_apply(), without=("id",))))


def test_of_four_threads_one_may_apply(store: Store) -> None:
    def begun(_: int) -> bool:
        try:
            return applies.begin(store, an_apply()) > 0
        except Waiting:
            return False

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(begun, range(20))) == 1


def test_who_lost_the_lease_writes_no_intent(store: Store) -> None:
    stacks.ensure(store, PAY, "d")
    leases.take(store, PAY, holder="other", now=NOON, until=NOON + HOUR)
    with pytest.raises(Waiting, match="held by other"):
        applies.begin(store, an_apply(), holder="me")
    assert applies.history(store, limit=9) == ()
    applies.begin(store, an_apply(), holder="other")


def test_a_word_taken_back_after_the_decision_stops_the_apply(store: Store) -> None:
    word = approvals.add(store, an_approval())
    approvals.revoke(store, word.id, by="bob", at=NOON)
    with pytest.raises(Waiting, match="was revoked by bob"):
        applies.begin(store, an_apply(word=(word.id,)))
    assert applies.history(store, limit=9) == ()


def test_history_is_newest_first_and_no_longer_than_asked(store: Store) -> None:
    made = []
    for stack in (PAY, NET, PAY):
        made.append(applies.begin(store, an_apply(stack)))
        applies.finish(store, made[-1], at=NOON, status=ApplyStatus.FAILED)
    assert [record.id for record in applies.history(store, limit=2)] == [made[2], made[1]]
    assert [record.id for record in applies.history(store, PAY, limit=9)] == [made[2], made[0]]
