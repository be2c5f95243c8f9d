"""Do the reference pages name every key of both files, with its default, and do their examples parse?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import get_args, get_origin

import pytest
from pydantic import BaseModel
from support.pages import PAGES, ROOT, blocks, links, read, rows, spans

from tfreconcile.settings import host
from tfreconcile.settings.contract import HostConfig
from tfreconcile.source import document, stack
from tfreconcile.source.contract import Definition
from tfreconcile.source.shapes import duration_text

FILES: dict[str, type[BaseModel]] = {"host-config.md": HostConfig, "stack.md": Definition}
DEFINITION = PurePosixPath("stacks/payments/stack.yaml")


def _sections(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _sections(part)


def _keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every key by its dotted path (``ignore[].why``, ``stacks.*.ttl``), with its default."""
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        yield key, field.default
        each = ".*" if get_origin(field.annotation) is dict else ""
        many = each or ("[]" if "list" in str(field.annotation) else "")
        for inner in dict.fromkeys(_sections(field.annotation)):
            yield from _keys(inner, f"{key}{many}.")


def _described(page: str) -> dict[str, list[str]]:
    """The rows of the table of keys, by key."""
    return {spans(row[0])[0]: row[1:] for row in rows(read(page)) if len(row) == 4 and spans(row[0])}


def _as_text(default: object) -> str | None:
    """How the page writes a default; None where it may use words."""
    match default:
        case bool():
            return str(default).lower()
        case str() | int():
            return str(default)
        case timedelta():
            return duration_text(default)
        case list():
            return json.dumps(default) if default == ["*"] else json.dumps(default).replace('"', "")
    return None


@pytest.mark.parametrize("page", FILES)
def test_every_key_of_a_file_has_a_line_and_every_line_is_a_key(page: str) -> None:
    assert sorted(_described(page)) == sorted(key for key, _ in _keys(FILES[page]))


@pytest.mark.parametrize("page", FILES)
def test_the_defaults_on_a_page_are_those_of_the_model(page: str) -> None:
    described = _described(page)
    for key, default in _keys(FILES[page]):
        wanted = _as_text(default)
        if wanted is not None:
            assert wanted in spans(described[key][1]), key


@pytest.mark.parametrize("page", FILES)
def test_every_key_stands_in_an_example(page: str) -> None:
    places: set[str] = set()
    for block in blocks(read(page), "yaml"):
        found = document.read(block.encode(), "example.yaml", FILES[page]).places
        places |= {re.sub(r"\.\d+(?=\.|$)", "[]", place) for place in found}
    assert {key for key, _ in _keys(FILES[page]) if not any(_names(key, place) for place in places)} == set()


def _names(key: str, place: str) -> bool:
    """Whether a key of the page is the one that stands in a file: ``*`` is a name that a person chose."""
    return re.fullmatch(re.escape(key).replace(r"\.\*", r"\.[^.]+"), place) is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_yaml_block_says_which_file_it_is_and_parses(page: Path) -> None:
    for block in blocks(page.read_text(encoding="utf-8"), "yaml"):
        name = block.partition("\n")[0]
        if name.endswith("config.yaml"):
            host.parse(block.encode(), "/etc/tfreconcile/config.yaml")
        else:
            assert name.endswith("stack.yaml")
            stack.parse(block.encode(), DEFINITION)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for target in links(page.read_text(encoding="utf-8")):
        if not target.startswith("https://"):
            assert (page.parent / target.partition("#")[0]).exists(), target


def test_every_make_target_is_in_the_guide_for_contributors() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    guide = spans((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert {f"make {target}" for target in phony.split()} <= set(guide)


def test_every_dependency_has_a_line_with_its_licence() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    wanted = re.findall(
        r'^(?:  "|(?:embedded|policy|gcp|demo) = \[")([\w.-]+)(?:\[[^\]]*\])?[>=]=', project, re.M
    )
    listed = {row[0]: row[2] for row in rows(read("decisions/0011-dependencies.md"))}
    assert len(wanted) == 18
    assert {name for name in wanted if not listed.get(name)} == set()


def test_decisions_are_numbered_without_gaps() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    for number, record in enumerate(records, start=1):
        text = record.read_text(encoding="utf-8")
        assert record.name.startswith(f"{number:04}-")
        assert text.startswith(f"# {number}. ")
        for part in ("**Context.**", "**Decision.**", "**Consequence.**"):
            assert part in text, record.name
