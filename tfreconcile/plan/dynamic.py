"""Which blocks does the code make with ``dynamic``? Plan JSON does not say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tfreconcile.plan.document import Json
from tfreconcile.plan.hcl import Block, Confusing, Token, tokens
from tfreconcile.plan.sources import AS_JSON, Source, Sources

_WORD = re.compile(r"[^\W\d][\w-]*")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_WORDS_IN = 3
"""Words of a resource's header: ``resource``, its type, its name."""


@dataclass(frozen=True)
class Generated:
    """Names of blocks, by the type and name of the resource; ``anywhere``: of a resource that we cannot tell.

    Modules are not told apart: one that makes such a block speaks for all its namesakes.
    """

    by_resource: frozenset[tuple[str, str, str]] = field(default_factory=frozenset)
    anywhere: frozenset[str] = field(default_factory=frozenset)

    def of(self, type_: str, name: str) -> frozenset[str]:
        """The blocks that a resource may make."""
        own = (block for of_type, of_name, block in self.by_resource if (of_type, of_name) == (type_, name))
        return self.anywhere.union(own)

    @property
    def names(self) -> frozenset[str]:
        """The blocks that any resource may make."""
        return self.anywhere.union(block for _, _, block in self.by_resource)


def generated(sources: Sources) -> Generated:
    """All ``dynamic`` blocks of the configuration inside a plan file.

    What cannot be read as HCL or JSON may make a block by any of its words: too many names only make
    somebody look at what is not known yet.
    """
    by_resource: set[tuple[str, str, str]] = set()
    anywhere: set[str] = set()
    for source in sources.files:
        for block in source.blocks:
            found = set(_made_in(source, block))
            if len(block.words) == _WORDS_IN and block.words[0] == "resource":
                by_resource.update((block.words[1], block.words[2], name) for name in found)
            else:
                anywhere.update(found)
    return Generated(frozenset(by_resource), frozenset(anywhere))


def _made_in(source: Source, block: Block) -> Iterator[str]:
    if source.file.endswith(AS_JSON):
        return _of_json(block.text)
    return _of_hcl(block.text)


def _of_hcl(text: str) -> Iterator[str]:
    try:
        found = tokens(text)
    except Confusing:
        yield from _any_word(text)
        return
    for at, word in enumerate(found):
        if word == "dynamic" and found[at + 2 : at + 3] == ("{",):
            yield _label(found[at + 1])


def _label(token: Token) -> str:
    """A bare word, or a quoted one, whose escapes HCL reads."""
    return _ESCAPE.sub(_unescaped, token[1:-1]) if token.startswith('"') else token


def _unescaped(match: re.Match[str]) -> str:
    if match[3] is not None:
        return match[3]
    code = int(match[1] or match[2], 16)
    return chr(code) if code <= 0x10FFFF else ""


def _of_json(text: str) -> Iterator[str]:
    found: list[tuple[str, Json]] = []

    def kept(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        found.extend(pairs)  # Terraform reads a key that stands there twice as two blocks
        return dict(pairs)

    try:
        json.loads(text, object_pairs_hook=kept)
    except (ValueError, RecursionError):
        yield from _any_word(text)
        return
    for key, value in found:
        if key == "dynamic":
            yield from _labels(value)


def _labels(value: Json) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _labels(one)
    elif isinstance(value, dict):
        yield from value


def _any_word(text: str) -> Iterator[str]:
    if "dynamic" in text:
        yield from _WORD.findall(text)
