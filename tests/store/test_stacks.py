"""Does each column of a stack belong to the one who may write it?"""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.remembered import HEAD, HOUR, INPUTS, NET, NOON, PAY

from tfreconcile.errors import Waiting
from tfreconcile.source.model import InputsDigest, Revision, StackName
from tfreconcile.store import leases, removals, stacks
from tfreconcile.store.database import Store
from tfreconcile.store.records import StackRecord

OLD = Revision("0" * 40)
MINE = "host:1:10:boot"


def kept(store: Store, name: StackName = PAY) -> StackRecord:
    record = stacks.get(store, name)
    assert record is not None
    return record


def test_a_stack_that_was_never_seen_is_none(store: Store) -> None:
    assert stacks.get(store, PAY) is None
    assert stacks.all(store) == ()


def test_a_stack_is_made_once_and_then_left_as_it_is(store: Store) -> None:
    assert stacks.ensure(store, PAY, "d") == StackRecord(name=PAY, definition="d")
    stacks.save(store, replace(kept(store), failures=3))
    assert stacks.ensure(store, PAY, "elsewhere") == StackRecord(name=PAY, definition="d", failures=3)


def test_stacks_come_by_name(store: Store) -> None:
    for name in (PAY, NET):
        stacks.ensure(store, name, "d")
    assert [record.name for record in stacks.all(store)] == [NET, PAY]


def test_a_missing_stack_is_made_when_it_is_saved(store: Store) -> None:
    record = StackRecord(name=PAY, definition="d", state="Held", conditions=({"type": "Ready"},))
    stacks.save(store, record)
    assert kept(store) == record


def test_what_an_operator_says_during_a_pass_outlives_its_end(store: Store) -> None:
    at_the_start = stacks.ensure(store, PAY, "d")
    stacks.suspend(store, PAY, by="ana", reason="incident 7", until=NOON + HOUR, at=NOON)
    stacks.request_sync(store, PAY, by="ana", at=NOON)
    leases.take(store, PAY, holder=MINE, now=NOON, until=NOON + HOUR)
    removals.mark(store, (), NOON)
    stacks.save(store, replace(at_the_start, state="Idle", failures=2))
    assert kept(store) == replace(
        at_the_start,
        failures=2,
        suspended_by="ana",
        suspended_reason="incident 7",
        suspended_until=NOON + HOUR,
        suspended_at=NOON,
        sync_requested_at=NOON,
        lease_holder=MINE,
        lease_until=NOON + HOUR,
        removed_at=NOON,
    )


@given(
    written=st.builds(
        StackRecord,
        name=st.just(PAY),
        definition=st.sampled_from("de"),
        pending_plan=st.none(),
        drift=st.sampled_from([(), ({"address": "a.b"},)]),
        conditions=st.just(()),
        message=st.sampled_from(["", "said"]),
        failures=st.integers(0, 3),
        **{
            name: st.sampled_from([None, NOON, NOON + HOUR])
            for name in ("next_due_at", "suspended_at", "sync_requested_at", "lease_until", "removed_at")
        },
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_saving_a_pass_writes_all_that_is_its_own_and_nothing_else(
    store: Store, written: StackRecord
) -> None:
    before = stacks.ensure(store, PAY, "d")
    stacks.save(store, written)
    after = kept(store)
    for field in dataclasses.fields(StackRecord):
        source = before if field.name in stacks.NOT_A_PASS else written
        assert getattr(after, field.name) == getattr(source, field.name), field.name


def test_a_pass_that_lost_its_lease_writes_nothing(store: Store) -> None:
    record = stacks.ensure(store, PAY, "d")
    leases.take(store, PAY, holder="other", now=NOON, until=NOON + HOUR)
    with pytest.raises(Waiting, match="held by other"):
        stacks.save(store, replace(record, failures=9), holder=MINE)
    assert kept(store).failures == 0


def test_a_pass_that_holds_its_lease_writes(store: Store) -> None:
    record = stacks.ensure(store, PAY, "d")
    leases.take(store, PAY, holder=MINE, now=NOON, until=NOON + HOUR)
    stacks.save(store, replace(record, failures=9), holder=MINE)
    assert kept(store).failures == 9


def test_a_resumed_stack_is_as_if_it_had_never_been_paused(store: Store) -> None:
    before = stacks.ensure(store, PAY, "d")
    assert stacks.suspend(store, PAY, by="ana", reason="r", until=None, at=NOON)
    assert kept(store).suspended_at == NOON
    assert stacks.resume(store, PAY, by="ana", at=NOON)
    assert kept(store) == replace(before, sync_requested_at=NOON)


def test_a_word_about_a_stack_that_nobody_knows_is_not_taken(store: Store) -> None:
    assert not stacks.suspend(store, PAY, by="ana", reason="r", until=None, at=NOON)
    assert not stacks.resume(store, PAY, by="ana", at=NOON)
    assert not stacks.request_sync(store, PAY, by="ana", at=NOON)
    assert stacks.all(store) == ()


@pytest.mark.parametrize(
    ("asked_after", "answered"),
    [
        pytest.param(timedelta(seconds=-1), True, id="before the pass"),
        pytest.param(timedelta(0), False, id="as the pass starts"),
        pytest.param(timedelta(seconds=1), False, id="during the pass"),
    ],
)
def test_a_pass_answers_only_what_was_asked_before_it(
    store: Store, asked_after: timedelta, answered: bool
) -> None:
    stacks.ensure(store, PAY, "d")
    stacks.request_sync(store, PAY, by="ana", at=NOON + asked_after)
    stacks.clear_sync(store, PAY, before=NOON)
    assert (kept(store).sync_requested_at is None) is answered


def test_clearing_answers_one_stack_only(store: Store) -> None:
    for name in (PAY, NET):
        stacks.ensure(store, name, "d")
        stacks.request_sync(store, name, by="ana", at=NOON)
    stacks.clear_sync(store, PAY, before=NOON + HOUR)
    assert kept(store, NET).sync_requested_at == NOON


def test_a_new_stack_is_desired_and_no_more(store: Store) -> None:
    stacks.seen(store, PAY, definition="d", revision=HEAD, inputs=INPUTS, now=NOON)
    assert kept(store) == StackRecord(name=PAY, definition="d", desired_revision=HEAD, defined_revision=HEAD)


@pytest.mark.parametrize(
    ("observed", "applied", "then_observed", "then_applied"),
    [
        pytest.param(INPUTS, INPUTS, HEAD, HEAD, id="in sync"),
        pytest.param(INPUTS, None, HEAD, OLD, id="planned, not applied"),
        pytest.param(None, INPUTS, OLD, HEAD, id="back to what was applied"),
        pytest.param(None, None, OLD, OLD, id="other inputs"),
    ],
)
def test_a_commit_that_leaves_the_inputs_alone_is_spoken_for_by_the_last_plan(
    store: Store,
    observed: InputsDigest | None,
    applied: InputsDigest | None,
    then_observed: Revision,
    then_applied: Revision,
) -> None:
    before = StackRecord(
        name=PAY,
        definition="d",
        desired_revision=OLD,
        observed_revision=OLD,
        applied_revision=OLD,
        observed_inputs=observed,
        applied_inputs=applied,
    )
    stacks.save(store, before)
    stacks.seen(store, PAY, definition="moved", revision=HEAD, inputs=INPUTS, now=NOON)
    assert kept(store) == replace(
        before,
        definition="moved",
        desired_revision=HEAD,
        defined_revision=HEAD,
        observed_revision=then_observed,
        applied_revision=then_applied,
    )


def test_a_broken_definition_says_what_is_wrong(store: Store) -> None:
    stacks.broken(store, PAY, definition="d", revision=HEAD, message="line 3: no such key", now=NOON)
    assert kept(store) == StackRecord(
        name=PAY,
        definition="d",
        desired_revision=HEAD,
        state="Stalled",
        reason="InvalidDefinition",
        message="line 3: no such key",
        last_checked_at=NOON,
    )


def test_a_mended_definition_is_due_at_once_though_its_inputs_are_the_old_ones(store: Store) -> None:
    later = NOON + HOUR
    stacks.save(store, StackRecord(name=PAY, definition="d", observed_inputs=INPUTS, next_due_at=later))
    stacks.broken(store, PAY, definition="d", revision=HEAD, message="m", now=NOON)
    assert (kept(store).next_due_at, kept(store).sync, kept(store).conditions) == (None, "Unknown", ())
    stacks.seen(store, PAY, definition="d", revision=HEAD, inputs=INPUTS, now=NOON)
    assert kept(store).next_due_at == NOON
