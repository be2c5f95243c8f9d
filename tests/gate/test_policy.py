"""The host's floor, and what a stack may wish on top of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.classify.model import PLANNED_HAZARDS, HazardKind
from tfreconcile.errors import Misconfigured, Place
from tfreconcile.gate.model import ApprovalRules, DriftPolicy, Policy, Requirement
from tfreconcile.gate.policy import DEFAULT_HAZARDS, Floor, tighten
from tfreconcile.source.model import GateWish, Strictness

STACK = "stacks/a/stack.yaml"
HOST = "/etc/tfreconcile/config.yaml"


def at(*keys: str) -> dict[str, Place]:
    """Where a stack wrote its keys: line 12 and on."""
    return {key: Place(STACK, 12 + number, 20) for number, key in enumerate(keys)}


def refused(wish: GateWish, floor: Floor | None = None) -> list[str]:
    """The problems of a wish, as a person sees them."""
    with pytest.raises(Misconfigured) as caught:
        tighten(floor or Floor(), wish)
    return [str(problem) for problem in caught.value.problems]


def test_every_kind_of_hazard_has_a_default_and_the_hopeless_ones_are_never() -> None:
    assert set(DEFAULT_HAZARDS) == set(HazardKind)
    never = {kind for kind, required in DEFAULT_HAZARDS.items() if required is Requirement.NEVER}
    assert never == {HazardKind.EMPTY_STATE, HazardKind.BLAST_RADIUS, HazardKind.UNKNOWN_ACTION}
    assert Requirement.AUTO not in DEFAULT_HAZARDS.values()


def test_a_stack_that_wishes_nothing_gets_the_floor() -> None:
    assert tighten(Floor(), GateWish()) == Floor().policy


def test_a_stack_may_be_stricter_in_everything() -> None:
    wish = GateWish(
        apply="approve",
        drift="report",
        prune="never",
        hazards={"replace": "never", "exposure": "never"},
        max_destroys=0,
        max_destroy_percent=5,
        required=2,
        ttl=timedelta(hours=1),
        approvers=("ana", "bo"),
    )
    assert tighten(Floor(), wish) == Policy(
        hazards={**DEFAULT_HAZARDS, HazardKind.REPLACE: Requirement.NEVER},
        apply=Requirement.APPROVE,
        drift=DriftPolicy.REPORT,
        prune=Requirement.NEVER,
        max_destroys=0,
        max_destroy_percent=5,
        approvals=ApprovalRules(required=2, ttl=timedelta(hours=1), approvers=(("*",), ("ana", "bo"))),
    )


def test_a_weaker_wish_names_both_lines() -> None:
    floor = Floor(places={"gate.hazards.destroy": Place(HOST, 18, 12)})
    wish = GateWish(hazards={"destroy": "auto"}, places=at("gate.hazards.destroy"))
    assert refused(wish, floor) == [
        f"{STACK}:12:20: gate.hazards.destroy: auto is weaker than approve set at {HOST}:18:12; "
        "allowed: approve, never (a stack may only be stricter; make it so or remove the line)"
    ]


STRICT = Floor(
    policy=Policy(
        hazards=DEFAULT_HAZARDS,
        apply=Requirement.APPROVE,
        drift=DriftPolicy.APPROVE,
        prune=Requirement.NEVER,
        approvals=ApprovalRules(required=2, ttl=timedelta(minutes=90)),
    )
)


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (
            GateWish(apply="auto"),
            "gate.apply: auto is weaker than approve (built-in default); allowed: approve, never",
        ),
        (
            GateWish(drift="heal"),
            "gate.drift: heal is weaker than approve (built-in default); allowed: approve, report",
        ),
        (
            GateWish(prune="approve"),
            "gate.prune: approve is weaker than never (built-in default); allowed: never",
        ),
        (
            GateWish(max_destroys=11),
            "gate.max_destroys: 11 is weaker than 10 (built-in default); allowed: 0 to 10",
        ),
        (
            GateWish(max_destroy_percent=51),
            "gate.max_destroy_percent: 51 is weaker than 50 (built-in default); allowed: 0 to 50",
        ),
        (
            GateWish(required=1),
            "gate.approvals.required: 1 is weaker than 2 (built-in default); allowed: 2 or more",
        ),
        (
            GateWish(ttl=timedelta(hours=2)),
            "gate.approvals.ttl: 2h is weaker than 90m (built-in default); allowed: up to 90m",
        ),
    ],
    ids=lambda value: value.partition(":")[0] if isinstance(value, str) else "wish",
)
def test_each_key_can_only_be_tightened(wish: GateWish, expected: str) -> None:
    (problem,) = refused(wish, STRICT)
    assert expected in problem


def test_a_key_at_the_top_of_the_file_is_named_as_it_is_written() -> None:
    (problem,) = refused(GateWish(drift="heal", places=at("drift")), STRICT)
    assert problem.startswith(f"{STACK}:12:20: drift: heal is weaker")


def test_an_unknown_hazard_is_answered_with_the_known_ones() -> None:
    (problem,) = refused(GateWish(hazards={"destory": "never"}, places=at("gate.hazards.destory")))
    assert problem.startswith(
        f"{STACK}:12:20: gate.hazards.destory: no hazard has the name 'destory'; known: "
    )
    for name in (*HazardKind, *PLANNED_HAZARDS):
        assert name in problem


def test_a_list_of_approvers_that_nobody_is_on_is_a_mistake() -> None:
    (problem,) = refused(GateWish(approvers=()))
    assert "nobody could ever approve" in problem


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    places = at("apply", "gate.hazards.what", "gate.max_destroys")
    wish = GateWish(apply="auto", hazards={"what": "never"}, max_destroys=99, places=places)
    assert [problem.split(":")[1] for problem in refused(wish, STRICT)] == ["12", "13", "14"]


def test_a_hazard_that_the_floor_does_not_name_is_held_to_never() -> None:
    floor = Floor(policy=Policy(hazards={}))
    (problem,) = refused(GateWish(hazards={"destroy": "approve"}), floor)
    assert "approve is weaker than never" in problem


LEVELS: st.SearchStrategy[Strictness] = st.sampled_from(["auto", "approve", "never"])
WISHES = st.builds(
    GateWish,
    apply=st.none() | LEVELS,
    drift=st.none() | st.sampled_from(["heal", "approve", "report"]),
    prune=st.none() | LEVELS,
    hazards=st.dictionaries(st.sampled_from([str(kind) for kind in HazardKind]), LEVELS, max_size=3),
    max_destroys=st.none() | st.integers(0, 20),
    max_destroy_percent=st.none() | st.integers(0, 100),
    required=st.none() | st.integers(1, 3),
    ttl=st.none() | st.integers(1, 48).map(lambda hours: timedelta(hours=hours)),
    approvers=st.none() | st.just(("ana",)),
)
POLICIES = st.builds(
    Policy,
    hazards=st.fixed_dictionaries({kind: st.sampled_from(Requirement) for kind in HazardKind}),
    apply=st.sampled_from(Requirement),
    drift=st.sampled_from(DriftPolicy),
    prune=st.sampled_from(Requirement),
    max_destroys=st.integers(0, 20),
    max_destroy_percent=st.integers(0, 100),
)


def is_no_weaker(policy: Policy, floor: Policy) -> bool:
    """Is a policy as strict as another, or stricter, in every single thing?"""
    words = [(policy.apply, floor.apply), (policy.prune, floor.prune)]
    words += [(policy.hazards[kind], floor.hazards[kind]) for kind in HazardKind]
    return (
        all(mine.strictness >= theirs.strictness for mine, theirs in words)
        and policy.drift.strictness >= floor.drift.strictness
        and policy.max_destroys <= floor.max_destroys
        and policy.max_destroy_percent <= floor.max_destroy_percent
        and policy.approvals.required >= floor.approvals.required
        and policy.approvals.ttl <= floor.approvals.ttl
        and policy.approvals.approvers[: len(floor.approvals.approvers)] == floor.approvals.approvers
    )


@given(POLICIES, WISHES)
@settings(max_examples=200, deadline=None)
def test_git_never_weakens_the_gate(policy: Policy, wish: GateWish) -> None:
    try:
        tightened = tighten(Floor(policy=policy), wish)
    except Misconfigured:
        return
    assert is_no_weaker(tightened, policy)
