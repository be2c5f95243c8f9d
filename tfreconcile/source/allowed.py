"""Which person is which key, by the text of a signers file?

The format is that of ``allowed_signers`` in ssh-keygen(1). ssh-keygen has the last word on every signature;
it passes over a line that it cannot read, and a person who mistyped one would never hear of it.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

_PRINCIPALS = re.compile(r'(?:"([^"]*)"|([^\s"]+))[ \t]+')
_OPTIONS = re.compile(r'(?:[^\s"]|"(?:[^"\\]|\\.)*")+[ \t]+')
_OPTION = re.compile(r'([a-z-]+)(?:="((?:[^"\\]|\\.)*)")?(?:,|$)', re.IGNORECASE)
_KEY = re.compile(r"((?:ssh|ecdsa|sk)-[A-Za-z0-9@.-]+)[ \t]+([A-Za-z0-9+/]+={0,2})(?:[ \t]|$)")
_MOMENT = re.compile(r"\d{8}(\d{4}(\d\d)?)?Z?")


class Malformed(ValueError):
    """A line is not of the format; the message names its number."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line: ``key`` is the key's blob, ``namespaces`` None means that it may sign in all of them."""

    number: int
    principals: tuple[str, ...]
    key: bytes
    authority: bool = False
    namespaces: tuple[str, ...] | None = None

    def persons(self) -> tuple[str, ...]:
        """The principals that are no pattern, in the order of the file."""
        return tuple(name for name in self.principals if name and not any(c in name for c in "*?!"))

    def speaks_in(self, namespace: str) -> bool:
        """May this key sign in a namespace? For explanations: ssh-keygen decides."""
        return self.namespaces is None or any(fnmatchcase(namespace, n) for n in self.namespaces)


def parse(content: bytes) -> tuple[Line, ...]:
    """All lines of a signers file. Raises Malformed for the first line that is wrong."""
    return tuple(_line(number, text) for number, text in _lines(content))


def parse_keys(content: bytes) -> tuple[bytes, ...]:
    """The keys of a file with one public key in a line. Raises Malformed for the first that is none."""
    return tuple(_key(number, text) for number, text in _lines(content))


def _lines(content: bytes) -> Iterator[tuple[int, str]]:
    for number, row in enumerate(content.split(b"\n"), 1):
        try:
            text = row.decode("utf-8").strip(" \t\r")
        except UnicodeDecodeError:
            raise Malformed(f"line {number} is not UTF-8") from None
        if text and not text.startswith("#"):
            yield number, text


def _line(number: int, text: str) -> Line:
    principals = _PRINCIPALS.match(text)
    if principals is None:
        raise Malformed(f"line {number} is not of the form: principals [options] key-type key")
    rest = text[principals.end() :]
    named = tuple((principals[1] or principals[2] or "").split(","))
    if _KEY.match(rest):
        return Line(number=number, principals=named, key=_key(number, rest))
    options = _OPTIONS.match(rest)
    if options is None:
        raise Malformed(f"line {number} has no key")
    given = _options(number, options[0].strip())
    spaces = given.get("namespaces")
    return Line(
        number=number,
        principals=named,
        key=_key(number, rest[options.end() :]),
        authority="cert-authority" in given,
        namespaces=None if spaces is None else tuple(spaces.split(",")),
    )


def _key(number: int, text: str) -> bytes:
    found = _KEY.match(text)
    try:
        blob = b64decode(found[2], validate=True) if found else b""
    except ValueError:
        blob = b""
    kind = found[1].encode() if found else b""
    # A blob repeats its type: RFC 4253 section 6.6.
    if not found or not blob.startswith(len(kind).to_bytes(4, "big") + kind):
        raise Malformed(f"line {number} has no public key in the place of one")
    return blob


def _options(number: int, text: str) -> dict[str, str]:
    given: dict[str, str] = {}
    end = 0
    while end < len(text):
        option = _OPTION.match(text, end)
        if option is None:
            raise Malformed(f"line {number} has options that cannot be read")
        name, value = option[1].lower(), option[2]
        if name in given:
            raise Malformed(f"line {number} has the option {name} twice")
        _check(number, name, value)
        given[name] = value or ""
        end = option.end()
    return given


def _check(number: int, name: str, value: str | None) -> None:
    match name:
        case "cert-authority":
            right = value is None
        case "namespaces":
            right = bool(value)
        case "valid-after" | "valid-before":
            right = value is not None and _MOMENT.fullmatch(value) is not None
        case _:
            allowed = "cert-authority, namespaces, valid-after, valid-before"
            raise Malformed(f"line {number} has the unknown option {name[:40]}; allowed: {allowed}")
    if not right:
        raise Malformed(f"line {number} has a value for {name} that cannot be read")
