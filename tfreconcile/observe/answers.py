"""How far have people come with a plan that waits? Told when it is read: words come in between passes."""

from __future__ import annotations

from tfreconcile.gate.model import Approval
from tfreconcile.gate.weighing import Tally

GOES_ON = "the next pass plans again, and applies what they cover"
"""What comes of enough words."""


def told(message: str, stack: str, tally: Tally, no: Approval | None) -> str:
    """What a pass said of a plan that waits for people, with what they have answered by now."""
    if no is not None:
        return _with_no(message, stack, no)
    return f"{message}; approved by {_count(tally, f'tfreconcile approve {stack}')}"


def told_of_window(message: str, stack: str, tally: Tally, no: Approval | None) -> str:
    """The same of a plan that waits for a window which people may override; else the message alone."""
    if no is not None:
        return _with_no(message, stack, no)
    if not tally.needs:
        return message
    return f"{message}; overridden by {_count(tally, f'tfreconcile approve {stack} --override-window')}"


def _with_no(message: str, stack: str, no: Approval) -> str:
    said = f"rejected by {no.by}"
    if said in message:
        return message
    return f"{message}; {said}: tfreconcile revoke {stack} --id {no.id} lifts that"


def _count(tally: Tally, command: str) -> str:
    return f"{tally.given} of {tally.required}: {GOES_ON if tally.enough else command}"
