"""What became of each resource during an apply? Pure, over the events that it printed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from tfreconcile.terraform.diagnostics import Diagnostic, Event, Severity
from tfreconcile.terraform.failures import WITHHELD
from tfreconcile.terraform.rules import quotes_output


class Status(StrEnum):
    """``unfinished`` began and was never heard of again: an interrupt, or a crash."""

    APPLIED = "applied"
    FAILED = "failed"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One action on one resource. A replacement is two, in the order in which they ran.

    ``seconds`` is as Terraform measured it, in whole seconds; ``error`` is not scrubbed,
    but never has the output of a provisioner.
    """

    address: str
    action: str
    status: Status
    seconds: float | None = None
    error: str = ""


_ENDED = {"apply_complete": Status.APPLIED, "apply_errored": Status.FAILED}
_SENTENCES = {
    "refresh_start": "refreshing",
    "provision_start": "running {provisioner}",
    "provision_errored": "{provisioner} failed",
    "apply_start": "{doing}",
    "apply_progress": "still {doing} ({seconds:.0f} s)",
    "apply_complete": "{done} after {seconds:.0f} s",
    "apply_errored": "{noun} failed after {seconds:.0f} s",
}
_WORDS = {
    "create": ("creating", "created", "creation"),
    "update": ("updating", "updated", "update"),
    "delete": ("destroying", "destroyed", "destruction"),
    "read": ("reading", "read", "read"),
}


def outcomes(events: Iterable[Event]) -> tuple[Outcome, ...]:
    """The outcome of every action, in the order in which they began.

    An error of a resource that never began is a failure with an empty action.
    """
    told: list[Outcome] = []
    errors: list[Diagnostic] = []
    for event in events:
        if event.kind == "apply_start":
            told.append(Outcome(address=event.address, action=event.action, status=Status.UNFINISHED))
        elif event.kind in _ENDED:
            _end(told, event)
        elif event.diagnostic is not None and event.diagnostic.severity is Severity.ERROR:
            errors.append(event.diagnostic)
    for error in errors:
        _blame(told, error)
    return tuple(told)


def _end(told: list[Outcome], event: Event) -> None:
    ended = Outcome(
        address=event.address, action=event.action, status=_ENDED[event.kind], seconds=event.seconds
    )
    for index, outcome in enumerate(told):
        begun = (outcome.address, outcome.action) == (event.address, event.action)
        if begun and outcome.status is Status.UNFINISHED:
            told[index] = ended
            return
    told.append(ended)


def _blame(told: list[Outcome], error: Diagnostic) -> None:
    if not error.address or error.address.startswith("provider["):
        return
    for index, outcome in enumerate(told):
        if outcome.address == error.address and outcome.status is not Status.APPLIED:
            told[index] = replace(outcome, error="\n".join(filter(None, (outcome.error, _words(error)))))
            return
    failed = Outcome(address=error.address, action="", status=Status.FAILED, error=_words(error))
    told.append(failed)


def _words(error: Diagnostic) -> str:
    if not quotes_output(error):
        return error.text.strip()
    return f"{error.summary}: {WITHHELD}" + (f" ({error.place})" if error.place else "")


def progress(event: Event) -> str | None:
    """A short sentence for a progress line, None for events that nobody waits for. Not scrubbed."""
    sentence = _SENTENCES.get(event.kind)
    if sentence is None or not event.address:
        return None
    doing, done, noun = _WORDS.get(event.action, (event.action, event.action, event.action))
    said = sentence.format(
        doing=doing, done=done, noun=noun, provisioner=event.provisioner, seconds=event.seconds or 0.0
    )
    return f"{event.address}: {said}"
