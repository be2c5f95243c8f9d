"""Who wrote it? Whoever could be the same person is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.judged import commit

from tfreconcile.gate.authors import barred, identities, wrote
from tfreconcile.gate.model import ApprovalRules
from tfreconcile.source.model import Authorship

ANA = replace(commit("Ana Smith", email="ana@example.com"), committer="bot", committer_email="ci@example.com")
EYES = ApprovalRules(four_eyes=True)


@pytest.mark.parametrize(
    "person",
    [
        "ana@example.com",
        "ANA@Example.com",
        "ana",
        "Ana Smith",
        "ana smith ",
        "ci@example.com",
        "ci",
        "ana+x@example.com",
    ],
)
@pytest.mark.parametrize("signed", [True, False])
def test_whoever_could_have_written_it_did(person: str, signed: bool) -> None:
    assert wrote(person, (commit("cy"), ANA), signed=signed)


@pytest.mark.parametrize(
    "person",
    ["bo@example.com", "bo", "an", "smith", "example.com", "@example.com", ""],
)
@pytest.mark.parametrize("signed", [True, False])
def test_others_did_not(person: str, signed: bool) -> None:
    assert not wrote(person, (commit("cy"), ANA), signed=signed)


@pytest.mark.parametrize("person", ["ana@elsewhere.example", "Ana@ad.example.com", "x+ana@ad.example.com"])
def test_an_address_is_another_persons_only_when_a_signature_proves_it(person: str) -> None:
    assert not wrote(person, (commit("cy"), ANA), signed=True)
    assert wrote(person, (commit("cy"), ANA), signed=False)


def test_a_login_of_a_domain_is_found_by_the_name_alone() -> None:
    assert wrote("dee@ad.example.com", (replace(ANA, author="dee"),), signed=False)
    assert wrote("dee@ad.example.com", (replace(ANA, author="dee"),), signed=True)


@pytest.mark.parametrize(
    ("one", "person"),
    [
        pytest.param(replace(ANA, signer="dee@example.com"), "dee", id="who signed it"),
        pytest.param(
            replace(ANA, author_email="7+dee@users.noreply.example"), "dee", id="the address of a forge"
        ),
        pytest.param(replace(ANA, author="dee"), "dee@anywhere.example", id="a login name as the author"),
        pytest.param(replace(ANA, author="Ju\u0308rgen"), "j\u00fcrgen", id="letters in another form"),
        pytest.param(
            replace(ANA, trailers=(("Co-Authored-By", "Dee D. <dee@example.com>"),)), "dee", id="a co-author"
        ),
        pytest.param(
            replace(ANA, trailers=(("co-authored-by", "dee"),)), "dee", id="a co-author by name alone"
        ),
    ],
)
def test_a_person_is_found_wherever_a_commit_names_one(one: Authorship, person: str) -> None:
    assert wrote(person, (one,), signed=True)
    assert wrote(person, (one,), signed=False)
    assert not wrote("bo@example.com", (one,), signed=False)


def test_other_trailers_name_nobody() -> None:
    assert not wrote(
        "dee", (replace(ANA, trailers=(("Reviewed-by", "Dee <dee@example.com>"),)),), signed=False
    )


def test_only_four_eyes_bar_anybody_and_all_when_the_history_is_not_known() -> None:
    assert barred(ApprovalRules(), (ANA,)) == barred(ApprovalRules(), None) == frozenset()
    assert barred(EYES, (ANA,)) == identities((ANA,))
    assert barred(EYES, None) is None


NAMES = st.text(st.characters(codec="utf-8"), max_size=12)
PERSONS = NAMES | st.builds("{}@{}".format, NAMES, st.sampled_from(["example.com", "EXAMPLE.com", ""]))


PLACES = st.sampled_from(
    [
        lambda name: replace(commit("bo"), author=name),
        lambda name: replace(commit("bo"), author_email=name),
        lambda name: replace(commit("bo"), committer=name),
        lambda name: replace(commit("bo"), committer_email=name),
        lambda name: replace(commit("bo"), signer=name),
    ]
)


@given(PERSONS.filter(str.strip), PLACES, st.booleans())
@settings(max_examples=200, deadline=None)
def test_nobody_approves_under_a_name_that_a_commit_bears(
    person: str, bearing: Callable[[str], Authorship], signed: bool
) -> None:
    assert wrote(person, (bearing(person),), signed=signed)
    assert wrote(person.swapcase(), (bearing(person.swapcase()),), signed=signed)
