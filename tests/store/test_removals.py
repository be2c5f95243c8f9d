"""What is remembered of stacks that left Git, and of those that came back?"""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select
from support.remembered import HEAD, HOUR, INPUTS, NET, NOON, PAY, a_plan

from tfreconcile.errors import Waiting
from tfreconcile.source.model import Revision, StackName
from tfreconcile.store import plans, removals, stacks
from tfreconcile.store.database import Store
from tfreconcile.store.records import PlanState, StackRecord
from tfreconcile.store.tables import JournalRow

LATER = Revision("b" * 40)


def kept(store: Store, name: StackName = PAY) -> StackRecord:
    record = stacks.get(store, name)
    assert record is not None
    return record


def known(store: Store, *names: StackName, on_removal: str = "orphan") -> None:
    """Stacks that Git defines."""
    for name in names:
        stacks.seen(
            store, name, definition="d", revision=HEAD, inputs=INPUTS, on_removal=on_removal, now=NOON
        )


def events(store: Store) -> list[tuple[str, str | None]]:
    with store.read() as session:
        found = session.execute(select(JournalRow.event, JournalRow.stack).order_by(JournalRow.id))
        return [(event, stack) for event, stack in found if event.startswith("stack.")]


def test_a_stack_that_left_git_is_marked_once_and_told_once(store: Store) -> None:
    known(store, PAY, NET)
    assert removals.mark(store, {NET}, NOON) == (PAY,)
    assert removals.mark(store, {NET}, NOON + HOUR) == ()
    assert (kept(store, PAY).removed_at, kept(store, NET).removed_at) == (NOON, None)
    assert events(store) == [("stack.removed", PAY)]


def test_a_stack_that_comes_back_is_no_longer_marked_however_it_comes(store: Store) -> None:
    known(store, PAY, NET)
    removals.mark(store, (), NOON)
    known(store, PAY)
    stacks.broken(store, NET, definition="d", revision=HEAD, message="m", now=NOON)
    assert [record.removed_at for record in stacks.all(store)] == [None, None]
    assert events(store)[2:] == [("stack.adopted", PAY), ("stack.adopted", NET)]


@pytest.mark.parametrize(("on_removal", "due"), [("destroy", NOON), ("orphan", None)])
def test_only_what_is_to_be_destroyed_is_due_at_once(store: Store, on_removal: str, due: object) -> None:
    known(store, PAY, on_removal=on_removal)
    removals.mark(store, (), NOON)
    assert kept(store).next_due_at == due


def test_a_plan_that_waited_waits_no_longer_once_its_stack_left(store: Store) -> None:
    known(store, PAY)
    number = plans.add(store, a_plan())
    stacks.save(store, replace(kept(store), pending_plan=number))
    removals.mark(store, (), NOON)
    assert kept(store).pending_plan is None
    assert plans.pending(store, PAY) is None


def test_a_plan_to_destroy_waits_no_longer_once_its_stack_is_back(store: Store) -> None:
    known(store, PAY, on_removal="destroy")
    removals.mark(store, (), NOON)
    number = plans.add(store, replace(a_plan(), mode="destroy"))
    stacks.save(store, replace(kept(store), pending_plan=number, state="AwaitingApproval"))
    known(store, PAY, on_removal="destroy")
    found = plans.get(store, number)
    assert found is not None
    assert found.state is PlanState.SUPERSEDED
    assert (kept(store).pending_plan, kept(store).state, kept(store).next_due_at) == (None, "Idle", NOON)


def test_the_last_good_definition_outlives_a_broken_one(store: Store) -> None:
    known(store, PAY, on_removal="destroy")
    stacks.broken(store, PAY, definition="d", revision=LATER, message="m", now=NOON)
    record = kept(store)
    assert (record.desired_revision, record.defined_revision, record.on_removal) == (LATER, HEAD, "destroy")


def test_a_pass_that_began_before_does_not_bring_an_older_definition_back(store: Store) -> None:
    known(store, PAY)
    before = kept(store)
    known(store, PAY, on_removal="destroy")
    stacks.save(store, before)
    assert kept(store).on_removal == "destroy"


def test_stacks_that_vanished_together_are_held_and_due_when_they_are_back(store: Store) -> None:
    known(store, PAY, NET)
    assert removals.vanished(store, message="none is there") == (NET, PAY)
    record = kept(store)
    assert (record.state, record.reason, record.message) == ("Held", "SourceEmpty", "none is there")
    assert record.removed_at is None
    known(store, PAY)
    assert kept(store).next_due_at == NOON


def test_only_a_stack_that_is_out_of_git_may_be_destroyed(store: Store) -> None:
    known(store, PAY)
    with store.read() as session, pytest.raises(Waiting, match="is in Git again"):
        removals.require(session, PAY, removing=True, at=NOON)
    removals.mark(store, (), NOON)
    with store.read() as session:
        removals.require(session, PAY, removing=True, at=NOON)


def test_nothing_is_applied_to_a_stack_that_left_git_meanwhile(store: Store) -> None:
    known(store, PAY)
    with store.read() as session:
        removals.require(session, PAY, removing=False, at=NOON)
    removals.mark(store, (), NOON)
    with store.read() as session, pytest.raises(Waiting) as caught:
        removals.require(session, PAY, removing=False, at=NOON)
    assert caught.value.reason == "LeftGit"


@pytest.mark.parametrize("removing", [False, True])
def test_nothing_is_done_to_a_stack_while_a_person_pauses_it(store: Store, removing: bool) -> None:
    known(store, PAY)
    if removing:
        removals.mark(store, (), NOON)
    stacks.suspend(store, PAY, by="ana", reason="incident 7", until=NOON + HOUR, at=NOON)
    with store.read() as session, pytest.raises(Waiting) as caught:
        removals.require(session, PAY, removing=removing, at=NOON)
    assert (caught.value.reason, caught.value.message) == ("Suspended", f"ana paused {PAY}: incident 7")
    with store.read() as session:
        removals.require(session, PAY, removing=removing, at=NOON + HOUR)


def test_what_is_concluded_of_a_stack_that_left_does_not_touch_one_that_is_there(store: Store) -> None:
    known(store, PAY)
    assert not removals.conclude(store, PAY, reason="StateTakenOver", message="m")
    assert not removals.stall(store, PAY, reason="InvalidDefinition", message="m", due=NOON)
    assert kept(store).state == "Idle"
