"""Whether a watched attribute moves the wrong way."""

from __future__ import annotations

import pytest
from support.judged import change

from tfreconcile.classify.moves import PLAIN, applies
from tfreconcile.classify.sides import Sides
from tfreconcile.classify.watched import Rule, When
from tfreconcile.plan.document import Change, Json, Kind


def _found(rule: Rule, moved: Change, configured: frozenset[str] | None = None) -> list[str]:
    sides = Sides(moved, configured)
    return list(PLAIN[rule.when](rule, sides)) if applies(rule, sides) else []


def _update(before: Json, after: Json, unknown: Json = False) -> Change:
    return change(Kind.UPDATE, "x.y", before={"a": before}, after={"a": after}, unknown=unknown)


@pytest.mark.parametrize(
    ("when", "values", "before", "after", "expected"),
    [
        pytest.param(When.LEAVES, (True,), True, False, True, id="off"),
        pytest.param(When.LEAVES, (True,), True, None, True, id="not given any more"),
        pytest.param(When.LEAVES, (True,), False, True, False, id="on"),
        pytest.param(When.LEAVES, (True,), True, True, False, id="stays on"),
        pytest.param(When.LEAVES, (True,), 1, 0, False, id="1 is not true"),
        pytest.param(When.LEAVES, ("Enabled",), "Enabled", "Suspended", True, id="a word"),
        pytest.param(When.LEAVES, ("enabled",), "ENABLED", "Enabled", True, id="case alone is a move"),
        pytest.param(When.BECOMES, (True,), False, True, True, id="becomes true"),
        pytest.param(When.BECOMES, (True,), True, True, False, id="was true"),
        pytest.param(When.BECOMES, ("*/AllUsers",), [], ["http://x/AllUsers"], True, id="a member"),
        pytest.param(When.BECOMES, ("all*",), ["allA"], ["allA", "allB"], True, id="one more member"),
        pytest.param(When.BECOMES, ("all*",), ["allA", "allB"], ["allB"], False, id="one less"),
        pytest.param(When.LESS, (), 7, 1, True, id="less"),
        pytest.param(When.LESS, (), 1, 7, False, id="more"),
        pytest.param(When.LESS, (), 7, None, True, id="no number any more"),
        pytest.param(When.LESS, (), None, 7, False, id="a number now"),
        pytest.param(When.SHRINKS, (), ["a", "b"], ["b"], True, id="loses a member"),
        pytest.param(When.SHRINKS, (), ["a", "b"], ["b", "a", "c"], False, id="gains a member"),
        pytest.param(When.SHRINKS, (), ["a"], None, True, id="loses all"),
        pytest.param(When.EMPTIED, (), "key", None, True, id="emptied"),
        pytest.param(When.EMPTIED, (), "key", "", True, id="emptied with another spelling"),
        pytest.param(When.EMPTIED, (), [{"x": None}], [], False, id="was nothing"),
        pytest.param(When.EMPTIED, (), "key", "other", False, id="another one"),
        pytest.param(When.CHANGES, (), "key", "other", True, id="something else"),
        pytest.param(When.CHANGES, (), "key", "key", False, id="the same"),
        pytest.param(When.CHANGES, (), "key", None, False, id="nothing is no change"),
        pytest.param(When.CHANGES, (), None, "key", False, id="there was nothing"),
    ],
)
def test_a_plain_rule_speaks_of_one_direction(
    when: When, values: tuple[Json, ...], before: Json, after: Json, expected: bool
) -> None:
    rule = Rule(types=("x",), when=when, why="why", attribute="a", values=values)
    assert bool(_found(rule, _update(before, after))) is expected


def test_zero_can_mean_for_ever_and_a_number_not_given_can_mean_another() -> None:
    forever = Rule(types=("x",), when=When.LESS, why="why", attribute="a", forever=0)
    assert _found(forever, _update(0, 30))
    assert not _found(forever, _update(30, 0))
    absent = Rule(types=("x",), when=When.LESS, why="why", attribute="a", absent=30)
    assert _found(absent, _update(None, 7))
    assert not _found(absent, _update(None, 30))
    assert not _found(absent, change(Kind.CREATE, "x.y", after={"a": 7}))


@pytest.mark.parametrize("when", [When.LEAVES, When.LESS, When.SHRINKS, When.CHANGES])
def test_a_guard_that_is_known_only_after_apply_is_no_guard(when: When) -> None:
    before: Json = {When.LEAVES: True, When.LESS: 7}.get(when, ["a"])
    rule = Rule(types=("x",), when=when, why="why", attribute="a", values=(True,))
    moved = change(Kind.UPDATE, "x.y", before={"a": before}, after={}, unknown={"a": True})
    (sentence,) = _found(rule, moved, frozenset({"a"}))
    assert "(known after apply)" in sentence
    assert _found(rule, moved, frozenset()) == [], "the code never said anything of it"


def test_a_value_that_is_known_only_after_apply_may_become_the_bad_one() -> None:
    rule = Rule(types=("x",), when=When.BECOMES, why="why", attribute="a", values=(True,))
    moved = change(Kind.UPDATE, "x.y", before={"a": False}, after={}, unknown={"a": True})
    assert _found(rule, moved, frozenset({"a"})) == ["a false → (known after apply): why"]
    assert _found(rule, moved, frozenset()) == []


def test_a_rule_can_be_silenced_by_another_attribute() -> None:
    rule = Rule(types=("x",), when=When.BECOMES, why="why", attribute="a", values=("*",), unless=("arn",))
    cases: tuple[tuple[Json, Json, int], ...] = (
        (None, False, 1),
        ("arn:x", False, 0),
        (None, {"arn": True}, 0),
    )
    for arn, unknown, expected in cases:
        moved = change(Kind.CREATE, "x.y", after={"a": "*", "arn": arn}, unknown=unknown)
        assert len(_found(rule, moved)) == expected


def test_what_stood_there_counts_for_nothing_when_it_is_about_somebody_else_now() -> None:
    rule = Rule(types=("x",), when=When.BECOMES, why="why", attribute="a", values=("*",), beside=("who",))
    for who, expected in (("ana", 0), ("bo", 1)):
        moved = change(Kind.REPLACE, "x.y", before={"a": "v", "who": "ana"}, after={"a": "v", "who": who})
        assert len(_found(rule, moved)) == expected


def test_what_was_harmless_and_is_no_longer_is_new() -> None:
    rule = Rule(types=("x",), when=When.BECOMES, why="why", attribute="a", values=("*",), unless=("arn",))
    cases: tuple[tuple[Json, Json, int], ...] = (
        ("arn:aws:sns:eu-central-1:123456789012:t", None, 1),
        ("arn:aws:sns:eu-central-1:123456789012:t", "arn:aws:sns:*:*:*", 1),
        (None, "arn:aws:s3:::*", 0),
        (None, "arn:aws:sns:eu-central-1:123456789012:t", 0),
        ("arn:aws:sns:eu-central-1:123456789012:t", "arn:aws:sns:*:123456789012:*", 0),
    )
    for before, after, expected in cases:
        moved = change(Kind.REPLACE, "x.y", before={"a": "*", "arn": before}, after={"a": "*", "arn": after})
        assert len(_found(rule, moved)) == expected, (before, after)


@pytest.mark.parametrize(
    ("before", "after", "unknown", "expected"),
    [
        pytest.param(["t"], [], False, 1, id="taken away"),
        pytest.param(["t"], None, False, 1, id="not given any more"),
        pytest.param(["t"], ["t", "u"], False, 1, id="one more"),
        pytest.param(["t"], None, {"tags": True}, 1, id="not known yet"),
        pytest.param(["t", "u"], ["u"], False, 0, id="one less"),
        pytest.param([], ["t"], False, 0, id="given now"),
        pytest.param(["t"], ["t"], False, 0, id="as before"),
    ],
)
def test_what_stood_there_counts_for_nothing_when_it_is_about_more_now(
    before: Json, after: Json, unknown: Json, expected: int
) -> None:
    rule = Rule(types=("x",), when=When.BECOMES, why="why", attribute="a", values=("v",), narrows=("tags",))
    was: Json = {"a": "v", "tags": before}
    moved = change(Kind.UPDATE, "x.y", before=was, after={"a": "v", "tags": after}, unknown=unknown)
    assert len(_found(rule, moved)) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(["READ"], ["FULL_CONTROL"], 1, id="all"),
        pytest.param(["READ"], ["READ", "WRITE"], 1, id="one more"),
        pytest.param(["FULL_CONTROL"], ["READ"], 0, id="less than all"),
        pytest.param(["READ", "WRITE"], ["READ"], 0, id="one less"),
        pytest.param(["READ"], ["READ"], 0, id="as before"),
        pytest.param(["READ"], None, 1, id="not known yet"),
    ],
)
def test_who_is_in_already_may_get_in_for_more(before: Json, after: Json, expected: int) -> None:
    rule = Rule(
        types=("x",), when=When.BECOMES, why="why", attribute="g.*.who", values=("all",), along="g.*.may"
    )
    moved = change(
        Kind.UPDATE,
        "x.y",
        before={"g": [{"who": "all", "may": before}, {"who": "ana", "may": ["WRITE"]}]},
        after={"g": [{"who": "ana", "may": ["WRITE"]}, {"who": "all", "may": after}]},
        unknown={"g": [{}, {"may": after is None}]},
    )
    assert len(_found(rule, moved)) == expected


def test_a_value_that_goes_by_patterns_is_one_of_them_whatever_its_case() -> None:
    rule = Rule(
        types=("x",), when=When.BECOMES, why="why", attribute="a", values=("*",), only={"g": ("*adm*",)}
    )
    for group, expected in (("Admins", 1), ("readers", 0), (None, 1)):
        assert len(_found(rule, change(Kind.CREATE, "x.y", after={"a": "ana", "g": group}))) == expected


def test_only_a_deletion_rule_speaks_of_a_deletion() -> None:
    gone = change(Kind.DELETE, "x.y", before={"a": True})
    switch = Rule(types=("x",), when=When.LEAVES, why="why", attribute="a", values=(True,))
    guard = Rule(types=("x",), when=When.DELETED, why="why", attribute="a", values=(True,))
    assert _found(switch, gone) == []
    assert _found(guard, gone) == ["it would be gone: why"]
    assert _found(guard, change(Kind.DELETE, "x.y", before={"a": False})) == []
    assert _found(guard, _update(True, False)) == []


def test_a_value_that_is_marked_on_either_side_is_never_told() -> None:
    rule = Rule(types=("x",), when=When.LEAVES, why="why", attribute="a", values=("EXAMPLE-SECRET-A",))
    for masks in (
        {"before_sensitive": {"a": True}},
        {"after_sensitive": {"a": True}},
        {"before_sensitive": True},
    ):
        moved = Change(**{**vars(_update("EXAMPLE-SECRET-A", "EXAMPLE-SECRET-B")), **masks})
        (sentence,) = _found(rule, moved)
        assert sentence == "a (sensitive) → (sensitive): why"
