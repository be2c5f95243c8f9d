"""Does a change that comes back wait for a person?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.judged import A_SIGNATURE, MARK, NOON, commit, word

from tfreconcile.gate.convergence import once_more
from tfreconcile.gate.decision import Asked
from tfreconcile.gate.model import Approval, ApprovalRules, Decision, Hold, Policy, Proceed, Verdict
from tfreconcile.plan.fingerprint import Fingerprint
from tfreconcile.source.model import Authorship

MADE = Proceed(("policy asks for nobody's word",))
RULES = ApprovalRules()
HOUR = timedelta(hours=1)


ASKED = Asked(stack="payments", fingerprint=MARK, applyable=True)


def decided(
    *approvals: Approval, rules: ApprovalRules = RULES, authors: tuple[Authorship, ...] | None = ()
) -> Decision:
    policy = Policy(hazards={}, approvals=rules)
    return once_more(MADE, policy, approvals, asked=ASKED, authors=authors, now=NOON)


@pytest.mark.parametrize(
    ("approvals", "rules", "proceeds"),
    [
        pytest.param((), RULES, False, id="nobody-said-anything"),
        pytest.param((word(),), RULES, True, id="somebody-did"),
        pytest.param((word(fingerprint=Fingerprint("e" * 64)),), RULES, False, id="of-another-plan"),
        pytest.param((word(expires_at=NOON),), RULES, False, id="expired"),
        pytest.param((word(revoked_at=NOON - HOUR),), RULES, False, id="revoked"),
        pytest.param((word(consumed_at=NOON - HOUR),), RULES, False, id="used-for-the-first-time"),
        pytest.param((word(verdict=Verdict.REJECT),), RULES, False, id="a-no"),
        pytest.param((word(),), ApprovalRules(approvers=(("bob",),)), False, id="of-a-stranger"),
        pytest.param((word(),), ApprovalRules(required=2), False, id="one-of-two"),
        pytest.param(
            (word(), word(by="Ana", number=2)), ApprovalRules(required=2), False, id="one-person-twice"
        ),
        pytest.param((word(), word(by="bob", number=2)), ApprovalRules(required=2), True, id="two-of-two"),
        pytest.param((word(),), ApprovalRules(signed=True), False, id="without-a-signature"),
        pytest.param((word(signature=A_SIGNATURE),), ApprovalRules(signed=True), True, id="signed"),
        pytest.param((word(stack="network"),), RULES, False, id="of-another-stack"),
    ],
)
def test_the_same_plan_goes_on_only_on_a_new_word(
    approvals: tuple[Approval, ...], rules: ApprovalRules, proceeds: bool
) -> None:
    assert isinstance(decided(*approvals, rules=rules), Proceed if proceeds else Hold)


def test_four_eyes_count_here_too() -> None:
    rules = ApprovalRules(four_eyes=True)
    assert isinstance(decided(word(by="ana"), rules=rules, authors=(commit("bo"),)), Proceed)
    assert isinstance(decided(word(by="ana"), rules=rules, authors=(commit("ana"),)), Hold)
    assert isinstance(decided(word(by="ana"), rules=rules, authors=None), Hold)


def test_what_is_held_says_why() -> None:
    held = decided()
    assert isinstance(held, Hold)
    assert held.reasons[0].startswith("NotConverging: ")
    assert (held.given, held.required) == (0, 1)


def test_what_goes_on_names_the_words_that_it_uses_up() -> None:
    made = decided(word(number=3), word(by="bob", number=4), word(number=5, expires_at=NOON))
    assert isinstance(made, Proceed)
    assert (made.approvals, made.on_word_of) == ((3, 4), ("ana", "bob"))
    assert made.reasons == (*MADE.reasons, "once more on the word of ana, bob")


WORDS = st.builds(
    word,
    number=st.integers(1, 9),
    by=st.sampled_from(["ana", "bob", "Ana"]),
    verdict=st.sampled_from(list(Verdict)),
    fingerprint=st.sampled_from([MARK, Fingerprint("e" * 64)]),
    expires_at=st.sampled_from([NOON - HOUR, NOON, NOON + HOUR]),
    revoked_at=st.sampled_from([None, NOON - HOUR]),
    consumed_at=st.sampled_from([None, NOON - HOUR]),
)


@given(words=st.lists(WORDS, max_size=4), required=st.integers(0, 3))
@settings(max_examples=200, deadline=None)
def test_it_never_goes_on_without_enough_people_whose_word_on_this_plan_stands(
    words: list[Approval], required: int
) -> None:
    made = decided(*words, rules=ApprovalRules(required=required))
    good = [
        one
        for one in words
        if one.verdict is Verdict.APPROVE
        and one.fingerprint == MARK
        and one.expires_at > NOON
        and one.revoked_at is None
        and one.consumed_at is None
    ]
    enough = len({one.by.casefold() for one in good}) >= max(1, required)
    assert isinstance(made, Proceed) is enough
    if isinstance(made, Proceed):
        assert set(made.approvals) == {one.id for one in good}
