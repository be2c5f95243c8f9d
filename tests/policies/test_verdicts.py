"""Whatever an engine answers, does it end in findings or block, and never pass by being odd?"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plans import JUNK

from tfreconcile.errors import Stalled
from tfreconcile.policies import opa
from tfreconcile.policies.verdicts import Json, Query, findings

QUERY = Query("main", ("deny",), excepts=False)


@given(JUNK)
@settings(max_examples=200, deadline=None)
def test_an_answer_is_a_set_of_messages_or_it_blocks(value: Json) -> None:
    is_set = isinstance(value, list) and all(
        isinstance(one, str) or (isinstance(one, dict) and isinstance(one.get("msg"), str)) for one in value
    )
    if is_set and isinstance(value, list):
        assert len(findings(QUERY, {"main.deny": [value]}).denied) == len(value)
    else:
        with pytest.raises(Stalled, match="PolicyError"):
            findings(QUERY, {"main.deny": [value]})


EXCEPTING = Query("main", ("deny",), excepts=True)


@given(st.lists(st.lists(st.sampled_from(["", "other"]), max_size=3), max_size=3))
@settings(max_examples=50, deadline=None)
def test_an_exception_lifts_a_rule_exactly_when_it_names_it(names: list[list[str]]) -> None:
    value: list[Json] = [list(each) for each in names]
    found = findings(EXCEPTING, {"main.deny": [["no"]], "main.exception": [value]})
    assert bool(found.excepted) is any("" in each for each in names)
    assert len(found.denied) + len(found.excepted) == 1


@pytest.mark.parametrize("value", [1, "x", {"a": ["b"]}, [1], ["x"], [[1]], [["x"], 2], [[["x"]]]])
def test_an_exception_of_another_form_blocks(value: Json) -> None:
    with pytest.raises(Stalled, match=r"main\.exception"):
        findings(EXCEPTING, {"main.deny": [["no"]], "main.exception": [value]})


@pytest.mark.parametrize("answer", [[], None, [None], [[], []], {}, "x"])
def test_a_rule_without_an_answer_blocks(answer: Json) -> None:
    with pytest.raises(Stalled, match=r"main\.deny"):
        findings(QUERY, {"main.deny": answer})
    with pytest.raises(Stalled, match=r"main\.deny"):
        findings(QUERY, {})


@given(st.binary(max_size=60), st.binary(max_size=60), st.integers(0, 3))
@settings(max_examples=100, deadline=None)
def test_no_junk_passes_for_an_answer_of_opa(out: bytes, err: bytes, code: int) -> None:
    said = opa.understood(code, out, err, Path("/nonexistent"))
    assert said is None or (isinstance(said, dict) and "error" in said)
