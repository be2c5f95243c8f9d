"""How does a person read it? Tables and sentences on standard output."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tfreconcile.cli.printing import one_line
from tfreconcile.observe import ignored

COLOURS = {
    "Synced": "green",
    "OutOfSync": "yellow",
    "Unknown": "dim",
    "Healthy": "green",
    "Progressing": "cyan",
    "Degraded": "red",
    "Idle": "",
    "AwaitingApproval": "bold yellow",
    "Held": "yellow",
    "Refused": "bold red",
    "Backoff": "red",
    "Stalled": "bold red",
    "Suspended": "magenta",
    "Removed": "dim",
}
_COLUMNS = ("STACK", "SYNC", "HEALTH", "STATE", "PENDING", "REVISION", "NEXT", "MESSAGE")
NARROW = 100
"""Columns of a terminal below which the status table leaves some out."""
PLAIN_WIDTH = 160
"""Columns of a table that goes to a file or a pipe."""
LEAST = 24
"""Characters that the last column, which wraps, gets at least if it needs them."""
CELL = 1000
"""Characters of one cell at most."""
_GAP = 2


def console() -> Console:
    """Standard output: coloured on a terminal unless NO_COLOR is set, wide enough elsewhere."""
    return Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, spare: Sequence[str] = ()) -> None:
    """A table without borders, whose last column wraps; words of status have their colour.

    Where there is no room, columns of ``spare`` are left out, in this order; if that is not enough, all wrap.
    """
    screen = console()
    cells = [tuple(map(_cell, row)) for row in rows]
    widths = [
        max(cell_len(name), *(row[place].cell_len for row in cells)) if cells else cell_len(name)
        for place, name in enumerate(columns)
    ]
    shown, fits = fitting(dict(zip(columns, widths, strict=True)), spare, screen.width)
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    for name in shown:
        wraps = name == shown[-1] or not fits
        made.add_column(name, no_wrap=not wraps, overflow="fold" if wraps else "ellipsis")
    for row in cells:
        made.add_row(*(cell for name, cell in zip(columns, row, strict=True) if name in shown))
    screen.print(made)


def fitting(widths: Mapping[str, int], spare: Sequence[str], room: int) -> tuple[Sequence[str], bool]:
    """The columns that stay, by their widest cells, and whether there is room for them."""
    left_out: Collection[str] = ()
    for count in range(len(spare) + 1):
        left_out = spare[:count]
        *others, last = [width for name, width in widths.items() if name not in left_out]
        if sum(others) + _GAP * len(others) + min(last, LEAST) <= room:
            return [name for name in widths if name not in left_out], True
    return [name for name in widths if name not in left_out], False


def _cell(value: object) -> Text:
    text = one_line("-" if value is None or value == "" else value, CELL)
    return Text(text, style=COLOURS.get(text, ""))


def stacks(documents: Iterable[Mapping[str, object]], now: datetime) -> None:
    """The status table: one line a stack; a narrow terminal gets the columns that ask for something."""
    shown = _COLUMNS if console().width >= NARROW else ("STACK", "STATE", "PENDING", "MESSAGE")
    rows = ([_shown(one, now)[column] for column in shown] for one in documents)
    table(shown, rows, spare=("REVISION", "NEXT", "HEALTH"))


def _shown(stack: Mapping[str, object], now: datetime) -> Mapping[str, object]:
    return {
        "STACK": stack["name"],
        "SYNC": stack["sync"],
        "HEALTH": stack["health"],
        "STATE": stack["state"],
        "PENDING": pending(stack),
        "REVISION": revision(stack),
        "NEXT": when(stack["next_due_at"], now),
        "MESSAGE": "; ".join(filter(None, (str(stack["message"] or ""), _quiet(stack, now)))),
    }


def _quiet(stack: Mapping[str, object], now: datetime) -> str:
    """How much ignore rules hide: what is left out of a status is still named in it."""
    return ignored.note(stack.get("ignored"), now.date())


def hazards(found: Iterable[object]) -> None:
    """What could hurt, what the policy asks for because of it, and why."""
    rows = [one for one in found if isinstance(one, Mapping)]
    table(("HAZARD", "REQUIRES", "WHY"), ((one["kind"], one["requires"], one["detail"]) for one in rows))


def drift(resources: Iterable[Mapping[str, object]]) -> None:
    """What the world changed: where, of which kind, and in which attributes."""
    table(("DRIFT", "KIND", "ATTRIBUTES"), ((one["address"], one["kind"], _listed(one)) for one in resources))


def _listed(drifted: Mapping[str, object]) -> str:
    found = drifted["attributes"]
    return ", ".join(map(str, found)) if isinstance(found, list | tuple) else ""


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
