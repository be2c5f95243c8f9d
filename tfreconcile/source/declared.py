"""Which name does a definition declare that cannot be used?

A broken stack must not pass for a removed one, so its name is read even where everything else is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ruamel.yaml.events import (
    CollectionEndEvent,
    CollectionStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from tfreconcile.errors import Misconfigured, Place
from tfreconcile.source import yaml
from tfreconcile.source.contract import is_name
from tfreconcile.source.document import LIMIT
from tfreconcile.source.model import StackName

_LINE = re.compile(rb"^name:[ \t]*[\"']?([a-z0-9-]+)[\"']?[ \t]*(?:#.*)?\r?$", re.MULTILINE)


def name_in(content: bytes, file: str) -> tuple[StackName, Place] | None:
    """The first valid name and where it stands; None when there is none to be found.

    As the parser reads it, in whichever style, up to the first fault; else as a line of its own.
    """
    return _as_parsed(content, file) or _as_a_line(content, file)


def _as_parsed(content: bytes, file: str) -> tuple[StackName, Place] | None:
    try:
        nodes = _top_level(yaml.events(yaml.text_of(content, file, LIMIT), file))
        # Not strict: a key may be nested too deeply, and is then the last node.
        for key, value in zip(nodes, nodes, strict=False):
            if isinstance(key, ScalarEvent) and key.value == "name" and isinstance(value, ScalarEvent):
                name, mark = str(value.value), value.start_mark
                if is_name(name):
                    return StackName(name), Place(file, mark.line + 1, mark.column + 1)
    except Misconfigured:
        return None
    return None


def _top_level(events: Iterable[Event]) -> Iterator[Event]:
    """Key, value, key, value, … of the outermost mapping, without what is inside of them."""
    opened: list[Event] = []
    for event in events:
        if isinstance(event, CollectionEndEvent):
            opened.pop()
        if isinstance(event, NodeEvent) and len(opened) == 1 and isinstance(opened[0], MappingStartEvent):
            yield event
        if isinstance(event, CollectionStartEvent):
            opened.append(event)
        if len(opened) > yaml.DEPTH:
            return  # the parser takes ever longer for each level


def _as_a_line(content: bytes, file: str) -> tuple[StackName, Place] | None:
    found = _LINE.search(content)
    name = found.group(1).decode("ascii") if found else ""
    if not found or not is_name(name):
        return None
    column = found.start(1) - found.start() + 1
    return StackName(name), Place(file, content.count(b"\n", 0, found.start(1)) + 1, column)
