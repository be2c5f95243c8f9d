"""What does Terraform say? Its JSON lines and its plain errors, as values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from tfreconcile.errors import Place

EventKind = NewType("EventKind", str)
"""The ``type`` of an event as Terraform spells it: ``diagnostic``, ``apply_start``, ``refresh_start``, ..."""

DIAGNOSTIC = EventKind("diagnostic")
STATE_DUMP = EventKind("state_dump")
"""Ours: Terraform could write the state nowhere and printed it, secrets and all (terraform-facts §8.4)."""

LONGEST_TEXT = 8192
"""Characters of a summary, a detail or a message that are kept."""
_DUMP = b'"@message":"Emergency state dump"'
_HEAD = 256
"""Bytes at the start of a line; Go sorts the keys, so ``@message`` comes long before ``state``. Text of a
provisioner cannot pass for it, since quotes are escaped there."""


class Severity(StrEnum):
    """How bad Terraform says it is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True)
class Diagnostic:
    """One error or warning. Not scrubbed. ``address`` is a resource, ``provider["..."]``, or empty."""

    severity: Severity
    summary: str
    detail: str = ""
    address: str = ""
    place: Place | None = None

    @property
    def text(self) -> str:
        """Summary and detail; SDKv2 providers put everything in the summary."""
        return f"{self.summary}\n{self.detail}"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One JSON line of ``init``, ``plan`` or ``apply``. Not scrubbed; fields that do not apply are empty."""

    kind: EventKind
    message: str = ""
    address: str = ""
    action: str = ""
    provisioner: str = ""
    seconds: float | None = None
    diagnostic: Diagnostic | None = None


def event(line: bytes) -> Event | None:
    """The event in one line; None for what is not one (empty, cut short, not JSON, a document)."""
    if _DUMP in line[:_HEAD]:
        return Event(kind=STATE_DUMP)
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("type"), str):
        return None
    return _event(found)


def _event(found: Mapping[str, object]) -> Event:
    hook = _part(found, "hook")
    kind = EventKind(_text(found, "type"))
    told = _part(found, "diagnostic")
    seconds = hook.get("elapsed_seconds")
    return Event(
        kind=kind,
        message=_text(found, "@message"),
        address=_text(_part(hook, "resource"), "addr"),
        action=_text(hook, "action"),
        provisioner=_text(hook, "provisioner"),
        seconds=float(seconds) if isinstance(seconds, int | float) else None,
        diagnostic=_diagnostic(told) if kind == DIAGNOSTIC and told else None,
    )


def _diagnostic(told: Mapping[str, object]) -> Diagnostic:
    where = _part(told, "range")
    start = _part(where, "start")
    place = Place(_text(where, "filename"), _count(start, "line"), _count(start, "column"))
    return Diagnostic(
        severity=Severity.WARNING if told.get("severity") == "warning" else Severity.ERROR,
        summary=_text(told, "summary"),
        detail=_text(told, "detail"),
        address=_text(told, "address"),
        place=place if place.file else None,
    )


def _part(found: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = found.get(key)
    return value if isinstance(value, dict) else {}


def _text(found: Mapping[str, object], key: str) -> str:
    value = found.get(key)
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""


def _count(found: Mapping[str, object], key: str) -> int:
    value = found.get(key)
    return value if isinstance(value, int) else 0


_FRAME = re.compile(r"^[╷│╵] ?", re.MULTILINE)
_START = re.compile(r"^(Error|Warning): ", re.MULTILINE)
_SOURCE = re.compile(r"^  on (?P<file>.+?) line (?P<line>\d+)(?:, in .*)?:\n(?: +\d+: .*\n)*", re.MULTILINE)


def plain(text: str) -> tuple[Diagnostic, ...]:
    """The diagnostics in what a verb without ``-json`` prints, in its order."""
    return tuple(_plain(_FRAME.sub("", text)))


def _plain(text: str) -> Iterator[Diagnostic]:
    starts = list(_START.finditer(text))
    ends = (*(start.start() for start in starts), len(text))
    for start, end in zip(starts, ends[1:], strict=True):
        summary, _, rest = text[start.end() : end].partition("\n\n")
        source = _SOURCE.search(rest)
        yield Diagnostic(
            severity=Severity(start[1].lower()),
            summary=summary.strip()[:LONGEST_TEXT],
            detail=_SOURCE.sub("", rest, count=1).strip()[:LONGEST_TEXT],
            place=Place(source["file"], int(source["line"])) if source else None,
        )
