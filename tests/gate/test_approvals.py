"""Whose word counts, for what, and how long."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.judged import A_SIGNATURE, MARK, NOON, word

from tfreconcile.classify.model import HazardKind
from tfreconcile.gate.approvals import (
    REJECTED,
    against,
    covers,
    is_allowed,
    people,
    rejected,
    stands,
    tightened,
)
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
        (("ana@example.com", "ana@ad.example.com"), 1),
        (("ana@example.com", "bo@example.com"), 2),
        (("7+ana@users.noreply.example", "ana"), 1),
        (("7+ana@users.noreply.example", "7@example.com", "ana@example.com"), 1),
        (("7@example.com", "ana@example.com", "7+ana@users.noreply.example"), 1),
        ((), 0),
    ],
    ids=[
        *("two", "spellings", "a login and its address", "a login that looks like one", "two of those"),
        *("a forge's", "linked by the first", "linked by the last", "none"),
    ],
)
def test_nobody_is_two_people(names: tuple[str, ...], expected: int) -> None:
    assert len(people(word(by=name, number=number) for number, name in enumerate(names))) == expected


@pytest.mark.parametrize(
    ("signed", "typed", "expected"),
    [
        (("ana@example.com", "ana@elsewhere.example"), (), 2),
        (("ana@example.com", "Ana+work@example.com"), (), 1),
        (("ana@example.com",), ("ana",), 1),
        (("ana@example.com",), ("ana@ad.example.com",), 1),
        (("ana@example.com", "ana@elsewhere.example"), ("ana", "ana@ad.example.com"), 2),
        (("7+ana@users.noreply.example",), ("ana",), 1),
        (("ana",), ("ana@ad.example.com",), 1),
        (("ana", "ana@example.com"), (), 1),
        (("ana.smith@example.com",), ("asmith",), 2),
        (("ana@example.com",), ("bo@example.com", "bo@ad.example.com", "cy"), 3),
    ],
    ids=[
        *(
            "two addresses",
            "one mailbox",
            "a login and a key",
            "a login of a domain and a key",
            "all of them",
        ),
        *("a forge's", "a key with a bare name", "two keys, one with a bare name", "nobody can know"),
        "beside others",
    ],
)
def test_a_login_adds_nobody_to_the_key_of_the_same_person(
    signed: tuple[str, ...], typed: tuple[str, ...], expected: int
) -> None:
    words = [*(word(by=name, signature=A_SIGNATURE) for name in signed), *(word(by=name) for name in typed)]
    assert len(people(words)) == len(people(reversed(words))) == expected


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


ALL = word("a", "b", verdict=Verdict.REJECT, fingerprint=Fingerprint("e" * 64))
OF_A = replace(ALL, hazards=frozenset({(REJECTED, "a"), ("destroy", "x.y")}))


@pytest.mark.parametrize(
    ("no", "effects", "asking", "holds"),
    [
        pytest.param(OF_A, {A}, {A}, True, id="it asks again"),
        pytest.param(OF_A, {A}, set(), True, id="it asked then, and asks nobody any more"),
        pytest.param(OF_A, {B}, {B}, True, id="it was beside it, and asks now"),
        pytest.param(OF_A, {B}, set(), False, id="it was beside it, and asks nobody"),
        pytest.param(ALL, {B}, set(), True, id="no effect asked by itself then"),
        pytest.param(ALL, {ChangeDigest("c")}, {ChangeDigest("c")}, False, id="something else"),
    ],
)
def test_a_no_to_another_plan_holds_what_asked_then_or_asks_now(
    no: Approval, effects: set[ChangeDigest], asking: set[ChangeDigest], holds: bool
) -> None:
    more = frozenset({ChangeDigest("more")})
    found = rejected((no,), MARK, NOON, effects=frozenset(effects) | more, asking=frozenset(asking))
    assert (found == no) is holds


def test_a_no_is_against_what_asked_or_against_all() -> None:
    assert against(OF_A) == {A}
    assert against(ALL) == {A, B}
