"""Does a secret stay out of a text, in every form that it takes?"""

from __future__ import annotations

import base64
import json
import re
import string
import urllib.parse

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tfreconcile.redact import SENSITIVE, Scrubber, marked, merged, pruned

SECRET = 'EXAMPLE-SECRET-<"ü&/?>+1'
KEY = "-----BEGIN EXAMPLE KEY-----\nEXAMPLEKEYLINE1\n  EXAMPLEKEYLINE2\nshort\n-----END EXAMPLE KEY-----\n"


@pytest.mark.parametrize(
    "hidden",
    [
        SECRET,
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        json.dumps(SECRET).replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026"),
        urllib.parse.quote(SECRET),
        urllib.parse.quote(SECRET, safe=""),
        urllib.parse.quote_plus(SECRET),
        re.sub("%..", lambda code: code[0].lower(), urllib.parse.quote(SECRET, safe="")),
    ],
    ids=["plain", "json", "json-unicode", "json-html", "url", "url-all", "form", "url-lower-case"],
)
def test_a_secret_is_found_in_other_spellings(hidden: str) -> None:
    scrubbed = Scrubber.of([SECRET]).scrub(f"a {hidden} b")
    assert "EXAMPLE" not in scrubbed
    assert SENSITIVE in scrubbed
    assert scrubbed.startswith("a ")
    assert scrubbed.endswith(" b")


@pytest.mark.parametrize("before", ["", "x", "xy", "xyz"], ids=len)
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode], ids=["std", "url"])
def test_a_secret_inside_of_base64_is_found_wherever_it_begins(before: str, encode: object) -> None:
    assert callable(encode)
    coded = str(encode(f"{before}{SECRET} and more".encode()), "ascii")
    scrubbed = Scrubber.of([SECRET]).scrub(coded)
    assert scrubbed.count(SENSITIVE) == 1
    rest = scrubbed.replace(SENSITIVE, "")
    assert len(rest) <= len(coded) - len(SECRET.encode()) * 8 // 6 + 3


def test_each_long_line_of_a_secret_is_secret() -> None:
    scrubber = Scrubber.of([KEY])
    assert scrubber.scrub("got EXAMPLEKEYLINE2!") == f"got {SENSITIVE}!"
    assert scrubber.scrub("short") == "short"
    assert scrubber.scrub(json.dumps(KEY)).count("EXAMPLE") == 0


def test_a_secret_is_found_without_the_white_space_around_it() -> None:
    assert Scrubber.of(["hush1\n"]).scrub("hush1.") == f"{SENSITIVE}."


@pytest.mark.parametrize("value", ["", "abc", "true", "False", "NULL", "default", "     "])
def test_short_and_common_values_do_not_wreck_a_text(value: str) -> None:
    text = f"abc true False NULL default     {value}"
    assert Scrubber.of([value]).scrub(text) == text


def test_the_longest_secret_wins_and_overlapping_ones_leave_no_rest() -> None:
    assert Scrubber.of(["abcd", "abcdef"]).scrub("xabcdefx") == f"x{SENSITIVE}x"
    assert Scrubber.of(["abcd", "cdef"]).scrub("xabcdefx") == f"x{SENSITIVE}x"
    assert Scrubber.of(["abcd", "efgh"]).scrub("abcdefgh") == SENSITIVE
    assert Scrubber.of(["abcd"]).scrub("abcd abcd") == f"{SENSITIVE} {SENSITIVE}"


def test_a_scrubber_learns_more_and_shows_none_of_it() -> None:
    scrubber = Scrubber().also(["EXAMPLE-SECRET-1"]).also(["EXAMPLE-SECRET-2"])
    assert scrubber.scrub("EXAMPLE-SECRET-1 EXAMPLE-SECRET-2") == f"{SENSITIVE} {SENSITIVE}"
    assert "EXAMPLE" not in repr(scrubber)
    assert Scrubber().scrub("anything") == "anything"


LETTERS = st.text(alphabet="abc1", min_size=4, max_size=8)


@settings(max_examples=300, deadline=None)
@given(st.lists(LETTERS, min_size=1, max_size=4), st.text(alphabet="abc1", max_size=60))
def test_no_secret_survives(secrets: list[str], text: str) -> None:
    scrubbed = Scrubber.of(secrets).scrub(text)
    assert not any(secret in scrubbed for secret in secrets)


@settings(max_examples=200, deadline=None)
@given(LETTERS, st.text(alphabet="xyz", max_size=30), st.text(alphabet="xyz", max_size=30))
def test_nothing_but_the_secret_is_lost(secret: str, before: str, after: str) -> None:
    assert Scrubber.of([secret]).scrub(before + secret + after) == before + SENSITIVE + after


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=6, max_size=20), st.text(alphabet=string.printable, max_size=10))
def test_any_secret_is_found_in_any_json(secret: str, before: str) -> None:
    assume(not any(0xD800 <= ord(character) < 0xE000 for character in secret))
    assume(secret.strip() == secret and secret.lower() not in ("default",))
    text = json.dumps({"k": before + secret})
    assert json.dumps(secret)[1:-1] not in Scrubber.of([secret]).scrub(text).replace(SENSITIVE, "\0")


@pytest.mark.parametrize(
    ("value", "mask", "found"),
    [
        ({"a": "x", "b": "y"}, {"a": True}, ["x"]),
        ({"a": "x", "b": "y"}, True, ["x", "y"]),
        ({"a": "x"}, False, []),
        ({"a": "x"}, None, []),
        (["x", "y"], [False, True], ["y"]),
        (["x", "y", "z"], [False, True], ["y", "z"]),
        ({"a": {"b": ["x"]}}, {"a": {"b": True}}, ["x"]),
        ({"a": ["x"]}, {"a": {"b": True}}, ["x"]),
        ("x", {}, ["x"]),
        ({"a": "x"}, [], ["x"]),
        ("x", "junk", ["x"]),
        (None, True, []),
        ([True, 12345, 123456], True, ["123456"]),
        ({"ghp_1234": "x", "password": "y"}, True, ["ghp_1234", "x", "y"]),
        ('{"user": "u1", "n": 1234567}', True, ['{"user": "u1", "n": 1234567}', "u1", "1234567"]),
        ("{broken", True, ["{broken"]),
    ],
    ids=[
        "one", "all", "none", "absent", "element", "longer-list", "deep", "other-shape", "text-by-object",
        "object-by-list", "junk-mask", "null", "numbers", "keys", "json", "broken-json",
    ],
)  # fmt: skip
def test_what_is_marked_is_found(value: object, mask: object, found: list[str]) -> None:
    assert list(marked(value, mask)) == found


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (False, False, False),
        (True, False, True),
        ({"a": True}, {"b": True}, {"a": True, "b": True}),
        ({"a": True}, {"a": {"b": False}}, {"a": True}),
        ([True], [False, True], [True, True]),
        ({"a": [False, True]}, {"a": {"b": True}}, {"a": True}),
        ({"a": False}, [], False),
        ({"a": "junk"}, False, {"a": True}),
        (None, {"a": True}, {"a": True}),
    ],
    ids=["none", "one", "keys", "empty", "lists", "shapes", "nothing", "junk", "absent"],
)
def test_a_mark_on_either_side_counts(one: object, other: object, both: object) -> None:
    assert merged(one, other) == both
    assert merged(other, one) == both


MASKS: st.SearchStrategy[object] = st.recursive(
    st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
VALUES: st.SearchStrategy[object] = st.recursive(
    st.sampled_from(["s1", "s2", "s3"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(VALUES, MASKS, MASKS)
def test_the_merged_mask_marks_at_least_what_each_one_marks(
    value: object, one: object, other: object
) -> None:
    both = set(marked(value, merged(one, other)))
    assert both >= set(marked(value, pruned(one))) | set(marked(value, pruned(other)))
