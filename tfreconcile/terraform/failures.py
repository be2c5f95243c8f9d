"""What does a failed Terraform mean for the loop? One error of many diagnostics, with a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tfreconcile.errors import ReconcileError
from tfreconcile.terraform.diagnostics import Diagnostic, Severity
from tfreconcile.terraform.reasons import MOVE, Reason
from tfreconcile.terraform.rules import quotes_output, reason_of

LONGEST_MESSAGE = 600
"""Characters of a message, without the place and the count."""
WITHHELD = "output withheld"
_ORDER = {reason: rank for rank, reason in enumerate(Reason)}
_CONSEQUENCE = re.compile(r"^[Ee]xecution halted|^Terraform encountered problems during initialisation")
"""Said beside the true cause: for every resource that an interrupt left out, for every failed init."""
_LOCK_FIELD = re.compile(r"^ {2}(?P<name>ID|Path|Operation|Who|Created): +(?P<value>\S.*?) *$", re.MULTILINE)
_HELD_ID = re.compile(r"already locked: ID=(?P<id>\S+)")


@dataclass(frozen=True, kw_only=True)
class LockHolder:
    """Who holds a state lock, as far as the backend says; empty means that it does not."""

    id: str
    who: str = ""
    since: str = ""
    operation: str = ""
    path: str = ""


def failure(diagnostics: Iterable[Diagnostic], verb: str) -> ReconcileError:
    """The error of a verb that failed, named after its worst diagnostic.

    The reason is one of :class:`Reason`; the class says the next move. The message is not scrubbed.
    """
    errors = _errors(diagnostics)
    if not errors:
        return MOVE[Reason.TERRAFORM_FAILED](
            Reason.TERRAFORM_FAILED.value, f"terraform {verb} failed without saying why"
        )
    worst = min(errors, key=lambda error: _ORDER[reason_of(error)])
    reason = reason_of(worst)
    return MOVE[reason](reason.value, _message(reason, worst, more=len(errors) - 1))


def lock_holder(diagnostics: Iterable[Diagnostic]) -> LockHolder | None:
    """Who holds the state lock that stopped us; None when no lock did, or nothing is known of its holder.

    The pg and http backends print *our own* lock under Lock Info, so only the id in the text counts there.
    """
    for error in _errors(diagnostics):
        if reason_of(error) is Reason.STATE_LOCKED:
            return _holder(error.text)
    return None


def _holder(text: str) -> LockHolder | None:
    if "already locked" in text:
        named = _HELD_ID.search(text)
        return LockHolder(id=named["id"]) if named else None
    fields = {found["name"]: found["value"] for found in _LOCK_FIELD.finditer(text)}
    if "ID" not in fields:
        return None
    return LockHolder(
        id=fields["ID"],
        who=fields.get("Who", ""),
        since=fields.get("Created", ""),
        operation=fields.get("Operation", "").removeprefix("OperationType").lower(),
        path=fields.get("Path", ""),
    )


def _errors(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The errors, each once; consequences only if there is nothing else."""
    errors = tuple(dict.fromkeys(one for one in diagnostics if one.severity is Severity.ERROR))
    causes = tuple(error for error in errors if not _CONSEQUENCE.search(error.summary))
    return causes or errors


def _message(reason: Reason, error: Diagnostic, *, more: int) -> str:
    holder = _holder(error.text) if reason is Reason.STATE_LOCKED else None
    told = _held(holder) if holder else _shortened(error)
    where = f" ({error.place})" if error.place else ""
    return told + where + (f", and {more} more" if more else "")


def _held(holder: LockHolder) -> str:
    by = f" by {holder.who}" if holder.who else ""
    doing = f" for {holder.operation}" if holder.operation else ""
    since = f" since {holder.since}" if holder.since else ""
    return _tidy(f"the state is locked{by}{doing}{since} (lock {holder.id})")


def _shortened(error: Diagnostic) -> str:
    subject = f"{error.address}: " if error.address and error.address not in error.summary else ""
    # What follows may be our own lock, which would accuse us.
    told = WITHHELD if quotes_output(error) else error.detail.partition("Lock Info:")[0].strip()
    detail = f": {told}" if told else ""
    whole = _tidy(f"{subject}{error.summary}{detail}")
    return whole if len(whole) <= LONGEST_MESSAGE else f"{whole[: LONGEST_MESSAGE - 1].rstrip()}…"


def _tidy(text: str) -> str:
    """One line without control characters: a provider's text must not move a terminal's cursor."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
