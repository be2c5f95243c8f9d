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


@pytest.mark.parametrize("when", [When.LEAVES, When.LESS, When.SHRINKS])
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
