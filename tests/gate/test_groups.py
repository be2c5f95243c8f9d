"""Who stands behind a list of approvers, and are they enough?"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.classify.model import HazardKind
from tfreconcile.gate.approvals import matches
from tfreconcile.gate.groups import expanded, shortfalls, unknown
from tfreconcile.gate.model import ApprovalRules, HazardRules, Policy, Requirement

GROUPS = {"dba": ("ana", "*@dba.example.com"), "lead": ("bo",)}


def test_a_group_stands_for_its_members_in_their_place() -> None:
    assert expanded(["carl", "group:lead", "group:dba"], GROUPS) == ("carl", "bo", "ana", "*@dba.example.com")
    assert expanded(["group:nobody", "carl"], GROUPS) == ("carl",)
    assert expanded(["group:dba"], None) == ("group:dba",)


def test_a_group_that_does_not_exist_is_told_by_its_position() -> None:
    told = list(unknown(["ana", "group:x", "group:dba"], GROUPS))
    assert told == [(1, "the host config has no group 'x'; it has: dba, lead")]
    assert list(unknown(["group:x"], {})) == [(0, "the host config has no group 'x'; it has: none")]
    assert list(unknown(["group:x"], None)) == []


def policy(*groups: tuple[str, ...], required: int = 1) -> Policy:
    """A policy that asks these groups."""
    return Policy(hazards={}, approvals=ApprovalRules(required=required, approvers=groups))


@pytest.mark.parametrize(
    ("asked", "people"),
    [
        pytest.param(policy(("ana", "bo"), required=2), None, id="just enough"),
        pytest.param(policy(("ana",), required=2), 1, id="one too few"),
        pytest.param(policy(("ana", "Ana"), required=2), 1, id="one person in two spellings"),
        pytest.param(policy(("ana", "*"), required=20), None, id="a pattern leaves it open"),
        pytest.param(policy(("*",), ("ana", "bo"), required=3), 2, id="a pattern beside a list"),
        pytest.param(policy(("ana", "bo"), ("bo", "carl"), required=2), 1, id="two lists share one"),
        pytest.param(policy(("ana@b.c",), ("*@x.y",)), 0, id="a pattern that nobody fits"),
        pytest.param(policy(("group:dba",), required=9), None, id="a group of a host that is not at hand"),
        pytest.param(policy((), required=1), 0, id="nobody"),
    ],
)
def test_too_few_people_are_counted(asked: Policy, people: int | None) -> None:
    assert [one.people for one in shortfalls(asked)] == ([] if people is None else [people])


def test_each_kind_of_hazard_is_counted_with_its_own_rules() -> None:
    hazards = {
        HazardKind.IAM: HazardRules(required=2, approvers=(("ana", "bo"),)),
        HazardKind.STATEFUL: HazardRules(required=3, approvers=(("ana", "bo"),)),
        HazardKind.EXPOSURE: HazardRules(required=3, approvers=(("ana", "bo"),)),
    }
    asked = Policy(hazards={HazardKind.EXPOSURE: Requirement.NEVER}, approvals=ApprovalRules(hazards=hazards))
    (found,) = shortfalls(asked)
    assert (found.kind, found.required, found.people) == (HazardKind.STATEFUL, 3, 2)
    assert str(found) == "3 must say yes and 2 people could: nothing could ever be approved"


NAMES = ["ana", "ANA", "bo", "carl"]
LISTS = st.lists(st.sampled_from([*NAMES, "b*", "*"]), max_size=3).map(tuple)


@given(st.lists(LISTS, min_size=1, max_size=3), st.integers(1, 3))
@settings(max_examples=200, deadline=None)
def test_whoever_is_refused_could_not_have_been_enough(groups: list[tuple[str, ...]], required: int) -> None:
    asked = policy(*groups, required=required)
    if not list(shortfalls(asked)):
        return
    able = [name for name in [*NAMES, "bert", "x"] if matches(name, asked.approvals.approvers)]
    assert len({name.casefold() for name in able}) < required
