"""How does a child that holds a cloud SDK answer? One JSON request in, one JSON answer out.

Runs in the child only as far as :func:`serve` goes; the parent reads the words of :class:`Trouble`.
Imports nothing heavy: every call to a cloud pays for this module's start.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TextIO, TypeAlias

Verb: TypeAlias = Callable[[Sequence[str], float], Mapping[str, str]]
"""Takes its arguments and the seconds that one request may last; gives a flat answer."""

_LONGEST_MESSAGE = 200_000
"""Characters. More than a variable can have on Linux (128 KiB): one cut in two would not be scrubbed."""


class Trouble(StrEnum):
    """Why a cloud gave no answer, in the words that both ends share."""

    DENIED = "denied"
    UNREACHABLE = "unreachable"
    NO_CREDENTIALS = "no-credentials"
    EXPIRED = "expired"
    THROTTLED = "throttled"
    NOT_FOUND = "not-found"
    BAD_REQUEST = "bad-request"
    NOT_INSTALLED = "not-installed"


class Refused(Exception):
    """A verb knows itself why there is no answer."""

    def __init__(self, trouble: Trouble, message: str) -> None:
        super().__init__(message)
        self.trouble = trouble


def serve(verbs: Mapping[str, Verb], trouble_of: Callable[[Exception], Trouble | None]) -> None:
    """Read one request, do the verb that ``sys.argv[1]`` names, write one answer.

    The request is ``{"arguments": [str], "timeout": seconds}``; the answer is ``{"ok": {str: str}}`` or
    ``{"error": {"kind": Trouble, "message": str}}``. An exception that ``trouble_of`` does not know is a
    bug of ours: it goes to stderr as a traceback, where the parent reads no more than its class.
    """
    with _own_stdout() as out:
        request = json.load(sys.stdin.buffer)
        verb = verbs[sys.argv[1]]
        out.write(json.dumps(_answered(verb, request["arguments"], request["timeout"], trouble_of)))


def _answered(
    verb: Verb, arguments: Sequence[str], timeout: float, trouble_of: Callable[[Exception], Trouble | None]
) -> Mapping[str, Mapping[str, str]]:
    try:
        return {"ok": verb(arguments, timeout)}
    except Refused as refused:
        return _error(refused.trouble, str(refused))
    except ImportError as missing:
        return _error(Trouble.NOT_INSTALLED, f"cannot import {missing.name}")
    except Exception as error:
        trouble = trouble_of(error)
        if trouble is None:
            raise
        return _error(trouble, str(error) or type(error).__name__)


def _error(trouble: Trouble, message: str) -> Mapping[str, Mapping[str, str]]:
    return {"error": {"kind": trouble, "message": message[:_LONGEST_MESSAGE]}}


def _own_stdout() -> TextIO:
    """The real stdout, for the answer alone: whatever an SDK prints goes to stderr instead."""
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    return out
