"""The host's floor, and what a stack may wish on top of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.classify import unattended
from tfreconcile.classify.model import PLANNED_HAZARDS, HazardKind
from tfreconcile.errors import Misconfigured, Place
from tfreconcile.gate.model import (
    ApprovalRules,
    DriftPolicy,
    HazardRules,
    Policy,
    Requirement,
    Window,
)
from tfreconcile.gate.policy import (
    DEFAULT_HAZARDS,
    Floor,
    StackRules,
    StackWindow,
    of_stack,
    tighten,
)
from tfreconcile.source.model import GateWish, StackName, Strictness

STACK = "stacks/a/stack.yaml"
PAY, ORDERS = StackName("payments-prod"), StackName("orders-dev")
HOST = "/etc/tfreconcile/config.yaml"


def at(*keys: str) -> dict[str, Place]:
    """Where a stack wrote its keys: line 12 and on."""
    return {key: Place(STACK, 12 + number, 20) for number, key in enumerate(keys)}


def refused(wish: GateWish, floor: Floor | None = None) -> list[str]:
    """The problems of a wish, as a person sees them."""
    with pytest.raises(Misconfigured) as caught:
        tighten(floor or Floor(), wish, PAY)
    return [str(problem) for problem in caught.value.problems]


def test_every_kind_of_hazard_has_a_default_and_the_hopeless_ones_are_never() -> None:
    assert set(DEFAULT_HAZARDS) == set(HazardKind)
    never = {kind for kind, required in DEFAULT_HAZARDS.items() if required is Requirement.NEVER}
    assert never == {
        HazardKind.EMPTY_STATE,
        HazardKind.BLAST_RADIUS,
        HazardKind.UNKNOWN_ACTION,
        HazardKind.POLICY,
    }
    auto = {kind for kind, required in DEFAULT_HAZARDS.items() if required is Requirement.AUTO}
    assert auto == {HazardKind.POLICY_WARNING}


def test_a_stack_that_wishes_nothing_gets_the_floor() -> None:
    assert tighten(Floor(), GateWish(), PAY) == Floor().policy


def test_a_stack_may_be_stricter_in_everything() -> None:
    wish = GateWish(
        apply="approve",
        drift="report",
        prune="never",
        hazards={"replace": "never", "cost": "never"},
        max_destroys=0,
        max_destroy_percent=5,
        required=2,
        ttl=timedelta(hours=1),
        approvers=("ana", "bo"),
        four_eyes=True,
        signed=True,
    )
    assert tighten(Floor(), wish, PAY) == Policy(
        hazards={**DEFAULT_HAZARDS, HazardKind.REPLACE: Requirement.NEVER},
        apply=Requirement.APPROVE,
        drift=DriftPolicy.REPORT,
        prune=Requirement.NEVER,
        max_destroys=0,
        max_destroy_percent=5,
        approvals=ApprovalRules(
            required=2,
            ttl=timedelta(hours=1),
            approvers=(("*",), ("ana", "bo")),
            four_eyes=True,
            signed=True,
        ),
        unattended=unattended.WELL_KNOWN,
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
        approvals=ApprovalRules(required=2, ttl=timedelta(minutes=90), four_eyes=True, signed=True),
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
            "gate.approvals.ttl: 2h is weaker than 1h30m (built-in default); allowed: up to 1h30m",
        ),
        (
            GateWish(four_eyes=False),
            "gate.approvals.four_eyes: false is weaker than true (built-in default); allowed: true",
        ),
        (
            GateWish(signed=False),
            "gate.approvals.signed: false is weaker than true (built-in default); allowed: true",
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


def test_a_group_that_the_host_does_not_have_is_a_mistake() -> None:
    wish = GateWish(approvers=("ana", "group:dbas"), places=at("gate.approvals.approvers.1"))
    assert refused(wish, Floor(groups={"dba": ("bo",)})) == [
        f"{STACK}:12:20: gate.approvals.approvers.1: the host config has no group 'dbas'; it has: dba "
        "(correct the name or remove it)"
    ]


def test_a_group_stands_for_its_members_and_without_a_host_config_for_anybody() -> None:
    wish = GateWish(approvers=("group:dba", "carl"))
    held = tighten(Floor(groups={"dba": ("ana", "*@dba.example.com")}), wish, PAY)
    assert held.approvals.approvers == (("*",), ("ana", "*@dba.example.com", "carl"))
    assert tighten(Floor(), GateWish(approvers=("group:dba",), required=3), PAY).approvals.required == 3


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        pytest.param(
            GateWish(required=2, approvers=("ana", "ANA"), places=at("gate.approvals.approvers")),
            "12:20: gate.approvals: 2 must say yes and 1 person could: nothing could ever be approved",
            id="names that differ by case alone",
        ),
        pytest.param(
            GateWish(approvers=("group:lead",), places=at("gate.approvals.approvers")),
            "12:20: gate.approvals for stateful: 1 must say yes and 0 people could",
            id="a group that shares nobody with that of a hazard",
        ),
        pytest.param(
            GateWish(required=3, places=at("gate.approvals.required")),
            "12:20: gate.approvals for stateful: 3 must say yes and 2 people could",
            id="more than the group of a hazard has",
        ),
    ],
)
def test_a_quorum_that_can_never_be_is_refused(wish: GateWish, says: str) -> None:
    rules = ApprovalRules(hazards={HazardKind.STATEFUL: HazardRules(approvers=(("ana", "bo"),))})
    floor = Floor(policy=replace(Floor().policy, approvals=rules), groups={"lead": ("carl",)})
    assert any(says in problem for problem in refused(wish, floor))


def test_signed_words_cannot_be_wished_for_where_nobody_can_sign() -> None:
    wish = GateWish(signed=True, places=at("gate.approvals.signed"))
    (problem,) = refused(wish, Floor(verifies=False))
    assert problem.startswith(f"{STACK}:12:20: gate.approvals.signed: the host config names no signers")
    assert tighten(Floor(), wish, PAY).approvals.signed


def rule(stacks: str, asks: GateWish, *keys: str) -> StackRules:
    """A rule of the host config; its keys stand in line 30 and on."""
    places = {f"gate.approvals.{key}": Place(HOST, 30 + number, 9) for number, key in enumerate(keys)}
    return StackRules(stacks=stacks, asks=replace(asks, places=places))


BY_NAME = Floor(
    places={"gate.approvals.required": Place(HOST, 8, 15)},
    stacks=(
        rule("payments-*", GateWish(required=2, approvers=("bo", "carl", "dora")), "required"),
        rule("*-prod", GateWish(required=3, ttl=timedelta(hours=4), signed=True), "required", "ttl"),
        rule("orders-*", GateWish(four_eyes=True)),
    ),
)


def test_all_rules_for_names_that_fit_add_up() -> None:
    held = tighten(BY_NAME, GateWish(), PAY).approvals
    assert (held.required, held.ttl, held.signed, held.four_eyes) == (3, timedelta(hours=4), True, False)
    assert held.approvers == (("*",), ("bo", "carl", "dora"))
    other = tighten(BY_NAME, GateWish(), ORDERS).approvals
    assert other == ApprovalRules(four_eyes=True)


def test_a_wish_that_is_weaker_than_a_rule_for_its_name_names_that_rule() -> None:
    wish = GateWish(required=2, ttl=timedelta(hours=5), signed=False, places=at("gate.approvals.required"))
    told = refused(wish, BY_NAME)
    assert any(f"required: 2 is weaker than 3 set at {HOST}:30:9; allowed: 3 or more" in one for one in told)
    assert any(f"ttl: 5h is weaker than 4h set at {HOST}:31:9" in one for one in told)
    assert any("signed: false is weaker than true" in one for one in told)
    assert tighten(BY_NAME, GateWish(required=2), ORDERS).approvals.required == 2


def test_rules_of_the_host_that_no_quorum_can_meet_are_told_where_they_stand() -> None:
    (problem,) = refused(
        GateWish(), replace(BY_NAME, stacks=(*BY_NAME.stacks, rule("*", GateWish(required=4))))
    )
    assert problem.startswith(f"{HOST}:30:9: gate.approvals: 4 must say yes and 3 people could")


def test_a_stack_gets_the_windows_that_speak_of_it() -> None:
    night = Window(allow=False, cron="0 22 * * *", duration=timedelta(hours=8))
    day = Window(allow=True, cron="0 9 * * *", duration=timedelta(hours=8))
    floor = Floor(
        windows=(StackWindow(window=night, stacks=("orders-*", "*-prod")), StackWindow(window=day)),
        working_hours=(StackWindow(window=day, stacks=("orders-dev",)),),
    )
    assert tighten(floor, GateWish(), PAY).windows == (night, day)
    assert tighten(floor, GateWish(), PAY).working_hours == ()
    assert tighten(floor, GateWish(), ORDERS).working_hours == (day,)
    assert tighten(floor, GateWish(), StackName("net")).windows == (day,)


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    places = at("apply", "gate.hazards.what", "gate.max_destroys")
    wish = GateWish(apply="auto", hazards={"what": "never"}, max_destroys=99, places=places)
    assert [problem.split(":")[1] for problem in refused(wish, STRICT)] == ["12", "13", "14"]


def test_a_hazard_that_the_floor_does_not_name_is_held_to_never() -> None:
    floor = Floor(policy=Policy(hazards={}))
    (problem,) = refused(GateWish(hazards={"destroy": "approve"}), floor)
    assert "approve is weaker than never" in problem


LEVELS: st.SearchStrategy[Strictness] = st.sampled_from(["auto", "approve", "never"])
KINDS = [str(kind) for kind in HazardKind]
SPANS = st.integers(1, 48).map(lambda hours: timedelta(hours=hours))
PEOPLE = st.lists(st.sampled_from(["ana", "bo", "ANA", "*", "b*", "group:dba"]), min_size=1, max_size=3)
PATTERNS = PEOPLE.map(lambda names: tuple(name for name in names if ":" not in name) or ("*",))
WISHES = st.builds(
    GateWish,
    apply=st.none() | LEVELS,
    drift=st.none() | st.sampled_from(["heal", "approve", "report"]),
    prune=st.none() | LEVELS,
    hazards=st.dictionaries(st.sampled_from(KINDS), LEVELS, max_size=3),
    max_destroys=st.none() | st.integers(0, 20),
    max_destroy_percent=st.none() | st.integers(0, 100),
    required=st.none() | st.integers(1, 3),
    ttl=st.none() | SPANS,
    approvers=st.none() | PEOPLE.map(tuple),
    four_eyes=st.none() | st.booleans(),
    signed=st.none() | st.booleans(),
)
RULES = st.builds(
    ApprovalRules,
    required=st.integers(1, 3),
    ttl=SPANS,
    approvers=PATTERNS.map(lambda names: (names,)),
    four_eyes=st.booleans(),
    signed=st.booleans(),
    hazards=st.dictionaries(
        st.sampled_from(HazardKind),
        st.builds(HazardRules, required=st.integers(1, 3), signed=st.booleans()),
        max_size=2,
    ),
)
POLICIES = st.builds(
    Policy,
    hazards=st.fixed_dictionaries({kind: st.sampled_from(Requirement) for kind in HazardKind}),
    apply=st.sampled_from(Requirement),
    drift=st.sampled_from(DriftPolicy),
    prune=st.sampled_from(Requirement),
    max_destroys=st.integers(0, 20),
    max_destroy_percent=st.integers(0, 100),
    approvals=RULES,
)
NAMES = st.sampled_from(["*", "payments-*", "*-prod", "orders-dev", "x?"])
ASKS = st.builds(
    GateWish,
    required=st.none() | st.integers(1, 3),
    ttl=st.none() | SPANS,
    approvers=st.none() | PATTERNS,
    four_eyes=st.none() | st.booleans(),
    signed=st.none() | st.booleans(),
)
WINDOW = st.builds(
    Window, allow=st.booleans(), cron=st.just("0 9 * * *"), duration=SPANS, timezone=st.just("UTC")
)
SCOPED = st.lists(st.builds(StackWindow, window=WINDOW, stacks=NAMES.map(lambda one: (one,))), max_size=2)
FLOORS = st.builds(
    Floor,
    policy=POLICIES,
    stacks=st.lists(st.builds(StackRules, stacks=NAMES, asks=ASKS), max_size=3).map(tuple),
    windows=SCOPED.map(tuple),
    working_hours=SCOPED.map(tuple),
    groups=st.none() | st.just({"dba": ("ana", "c*")}),
    verifies=st.booleans(),
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
        and ask_no_less(policy.approvals, floor.approvals)
        and (policy.windows, policy.working_hours) == (floor.windows, floor.working_hours)
        and (policy.scale_factor, policy.unattended) == (floor.scale_factor, floor.unattended)
    )


def ask_no_less(rules: ApprovalRules, floor: ApprovalRules) -> bool:
    """Do some rules ask of approvals all that others ask?"""
    return (
        rules.required >= floor.required
        and rules.ttl <= floor.ttl
        and rules.four_eyes >= floor.four_eyes
        and rules.signed >= floor.signed
        and set(rules.approvers) >= set(floor.approvers)
        and rules.hazards == floor.hazards
    )


def rules_for(floor: Floor, name: StackName) -> list[GateWish]:
    """What the host asks for a name, told apart without the code under test."""
    ends = {PAY: ("*", "payments-*", "*-prod"), ORDERS: ("*", "orders-dev")}
    return [one.asks for one in floor.stacks if one.stacks in ends[name]]


@given(FLOORS, WISHES, st.sampled_from([PAY, ORDERS]))
@settings(max_examples=300, deadline=None)
def test_git_never_weakens_the_gate(floor: Floor, wish: GateWish, name: StackName) -> None:
    try:
        tightened = tighten(floor, wish, name)
    except Misconfigured:
        return
    assert is_no_weaker(tightened, of_stack(floor, name).policy)
    assert ask_no_less(tightened.approvals, floor.policy.approvals)
    for asks in rules_for(floor, name):
        assert tightened.approvals.required >= (asks.required or 1)
        assert tightened.approvals.ttl <= (asks.ttl or tightened.approvals.ttl)
        assert tightened.approvals.four_eyes >= bool(asks.four_eyes)
        assert tightened.approvals.signed >= bool(asks.signed)
        assert asks.approvers is None or asks.approvers in tightened.approvals.approvers


@given(FLOORS, WISHES, st.sampled_from([PAY, ORDERS]))
@settings(max_examples=300, deadline=None)
def test_what_is_nowhere_weaker_is_granted_and_what_is_weaker_never(
    floor: Floor, wish: GateWish, name: StackName
) -> None:
    held = of_stack(floor, name).policy
    try:
        tighten(floor, wish, name)
    except Misconfigured as error:
        told = str(error)
    else:
        told = ""
    assert ("is weaker than" in told) is not_granted(wish, held)


def not_granted(wish: GateWish, held: Policy) -> bool:
    """Is a wish weaker anywhere than what holds? In words of its own."""
    rules, levels = held.approvals, ["auto", "approve", "never"]
    return (
        any(
            levels.index(level) < levels.index(held.hazards[HazardKind(kind)])
            for kind, level in wish.hazards.items()
        )
        or (wish.apply is not None and levels.index(wish.apply) < levels.index(held.apply))
        or (wish.prune is not None and levels.index(wish.prune) < levels.index(held.prune))
        or (
            wish.drift is not None
            and list(DriftPolicy).index(DriftPolicy(wish.drift)) < held.drift.strictness
        )
        or (wish.max_destroys or 0) > held.max_destroys
        or (wish.max_destroy_percent or 0) > held.max_destroy_percent
        or (wish.required or 99) < rules.required
        or (wish.ttl or timedelta()) > rules.ttl
        or (wish.four_eyes is False and rules.four_eyes)
        or (wish.signed is False and rules.signed)
    )
