"""What does a person read who wrote a configuration file with a mistake in it?"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date, timedelta
from typing import Annotated, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, JsonValue

from tfreconcile.errors import Misconfigured, Place
from tfreconcile.source import document
from tfreconcile.source.document import Section
from tfreconcile.source.shapes import Day, Duration, Note, Text, between, duration_text


class Part(Section):
    """A mapping in a list."""

    name: str
    """A name."""
    level: Literal["low", "high"] = "low"
    """A word."""


class Whole(Section):
    """A file."""

    name: Annotated[str, Text("[a-z]{1,8}", "1 to 8 lower-case letters")] = "a"
    """A text with a shape."""
    count: int = Field(default=1, ge=1, le=9)
    """A number."""
    ratio: float = 0.5
    """Another number."""
    on: bool = False
    """A switch."""
    every: Annotated[Duration, between(timedelta(seconds=10), timedelta(days=1))] = timedelta(minutes=10)
    """A span of time."""
    until: Day = date(2027, 1, 1)
    """A day."""
    why: Note = "because"
    """Some words."""
    parts: list[Part] = Field(default=[], max_length=2)
    """Mappings."""
    free: dict[Annotated[str, Text("[a-z]+", "lower-case letters")], JsonValue] = Field(
        default={}, repr=False
    )
    """Values that no message shows."""
    named: dict[str, Part] = Field(default={})
    """Mappings under names that a person chose."""
    api_token: Annotated[str, Text("[a-z]{8}", "8 letters")] = "abcdefgh"
    """A secret by its name."""


WRONG = {
    "an unknown key": ("nmae: a", "f:1:1: nmae: there is no such key; allowed: name, ", "did you mean name?"),
    "an unknown key inside": (
        "parts:\n- name: a\n  lvl: low",
        "f:3:3: parts.0.lvl: there is no such key; allowed: name, level (",
        "(did you mean level?)",
    ),
    "a missing key": ("parts:\n- level: low", "f:2:3: parts.0.name: the key is missing", "(add name: …)"),
    "a key without a value": ("name:\non: true", "f:1:1: name: the key has no value", "(give it one, or"),
    "a null": ("count: null", "f:1:8: count: the key has no value", "or remove the line)"),
    "a number for text": ("name: 5", "f:1:7: name: found 5 (a number); allowed: text", "(put it in quotes)"),
    "a switch for text": ("name: true", "f:1:7: name: found true; allowed: text", "(put it in quotes)"),
    "text for a number": ("count: '3'", "f:1:8: count: found '3'; allowed: a whole", "(remove the quotes)"),
    "a switch for a number": ("count: true", "f:1:8: count: found true; allowed: a whole number", ""),
    "a fraction": ("count: 1.5", "f:1:8: count: found 1.5 (a number); allowed: a whole number", ""),
    "too small": ("count: 0", "f:1:8: count: found 0 (a number); allowed: 1 or more", ""),
    "too large": ("count: 10", "f:1:8: count: found 10 (a number); allowed: 9 or less", ""),
    "yes for a switch": ("on: yes", "f:1:5: on: found 'yes'; allowed: true or false", "(write true)"),
    "off for a switch": ("on: Off", "f:1:5: on: found 'Off'; allowed: true or false", "(write false)"),
    "1 for a switch": ("on: 1", "f:1:5: on: found 1 (a number); allowed: true or false", ""),
    "a wrong word": (
        "parts: [{name: a, level: hihg}]",
        "f:1:26: parts.0.level: found 'hihg'; allowed: low, high",
        "did you mean high?",
    ),
    "a wrong shape": ("name: A", "f:1:7: name: found 'A'; allowed: 1 to 8 lower-case letters", ""),
    "a text for a list": ("parts: a", "f:1:8: parts: found 'a'; allowed: a list", "(put it in square"),
    "a text in a list": ("parts: [a]", "f:1:9: parts.0: found 'a'; allowed: a mapping (key: value", ""),
    "too many": (
        "parts: [{name: a}, {name: b}, {name: c}]",
        "f:1:8: parts: found 3 entries; allowed: at most 2",
        "",
    ),
    "a wrong key": ("free: {A: 1}", "f:1:8: free.A: found 'A'; allowed: lower-case letters", ""),
    "a list for a file": ("- a", "f:1:1: found a list; allowed: a mapping", ""),
    "a word for a file": ("a", "f:1:1: found 'a'; allowed: a mapping", ""),
    "a bare duration": (
        "every: 600",
        "f:1:8: every: found 600 (a number); allowed: a duration",
        "(write 600s)",
    ),
    "a duration without unit": (
        "every: '600'",
        "f:1:8: every: found '600'; allowed: a duration such as 90s",
        "",
    ),
    "a duration in disorder": ("every: 1m1h", "f:1:8: every: found '1m1h'; allowed: a duration", ""),
    "a short duration": ("every: 9s", "f:1:8: every: found '9s'; allowed: 10s to 1d", ""),
    "no such day": ("until: 2027-02-30", "f:1:8: until: found '2027-02-30'; allowed: a day of the cal", ""),
    "no day": ("until: soon", "f:1:8: until: found 'soon'; allowed: a date such as 2027-01-31", ""),
    "a blank reason": ("why: ' '", "f:1:6: why: found ' '; allowed: a text of up to 500", ""),
    "an unknown key below a name": (
        "named: {level: {name: a, levle: high}}",
        "f:1:26: named.level.levle: there is no such key; allowed: name, level",
        "did you mean level?",
    ),
    "a broken file": ("a: [", "f:2:1: not valid YAML", ""),
}


@pytest.mark.parametrize(("text", "begins", "holds"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_named_with_place_finding_and_remedy(text: str, begins: str, holds: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        document.read(f"{text}\n".encode(), "f", Whole)
    (problem,) = refused.value.problems
    assert str(problem).startswith(begins)
    assert holds in str(problem)


SECRETS = {
    "under a secret name": "api_token: EXAMPLE-hunter2",
    "a number under a secret name": "api_token: 424242",
    "in a private mapping": "free: {a: EXAMPLE-hunter2, b: EXAMPLE-hunter2}\nname: 1",
    "in a URL": "name: https://bob:EXAMPLE-hunter2@example.com/x",
    "by its own words": "name: EXAMPLE-SECRET-hunter2",
    "by its looks": "name: EXAMPLEhunter2AbCdEf0123456789",
    "in a broken line": "name: EXAMPLE-hunter2: x",
    "in an open quote": 'name: "EXAMPLE-hunter2',
    "in a duplicate": "api_token: abcdefgh\napi_token: EXAMPLE-hunter2",
    "behind an anchor": "name: &a EXAMPLE-hunter2",
    "in a long text": "name: " + "EXAMPLE hunter2 " * 10,
}


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
def test_no_message_holds_what_may_be_secret(text: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        document.read(text.encode(), "f", Whole)
    assert "hunter2" not in str(refused.value)
    assert "424242" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None, "it quotes the file"


def test_all_mistakes_are_told_in_the_order_of_the_file() -> None:
    with pytest.raises(Misconfigured) as refused:
        document.read(b"on: yes\ncount: 0\nname: 1\nzzz: 1\n", "f", Whole)
    assert [problem.place.line for problem in refused.value.problems] == [1, 2, 3, 4]


def test_a_right_file_becomes_a_model_with_places() -> None:
    read = document.read(b"every: 1h30m\nparts:\n- {name: b, level: high}\n", "f", Whole)
    assert read.model.every == timedelta(minutes=90)
    assert read.model.parts[0].level == "high"
    assert read.places["parts.0.level"] == Place("f", 3, 20)
    assert list(read.places) == ["every", "parts", "parts.0", "parts.0.name", "parts.0.level"]


def test_a_file_over_the_limit_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(Misconfigured, match="the file has 12 bytes; allowed: up to 10"):
        document.read(b"[[[[[[[[[[[[", "f", Whole, limit=10)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("90s", 90), ("10m", 600), ("24h", 86400), ("1h30m", 5400), ("1d", 86400), ("23h59m60s", 86400)],
)
def test_a_duration_is_read_as_people_write_it(written: str, seconds: int) -> None:
    read = document.read(f"every: {written}".encode(), "f", Whole)
    assert read.model.every == timedelta(seconds=seconds)


@given(st.integers(min_value=10, max_value=86400))
@settings(max_examples=50, deadline=None)
def test_a_duration_that_we_write_is_read_as_the_same(seconds: int) -> None:
    written = duration_text(timedelta(seconds=seconds))
    assert document.read(f"every: {written}".encode(), "f", Whole).model.every == timedelta(seconds=seconds)


_scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*Whole.model_fields, "other"]), _values, max_size=6))
@settings(max_examples=200, deadline=None)
def test_no_values_bring_another_exception(values: dict[str, JsonValue]) -> None:
    with suppress(Misconfigured):
        assert document.read(json.dumps(values).encode(), "f", Whole).model
