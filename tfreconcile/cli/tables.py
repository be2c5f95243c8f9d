"""How does a person read it? Tables and sentences on standard output."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tfreconcile.reconcile.one import Passed
from tfreconcile.reconcile.survey import Survey

COLOURS = {
    "Synced": "green", "OutOfSync": "yellow", "Unknown": "dim",
    "Healthy": "green", "Progressing": "cyan", "Degraded": "red",
    "Idle": "", "AwaitingApproval": "bold yellow", "Held": "yellow", "Refused": "bold red",
    "Backoff": "red", "Stalled": "bold red", "Suspended": "magenta", "Removed": "dim",
}
PLAIN_WIDTH = 160
"""Columns of a table that goes to a file or a pipe."""


def console() -> Console:
    """Standard output: coloured on a terminal unless NO_COLOR is set, wide enough elsewhere."""
    return Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)


def one_line(value: object, limit: int = 400) -> str:
    """A text from outside, safe for a terminal: no control characters, no endless lines."""
    text = "".join(c if c.isprintable() else " " for c in str(value))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, last_wraps: bool = True) -> None:
    """A table without borders; words of status have their colour."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for place, name in enumerate(columns):
        wraps = last_wraps and place == len(columns) - 1
        made.add_column(name, no_wrap=not wraps, overflow="fold" if wraps else "ellipsis")
    for row in rows:
        made.add_row(*(_cell(value) for value in row))
    console().print(made)


def _cell(value: object) -> Text:
    text = one_line("-" if value is None or value == "" else value)
    return Text(text, style=COLOURS.get(text, ""))


def stacks(documents: Iterable[Mapping[str, object]], now: datetime) -> None:
    """The status table: one line a stack."""
    table(
        ("STACK", "SYNC", "HEALTH", "STATE", "PENDING", "REVISION", "NEXT", "MESSAGE"),
        (
            (
                one["name"], one["sync"], one["health"], one["state"], pending(one), revision(one),
                when(one["next_due_at"], now), one["message"],
            )
            for one in documents
        ),
    )


def revision(stack: Mapping[str, object]) -> str:
    """Seven digits of the applied revision, with the desired one when it differs."""
    desired, applied = str(stack["desired_revision"] or "")[:7], str(stack["applied_revision"] or "")[:7]
    return applied if desired == applied else f"{applied or 'none'}→{desired}"


def pending(stack: Mapping[str, object]) -> str:
    """``+1 ~2 -/+1 -3``: what the pending plan would do."""
    plan = stack["pending"]
    if not isinstance(plan, Mapping):
        return ""
    signs = (("+", "create"), ("~", "update"), ("-/+", "replace"), ("-", "delete"), ("forget ", "forget"))
    return " ".join(f"{sign}{plan[kind]}" for sign, kind in signs if plan[kind]) or "state only"


def when(moment: object, now: datetime) -> str:
    """``in 9m``, ``now``, or nothing: how far away a moment is."""
    if not isinstance(moment, str):
        return ""
    seconds = int((datetime.fromisoformat(moment) - now).total_seconds())
    return "now" if seconds <= 0 else f"in {span(seconds)}"


def span(seconds: int) -> str:
    """``42s``, ``9m``, ``3h 5m``, ``2d 4h``: the two largest units at most."""
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m"
    if seconds < 86400:
        return f"{seconds // 3600}h {seconds % 3600 // 60}m"
    return f"{seconds // 86400}d {seconds % 86400 // 3600}h"


def after_once(seen: Survey, passed: Sequence[Passed], documents: Sequence[Mapping[str, object]], now: datetime) -> None:
    """What ``once`` leaves on the screen: what was looked at, the table, and what to type next."""
    if documents:
        stacks(documents, now)
    else:
        click.echo("no stacks are defined")
    for broken in seen.broken:
        for problem in broken.problems:
            click.echo(f"{broken.name}: {one_line(problem, 2000)}", err=True)
    if seen.stale is not None:
        click.echo(f"the remote was not reached, {seen.revision[:7]} was used: {one_line(seen.stale.message)}", err=True)
    looked_at = ", ".join(one.stack for one in passed)
    click.echo(f"looked at {looked_at}" if passed else "nothing was due; --all looks at every stack now", err=True)
    for one in documents:
        if one["state"] == "AwaitingApproval":
            click.echo(f"next: tfreconcile diff {one['name']}, then tfreconcile approve {one['name']}", err=True)
