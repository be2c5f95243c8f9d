"""What the world changed, and what we were asked to keep quiet about."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.judged import TODAY, change, fixture, planned, rule, strayed

from tfreconcile.classify.drift import drifted
from tfreconcile.classify.model import Drifted, DriftKind
from tfreconcile.plan.document import Address, Json, Kind, Plan
from tfreconcile.source.model import IgnoreRule

GROUP = 'aws_autoscaling_group.web["eu[1]"]'
WAS: Json = {"desired_capacity": 2, "tags": {"Name": "web"}}
IS: Json = {"desired_capacity": 7, "tags": {"Name": "by hand"}}


def scaled(kind: Kind = Kind.NO_OP) -> Plan:
    """A group that was scaled and renamed outside."""
    after = WAS if kind is Kind.UPDATE else IS
    return planned(change(kind, GROUP, before=IS, after=after), drift=(strayed(WAS, IS, GROUP),))


def told(plan: Plan, *ignore: IgnoreRule) -> Drifted:
    """The one drift of a plan."""
    (only,) = drifted(plan, ignore, TODAY)
    return only


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("drift_changed_reverting", DriftKind.REVERTING),
        ("drift_deleted", DriftKind.GONE),
        ("drift_informational", DriftKind.INFORMATIONAL),
        ("drift_gone_and_removed", DriftKind.INFORMATIONAL),
        ("drift_refresh_only", DriftKind.INFORMATIONAL),
        ("more/17_drift_ignored_nochange", DriftKind.INFORMATIONAL),
        ("more/18_drift_output_only", DriftKind.INFORMATIONAL),
        ("more/18b_drift_matches_config", DriftKind.INFORMATIONAL),
        ("more/28_refresh_only", DriftKind.INFORMATIONAL),
    ],
)
def test_real_runs_have_the_drift_that_was_made(name: str, expected: DriftKind) -> None:
    assert told(fixture(name)).kind is expected


@pytest.mark.parametrize("name", ["more/16b_drift_refresh_false", "more/26_noop", "create", "no_changes"])
def test_runs_without_drift_have_none(name: str) -> None:
    assert drifted(fixture(name), (), TODAY) == ()


def test_attributes_are_dotted_names_and_never_values() -> None:
    secret: Json = {"password": "EXAMPLE-SECRET-old"}
    leaked: Json = {"password": "EXAMPLE-SECRET-new"}
    entry = told(planned(drift=(strayed(secret, leaked),)))
    assert entry == Drifted(Address("aws_sqs_queue.q"), DriftKind.INFORMATIONAL, ("password",))
    assert "EXAMPLE-SECRET" not in repr(entry)


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param((rule("*", "*"),), id="everything"),
        pytest.param(
            (rule("aws_autoscaling_group.*", "desired_capacity", "tags"),), id="an attribute covers below"
        ),
        pytest.param((rule(GROUP, "desired_capacity", "tags.*"),), id="brackets are literal"),
        pytest.param((rule("*", "desired_capacity"), rule("*", "tags.Name")), id="two rules together"),
    ],
)
def test_drift_whose_attributes_are_all_covered_is_suppressed_and_says_why(
    rules: tuple[IgnoreRule, ...],
) -> None:
    entry = told(scaled(Kind.UPDATE), *rules)
    assert entry.kind is DriftKind.SUPPRESSED
    assert entry.attributes == ("desired_capacity", "tags.Name")
    assert entry.why == "autoscaler"


def test_drift_that_is_covered_in_part_shows_the_rest_and_counts() -> None:
    entry = told(scaled(Kind.UPDATE), rule("*", "desired_capacity"))
    assert entry.kind is DriftKind.REVERTING
    assert entry.attributes == ("tags.Name",)
    assert entry.why == "1 more attribute is ignored: autoscaler"


@pytest.mark.parametrize(
    "useless",
    [
        pytest.param(rule("*", "*", until=TODAY), id="ends today"),
        pytest.param(rule("*", "*", until=TODAY - timedelta(days=9)), id="ended"),
        pytest.param(rule("aws_instance.*", "*"), id="another type"),
        pytest.param(rule('aws_autoscaling_group.web["eu1"]', "*"), id="brackets are no pattern"),
        pytest.param(rule("*", "desired"), id="half a name"),
        pytest.param(rule("*"), id="no attributes"),
    ],
)
def test_a_rule_that_does_not_hold_hides_nothing(useless: IgnoreRule) -> None:
    entry = told(scaled(), useless)
    assert entry == Drifted(Address(GROUP), DriftKind.INFORMATIONAL, ("desired_capacity", "tags.Name"))


def test_only_a_rule_for_everything_hides_that_a_resource_is_gone() -> None:
    plan = planned(change(Kind.CREATE, after=WAS), drift=(strayed(WAS, None),))
    assert told(plan, rule("*", "desired_capacity", "tags")).kind is DriftKind.GONE
    assert told(plan, rule("*", "*")).kind is DriftKind.SUPPRESSED
