"""Is an exported journal whole and unchanged? Needs the file alone: no database, no key, no host config."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from tfreconcile.errors import Misconfigured
from tfreconcile.plan.canonical import canonical
from tfreconcile.plan.document import Json
from tfreconcile.source.signers import Signers
from tfreconcile.store import bundles, chain
from tfreconcile.store.audit import Audited
from tfreconcile.store.bundles import Columns
from tfreconcile.store.export import FORMAT
from tfreconcile.store.told import Finding, Walk, merged

if TYPE_CHECKING:
    from hashlib import _Hash as Digest

LONGEST = 128 << 20
"""Bytes of one line: a bundle holds a whole masked plan."""
HINT = "write one with: tfreconcile audit export --output FILE"
NOT_OURS = "was changed: it is not written as tfreconcile writes it"
_HEADER = {"format", "written_by", "key", "stack", "since", "first", "last"}


def verify(
    path: Path, *, key: bytes | None = None, signers: Signers | None = None, longest: int = LONGEST
) -> Audited:
    """Look at each line; with ``key`` also at the seals, with ``signers`` also at each signature.

    A line has ``longest`` bytes at most. Raises Misconfigured for a file that is no export, or of a format
    that this version does not know.
    """
    try:
        with path.open("rb") as file:
            return _verified(_lines(file, longest), str(path), key, signers)
    except OSError as error:
        raise Misconfigured.at(str(path), f"cannot be read: {error.strerror}", HINT) from error


def _lines(file: BinaryIO, longest: int) -> Iterator[bytes]:
    """The lines; a longer one comes in pieces without an end."""
    return iter(lambda: file.readline(longest + 1), b"")


def _verified(lines: Iterator[bytes], name: str, key: bytes | None, signers: Signers | None) -> Audited:
    first = next(lines, b"")
    header = _header(first, name)
    whole = header["stack"] is None and header["since"] == 1
    walk = Walk(key=key, before=chain.START if whole else None, linked=header["stack"] is None)
    review = _Review(header=header, walk=walk, signers=signers, digest=sha256(first))
    if _written(_parsed(first)) != first:
        review.say(1, NOT_OURS)
    for number, line in enumerate(lines, 2):
        review.take(number, line)
    review.end()
    return Audited(
        events=walk.events,
        head=review.head,
        findings=merged(tuple(walk.told.news(review.findings))),
        notes=(*_notes(header, key, signers), *review.notes, *walk.told.history()),
    )


def _header(line: bytes, name: str) -> Columns:
    match _parsed(line):
        case {"header": {"format": version}} if version != FORMAT:
            what = f"this is an export of format {version}; this tfreconcile reads format {FORMAT}"
            raise Misconfigured.at(name, what, "use the tfreconcile that wrote it, or a newer one")
        case {"header": dict(header)} if set(header) == _HEADER:
            return header
    raise Misconfigured.at(name, "this is not an exported journal: its first line is no header", HINT)


def _parsed(line: bytes) -> Json:
    """The JSON of a line, None for what is none."""
    try:
        found: Json = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return found


def _refuse(word: str) -> Json:
    raise ValueError(f"{word} is not JSON")


def _written(document: Json) -> bytes:
    """The one way to write a line."""
    return canonical(document).encode("ascii") + b"\n"


@dataclass(kw_only=True)
class _Review:
    """What was seen of the file so far. ``footer`` is the last line's, once it was there."""

    header: Columns
    walk: Walk
    signers: Signers | None
    digest: Digest
    head: str = ""
    first: Json = None
    last: Json = None
    bundles: set[int] = field(default_factory=set)
    footer: Columns | None = None
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def say(self, line: int, what: str, kind: str = "line") -> None:
        """Write a finding down."""
        self.findings.append(Finding(kind=kind, first=line, last=line, what=what))

    def take(self, number: int, line: bytes) -> None:
        """Look at one line."""
        if self.footer is not None:
            self.say(number, "comes after the end")
            return
        document = _parsed(line)
        if not line.endswith(b"\n"):
            self.say(number, "is cut off, or too long for a line of an export")
        elif _written(document) != line:
            self.say(number, NOT_OURS)
        match document:
            case {"footer": dict(footer), **more}:
                self.footer = {**footer, **{str(key): None for key in more}}
                self._close(number, self.footer)
            case {"event": dict(columns), **more} if not more:
                self._event(number, columns)
            case {"bundle": dict(bundle), **more} if not more:
                self._bundle(number, bundle)
            case _:
                self.say(number, "is neither an event nor evidence nor the end")
        self.digest.update(line)

    def _bundle(self, line: int, bundle: Columns) -> None:
        number = bundle.get("number")
        if not isinstance(number, int):
            self.say(line, "is evidence of nothing")
            return
        self.bundles.add(number)
        for what in bundles.wrong(bundle, number, self.walk.told, self.signers):
            self.say(number, what, "apply")
        self.notes.extend(bundles.worth_a_look(bundle, number, self.walk.told))

    def _event(self, line: int, columns: Columns) -> None:
        found, self.head = columns.get("id"), str(columns.get("hash"))
        self.first = found if self.first is None else self.first
        self.last = found
        number = found if isinstance(found, int) else line
        for what in self.walk.step(columns):
            self.say(number, what, "event")
        if self.header["stack"] not in (None, columns.get("stack")):
            self.say(number, f"is not of {self.header['stack']}", "event")

    def _close(self, line: int, footer: Columns) -> None:
        counted: Columns = {
            "events": self.walk.events,
            "bundles": len(self.bundles),
            "head": self.head or None,
            "sha256": self.digest.hexdigest(),
        }
        if footer != counted:
            differing = sorted(key for key in {*footer, *counted} if footer.get(key) != counted.get(key))
            self.say(line, f"does not fit what stands before it: {', '.join(differing)}")

    def end(self) -> None:
        """Look back, after the last line."""
        if self.footer is None:
            self.say(self.walk.events + len(self.bundles) + 2, "should be the end, and is missing: cut off")
        if (self.first, self.last) != (self.header["first"], self.header["last"]):
            self.say(1, f"promises events {self.header['first']} to {self.header['last']}")
        if self.walk.linked and self.first not in (None, self.header["since"]):
            self.say(1, f"promises events from {self.header['since']} on")
        for apply in sorted(self.walk.told.begun.keys() - self.bundles):
            self.say(apply, "has no evidence in this file", "apply")


def _notes(header: Columns, key: bytes | None, signers: Signers | None) -> Iterator[str]:
    if header["stack"] is not None:
        yield f"only events of {header['stack']} are in it: whether one was left out cannot be seen"
    elif header["since"] != 1:
        yield f"it begins with event {header['first']}: what was before is not in it"
    if key is None:
        yield "seals were not looked at (--key): who wrote the whole file anew is not found by the file alone"
    if signers is None:
        yield "signatures were not looked at (--signers)"
