"""Which changes do ignore rules cover, and when have they ended?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.judged import TODAY, assessed, change, planned, rule

from tfreconcile.classify.ignoring import covering, expired
from tfreconcile.classify.model import Cause
from tfreconcile.errors import Place
from tfreconcile.plan.document import Address, Change, Json, Kind
from tfreconcile.source.model import IgnoreRule

TAGS: Json = {"a": "1", "b": "2"}
WAS: Json = {"size": 1, "tags": TAGS, "note": None}
ALL = rule("*", "*")


def update(after: Json, unknown: Json = False) -> Change:
    return change(before=WAS, after=after, unknown=unknown)


@pytest.mark.parametrize(
    ("one", "rules"),
    [
        pytest.param(update({"size": 9, "tags": TAGS}), (rule("*", "size"),), id="one attribute"),
        pytest.param(update({"size": 1, "tags": {"a": "9"}}), (rule("*", "tags"),), id="all below"),
        pytest.param(
            update({"size": 9, "tags": {"a": "9", "b": "2"}}),
            (rule("*", "size"), rule("aws_sqs_queue.q", "tags.a")),
            id="two rules together",
        ),
        pytest.param(
            update({"tags": TAGS}, unknown={"size": True}),
            (rule("*", "size"),),
            id="known after apply",
        ),
    ],
)
def test_rules_that_cover_each_attribute_cover_the_change(one: Change, rules: tuple[IgnoreRule, ...]) -> None:
    assert covering(one, rules) == rules


@pytest.mark.parametrize(
    ("one", "rules"),
    [
        pytest.param(update({"size": 9, "tags": {"a": "9"}}), (rule("*", "size"),), id="one is left"),
        pytest.param(
            update({"size": 9, "tags": TAGS}, unknown={"id": True}),
            (rule("*", "size"),),
            id="one that is not known yet is left",
        ),
        pytest.param(
            update({"size": 9, "tags": TAGS, "note": ""}),
            (rule("*", "size"),),
            id="another spelling of nothing may be a wish",
        ),
        pytest.param(update(WAS), (ALL,), id="nothing differs"),
        pytest.param(change(Kind.CREATE, after=WAS), (ALL,), id="create"),
        pytest.param(change(Kind.DELETE, before=WAS), (ALL,), id="delete"),
        pytest.param(change(Kind.REPLACE, before=WAS, after={"size": 9}), (ALL,), id="replace"),
        pytest.param(change(Kind.FORGET, before=WAS), (ALL,), id="forget"),
        pytest.param(change(Kind.ACTION, after={"size": 9}), (ALL,), id="action"),
        pytest.param(change(Kind.UNKNOWN, before=WAS, after={"size": 9}), (ALL,), id="unknown"),
        pytest.param(
            replace(update({"size": 9}), previous_address=Address("aws_sqs_queue.p")), (ALL,), id="moved too"
        ),
        pytest.param(replace(update({"size": 9}), importing="q"), (ALL,), id="imported too"),
        pytest.param(replace(update({"size": 9}), deposed="abc"), (ALL,), id="deposed"),
        pytest.param(update({"size": 9}), (), id="no rule"),
    ],
)
def test_what_is_more_than_covered_attributes_is_not_covered(
    one: Change, rules: tuple[IgnoreRule, ...]
) -> None:
    assert covering(one, rules) == ()


@pytest.mark.parametrize("inputs_changed", [True, False, None], ids=str)
def test_a_covered_change_is_known_as_such_whatever_its_cause(inputs_changed: bool | None) -> None:
    (item,) = assessed(planned(update({"size": 9})), inputs_changed=inputs_changed, ignore=(ALL,)).changes
    assert item.ignored_by == (ALL,)
    assert item.cause in (Cause.GIT, Cause.OTHER, Cause.UNKNOWN)


def test_a_rule_that_has_ended_covers_nothing() -> None:
    over = rule("*", "*", until=TODAY)
    (item,) = assessed(planned(update({"size": 9})), ignore=(over,)).changes
    assert item.ignored_by == ()


_LEAVES = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "a"])
_VALUES = st.dictionaries(st.sampled_from(["x", "y", "z"]), _LEAVES, max_size=3)


@given(before=_VALUES, after=_VALUES, names=st.sets(st.sampled_from(["x", "y", "z"]), max_size=3))
@settings(max_examples=200, deadline=None)
def test_nothing_that_differs_outside_of_the_named_attributes_is_ever_covered(
    before: dict[str, Json], after: dict[str, Json], names: set[str]
) -> None:
    found = covering(change(before=before, after=after), (rule("*", *names),))
    differ = {
        name
        for name in {*before, *after}
        if (type(before.get(name)), before.get(name)) != (type(after.get(name)), after.get(name))
    }
    if found:
        assert differ <= names
    if differ and differ <= names:
        assert found or before.keys() != after.keys()


@pytest.mark.parametrize(
    ("until", "ended"),
    [(TODAY - timedelta(days=1), True), (TODAY, True), (TODAY + timedelta(days=1), False)],
    ids=["yesterday", "today is the first day without it", "tomorrow"],
)
def test_a_rule_holds_until_its_day(until: date, ended: bool) -> None:
    assert bool(expired([rule("*", "size", until=until)], TODAY)) is ended


def test_a_rule_that_ended_is_told_with_its_place_its_reason_and_what_to_do() -> None:
    place = Place("stacks/x/stack.yaml", 12, 3)
    over = replace(rule("aws_x.*", "size", "tags", until=TODAY, why="autoscaler"), place=place)
    (problem,) = expired([over], TODAY)
    assert str(problem) == (
        f"stacks/x/stack.yaml:12:3: the ignore rule for aws_x.* (size, tags) ended on {TODAY} "
        "(why: autoscaler) (renew `until` or remove it)"
    )
