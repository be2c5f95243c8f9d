"""Whether a capacity moves too far."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.judged import CALM, assessed, change, planned

from tfreconcile.classify.model import HazardKind
from tfreconcile.classify.sides import Sides
from tfreconcile.classify.sizes import Limits, moved, size
from tfreconcile.classify.watched import Rule, When
from tfreconcile.plan.document import Json, Kind

COUNT = Rule(types=("x",), when=When.SCALES, why="why", attribute="n")
SIZE = Rule(types=("x",), when=When.RESIZES, why="why", attribute="n")


def _found(rule: Rule, before: Json, after: Json, limits: Limits) -> list[str]:
    return list(
        moved(rule, Sides(change(Kind.UPDATE, "x.y", before={"n": before}, after={"n": after})), limits)
    )


@pytest.mark.parametrize(
    ("before", "after", "factor", "critical", "expected"),
    [
        pytest.param(2, 4, 2.0, False, None, id="just the factor"),
        pytest.param(2, 5, 2.0, False, "2.5 times as much", id="over the factor"),
        pytest.param(4, 2, 2.0, False, None, id="half"),
        pytest.param(4, 1, 2.0, False, "1/4 of it would be left", id="a quarter"),
        pytest.param(1, 0, 2.0, False, "nothing would be left", id="to nothing"),
        pytest.param(1, 0, 100.0, False, "nothing would be left", id="to nothing whatever the factor"),
        pytest.param(0, 2, 2.0, False, None, id="from nothing"),
        pytest.param(0, 3, 2.0, False, "3 times as much", id="from nothing far"),
        pytest.param(0, 0, 2.0, False, None, id="nothing as before"),
        pytest.param(10, 9, 2.0, True, "a critical stack would have less", id="critical shrinks"),
        pytest.param(9, 10, 2.0, True, None, id="critical grows"),
        pytest.param(3, 4, 1.2, False, "1.3 times as much", id="a smaller factor"),
        pytest.param(-1, 0, 2.0, False, "nothing would be left", id="no limit to nothing"),
        pytest.param(-1, 50, 2.0, False, "it had no limit before", id="a limit now"),
        pytest.param(50, -1, 2.0, False, None, id="no limit any more"),
        pytest.param("256", "2048", 2.0, False, "8 times as much", id="numbers as texts"),
        pytest.param(Decimal("0.5"), Decimal("8.5"), 2.0, False, "17 times as much", id="fractions"),
        pytest.param(None, 100, 2.0, False, None, id="not given before"),
        pytest.param(True, False, 2.0, True, None, id="no number"),
    ],
)
def test_a_count_may_move_by_the_factor(
    before: Json, after: Json, factor: float, critical: bool, expected: str | None
) -> None:
    found = _found(COUNT, before, after, Limits(factor=factor, critical=critical))
    assert [f"n {before} → {after} ({expected}): why".replace("'", '"')] * bool(expected) == [
        sentence.replace('"', "") for sentence in found
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("t3.micro", "t3.small", False),
        ("t3.micro", "t3.medium", True),
        ("t3.large", "m5.large", False),
        ("m5.4xlarge", "m5.metal", True),
        ("c7i.metal-24xl", "c7i.24xlarge", False),
        ("db.r5.large", "db.r5.8xlarge", True),
        ("cache.t3.micro", "cache.t3.micro", False),
        ("n2-standard-8", "n2-standard-16", False),
        ("n2-standard-8", "n2-standard-2", True),
        ("db-custom-2-7680", "db-custom-4-15360", False),
        ("custom-8-32768-ext", "custom-1-2048", True),
        ("f1-micro", "g1-small", False),
        ("t3.large", "strange", True),
        ("strange", "stranger", True),
        ("db.serverless", "db.r5.large", True),
        ("db.serverless", "db.serverless", False),
        ("strange", None, False),
    ],
)
def test_a_size_is_measured_by_its_word(before: str, after: str | None, expected: bool) -> None:
    assert bool(_found(SIZE, before, after, Limits())) is expected


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("2", "1e999999", "over 1000000 times as much"),
        ("1e999999", "2", "1/over 1000000 of it would be left"),
        ("1e-999999", "1e999999", "over 1000000 times as much"),
        ("0", "1e999999", "over 1000000 times as much"),
    ],
)
def test_a_number_of_a_million_digits_is_only_very_large(before: str, after: str, told: str) -> None:
    (sentence,) = _found(COUNT, Decimal(before), Decimal(after), Limits())
    assert f"({told})" in sentence


def test_an_element_is_known_by_its_name_wherever_it_stands() -> None:
    rule = replace(COUNT, attribute="index.*.n", by="name")

    def found(before: list[Json], after: list[Json]) -> list[str]:
        made = change(Kind.UPDATE, "x.y", before={"index": before}, after={"index": after})
        return list(moved(rule, Sides(made), Limits()))

    a: Json = {"name": "a", "n": 10}
    b: Json = {"name": "b", "n": 1000}
    less: Json = {"name": "b", "n": 10}
    assert found([a, b], [b, a]) == []
    assert found([a, b], [b]) == []
    (sentence,) = found([a, b], [less])
    assert sentence == "index.1.n 1000 → 10 (1/100 of it would be left): why"


def test_the_words_for_sizes_are_in_order() -> None:
    words = ("nano", "micro", "small", "medium", "large", "xlarge", "2xlarge", "9xlarge", "24xlarge")
    sizes = [size(f"m5.{word}") for word in words]
    assert None not in sizes
    assert sizes == sorted(sizes, key=lambda one: one or Decimal(0))


@pytest.mark.parametrize("value", ["", "m5.", "t3", "xlarge", "m5.0000xlarge", 3, None, ["t3.micro"]])
def test_what_is_no_size_has_none(value: Json) -> None:
    assert size(value) in (None, Decimal(8))


def test_a_block_that_is_not_known_yet_is_a_move() -> None:
    rule = Rule(types=("x",), when=When.SCALES, why="why", attribute="scaling.*.n")
    made = change(Kind.UPDATE, "x.y", before={"scaling": [{"n": 4}]}, after={}, unknown={"scaling": True})
    (sentence,) = moved(rule, Sides(made), Limits())
    assert sentence == "scaling.0.n 4 → (known after apply) (how far is not known): why"


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 10**6), st.integers(0, 10**6), st.floats(1.0, 100.0))
def test_what_a_smaller_factor_lets_pass_a_larger_one_does_too(
    before: int, after: int, factor: float
) -> None:
    small, large = (
        Limits(factor=one).exceeded(Decimal(before), Decimal(after)) for one in (factor, factor * 2)
    )
    assert large is None or small is not None


@pytest.mark.parametrize(
    ("after", "factor", "critical", "expected"),
    [
        pytest.param(9, 2.0, False, False, id="a little less"),
        pytest.param(9, 2.0, True, True, id="a little less of a critical stack"),
        pytest.param(50, 2.0, False, True, id="far more"),
        pytest.param(50, 6.0, False, False, id="far more within the factor of the host"),
    ],
)
def test_what_is_known_of_the_stack_reaches_the_judgement(
    after: int, factor: float, critical: bool, expected: bool
) -> None:
    known = replace(CALM, scale_factor=factor, critical=critical)
    group = change(Kind.UPDATE, "aws_autoscaling_group.g", before={"max_size": 10}, after={"max_size": after})
    (item,) = assessed(planned(group), known=known).changes
    assert [hazard.kind for hazard in item.hazards] == [HazardKind.SCALE] * expected
