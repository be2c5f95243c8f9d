"""Does a stack keep the host's rules of its former name?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.gate.formerly import as_formerly
from tfreconcile.gate.model import Act, ApprovalRules, Policy, Window
from tfreconcile.gate.policy import Floor, StackRules, StackWindow, of_stack
from tfreconcile.gate.windows import closed, off_hours
from tfreconcile.source.model import GateWish, StackName

OLD, NEW = StackName("payments-prod"), StackName("zzz")
APPLY = frozenset({Act.APPLY})
HOUR = timedelta(hours=1)


def allow(cron: str, hours: int) -> Window:
    return Window(allow=True, cron=cron, duration=hours * HOUR)


def floor(asks: GateWish) -> Floor:
    return replace(Floor(), stacks=(StackRules(stacks="payments-*", asks=asks),))


def held(asked: Floor) -> Policy:
    return as_formerly(of_stack(asked, NEW).policy, asked, OLD)


def windowed(**named: Window) -> Floor:
    both = tuple(StackWindow(window=one, stacks=(f"{name}*",)) for name, one in named.items())
    return replace(Floor(), windows=both, working_hours=both)


def test_the_approvals_of_both_names_add_up() -> None:
    asked = floor(GateWish(required=2, ttl=HOUR, approvers=("ana", "ben"), four_eyes=True, signed=True))
    assert held(asked).approvals == ApprovalRules(
        required=2, ttl=HOUR, approvers=(("*",), ("ana", "ben")), four_eyes=True, signed=True
    )


def test_an_own_rule_that_is_stricter_stays() -> None:
    own = of_stack(Floor(), NEW).policy
    own = replace(own, approvals=replace(own.approvals, required=3, signed=True))
    assert as_formerly(own, floor(GateWish(required=2)), OLD).approvals.required == 3


def test_a_name_of_which_the_host_says_nothing_changes_nothing() -> None:
    assert held(Floor()) == of_stack(Floor(), NEW).policy


def test_an_allowing_window_of_the_new_name_does_not_open_one_of_the_old() -> None:
    found = held(windowed(payments=allow("0 2 * * *", 2), zzz=allow("0 3 * * *", 2))).windows
    opened = [
        hour for hour in range(24) if closed(found, APPLY, datetime(2025, 1, 6, hour, 30, tzinfo=UTC)) is None
    ]
    assert opened == [3]
    shut = closed(found, APPLY, datetime(2025, 1, 6, 12, tzinfo=UTC))
    assert shut is not None
    assert shut.until == datetime(2025, 1, 7, 3, tzinfo=UTC)


def test_somebody_must_be_at_hand_by_the_hours_of_both_names() -> None:
    found = held(windowed(payments=allow("0 2 * * *", 2), zzz=allow("0 3 * * *", 2))).working_hours
    at_hand = [
        hour for hour in range(24) if off_hours(found, datetime(2025, 1, 6, hour, 30, tzinfo=UTC)) is None
    ]
    assert at_hand == [3]


@given(
    own=st.lists(st.integers(0, 23), max_size=2),
    former=st.lists(st.integers(0, 23), max_size=2),
    denies=st.booleans(),
    hour=st.integers(0, 23),
)
@settings(max_examples=60, deadline=None)
def test_it_is_open_when_it_is_open_for_both_names(
    own: list[int], former: list[int], *, denies: bool, hour: int
) -> None:
    named = [("zzz", start) for start in own] + [("payments-*", start) for start in former]
    asked = replace(
        Floor(),
        windows=tuple(
            StackWindow(window=replace(allow(f"0 {start} * * *", 3), allow=not denies), stacks=(name,))
            for name, start in named
        ),
    )
    now = datetime(2025, 1, 6, hour, 30, tzinfo=UTC)
    each = (closed(of_stack(asked, name).policy.windows, APPLY, now) is None for name in (OLD, NEW))
    assert (closed(held(asked).windows, APPLY, now) is None) == all(each)
