"""Does the page of hazards say what the code says?"""

from __future__ import annotations

import pytest
from support.pages import first_words, read, rows, section, spans

from tfreconcile.classify.catalogue import HAZARDS
from tfreconcile.classify.hazards import SHARE_COUNTS_FROM
from tfreconcile.classify.model import PLANNED_HAZARDS, Cause, DriftKind, HazardKind
from tfreconcile.gate.model import Policy
from tfreconcile.gate.policy import DEFAULT_HAZARDS
from tfreconcile.plan.document import Kind

PAGE = read("hazards.md")


@pytest.mark.parametrize("kind", HazardKind)
def test_a_hazard_has_its_default_and_its_sentence(kind: HazardKind) -> None:
    lines = {row[0]: row[1:] for row in rows(section(PAGE, "Hazards"))}
    assert lines[f"`{kind}`"] == [f"`{DEFAULT_HAZARDS[kind]}`", HAZARDS[kind]]


def test_no_other_hazard_has_a_line() -> None:
    assert set(first_words(section(PAGE, "Hazards"))) == set(HazardKind)


def test_hazards_that_are_not_detected_yet_are_named_as_such() -> None:
    assert set(spans(section(PAGE, "Not yet"))) - {"doctor"} == PLANNED_HAZARDS


def test_every_cause_kind_of_drift_and_kind_of_change_is_named() -> None:
    assert set(first_words(section(PAGE, "Causes"))) == set(Cause)
    assert set(first_words(section(PAGE, "Drift"))) == set(DriftKind)
    assert set(spans(section(PAGE, "Kinds of change"))) == set(Kind)


def test_the_limits_on_the_page_are_those_of_the_policy() -> None:
    policy = Policy(hazards={})
    told = section(PAGE, "Hazards")
    assert f"`max_destroys` ({policy.max_destroys})" in told
    assert f"`max_destroy_percent` ({policy.max_destroy_percent})" in told
    assert f"from {SHARE_COUNTS_FROM} resources on" in told
