"""Which module sources may there be, so that what a stack reads is known before anything of it runs?

Terraform evaluates a source: ``["./sub"][0]`` is the directory ``./sub``. Here it is text, and nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from tfreconcile.source.model import Scalar

_PLAIN = re.compile(r"""[^\s\x00-\x1f\x7f"'`()\[\]{}<>|^]*""")
"""Every expression that is no plain text has one of these; so have no addresses that modules come from."""
_REFERENCE = re.compile(r"(?:var|local|path|terraform|each|count|module|data|self)\.[^/]*")
_TEMPLATE = re.compile(r"\$\{|%\{")
_GETTERS = re.compile(r"(?:[A-Za-z0-9]+::)+")
_HOST = re.compile(r"/|file:|file%3a|(?:[A-Za-z]:)?\\|[A-Za-z]:/|~", re.IGNORECASE)
_RELATIVE = re.compile(r"\.{1,2}(?:[/\\]|$)")


def written(module: Mapping[str, Scalar]) -> str:
    """The source of a ``module`` block, "" without one; what is no text comes in parentheses: never plain."""
    source = module.get("source", "")
    return source if isinstance(source, str) else f"({json.dumps(source)})"


def is_plain(source: str) -> bool:
    """Is it an address as it stands, and no expression that gives one?"""
    written = _PLAIN.fullmatch(source) and not _TEMPLATE.search(source)
    return bool(written) and not _REFERENCE.fullmatch(source)


def is_of_host(source: str) -> bool:
    """Does it lead to the disk of this machine: a path or ``file:`` in any case, behind any ``git::``?"""
    forced = _GETTERS.match(source)
    if forced and "file" in forced[0].lower().split("::"):
        return True
    address = source[forced.end() :] if forced else source
    return bool(_HOST.match(address)) or (address != source and bool(_RELATIVE.match(address)))
