"""What does the log say? Events with their fields, one line each, on standard error."""

from __future__ import annotations

import logging

from tfreconcile.cli.printing import say

_OURS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
LONGEST = 20_000
"""Characters of one line of a log; a traceback has as many lines as it needs."""


class Events(logging.Handler):
    """Prints ``sentence key=value …``; a traceback, which was scrubbed where it was caught, follows."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one event."""
        fields = {key: value for key, value in vars(record).items() if key not in _OURS}
        told = str(fields.pop("traceback", ""))
        pairs = " ".join(f"{key}={value}" for key, value in sorted(fields.items()))
        for line in (f"{record.levelname.lower()}: {record.getMessage()} {pairs}", *told.splitlines()):
            say(line, LONGEST)


def follow() -> None:
    """Print warnings and worse of tfreconcile, once a process."""
    log = logging.getLogger("tfreconcile")
    if not log.handlers:
        log.addHandler(Events(level=logging.WARNING))
        log.propagate = False
