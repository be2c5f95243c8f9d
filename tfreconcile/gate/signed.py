"""What does a signed word say? Its text, for a tag's message or for ``ssh-keygen -Y sign``, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from tfreconcile.gate.model import Verdict
from tfreconcile.plan.fingerprint import Fingerprint

DIGITS = 12
"""Digits of the fingerprint in the name of a tag."""
LONGEST_REASON = 500
_PREFIX = "tfreconcile-"
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_OF_EVERY_WORD = frozenset({"stack", "plan", "expires", "reason", "window"})
_OF_A_TEXT = _OF_EVERY_WORD | {"verdict", "at"}


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a person signs. ``expires_at`` None: as long as the policy lets it last.

    ``override``: the plan may also be applied while a window is closed. ``verdict`` and ``at`` are None in
    the message of a tag: its name and its date say them.
    """

    stack: str
    fingerprint: Fingerprint
    verdict: Verdict | None = None
    at: datetime | None = None
    expires_at: datetime | None = None
    reason: str = ""
    override: bool = False


class Unreadable(Exception):
    """The lines of a signed word do not say one thing clearly. ``reason`` is a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def text(said: Said, verb: Verdict) -> str:
    """A title, an empty line, and one line a fact. ``verb`` is for the title only."""
    title = f"{verb.capitalize()} plan {said.fingerprint[:DIGITS]} of {said.stack}"
    return "\n".join((title, "", *_lines(said), ""))


def _lines(said: Said) -> Iterable[str]:
    yield f"Tfreconcile-Stack: {said.stack}"
    yield f"Tfreconcile-Plan: {said.fingerprint}"
    if said.verdict is not None:
        yield f"Tfreconcile-Verdict: {said.verdict}"
    if said.at is not None:
        yield f"Tfreconcile-At: {moment(said.at)}"
    if said.expires_at is not None:
        yield f"Tfreconcile-Expires: {moment(said.expires_at)}"
    if said.reason:
        yield f"Tfreconcile-Reason: {one_line(said.reason)}"
    if said.override:
        yield "Tfreconcile-Window: override"


def one_line(reason: str) -> str:
    """A reason as it fits into one line: printable characters, single blanks, not too long."""
    printable = "".join(letter if letter.isprintable() else " " for letter in reason)
    return " ".join(printable.split())[:LONGEST_REASON].rstrip()


def moment(at: datetime) -> str:
    """RFC 3339 in UTC with seconds."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def read(trailers: Iterable[tuple[str, str]], *, tag: bool) -> Said:
    """The word that these (key, value) lines say; those of other keys are nobody's business.

    ``tag``: they are those of a tag, whose name says the verdict. Raises Unreadable for a line that is there
    twice, that is missing, that a newer version may understand but this one does not, or that is no value.
    """
    facts = _facts(trailers, _OF_EVERY_WORD if tag else _OF_A_TEXT)
    return Said(
        stack=_needed(facts, "stack"),
        fingerprint=_fingerprint(_needed(facts, "plan")),
        verdict=None if tag else _verdict(_needed(facts, "verdict")),
        at=None if tag else _moment("At", _needed(facts, "at")),
        expires_at=_moment("Expires", facts["expires"]) if "expires" in facts else None,
        reason=one_line(facts.get("reason", "")),
        override=_override(facts.get("window")),
    )


def _facts(trailers: Iterable[tuple[str, str]], known: frozenset[str]) -> Mapping[str, str]:
    facts: dict[str, str] = {}
    for key, value in trailers:
        if not key.casefold().startswith(_PREFIX):
            continue
        name = key.casefold().removeprefix(_PREFIX)
        if name not in known:
            allowed = ", ".join(f"Tfreconcile-{one.capitalize()}" for one in sorted(known))
            raise Unreadable(f"its trailer {one_line(key)} is not known here; known are {allowed}")
        if name in facts:
            raise Unreadable(f"its trailer Tfreconcile-{name.capitalize()} is there more than once")
        facts[name] = value.strip()
    return facts


def _needed(facts: Mapping[str, str], name: str) -> str:
    if facts.get(name):
        return facts[name]
    raise Unreadable(f"its message has no trailer Tfreconcile-{name.capitalize()} in the last paragraph")


def _fingerprint(value: str) -> Fingerprint:
    if _FINGERPRINT.fullmatch(value):
        return Fingerprint(value)
    found = f"{len(value)} characters" if len(value) != 64 else "other characters"
    raise Unreadable(
        f"its trailer Tfreconcile-Plan must hold all 64 hex digits of the fingerprint, found {found}"
    )


def _verdict(value: str) -> Verdict:
    try:
        return Verdict(value)
    except ValueError:
        allowed = ", ".join(Verdict)
        raise Unreadable(f"its Tfreconcile-Verdict must be one of {allowed}") from None


def _moment(name: str, value: str) -> datetime:
    try:
        if _MOMENT.fullmatch(value):
            return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # a day or an hour that does not exist: said below
    raise Unreadable(f"its trailer Tfreconcile-{name} must be a moment such as 2026-11-21T12:00:00Z")


def _override(value: str | None) -> bool:
    if value not in (None, "override"):
        raise Unreadable("its trailer Tfreconcile-Window can only say: override")
    return value is not None
