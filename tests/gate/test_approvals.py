"""Whose word counts, for what, and how long."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.judged import MARK, NOON, word

from tfreconcile.classify.model import HazardKind
from tfreconcile.gate.approvals import covers, is_allowed, people, rejected, stands, tightened
from tfreconcile.gate.model import Approval, ApprovalRules, HazardRules, Verdict
from tfreconcile.plan.fingerprint import ChangeDigest, Fingerprint

A, B = ChangeDigest("a"), ChangeDigest("b")


def test_an_approval_ends_at_the_minute_it_says() -> None:
    ana = word(expires_at=NOON)
    assert stands(ana, NOON - timedelta(seconds=1))
    assert not stands(ana, NOON)


@pytest.mark.parametrize(
    "spent",
    [
        pytest.param(word(revoked_at=NOON), id="revoked"),
        pytest.param(word(consumed_at=NOON), id="used up"),
        pytest.param(word(verdict=Verdict.REJECT), id="a no"),
    ],
)
def test_a_word_that_is_spent_does_not_stand(spent: Approval) -> None:
    assert not stands(spent, NOON)


def test_an_approval_covers_what_it_was_shown_and_less() -> None:
    ana = word("a", "b", hazards=frozenset({("destroy", "x.y")}))
    assert covers(ana, frozenset({A, B}), frozenset({("destroy", "x.y")}))
    assert covers(ana, frozenset({A}), frozenset())
    assert not covers(ana, frozenset({A, ChangeDigest("c")}), frozenset())
    assert not covers(ana, frozenset({A}), frozenset({("destroy", "x.z")}))
    assert not covers(ana, frozenset({A}), frozenset({("stateful", "x.y")}))


@pytest.mark.parametrize(
    ("person", "groups", "expected"),
    [
        ("ana", (("*",),), True),
        ("ana@example.com", (("*@example.com",), ("ana@*", "bo@*")), True),
        ("cy@example.com", (("*@example.com",), ("ana@*", "bo@*")), False),
        ("Ana", (("ana",),), False),
        ("ana", (("*",), ()), False),
        ("ana", (), True),
    ],
    ids=["anybody", "both groups", "one group only", "case counts", "an empty group", "no group"],
)
def test_a_person_must_match_one_pattern_of_every_group(
    person: str, groups: tuple[tuple[str, ...], ...], expected: bool
) -> None:
    assert is_allowed(person, ApprovalRules(approvers=groups)) is expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("ana", "bo"), 2),
        (("ana", "ANA", " ana"), 1),
        (("ana", "ana@example.com"), 1),
        (("ana@example.com", "ana@elsewhere.example"), 2),
        (("ana", "Ana@example.com", "ana@elsewhere.example"), 2),
        (("7+ana@users.noreply.example", "ana"), 1),
        ((), 0),
    ],
    ids=["two", "spellings", "a login and its address", "two addresses", "all three", "a forge's", "none"],
)
def test_nobody_is_two_people(names: tuple[str, ...], expected: int) -> None:
    assert len(people(word(by=name, number=number) for number, name in enumerate(names))) == expected


DBA = HazardRules(required=2, approvers=(("ana", "bo"),), signed=True)
OPS = HazardRules(required=3, approvers=(("ana", "bo"), ("bo", "cy")))
RULES = ApprovalRules(hazards={HazardKind.STATEFUL: DBA, HazardKind.IAM: OPS})


def test_the_rules_of_hazards_add_up() -> None:
    assert tightened(RULES, ()) == RULES
    assert tightened(RULES, (HazardKind.DESTROY,)) == RULES
    one = tightened(RULES, (HazardKind.STATEFUL,))
    assert (one.required, one.approvers, one.signed) == (2, (("*",), ("ana", "bo")), True)
    both = tightened(RULES, (HazardKind.STATEFUL, HazardKind.IAM))
    assert (both.required, both.approvers, both.signed) == (3, (("*",), ("ana", "bo"), ("bo", "cy")), True)
    assert tightened(ApprovalRules(required=0), ()).required == 1


KINDS = st.frozensets(st.sampled_from(HazardKind))
ANY_RULES = st.builds(
    ApprovalRules,
    required=st.integers(0, 4),
    approvers=st.sampled_from([(("*",),), (("ana",), ("*",)), ()]),
    signed=st.booleans(),
    hazards=st.dictionaries(
        st.sampled_from(HazardKind),
        st.builds(
            HazardRules,
            required=st.integers(1, 4),
            approvers=st.sampled_from([(), (("bo",),), (("ana",),)]),
            signed=st.booleans(),
        ),
        max_size=4,
    ),
)


@given(ANY_RULES, KINDS, KINDS)
@settings(max_examples=200, deadline=None)
def test_more_hazards_never_ask_for_less(
    rules: ApprovalRules, kinds: frozenset[HazardKind], more: frozenset[HazardKind]
) -> None:
    less, strict = tightened(rules, kinds), tightened(rules, kinds | more)
    assert strict.required >= less.required >= max(1, rules.required)
    assert set(strict.approvers) >= set(less.approvers) >= set(rules.approvers)
    assert strict.signed >= less.signed >= rules.signed
    assert (strict.four_eyes, strict.ttl) == (rules.four_eyes, rules.ttl)


def test_the_newest_standing_no_to_this_very_plan_is_found() -> None:
    first = word(verdict=Verdict.REJECT, by="ana", number=1)
    second = word(verdict=Verdict.REJECT, by="bo", number=2)
    assert rejected((first, second, word()), MARK, NOON) == second


def test_a_no_does_not_expire() -> None:
    no = word(verdict=Verdict.REJECT, expires_at=NOON)
    assert rejected((no,), MARK, NOON) == no


@pytest.mark.parametrize(
    "spent",
    [
        pytest.param(word(), id="a yes"),
        pytest.param(word(verdict=Verdict.REJECT, revoked_at=NOON), id="revoked"),
        pytest.param(word(verdict=Verdict.REJECT, fingerprint=Fingerprint("e" * 64)), id="another plan"),
    ],
)
def test_what_is_no_standing_no_rejects_nothing(spent: Approval) -> None:
    assert rejected((spent,), MARK, NOON) is None
