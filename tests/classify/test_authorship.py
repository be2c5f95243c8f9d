"""Whether a person asked for a change, and whether one is at hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.judged import CALM, assessed, change, planned, strayed

from tfreconcile.classify.authorship import NAMED, off_hours, unattended_author
from tfreconcile.classify.model import Cause, HazardKind, Unattended
from tfreconcile.source.model import Authorship, Revision

BOTS = Unattended(
    authors=("*[bot]*", "renovate*", "*@ci.example.com"),
    trailers=("Assisted-by: *", "Co-authored-by: robot *"),
)
GIT = frozenset({Cause.GIT})
ANA = Authorship(
    revision=Revision("a" * 40),
    author="Ana",
    author_email="ana@example.com",
    committer="Ana",
    committer_email="ana@example.com",
    subject="Grow",
    committed_at=datetime(2026, 11, 21, tzinfo=UTC),
)
MERGE = replace(ANA, revision=Revision("b" * 40), subject="Merge branch 'deps'")


@pytest.mark.parametrize(
    ("commit", "words"),
    [
        pytest.param(replace(ANA, author="dependabot[bot]"), "author dependabot[bot]", id="author"),
        pytest.param(replace(ANA, author="Renovate Bot"), "fits renovate*", id="without regard to case"),
        pytest.param(replace(ANA, author_email="deploy@ci.example.com"), "*@ci.example.com", id="e-mail"),
        pytest.param(replace(ANA, committer="x[bot]"), "committer x[bot]", id="committer"),
        pytest.param(replace(ANA, trailers=(("assisted-BY", "a robot"),)), "Assisted-by: *", id="trailer"),
        pytest.param(
            replace(ANA, trailers=(("Reviewed-by", "x"), ("Co-Authored-By", "Robot <r@x>"))),
            "robot",
            id="second",
        ),
    ],
)
def test_a_commit_of_no_person_is_named_with_what_gave_it_away(commit: Authorship, words: str) -> None:
    found = unattended_author((MERGE, commit), BOTS, GIT)
    assert found is not None
    assert (found.kind, found.address) == (HazardKind.UNATTENDED_AUTHOR, "")
    assert commit.revision[:7] in found.detail
    assert words in found.detail


@pytest.mark.parametrize(
    "commit",
    [
        pytest.param(ANA, id="person"),
        pytest.param(replace(ANA, author="Abbot Ott"), id="brackets are literal"),
        pytest.param(replace(ANA, subject="Assisted-by: a robot"), id="the subject is no trailer"),
        pytest.param(
            replace(ANA, trailers=(("Co-authored-by", "Bo <bo@example.com>"),)), id="a person helped"
        ),
    ],
)
def test_what_a_person_wrote_is_none(commit: Authorship) -> None:
    assert unattended_author((commit,), BOTS, GIT) is None


def test_a_history_that_cannot_be_read_fails_closed() -> None:
    found = unattended_author(None, BOTS, GIT)
    assert found is not None
    assert "could be read" in found.detail


def test_who_wrote_it_is_unknown_for_a_reason_that_is_told() -> None:
    found = unattended_author(None, BOTS, GIT, unattributed="the branch was set back")
    assert found is not None
    assert found.detail == "the branch was set back"


@pytest.mark.parametrize("cause", Cause)
def test_only_what_git_may_have_asked_for_has_authors(cause: Cause) -> None:
    found = unattended_author((replace(ANA, author="x[bot]"),), BOTS, frozenset({cause}))
    assert (found is not None) is (cause in (Cause.GIT, Cause.BOTH, Cause.UNKNOWN))


def test_many_commits_are_counted_rather_than_named() -> None:
    commits = tuple(
        replace(ANA, author="x[bot]", revision=Revision(f"{number:040}")) for number in range(NAMED + 2)
    )
    found = unattended_author(commits, BOTS, GIT)
    assert found is not None
    assert " and 2 more" in found.detail


def test_a_name_cannot_steer_a_terminal() -> None:
    found = unattended_author((replace(ANA, author="\x1b[2J x[bot]"),), BOTS, GIT)
    assert found is not None
    assert found.detail.isprintable()


def test_off_hours_needs_a_change_and_a_sentence() -> None:
    assert off_hours(None, GIT) is None
    assert off_hours("nobody is at hand", frozenset()) is None
    found = off_hours("nobody is at hand", frozenset({Cause.DRIFT}))
    assert found is not None
    assert found.detail.startswith("nobody is at hand")


def test_a_plan_has_both_as_hazards_of_the_whole() -> None:
    known = replace(CALM, commits=(replace(ANA, author="x[bot]"),), unattended=BOTS, off_hours="it is night")
    found = assessed(planned(change(after={"x": 1})), inputs_changed=True, known=known)
    assert [hazard.kind for hazard in found.hazards] == [HazardKind.UNATTENDED_AUTHOR, HazardKind.OFF_HOURS]
    assert assessed(planned(), inputs_changed=True, known=known).hazards == ()


def test_drift_that_is_put_back_has_no_author_but_an_hour() -> None:
    known = replace(CALM, commits=None, off_hours="it is night")
    healed = planned(change(before={"x": 2}, after={"x": 1}), drift=(strayed({"x": 1}, {"x": 2}),), prior=1)
    found = assessed(healed, inputs_changed=False, known=known)
    assert [hazard.kind for hazard in found.hazards] == [HazardKind.OFF_HOURS]


@given(st.text(max_size=20), st.text(max_size=20), st.lists(st.text(max_size=8), max_size=3))
def test_nobody_is_found_without_patterns_and_everybody_with_a_star(
    name: str, email: str, patterns: list[str]
) -> None:
    commit = replace(ANA, author=name, author_email=email)
    assert unattended_author((commit,), Unattended(), GIT) is None
    assert unattended_author((commit,), Unattended(authors=("*", *patterns)), GIT) is not None
