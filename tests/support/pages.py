"""What does a page of the documentation say? Its tables, code blocks, words and links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = (*sorted(DOCS.rglob("*.md")), *sorted(ROOT.glob("*.md")))

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")


def read(name: str) -> str:
    """A page, by its path below docs."""
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """The code blocks in one language."""
    return [content for found, content in _BLOCK.findall(text) if found == language]


def links(text: str) -> list[str]:
    """Where the links of a page lead."""
    return [target for target in _LINK.findall(_BLOCK.sub("", text)) if isinstance(target, str)]


def spans(text: str) -> list[str]:
    """What stands in backticks, outside of code blocks."""
    return [found for found in _CODE.findall(_BLOCK.sub("", text)) if isinstance(found, str)]


def rows(text: str) -> Iterator[list[str]]:
    """The rows of every table, as cells without blanks around them; rules are left out."""
    for line in text.splitlines():
        if line.startswith("|") and not set(line) <= set("|- "):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def section(text: str, title: str) -> str:
    """The part of a page below one heading of the second level."""
    _, found, rest = text.partition(f"\n## {title}\n")
    assert found, f"no section {title!r}"
    return rest.partition("\n## ")[0]


def first_words(text: str) -> list[str]:
    """What stands in backticks in the first column of every table, row by row."""
    return [word for row in rows(text) for word in spans(row[0])]
