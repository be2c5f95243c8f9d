"""What can go wrong, named after what the loop does next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, order=True)
class Place:
    """Where in a file something stands; line and column count from 1, 0 means unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with a file that a person wrote.

    ``what`` says what was found and what is allowed; ``hint`` names the next command or edit.
    """

    place: Place
    what: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.what}" + (f" ({self.hint})" if self.hint else "")


class ReconcileError(Exception):
    """A pass of one stack cannot go on.

    ``reason`` is a stable CamelCase word for programs, ``message`` a sentence for people.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message


class Transient(ReconcileError):
    """Clears by itself: throttling, network, a held lock. Back off, try again."""


class Stalled(ReconcileError):
    """Fails the same way next time: invalid HCL, access denied. Wait for Git or a person."""


class Waiting(ReconcileError):
    """Nothing is wrong: a dependency is not ready, another process works on the stack.

    ``until`` is the moment from which on it need not wait any more, when that is known.
    """

    def __init__(self, reason: str, message: str, *, until: datetime | None = None) -> None:
        super().__init__(reason, message)
        self.until = until


class Misconfigured(Exception):
    """The operator's or the repository's files are wrong: every problem, with its place (exit 2)."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems

    @classmethod
    def at(cls, file: str, what: str, hint: str = "") -> Misconfigured:
        """One problem that concerns a file as a whole."""
        return cls((Problem(Place(file), what, hint),))
