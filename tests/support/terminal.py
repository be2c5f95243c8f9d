"""What does a person at a terminal see and type? Commands on a pseudo-terminal of their own."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from dataclasses import dataclass

CTRL_C = "\x03"
PATIENCE = 30.0
"""Seconds that a command may be silent, all in all."""
_TAKE = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, signal.default_int_handler)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Makes the terminal the program's own, so that Ctrl-C on it becomes a signal; one that is ignored, as
in what a shell starts in the background, would stay so."""


@dataclass(frozen=True)
class Seen:
    """What stood on the screen at the end, escape sequences and all, and the exit code."""

    code: int
    screen: str


def at_terminal(
    *arguments: str,
    env: Mapping[str, str],
    answers: Mapping[str, str] | None = None,
    columns: int = 120,
) -> Seen:
    """Run tfreconcile on a terminal; each of ``answers`` is typed once its prompt has appeared."""
    command = (sys.executable, "-m", "tfreconcile.cli", *arguments)
    return run_at_terminal(*command, env=env, answers=answers, columns=columns)


def run_at_terminal(
    *command: str,
    env: Mapping[str, str],
    answers: Mapping[str, str] | None = None,
    columns: int = 120,
) -> Seen:
    """Run any program, named by its path, as ``at_terminal`` does."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", _TAKE, *command],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={"TERM": "xterm", **env},
        start_new_session=True,
    )
    os.close(theirs)
    try:
        screen = _read(ours, dict(answers or {}))
    finally:
        os.close(ours)
        code = process.wait(PATIENCE)
    return Seen(code, screen)


def _read(terminal: int, answers: dict[str, str]) -> str:
    screen, typed, pauses = "", "", 0
    while pauses < PATIENCE:
        if not select.select([terminal], [], [], 1)[0]:
            pauses += 1
            if typed == CTRL_C:  # readline can miss one that comes before it waits; people press again
                os.write(terminal, typed.encode())
            continue
        try:
            found = os.read(terminal, 65536)
        except OSError:  # the other side is closed
            return screen
        screen += found.decode(errors="replace")
        for prompt in [prompt for prompt in answers if prompt in screen]:
            typed = answers.pop(prompt)
            os.write(terminal, typed.encode())
    raise AssertionError(f"not at its end after {PATIENCE} silent seconds: {screen}")
