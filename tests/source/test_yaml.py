"""What does a YAML text say? Hostile and careless texts, each with the place that is named."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.errors import Misconfigured, Place, Problem
from tfreconcile.source import yaml

FILE = "stacks/a/stack.yaml"
REFUSED = {
    "an empty file": (b"", f"{FILE}: the file is empty"),
    "comments alone": (b"# nothing\n\n", f"{FILE}: the file is empty"),
    "not UTF-8": (b"name: a\nwhy: \xff\n", f"{FILE}:2:1: byte 13 (0xff) is not UTF-8"),
    "UTF-16": ("name: a".encode("utf-16"), f"{FILE}:1:1: byte 0 (0xff) is not UTF-8"),
    "a NUL": (b"name: a\nwhy: b\x00c\n", f"{FILE}:2:7: the character U+0000 is not allowed"),
    "an escape sequence": (b"name: \x1b[31m\n", f"{FILE}:1:7: the character U+001B is not allowed"),
    "an escaped NUL": (b'a: 1\nb: "x\\0"\n', f"{FILE}:2:4: the character U+0000 is not allowed"),
    "an escaped surrogate": (b'a: "\\ud800"\n', f"{FILE}:1:4: the character U+D800 is not allowed"),
    "an impossible escape": (b'a: "\\UFFFFFFFF"\n', f"{FILE}: not valid YAML"),
    "a second byte order mark": (b"\xef\xbb\xbf\xef\xbb\xbfa: 1", f"{FILE}:1:1: the character U+FEFF"),
    "a tab for indentation": (b"a:\n\tb: 1\n", f"{FILE}:2:1: not valid YAML: found character '\\t'"),
    "a colon in a value": (b"a: b: c\n", f"{FILE}:1:5: not valid YAML: mapping values are not allowed"),
    "an open bracket": (b"a: [1\n", f"{FILE}:2:1: not valid YAML: expected ',' or ']'"),
    "a duplicate key": (b"a: 1\nb: 2\na: 3\n", f"{FILE}:3:1: a: the key is there twice, first at line 1"),
    "a deep duplicate": (b"a: {b: 1, b: 2}\n", f"{FILE}:1:11: a.b: the key is there twice"),
    "an anchor": (b"a: &x 1\n", f"{FILE}:1:4: the anchor &x is not allowed"),
    "an anchor at a key": (b"&x a: 1\n", f"{FILE}:1:1: the anchor &x is not allowed"),
    "an alias": (b"a: *x\n", f"{FILE}:1:4: the alias *x is not allowed"),
    "a merge key": (b"a: 1\n<<: {b: 2}\n", f"{FILE}:2:1: the merge key << is not allowed"),
    "a Python tag": (b"a: !!python/name:os.system x\n", f"{FILE}:1:4: the tag tag:yaml.org,2002:python"),
    "a tag on a mapping": (b"a: !x {b: 1}\n", f"{FILE}:1:4: the tag !x is not allowed"),
    "a directive": (b"%YAML 1.1\n---\na: yes\n", f"{FILE}:2:1: a % directive is not allowed"),
    "two documents": (b"a: 1\n---\nb: 2\n", f"{FILE}:2:1: a second document begins here"),
    "a list as a key": (b"a: 1\n? [b]\n: 2\n", f"{FILE}:2:3: a key must be plain text"),
    "a number as a key": (b"12: a\n", f"{FILE}:1:1: the key '12' is not text (put it in quotes)"),
    "an empty key": (b": a\n", f"{FILE}:1:1: the key that is empty is not text"),
    "a lost zero": (b"a: 012345678901\n", f"{FILE}:1:4: a number would lose its leading zero"),
    "infinity": (b"a: .inf\n", f"{FILE}:1:4: a number must be finite"),
    "no number": (b"a: .nan\n", f"{FILE}:1:4: a number must be finite"),
    "an overflow": (b"a: 1e999\n", f"{FILE}:1:4: the number is too large"),
    "a number without end": (b"a: " + b"9" * 5000, f"{FILE}:1:4: a number may have up to 100 characters"),
    "deep nesting": (b"[" * 5000, f"{FILE}:1:34: values are nested more than 32 deep"),
    "deep blocks": (b"- " * 5000, f"{FILE}:1:67: values are nested more than 32 deep"),
    "too large": (b"a: " + b"b" * 2000, f"{FILE}: the file has 2003 bytes; allowed: up to 1000"),
}


def _read(content: bytes, limit: int = 10_000) -> yaml.Content:
    return yaml.read(content, FILE, limit=limit)


@pytest.mark.parametrize(("content", "words"), REFUSED.values(), ids=REFUSED)
def test_a_text_is_refused_with_its_place(content: bytes, words: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        _read(content, limit=1000 if content.endswith(b"b" * 2000) else 10_000)
    assert str(refused.value).startswith(words)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("10", 10),
        ("-3", -3),
        ("0", 0),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("12:30:45", "12:30:45"),
        ("2027-01-01", "2027-01-01"),
        ("1_000", "1_000"),
        ("0b1", "0b1"),
        ("'10'", "10"),
        ('"true"', "true"),
        ("[1, {a: b}]", [1, {"a": "b"}]),
    ],
)
def test_a_value_means_what_yaml_1_2_says(written: str, meant: object) -> None:
    value = _read(f"key: {written}\n".encode()).value
    assert value == {"key": meant}
    assert isinstance(value, dict)
    assert type(value["key"]) is type(meant)


def test_a_byte_order_mark_at_the_start_is_overlooked() -> None:
    assert _read(b"\xef\xbb\xbfname: a\r\n").value == {"name": "a"}


def test_every_key_and_value_has_a_place() -> None:
    read = _read(b"name: a\nhealth:\n  - http: x\n    expect: 200\n")
    assert read.values["health", 0, "expect"] == Place(FILE, 4, 13)
    assert read.keys["health", 0, "expect"] == Place(FILE, 4, 5)
    assert read.values["health",] == Place(FILE, 3, 3)


def test_all_problems_of_a_file_are_told_at_once() -> None:
    with pytest.raises(Misconfigured) as refused:
        _read(b"a: &x 1\nb: *x\nb: 007\nc: [\n")
    assert [problem.place.line for problem in refused.value.problems] == [1, 2, 3, 3, 5]


def test_a_flood_of_problems_is_counted_rather_than_told() -> None:
    with pytest.raises(Misconfigured) as refused:
        _read(b"a: [" + b"*x, " * 1000 + b"]")
    assert len(refused.value.problems) == yaml.SHOWN + 1
    assert "and 950 more problems" in str(refused.value)


@given(st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_no_bytes_bring_another_exception(content: bytes) -> None:
    _either_values_or_problems(content)


_PIECES = ["a", "1", ": ", "- ", "\n", "  ", "[", "]", "{", "}", ",", "'", '"', "|", ">", "&a ", "*a", "!t "]
_MORE = ["? ", "<<", "%", "---\n", "...\n", "#", "\t", "\\", "\x85", "\u2028", "\ufeff", "@", "~", "0", "\r"]


@given(st.lists(st.sampled_from(_PIECES + _MORE), max_size=40).map("".join))
@settings(max_examples=300, deadline=None)
def test_no_pieces_of_yaml_bring_another_exception(text: str) -> None:
    _either_values_or_problems(text.encode())


def _either_values_or_problems(content: bytes) -> None:
    for problem in _problems(content):
        assert problem.place.file == FILE
        assert str(problem).isprintable()


def _problems(content: bytes) -> tuple[Problem, ...]:
    try:
        _read(content)
    except Misconfigured as refused:
        return refused.problems or pytest.fail("refused without a reason")
    return ()
