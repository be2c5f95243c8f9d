"""Is what ignore rules hide told in numbers and sentences?"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from support.judged import TODAY, assessed, change, planned, rule, strayed

from tfreconcile.classify.model import HazardKind
from tfreconcile.gate.model import Policy, Requirement
from tfreconcile.observe import ignored, report
from tfreconcile.plan.document import Kind
from tfreconcile.redact import Scrubber

OPEN = Policy(hazards=dict.fromkeys(HazardKind, Requirement.AUTO))
SIZE, NAME = rule("*", "size", why="the scaler"), rule("aws_x.*", "name", until=date(2027, 3, 1))


def told() -> ignored.Plain:
    """The summary of a plan with one hidden change and one drift that is hidden in part."""
    plan = planned(
        change(address="aws_sqs_queue.q", before={"size": 1}, after={"size": 2}),
        drift=(strayed({"size": 1, "n": 1}, {"size": 2, "n": 2}, "aws_sqs_queue.r"),),
    )
    kept = (SIZE, NAME)
    return ignored.summary(report.ignored(assessed(plan, ignore=kept), kept, OPEN, str))


def test_resources_are_counted_by_rule_and_together() -> None:
    found = told()
    assert (found["count"], found["until"]) == (2, (TODAY + timedelta(days=1)).isoformat())
    rules = found["rules"]
    assert isinstance(rules, list)
    assert [one["hides"] for one in rules] == [2, 0]
    assert rules[1]["until"] == "2027-03-01"


def test_without_rules_nothing_is_told() -> None:
    found = ignored.summary(())
    assert found == {"count": 0, "until": None, "rules": []}
    assert ignored.note(found, TODAY) == ""
    assert list(ignored.sentences(found, TODAY)) == []


def test_a_change_with_a_hazard_that_asks_is_not_told_as_hidden() -> None:
    plan = planned(change(before={"size": 1}, after={"size": 2}))
    found = assessed(plan, ignore=(SIZE,))
    policy = Policy(hazards={})
    assert report.ignored(found, (SIZE,), policy, str)[0]["hides"] == ["aws_sqs_queue.q"]
    hazardous = assessed(planned(change(Kind.UNKNOWN, before={"size": 1}, after={"size": 2})), ignore=(SIZE,))
    assert report.ignored(hazardous, (SIZE,), policy, str)[0]["hides"] == []


def test_addresses_are_scrubbed_before_they_are_kept() -> None:
    keyed = 'aws_sqs_queue.q["EXAMPLE-SECRET-key"]'
    found = assessed(planned(change(address=keyed, before={"size": 1}, after={"size": 2})), ignore=(SIZE,))
    scrub = Scrubber.of(("EXAMPLE-SECRET-key",)).scrub
    assert "EXAMPLE-SECRET" not in repr(report.ignored(found, (SIZE,), OPEN, scrub))


@pytest.mark.parametrize(
    ("days", "said"),
    [(15, ""), (14, "the next rule ends on"), (0, "the next rule ends on")],
)
def test_a_note_warns_two_weeks_before_the_end(days: int, said: str) -> None:
    kept = (rule("*", "size", until=TODAY + timedelta(days=days)),)
    found = ignored.summary(report.ignored(assessed(planned(), ignore=kept), kept, OPEN, str))
    assert said in ignored.note(found, TODAY)
    assert bool(said) is bool(ignored.note(found, TODAY))


@pytest.mark.parametrize(
    ("changing", "hides", "changed", "said"),
    [
        pytest.param((), 2, 0, "hides 2 resources now: the scaler", id="no plan waits"),
        pytest.param(
            ("aws_sqs_queue.q", "output.x"),
            1,
            1,
            "hides 1 resource now, and would hide 1 resource, but the pending plan changes it all the same",
            id="the plan changes one of them",
        ),
        pytest.param(
            ("aws_sqs_queue.q", "aws_sqs_queue.r"),
            0,
            2,
            " would hide 2 resources, but the pending plan changes them all the same: the scaler",
            id="the plan changes both",
        ),
    ],
)
def test_what_the_pending_plan_changes_is_not_told_as_hidden(
    changing: tuple[str, ...], hides: int, changed: int, said: str
) -> None:
    kept = {"address": "*", "attributes": ["size"], "until": "2027-03-01", "why": "the scaler"}
    found = ignored.summary(({**kept, "hides": ["aws_sqs_queue.q", "aws_sqs_queue.r"]},), changing)
    (rule,) = found["rules"] if isinstance(found["rules"], list) else []
    assert (found["count"], rule["hides"], rule["changed"]) == (hides, hides, changed)
    (sentence,) = ignored.sentences(found, TODAY)
    assert said in sentence
