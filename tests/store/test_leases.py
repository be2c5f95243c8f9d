"""Does a stack have one holder at most?"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.remembered import HOUR, NOON, PAY

from tfreconcile.errors import Waiting
from tfreconcile.source.model import StackName
from tfreconcile.store import leases, stacks
from tfreconcile.store.database import Store

ANA, BOB = "a:1:10:boot", "b:2:20:boot"


def holder_of(store: Store) -> str | None:
    record = stacks.get(store, PAY)
    assert record is not None
    return record.lease_holder


def test_four_threads_after_fifty_stacks_have_one_winner_each(store: Store) -> None:
    names = [StackName(f"stack-{number}") for number in range(50)]
    for name in names:
        stacks.ensure(store, name, "d")

    def take_all(holder: str) -> list[StackName]:
        return [n for n in names if leases.take(store, n, holder=holder, now=NOON, until=NOON + HOUR)]

    with ThreadPoolExecutor(4) as threads:
        won = Counter(name for taken in threads.map(take_all, "abcd") for name in taken)
    assert won == Counter(names)


@given(held_for=st.timedeltas(-HOUR, HOUR), later=st.timedeltas(timedelta(0), HOUR))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_stack_can_be_taken_exactly_when_its_lease_is_over(
    store: Store, held_for: timedelta, later: timedelta
) -> None:
    stacks.ensure(store, PAY, "d")
    leases.release(store, PAY, holder=BOB)
    assert leases.take(store, PAY, holder=ANA, now=NOON, until=NOON + held_for)
    over = held_for <= later
    assert leases.take(store, PAY, holder=BOB, now=NOON + later, until=NOON + later + HOUR) is over
    assert holder_of(store) == (BOB if over else ANA)
    leases.release(store, PAY, holder=ANA)


def test_a_holder_does_not_take_twice(store: Store) -> None:
    stacks.ensure(store, PAY, "d")
    assert leases.take(store, PAY, holder=ANA, now=NOON, until=NOON + HOUR)
    assert not leases.take(store, PAY, holder=ANA, now=NOON, until=NOON + HOUR)


def test_a_stack_that_nobody_knows_cannot_be_taken(store: Store) -> None:
    assert not leases.take(store, PAY, holder=ANA, now=NOON, until=NOON + HOUR)


def test_a_renewed_lease_lasts_longer(store: Store) -> None:
    stacks.ensure(store, PAY, "d")
    leases.take(store, PAY, holder=ANA, now=NOON, until=NOON + HOUR)
    assert leases.renew(store, PAY, holder=ANA, until=NOON + 3 * HOUR)
    assert not leases.take(store, PAY, holder=BOB, now=NOON + 2 * HOUR, until=NOON + 3 * HOUR)


def test_who_was_away_for_too_long_learns_that_the_stack_is_taken(store: Store) -> None:
    stacks.ensure(store, PAY, "d")
    leases.take(store, PAY, holder=ANA, now=NOON, until=NOON + HOUR)
    leases.take(store, PAY, holder=BOB, now=NOON + HOUR, until=NOON + 2 * HOUR)
    assert not leases.renew(store, PAY, holder=ANA, until=NOON + 9 * HOUR)
    assert not leases.release(store, PAY, holder=ANA)
    assert holder_of(store) == BOB


def test_a_released_stack_is_free_at_once(store: Store) -> None:
    stacks.ensure(store, PAY, "d")
    leases.take(store, PAY, holder=ANA, now=NOON, until=NOON + HOUR)
    assert leases.release(store, PAY, holder=ANA)
    assert holder_of(store) is None
    assert leases.take(store, PAY, holder=BOB, now=NOON, until=NOON + HOUR)


@pytest.mark.parametrize(
    ("taken_by", "says"),
    [pytest.param(BOB, f"held by {BOB}", id="another"), pytest.param(None, "held by nobody", id="nobody")],
)
def test_a_lost_lease_says_who_has_the_stack(store: Store, taken_by: str | None, says: str) -> None:
    stacks.ensure(store, PAY, "d")
    if taken_by:
        leases.take(store, PAY, holder=taken_by, now=NOON, until=NOON + HOUR)
    with pytest.raises(Waiting, match=says) as error, store.read() as session:
        leases.require(session, PAY, ANA)
    assert error.value.reason == "LeaseLost"
