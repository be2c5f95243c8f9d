"""Which texts are secret, and how do they stay out of what leaves a pass?"""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

SENSITIVE = "(sensitive)"
SHORTEST = 4
"""Characters. Shorter values occur everywhere; they are hidden by their place only."""
SHORTEST_LINE = 8
SHORTEST_NUMBER = 6

_COMMON = frozenset({"true", "false", "null", "none", "default"})
_NAME = re.compile(r"[A-Za-z][A-Za-z_-]*")


@dataclass(frozen=True)
class Scrubber:
    """Takes secrets out of texts: the values themselves, and the forms that they take inside others.

    Values shorter than ``SHORTEST`` and words like ``true`` are let be, or no text would survive.
    """

    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def of(cls, values: Iterable[str]) -> Scrubber:
        """A scrubber of these values."""
        return cls(frozenset(value for value in values if _is_telling(value)))

    def also(self, values: Iterable[str]) -> Scrubber:
        """A scrubber of these values too."""
        return Scrubber(self.secrets | Scrubber.of(values).secrets)

    def scrub(self, text: str) -> str:
        """The text with every occurrence of a secret, in any form, replaced by ``(sensitive)``.

        Occurrences that overlap or touch become one, so that no rest of a longer secret stays.
        """
        spans = list(self._spans(text)) if self.secrets else []
        if not spans:
            return text
        kept = (text[end:start] for end, start in zip(*_edges(spans, len(text)), strict=True))
        return SENSITIVE.join(kept)

    @cached_property
    def _by_head(self) -> dict[str, tuple[str, ...]]:
        """All forms by their first characters, longest first: one look-up for each place of a text."""
        found: dict[str, list[str]] = {}
        for form in set(chain.from_iterable(map(forms, self.secrets))):
            found.setdefault(form[:SHORTEST], []).append(form)
        return {head: tuple(sorted(tails, key=len, reverse=True)) for head, tails in found.items()}

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where secrets are, merged: in order, neither overlapping nor touching."""
        begun, ended = -1, -1
        for start in range(len(text) - SHORTEST + 1):
            for form in self._by_head.get(text[start : start + SHORTEST], ()):
                if not text.startswith(form, start):
                    continue
                if start > ended >= 0:
                    yield begun, ended
                begun = start if start > ended else begun
                ended = max(ended, start + len(form))
                break
        if ended >= 0:
            yield begun, ended


def _edges(spans: list[tuple[int, int]], length: int) -> tuple[list[int], list[int]]:
    """Where the kept pieces between the spans begin and end."""
    return [0, *(end for _, end in spans)], [*(start for start, _ in spans), length]


def forms(secret: str) -> Iterator[str]:
    """How a secret can look inside another text: as it is, its lines, and in JSON, URLs and base64."""
    for plain in (secret, secret.strip(), *_lines(secret)):
        yield plain
        yield from _encoded(plain)


def _lines(secret: str) -> Iterator[str]:
    for line in secret.splitlines():
        if len(line.strip()) >= SHORTEST_LINE:
            yield line.strip()


def _encoded(plain: str) -> Iterator[str]:
    raw = plain.encode("utf-8", "surrogatepass")
    for escaped in (json.dumps(plain)[1:-1], json.dumps(plain, ensure_ascii=False)[1:-1]):
        yield escaped
        # jsonencode() and Terraform's own JSON escape what could end an HTML script.
        yield escaped.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")
    for quoted in (urllib.parse.quote(raw, safe=""), urllib.parse.quote(raw), urllib.parse.quote_plus(raw)):
        yield quoted
        yield re.sub("%..", lambda code: code[0].lower(), quoted)
    yield from _in_base64(raw)


def _in_base64(raw: bytes) -> Iterator[str]:
    """The characters that are the same wherever in a longer base64 text the secret begins.

    Three bytes become four characters, so there are three alignments; the characters at both ends also
    hold bits of the neighbours and are left out.
    """
    for shift, head in enumerate((0, 2, 3)):
        bits = 8 * (shift + len(raw))
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            inner = encode(bytes(shift) + raw).decode("ascii")[head : bits // 6]
            if len(inner) >= SHORTEST_LINE:
                yield inner


def _is_telling(value: str) -> bool:
    return len(value) >= SHORTEST and value.lower() not in _COMMON and not value.isspace()


def marked(value: object, mask: object) -> Iterator[str]:
    """Every text that stands at or below a marked place of a JSON-like value.

    ``mask`` is a bool for all of the value, or has its shape; where the shapes differ everything counts
    as marked. A marked JSON text gives its own leaves too. Numbers count from ``SHORTEST_NUMBER``
    characters on. The keys below a marked place count unless they are plain words.
    """
    if mask is False or mask is None:
        return
    if isinstance(value, dict) and isinstance(mask, dict):
        for key, inner in value.items():
            yield from marked(inner, mask.get(key, False))
    elif isinstance(value, list) and isinstance(mask, list):
        for at, inner in enumerate(value):
            yield from marked(inner, element(mask, at))
    else:
        yield from _leaves(value)


def element(mask: list[object], at: int) -> object:
    """The mask of one element; a list that is longer than its mask is marked from there on."""
    return mask[at] if at < len(mask) else True


def merged(one: object, other: object) -> object:
    """The mask that marks what either of two masks marks; two shapes that differ mark everything, and a
    list counts as marked from where the shorter mask ends.

    Parts that mark nothing are ``False`` in the result, whatever their shape, so that the mask of one
    side of a change never hides an innocent value of another shape on the other side.
    """
    one, other = pruned(one), pruned(other)
    if one is False or other is False:
        return one or other
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: merged(one.get(key), other.get(key)) for key in one.keys() | other.keys()}
    if isinstance(one, list) and isinstance(other, list):
        return [merged(element(one, at), element(other, at)) for at in range(max(len(one), len(other)))]
    return True


def pruned(mask: object) -> object:
    """The mask with ``False`` for every part that marks nothing; anything but a mask becomes ``True``."""
    if mask is False or mask is None:
        return False
    if isinstance(mask, dict):
        parts = {key: pruned(part) for key, part in mask.items()}
        return parts if any(part is not False for part in parts.values()) else False
    if isinstance(mask, list):
        elements = [pruned(part) for part in mask]
        return elements if any(part is not False for part in elements) else False
    return True


def telling_keys(value: Mapping[str, object]) -> Iterator[str]:
    """The keys that may be secrets themselves: all but plain words, which name what stands below them."""
    return (key for key in value if isinstance(key, str) and not _NAME.fullmatch(key))


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from telling_keys(value)
        yield from chain.from_iterable(map(_leaves, value.values()))
    elif isinstance(value, list):
        yield from chain.from_iterable(map(_leaves, value))
    elif isinstance(value, str):
        yield value
        yield from _leaves_of_json(value)
    elif len(str(value)) >= SHORTEST_NUMBER:
        yield str(value)


def _leaves_of_json(text: str) -> Iterator[str]:
    if text[:1] not in ("{", "["):
        return
    try:
        yield from _leaves(json.loads(text))
    except (ValueError, RecursionError):
        return
