"""Which ``Key: value`` lines end a message?"""

from __future__ import annotations

import re
from typing import TypeAlias

Trailers: TypeAlias = tuple[tuple[str, str], ...]
"""Keys as they are written, in their order; one that is repeated is there as often."""

_TRAILER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)[ \t]*:(.*)")
_BLANK = re.compile(r"\n[ \t]*(?:\n[ \t]*)*\n")


def strict(message: str) -> Trailers:
    """The trailers of a message whose last paragraph, which is not its first, holds nothing else.

    A line that continues another, or is no trailer, makes the paragraph one of prose: there are no trailers.
    """
    found = [_TRAILER.fullmatch(line) for line in _last(message)]
    return tuple((line[1], line[2].strip()) for line in found if line) if all(found) else ()


def loose(message: str) -> Trailers:
    """Each line of the last paragraph that reads as a trailer, whatever stands between them."""
    found = (_TRAILER.fullmatch(line) for line in _last(message))
    return tuple((line[1], line[2].strip()) for line in found if line)


def _last(message: str) -> list[str]:
    paragraphs = _BLANK.split(message.strip("\n \t"))
    return paragraphs[-1].split("\n") if len(paragraphs) > 1 else []
