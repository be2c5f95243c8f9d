"""What does a YAML text say, and where does each of its values stand?

Only the plain part of YAML 1.2 is read: mappings with text keys, lists, text, numbers, true, false and null.
Everything by which a short file can become a large or a surprising one (aliases, merge keys, tags,
directives, several documents) is refused with its place. The parser's events are used rather than its
loaded objects: each carries a place, and nothing is built before it was checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StreamMark
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from tfreconcile.errors import Misconfigured, Place, Problem
from tfreconcile.source import scalars
from tfreconcile.source.model import Scalar

Path: TypeAlias = tuple[str | int, ...]
"""Keys and list indexes that lead to a value; () is the whole file."""

DEPTH = 32
"""How many collections may stand inside each other."""
SHOWN = 50
"""How many problems of one file are told one by one."""

_FORBIDDEN = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"  # YAML 1.2.2 §5.1
)
_HINTS = (
    ("mapping values are not allowed", 'put a value that holds ": " in quotes, or mend the indentation'),
    ("'\\t'", "indent with spaces"),
    ("cannot start any token", "put the value in quotes"),
    ("<block end>", "mend the indentation"),
    ("stream end", "close the bracket or the quote"),
    ("end of stream", "close the bracket or the quote"),
)


@dataclass(frozen=True)
class Content:
    """A text as plain values; ``keys`` and ``values`` say where each key and each value begins."""

    value: Scalar
    keys: Mapping[Path, Place]
    values: Mapping[Path, Place]


def read(content: bytes, file: str, *, limit: int) -> Content:
    """The one document that a file holds; ``limit`` in bytes is checked before anything else.

    Raises Misconfigured with every problem that was met, whatever the bytes are.
    """
    reader = _Reader(text_of(content, file, limit), file)
    value = reader.document()
    if reader.problems:
        raise several(reader.problems)
    return Content(value, reader.keys, reader.values)


def several(problems: list[Problem]) -> Misconfigured:
    """All problems of one file; of a very long list the beginning and how many there are."""
    told = tuple(problems[:SHOWN])
    if len(problems) > SHOWN:
        more = f"and {len(problems) - SHOWN} more problems"
        told = (*told, Problem(Place(problems[0].place.file), more, "mend these first"))
    return Misconfigured(told)


def dotted(path: Path) -> str:
    """``("health", 0, "http")`` as ``health.0.http``; what is not printable is escaped."""
    return ".".join(_part(part) for part in path)


def _part(part: str | int) -> str:
    text = str(part)
    text = text if len(text) <= 80 else f"{text[:77]}..."
    return text if text.isprintable() else ascii(text)[1:-1]


def text_of(content: bytes, file: str, limit: int) -> str:
    """The characters of a file. Raises Misconfigured for too many bytes, and for what YAML cannot hold."""
    if len(content) > limit:
        raise Misconfigured.at(
            file, f"the file has {len(content)} bytes; allowed: up to {limit}", "make it smaller"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = f"byte {error.start} (0x{content[error.start]:02x}) is not UTF-8"
        raise Misconfigured((Problem(Place(file, line, 1), what, "save the file as UTF-8"),)) from None
    if found := _FORBIDDEN.search(text):
        line = text.count("\n", 0, found.start()) + 1
        place = Place(file, line, found.start() - text.rfind("\n", 0, found.start()))
        raise Misconfigured((_forbidden(place, found.group()),))
    return text


def _forbidden(place: Place, character: str) -> Problem:
    return Problem(place, f"the character U+{ord(character):04X} is not allowed in a definition", "remove it")


def events(text: str, file: str) -> Iterator[Event]:
    """What the parser meets, up to a fault, which is raised as Misconfigured.

    Its own errors quote the text, which may be secret, so none is chained.
    """
    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except MarkedYAMLError as error:
        raise Misconfigured((_syntax(error, file),)) from None
    except Exception as error:  # the parser knows more ways to fail on bad escapes than it names
        raise Misconfigured.at(file, f"not valid YAML ({type(error).__name__})", "mend its escapes") from None


def _syntax(error: MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    said = str(error.problem or error.context or "it cannot be read").splitlines()[0][:160]
    hint = next((hint for sign, hint in _HINTS if sign in said), "")
    return Problem(_place(mark, file) if mark else Place(file), f"not valid YAML: {said}", hint)


def _place(mark: StreamMark, file: str) -> Place:
    return Place(file, mark.line + 1, mark.column + 1)


class _Reader:
    """Turns events into plain values; a problem is noted and reading goes on where that makes sense."""

    def __init__(self, text: str, file: str) -> None:
        self.problems: list[Problem] = []
        self.keys: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}
        self._file = file
        self._events = events(text, file)

    def document(self) -> Scalar:
        self._next()
        start = self._next()
        if not isinstance(start, DocumentStartEvent):
            raise Misconfigured.at(self._file, "the file is empty", "write at least one key: value line")
        if start.version or start.tags:
            self._note(start, "a % directive is not allowed", "remove the line")
        value = self._value(self._next(), ())
        self._next()
        after = self._next()
        if not isinstance(after, StreamEndEvent):
            self._note(after, "a second document begins here; allowed: one in a file", "split the file")
        return value

    def _next(self) -> Event:
        try:
            return next(self._events)
        except Misconfigured as error:
            raise several([*self.problems, *error.problems]) from None

    def _note(self, event: Event, what: str, hint: str) -> None:
        self.problems.append(Problem(_place(event.start_mark, self._file), what, hint))

    def _value(self, event: Event, path: Path) -> Scalar:
        self.values[path] = _place(event.start_mark, self._file)
        if len(path) > DEPTH:
            self._note(event, f"values are nested more than {DEPTH} deep", "make the file flatter")
            raise several(self.problems)
        self._refuse_indirection(event)
        match event:
            case ScalarEvent():
                return self._scalar(event)
            case SequenceStartEvent():
                return self._list(path)
            case MappingStartEvent():
                return self._mapping(path)
        return None

    def _refuse_indirection(self, event: Event) -> None:
        if isinstance(event, AliasEvent):
            self._note(event, f"the alias *{_part(event.anchor)} is not allowed", "write the value out")
        elif isinstance(event, NodeEvent) and event.anchor is not None:
            self._note(event, f"the anchor &{_part(event.anchor)} is not allowed", "write each value out")
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._note(event, f"the tag {_part(str(tag))} is not allowed", "remove it; quote what is text")

    def _list(self, path: Path) -> list[Scalar]:
        found: list[Scalar] = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            found.append(self._value(event, (*path, len(found))))
        return found

    def _mapping(self, path: Path) -> dict[str, Scalar]:
        found: dict[str, Scalar] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            key = self._key(event, path)
            inner = (*path, key)
            if key in found:
                what = f"{dotted(inner)}: the key is there twice, first at line {self.keys[inner].line}"
                self._note(event, what, "keep one of them")
            self.keys[inner] = _place(event.start_mark, self._file)
            found[key] = self._value(event := self._next(), inner)
            if isinstance(event, ScalarEvent) and event.start_mark.index == event.end_mark.index:
                self.values[inner] = self.keys[inner]  # the parser places what is not there at what follows
        return found

    def _key(self, event: Event, path: Path) -> str:
        if not isinstance(event, ScalarEvent):
            self._note(event, "a key must be plain text, not a list or a mapping", "write key: value")
            self._value(event, (*path, ""))
            return ""
        self._refuse_indirection(event)
        if event.implicit[0] and event.value == "<<":
            self._note(event, "the merge key << is not allowed", "write the keys out")
        elif not isinstance(self._scalar(event), str):
            shown = repr(event.value) if event.value else "that is empty"
            self._note(event, f"the key {shown[:80]} is not text", "put it in quotes")
        return str(event.value)

    def _scalar(self, event: ScalarEvent) -> Scalar:
        text = str(event.value)
        if found := _FORBIDDEN.search(text):  # an escape can bring what the file itself may not hold
            self.problems.append(_forbidden(_place(event.start_mark, self._file), found.group()))
        if not event.implicit[0]:
            return text
        try:
            return scalars.plain(text)
        except ValueError as error:
            self._note(event, str(error), "put it in quotes if it is text")
        return text
