"""What did Terraform say while it ran, and when it fell silent? Listens, and fills in what it never says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tfreconcile.terraform.diagnostics import (
    DIAGNOSTIC,
    STATE_DUMP,
    Diagnostic,
    Event,
    EventKind,
    Severity,
    event,
    plain,
)
from tfreconcile.terraform.process import Finished, How, Why
from tfreconcile.terraform.rules import DEADLINE_PASSED, TOLD_TO_STOP, TOO_MUCH_OUTPUT

KEPT = frozenset(map(EventKind, ("diagnostic", "apply_start", "apply_complete", "apply_errored")))
MOST_EVENTS = 100_000
"""Events that are kept; a broken provider can print warnings without end."""
LAST_WORDS = 16_384
"""Bytes of stderr that are read."""


class Listener:
    """Hears every line of a verb that speaks JSON, and keeps what counts afterwards."""

    def __init__(self, on_event: Callable[[Event], None] | None = None) -> None:
        self._on_event = on_event
        self.events: list[Event] = []
        self.unreadable = 0
        self.dumped = False

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """Errors and warnings, in the order in which they were printed."""
        return [heard.diagnostic for heard in self.events if heard.diagnostic is not None]

    def hear(self, line: bytes) -> None:
        """Take one line of stdout."""
        heard = event(line)
        if heard is None:
            self.unreadable += bool(line.strip())
            return
        self.dumped = self.dumped or heard.kind == STATE_DUMP
        if heard.kind in KEPT and len(self.events) < MOST_EVENTS:
            self.events.append(heard)
        if self._on_event is not None and heard.kind not in (DIAGNOSTIC, STATE_DUMP):
            self._on_event(heard)


def spoken(finished: Finished, listener: Listener, timeout: float) -> tuple[Diagnostic, ...]:
    """The diagnostics of a verb, with one more if Terraform did not or could not say what went wrong."""
    said = tuple(listener.diagnostics)
    if finished.code == 0 and finished.how is How.EXITED:
        return said
    if finished.how is not How.EXITED:
        return (*said, _interruption(finished, timeout))
    if any(one.severity is Severity.ERROR for one in said):
        return said
    stderr = _last_words(finished.stderr)
    errors = tuple(one for one in plain(stderr) if one.severity is Severity.ERROR)
    return (*said, *(errors or (_silence(finished, stderr),)))


def _interruption(finished: Finished, timeout: float) -> Diagnostic:
    match finished.why:
        case Why.STOPPED:
            summary = TOLD_TO_STOP
        case Why.OUTPUT:
            summary = TOO_MUCH_OUTPUT
        case _:
            summary = f"{DEADLINE_PASSED} ({timeout:.0f} s)"
    detail = f"terraform was {finished.how} after {finished.seconds:.0f} s"
    return Diagnostic(severity=Severity.ERROR, summary=summary, detail=detail)


def _silence(finished: Finished, stderr: str) -> Diagnostic:
    ended = f"was killed by signal {-finished.code}" if finished.code < 0 else f"exited with {finished.code}"
    lines = [line for line in stderr.splitlines() if line.strip()]
    panic = next((index for index, line in enumerate(lines) if line.startswith("panic:")), None)
    detail = lines[-3:] if panic is None else lines[panic : panic + 1]
    return Diagnostic(
        severity=Severity.ERROR, summary=f"terraform {ended} without saying why", detail="\n".join(detail)
    )


def _last_words(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LAST_WORDS))
        return file.read().decode("utf-8", errors="replace")
