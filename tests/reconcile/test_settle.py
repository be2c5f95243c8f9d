"""Does the end of a pass leave the row that follows from what was learned?"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePosixPath

import pytest
from sqlalchemy import text
from support.judged import assessed, change, marked, planned, strayed
from support.remembered import HEAD, HOUR, INPUTS, MARK, NOON, PAY, an_apply, an_approval
from support.worlds import Clock

from tfreconcile.apply.execute import Execution
from tfreconcile.errors import ReconcileError, Stalled, Transient, Waiting
from tfreconcile.gate.model import Decision, Hold, Nothing, Proceed, Refuse
from tfreconcile.gate.policy import Floor
from tfreconcile.observe.conditions import Conclusion, State, Sync
from tfreconcile.observe.health import Health, HealthStatus
from tfreconcile.plan.desk import Desk
from tfreconcile.plan.document import Kind, Plan
from tfreconcile.plan.produce import Produced
from tfreconcile.plan.render import MaskedPlan
from tfreconcile.plan.sources import Sources
from tfreconcile.reconcile import settle
from tfreconcile.reconcile.learned import Learned, Planned
from tfreconcile.reconcile.world import World
from tfreconcile.redact import Scrubber
from tfreconcile.source.model import InputsDigest, ModuleFacts, Revision, Stack, Wanted
from tfreconcile.store import applies, approvals, journal, leases, plans, stacks
from tfreconcile.store.journal import EventKind
from tfreconcile.store.records import ApplyStatus, PlanRecord, StackRecord
from tfreconcile.terraform.outcomes import Outcome, Status

OLD, OLDER = Revision("b" * 40), InputsDigest("0" * 64)
SECRET = "EXAMPLE-SECRET-word"
STACK = Stack(name=PAY, definition=PurePosixPath("stack.yaml"), module=PurePosixPath("."))
PLAN = planned(change(Kind.UPDATE, before={"a": 1}, after={"a": 2}), prior=3)
DRIFTING = planned(
    change(Kind.UPDATE, before={"a": 1}, after={"a": 2}), drift=(strayed({"a": 2}, {"a": 1}),), prior=3
)
APPLIED = Execution(outcomes=())
HEALTHY = Health(status=HealthStatus.HEALTHY, reason="NoChecks", message="")
PROGRESSING = Health(
    status=HealthStatus.PROGRESSING, reason="Settling", message="", healthy_by=NOON + timedelta(minutes=5)
)
UPDATED = Outcome(address="aws_sqs_queue.q", action="update", status=Status.APPLIED)


@pytest.fixture
def begun(world: World, tmp_path: Path) -> Learned:
    """What a pass knows when it begins, after two failures in a row, with the lease taken."""
    ensured = stacks.ensure(world.store, PAY, "stack.yaml")
    before = replace(
        ensured,
        applied_revision=OLD,
        applied_inputs=OLDER,
        settled_revision=OLD,
        settled_inputs=OLDER,
        failures=2,
        resources=3,
        backend="old",
        sync="Synced",
    )
    stacks.save(world.store, before)
    assert leases.take(world.store, PAY, holder=world.holder, now=NOON, until=NOON + HOUR)
    return Learned(
        wanted=Wanted(stack=STACK, inputs=INPUTS, files=(), module=ModuleFacts()),
        policy=Floor().policy,
        revision=HEAD,
        record=before,
        started=NOON - timedelta(minutes=1),
        pass_id=1,
        desk=Desk(tmp_path),
        health=HEALTHY,
        scrubber=Scrubber.of((SECRET,)),
        backend="new",
    )


def understood(world: World, begun: Learned, decision: Decision, plan: Plan = PLAN) -> Learned:
    """The same, once it has a plan, what is thought of it, and a decision."""
    produced = Produced(plan=plan, file=begun.desk.plan_file, sources=Sources(), lock_digest="")
    plan_id = plans.add(world.store, PlanRecord(stack=PAY, created_at=NOON, fingerprint=MARK))
    return replace(
        begun,
        planned=Planned(produced=produced, digests=marked(plan), masked=MaskedPlan()),
        classification=assessed(plan),
        decision=decision,
        plan_id=plan_id,
    )


def settled(world: World, learned: Learned, failure: ReconcileError | None = None) -> StackRecord:
    """The row after the pass."""
    settle.settle(world, learned, failure)
    found = stacks.get(world.store, PAY)
    assert found is not None
    return found


def test_a_pass_that_failed_before_its_plan_leaves_what_was_known(world: World, begun: Learned) -> None:
    row = settled(world, begun, Transient("Throttled", "later"))
    assert (row.state, row.reason, row.message, row.sync) == ("Backoff", "Throttled", "later", "Unknown")
    assert (row.observed_revision, row.applied_revision, row.applied_inputs) == (None, OLD, OLDER)
    assert (row.desired_revision, row.tried_inputs, row.resources) == (HEAD, INPUTS, 3)
    assert (row.failures, row.health) == (3, "Healthy")


@pytest.mark.parametrize(
    ("observed", "sync"),
    [
        pytest.param(INPUTS, "Synced", id="these very inputs were planned"),
        pytest.param(OLDER, "Unknown", id="others were"),
        pytest.param(None, "Unknown", id="none were"),
    ],
)
def test_who_waits_before_a_plan_is_in_sync_only_with_inputs_that_were_planned(
    observed: InputsDigest | None, sync: str, world: World, begun: Learned
) -> None:
    held = replace(begun, record=replace(begun.record, observed_inputs=observed))
    row = settled(world, held, Waiting("DependencyNotReady", "net is OutOfSync"))
    assert (row.state, row.sync) == ("Held", sync)


@pytest.mark.parametrize(
    ("failure", "failures"),
    [
        pytest.param(None, 0, id="success-starts-over"),
        pytest.param(Transient("Throttled", ""), 3, id="transient-counts"),
        pytest.param(Stalled("InvalidConfiguration", ""), 3, id="stalled-counts"),
        pytest.param(Waiting("DependencyNotReady", ""), 2, id="waiting-is-no-failure"),
    ],
)
def test_failures_in_a_row_are_counted(
    world: World, begun: Learned, failure: ReconcileError | None, failures: int
) -> None:
    assert settled(world, begun, failure).failures == failures


@pytest.mark.parametrize(
    ("decision", "execution", "in_sync", "pending"),
    [
        pytest.param(Nothing(), None, True, False, id="nothing"),
        pytest.param(Proceed(), APPLIED, True, False, id="applied"),
        pytest.param(Proceed(), None, False, False, id="stopped"),
        pytest.param(Hold(("h",)), None, False, True, id="held"),
        pytest.param(Refuse(("r",)), None, False, True, id="refused"),
    ],
)
def test_a_plan_speaks_for_its_revision_and_only_being_in_sync_makes_it_applied(
    world: World,
    begun: Learned,
    decision: Decision,
    execution: Execution | None,
    in_sync: bool,
    pending: bool,
) -> None:
    learned = replace(understood(world, begun, decision), execution=execution)
    row = settled(world, learned)
    assert (row.observed_revision, row.observed_inputs) == (HEAD, INPUTS)
    assert (row.applied_revision, row.applied_inputs) == ((HEAD, INPUTS) if in_sync else (OLD, OLDER))
    assert row.backend == ("new" if execution else "old"), "a moved backend is a hazard until it is accepted"
    assert (row.settled_revision, row.settled_inputs) == ((HEAD, INPUTS) if execution else (OLD, OLDER))
    assert row.pending_plan == (learned.plan_id if pending else None)
    assert row.last_applied_at == (NOON if execution else None)


def test_only_a_plan_without_any_effect_settles_without_an_apply(world: World, begun: Learned) -> None:
    empty = understood(world, begun, Nothing(), planned(prior=3))
    row = settled(world, empty)
    assert (row.settled_revision, row.settled_inputs, row.backend) == (HEAD, INPUTS, "new")


@pytest.mark.parametrize(
    ("decision", "plan", "sound"),
    [
        pytest.param(Hold(("h",)), PLAN, False, id="held"),
        pytest.param(Nothing(), PLAN, False, id="left-alone"),
        pytest.param(Nothing(), planned(prior=3), True, id="empty"),
    ],
)
def test_a_pass_does_not_launder_an_edited_row(
    world: World, begun: Learned, decision: Decision, plan: Plan, sound: bool
) -> None:
    with world.store.write() as session:
        session.execute(text("UPDATE stacks SET applied_revision = 'x', resources = 0"))
    edited = stacks.get(world.store, PAY)
    assert edited is not None
    assert not edited.sound
    learned = understood(world, replace(begun, record=edited), decision, plan)
    assert settled(world, learned).sound is sound


def test_words_of_an_apply_that_nobody_saw_end_are_used_up_once_everything_is_in_effect(
    world: World, begun: Learned
) -> None:
    classification = understood(world, begun, Nothing()).classification
    assert classification is not None
    effects = frozenset(one.digest for one in classification.changes)
    word = approvals.add(world.store, replace(an_approval(), changes=effects))
    apply_id = applies.begin(world.store, an_apply(word=(word.id,)))
    applies.finish(world.store, apply_id, at=NOON, status=ApplyStatus.UNKNOWN)
    settled(world, understood(world, begun, Hold(("h",))))
    settled(world, understood(world, begun, Nothing()))
    assert [one.consumed_at for one in approvals.of(world.store)] == [None], "there is something left to do"
    for _ in range(2):
        settled(world, understood(world, begun, Nothing(), planned(prior=3)))
    assert [one.consumed_at for one in approvals.of(world.store)] == [NOON]
    used = [one for one in journal.history(world.store, limit=99) if one.event == EventKind.APPROVAL_USED]
    assert [one.body for one in used] == [{"approval": word.id, "apply": apply_id}]


def test_a_failed_apply_is_not_in_sync_and_keeps_its_plan(world: World, begun: Learned) -> None:
    error = Stalled("ApplyFailed", f"password {SECRET} was refused")
    learned = replace(
        understood(world, begun, Proceed()), execution=Execution(outcomes=(UPDATED,), error=error)
    )
    row = settled(world, learned, error)
    assert (row.sync, row.state, row.applied_revision, row.last_applied_at) == (
        "OutOfSync",
        "Stalled",
        OLD,
        None,
    )
    assert row.pending_plan == learned.plan_id
    assert row.message == "password (sensitive) was refused"
    assert SECRET not in json.dumps(row.conditions)


def test_what_was_created_is_counted_as_being_there(world: World, begun: Learned) -> None:
    created = tuple(
        Outcome(address=f"a.b{number}", action="create", status=Status.APPLIED) for number in range(5)
    )
    learned = replace(understood(world, begun, Proceed()), execution=Execution(outcomes=created))
    assert settled(world, learned).resources == 5


def test_a_hold_does_not_forget_that_there_were_resources(world: World, begun: Learned) -> None:
    emptied = planned(change(Kind.CREATE, after={"a": 1}), prior=0)
    assert settled(world, understood(world, begun, Hold(("h",)), emptied)).resources == 3
    assert settled(world, understood(world, begun, Nothing(), emptied)).resources == 0


def test_drift_is_written_down_with_its_severity(world: World, begun: Learned) -> None:
    row = settled(world, understood(world, begun, Hold(("h",)), DRIFTING))
    assert row.severity == "reverting"
    assert [(one["address"], one["kind"]) for one in row.drift] == [("aws_sqs_queue.q", "reverting")]


@pytest.mark.parametrize(
    ("decision", "health", "failure", "least", "most"),
    [
        pytest.param(Nothing(), HEALTHY, None, 600, 660, id="in-sync-after-the-interval"),
        pytest.param(Hold(("h",)), HEALTHY, None, 600, 660, id="held-after-the-interval"),
        pytest.param(
            Hold(("h",), until=NOON + timedelta(seconds=90), closed=True),
            HEALTHY,
            None,
            90,
            90,
            id="held-until-a-window-opens",
        ),
        pytest.param(
            Hold(("h",), until=NOON + HOUR, closed=True), HEALTHY, None, 600, 660, id="held-for-long"
        ),
        pytest.param(Proceed(), HEALTHY, None, 0, 0, id="applied-or-stopped-at-once"),
        pytest.param(Nothing(), PROGRESSING, None, 10, 10, id="progressing-soon"),
        pytest.param(Nothing(), HEALTHY, Transient("T", ""), 30, 60, id="third-failure-backs-off"),
        pytest.param(Nothing(), HEALTHY, Stalled("S", ""), 600, 660, id="stalled-after-the-interval"),
        pytest.param(Nothing(), HEALTHY, Waiting("W", ""), 15, 15, id="waiting-soon"),
    ],
)
def test_the_next_look_follows_from_the_end(
    world: World,
    begun: Learned,
    decision: Decision,
    health: Health,
    failure: ReconcileError | None,
    least: float,
    most: float,
) -> None:
    row = settled(world, replace(understood(world, begun, decision), health=health), failure)
    assert row.next_due_at is not None
    assert least <= (row.next_due_at - NOON).total_seconds() <= most


def test_it_was_looked_at_when_the_pass_began_so_that_no_later_word_is_missed(
    world: World, begun: Learned
) -> None:
    assert settled(world, begun, Transient("T", "")).last_checked_at == begun.started
    assert settled(world, understood(world, begun, Nothing())).last_checked_at == begun.started


def test_a_sync_is_answered_by_a_pass_that_began_after_it(world: World, begun: Learned) -> None:
    stacks.request_sync(world.store, PAY, by="ana", at=begun.started - timedelta(seconds=1))
    assert settled(world, begun).sync_requested_at is None
    stacks.request_sync(world.store, PAY, by="ana", at=begun.started + timedelta(seconds=1))
    assert settled(world, begun).sync_requested_at is not None


def test_a_condition_keeps_its_date_from_pass_to_pass(world: World, begun: Learned) -> None:
    first = settled(world, understood(world, begun, Nothing()))
    later = replace(world, clock=Clock(NOON + HOUR))
    again = settled(later, replace(understood(world, begun, Nothing()), record=first))
    dates = {one["type"]: one["changed_at"] for one in again.conditions}
    assert set(dates.values()) == {"2026-11-21T12:00:00Z"}


def test_who_lost_the_lease_writes_nothing(world: World, begun: Learned) -> None:
    leases.release(world.store, PAY, holder=world.holder)
    with pytest.raises(Waiting) as caught:
        settle.settle(world, begun, None)
    assert caught.value.reason == "LeaseLost"
    found = stacks.get(world.store, PAY)
    assert found is not None
    assert found.failures == 2


def test_a_pass_that_could_not_begin_is_written_down_and_backs_off(world: World, begun: Learned) -> None:
    settle.without_a_pass(world, STACK, Transient("DiskFull", "no space left"))
    row = stacks.get(world.store, PAY)
    assert row is not None
    assert (row.state, row.reason, row.failures) == ("Backoff", "DiskFull", 3)
    assert row.next_due_at is not None
    assert row.next_due_at > NOON
    assert (row.applied_inputs, row.tried_inputs) == (OLDER, None)
    assert "Ready" in {one["type"] for one in row.conditions}


def test_a_conclusion_is_what_the_row_says(world: World, begun: Learned) -> None:
    said = settle.settle(world, understood(world, begun, Nothing()), None)
    assert said == Conclusion(
        sync=Sync.SYNCED, state=State.IDLE, reason="UpToDate", message="the world is as Git wants it"
    )
