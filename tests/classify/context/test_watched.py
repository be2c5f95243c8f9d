"""Whether the tables are well-formed, and every row can speak."""

from __future__ import annotations

import pytest

from tfreconcile.classify.context import NAMED, context_hazards
from tfreconcile.classify.grants import GRANTS
from tfreconcile.classify.model import HazardKind
from tfreconcile.classify.moves import PLAIN
from tfreconcile.classify.sizes import Limits
from tfreconcile.classify.watched import WATCHED, Rule, When, rules_for
from tfreconcile.plan.document import Address, Change, Json, Kind

ROWS = [(kind, rule) for kind, rules in WATCHED.items() for rule in rules]
_NEEDS_VALUES = {When.BECOMES, When.LEAVES}


def test_every_kind_of_rule_is_judged_by_somebody() -> None:
    assert {*PLAIN, *GRANTS, When.OPENS, When.SCALES, When.RESIZES} == set(When)


@pytest.mark.parametrize(
    ("kind", "rule"),
    ROWS,
    ids=[f"{kind}-{rule.types[0]}-{rule.attribute}-{rule.when}" for kind, rule in ROWS],
)
def test_a_row_has_what_its_kind_needs(kind: HazardKind, rule: Rule) -> None:
    assert all(type_.startswith(("aws_", "google_")) for type_ in rule.types)
    assert rule.why
    assert not rule.why.endswith(".")
    assert rule.attribute or rule.when in (When.DELETED, When.OPENS)
    assert bool(rule.values) or rule.when not in _NEEDS_VALUES
    assert bool(rule.sources) is (rule.when is When.OPENS)
    assert (kind is HazardKind.SCALE) is (rule.when in (When.SCALES, When.RESIZES))
    assert len(set(rule.types)) == len(rule.types)


def test_no_two_rows_say_the_same() -> None:
    said = [
        (kind, type_, rule.attribute, rule.when, rule.values) for kind, rule in ROWS for type_ in rule.types
    ]
    assert len(said) == len(set(said))


def test_a_type_that_no_table_names_has_no_rules() -> None:
    assert rules_for("terraform_data") == ()


def test_many_findings_are_counted_rather_than_named() -> None:
    ingress: list[Json] = [
        {"protocol": "tcp", "from_port": port, "to_port": port, "cidr_blocks": ["0.0.0.0/0"]}
        for port in range(1, NAMED + 4)
    ]
    made = Change(
        address=Address("aws_security_group.g"),
        kind=Kind.CREATE,
        actions=("create",),
        type="aws_security_group",
        after={"ingress": ingress},
    )
    (hazard,) = context_hazards(made, Limits(), frozenset({"ingress"}))
    assert hazard.detail.endswith("; and 3 more")
