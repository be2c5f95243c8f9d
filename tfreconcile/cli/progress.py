"""What is going on right now? One live line a stack on a terminal, plain lines elsewhere, all on stderr."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table

from tfreconcile.cli.printing import one_line, say
from tfreconcile.reconcile.world import Progress

WIDEST = 300
"""Characters of a sentence that are shown."""


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Progress]:
    """A function to tell (stack, sentence) to, from any thread."""
    if quiet:
        yield lambda _stack, _sentence: None
        return
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _plain_line
        return
    board = _Board()
    with Live(
        board.table(), console=console, transient=True, refresh_per_second=8, get_renderable=board.table
    ):
        yield board.tell


def _plain_line(stack: str, sentence: str) -> None:
    say(f"{stack}: {sentence}" if stack else sentence, WIDEST)


class _Board:
    """The latest sentence of each stack."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: dict[str, tuple[Spinner, str]] = {}

    def tell(self, stack: str, sentence: str) -> None:
        """Replace the line of a stack."""
        with self._lock:
            spinner = self._lines.get(stack, (Spinner("dots"), ""))[0]
            self._lines[stack] = (spinner, one_line(sentence, WIDEST))

    def table(self) -> Table:
        """What the terminal shows."""
        grid = Table.grid(padding=(0, 1))
        with self._lock:
            for stack, (spinner, sentence) in sorted(self._lines.items()):
                grid.add_row(spinner, f"[bold]{escape(one_line(stack))}[/]", escape(sentence))
        return grid
