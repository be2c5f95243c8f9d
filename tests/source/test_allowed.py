"""What does the text of a signers file say?"""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.source import allowed
from tfreconcile.source.allowed import Line, Malformed

BLOB = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(32)
KEY = f"ssh-ed25519 {b64encode(BLOB).decode()}"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"ana {KEY}", Line(number=1, principals=("ana",), key=BLOB)),
        (f"ana {KEY} a comment", Line(number=1, principals=("ana",), key=BLOB)),
        (f"\t ana,bo \t {KEY}\r", Line(number=1, principals=("ana", "bo"), key=BLOB)),
        (f'"ana b,bo" {KEY}', Line(number=1, principals=("ana b", "bo"), key=BLOB)),
        (f"ana cert-authority {KEY}", Line(number=1, principals=("ana",), key=BLOB, authority=True)),
        (f"ana CERT-AUTHORITY {KEY}", Line(number=1, principals=("ana",), key=BLOB, authority=True)),
        (
            'ana cert-authority,namespaces="git,x y",valid-after="20200101",'
            f'valid-before="20300101120000Z" {KEY}',
            Line(number=1, principals=("ana",), key=BLOB, authority=True, namespaces=("git", "x y")),
        ),
    ],
    ids=["plain", "comment", "two", "quoted", "authority", "upper", "options"],
)
def test_a_line_names_persons_and_a_key(text: str, line: Line) -> None:
    assert allowed.parse(text.encode()) == (line,)


def test_lines_are_counted_with_comments_and_blanks() -> None:
    lines = allowed.parse(f"# Ana\n\nana {KEY}\nbo {KEY}".encode())
    assert [(line.number, line.principals) for line in lines] == [(3, ("ana",)), (4, ("bo",))]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ana", "is not of the form"),
        (f'"ana {KEY}', "is not of the form"),
        (KEY, "has no key"),
        (f"ana , {KEY}", "has options that cannot be read"),
        (f'ana namespaces="" {KEY}', "has a value for namespaces"),
        (f'ana cert-authority="x" {KEY}', "has a value for cert-authority"),
        (f'ana valid-after="2020" {KEY}', "has a value for valid-after"),
        (f"ana valid-after {KEY}", "has a value for valid-after"),
        (f'ana namespaces="git",namespaces="x" {KEY}', "has the option namespaces twice"),
        (f"ana no-touch-required {KEY}", "has the unknown option no-touch-required"),
        (f"ana {KEY.replace('ed25519', 'rsa', 1)}", "has no public key"),
        ("ana ssh-ed25519 A", "has no public key"),
        ("ana ssh-dss", "has no key"),
        ("ana cert-authority ", "has no key"),
    ],
)
def test_a_line_that_is_wrong_is_named_by_its_number(text: str, reason: str) -> None:
    with pytest.raises(Malformed, match=f"^line 2 {reason}"):
        allowed.parse(f"ana {KEY}\n{text}\n".encode())


def test_patterns_are_no_persons() -> None:
    line = Line(number=1, principals=("*@a", "ana", "!bo", "c?", "", "dee"), key=BLOB)
    assert line.persons() == ("ana", "dee")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80), st.text('ana"=, \t#\\*' + KEY[:14], max_size=60))
def test_any_bytes_are_lines_or_named_as_wrong(content: bytes, text: str) -> None:
    for one in (content, text.encode(), f"ana {text} {KEY}".encode()):
        try:
            lines = allowed.parse(one)
        except Malformed:
            continue
        assert all(line.key.startswith(b"\0\0\0") for line in lines)
