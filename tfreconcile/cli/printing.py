"""What reaches a screen, and is it safe there? Answers go to standard output, talk to standard error."""

from __future__ import annotations

import io
import json
import os
import sys

import click


def one_line(value: object, limit: int = 400) -> str:
    """A text from outside, safe for a terminal: no control characters, no endless lines."""
    text = "".join(c if c.isprintable() else " " for c in str(value))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def say(value: object, limit: int = 2000) -> None:
    """One line of talk on standard error."""
    click.echo(one_line(value, limit), err=True)


def print_json(document: object) -> None:
    """One JSON document on standard output; all ASCII, so that no terminal is steered by what is in it."""
    click.echo(json.dumps(document, indent=2, default=str))


def on_a_terminal() -> bool:
    """Can a person be asked here?"""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def drop_what_cannot_be_written() -> None:
    """When standard output is full, what it still buffers must not fail once more as Python ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def prepare_streams() -> None:
    """A closed standard stream becomes the null device; a character that a locale lacks is escaped.

    Otherwise the next file that is opened, the database say, would be standard output.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
