"""Does the page about the journal name every event that there can be?"""

from __future__ import annotations

import re

from support.pages import read, rows, section, spans

from tfreconcile.store.anchor import NAME
from tfreconcile.store.export import FORMAT
from tfreconcile.store.journal import EventKind

PAGE = read("audit.md")


def test_every_event_has_a_line_and_no_line_is_of_nothing() -> None:
    events = section(PAGE, "Events")
    listed = [word for row in rows(events) for word in spans(row[0])]
    assert sorted(listed) == sorted(EventKind)


def test_the_page_knows_the_format_and_the_file() -> None:
    assert f"`format` {FORMAT}" in PAGE
    assert f"`{NAME}`" in PAGE
    assert re.search(r"tfreconcile audit verify", PAGE)
