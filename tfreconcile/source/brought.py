"""What does Terraform code bring with it: which providers, remote modules, provisioners and programs?

Read from the text of a module before anything of it runs. A provider that the module does not declare is
``hashicorp/NAME``, as Terraform has it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from tfreconcile.errors import Place
from tfreconcile.source import origins
from tfreconcile.source.hcl import REMEMBERED_BYTES, blocks, document_of
from tfreconcile.source.model import Brought, Scalar, Use

BUILTIN = "terraform"
"""The provider that is a part of Terraform itself."""
EXTERNAL = "external"
"""The provider whose only data source runs a program."""
_TYPED = ("resource", "data", "ephemeral", "action", "list")
_LOCAL = ("./", "../", ".\\", "..\\")
_WISHES = frozenset({"source", "version", "configuration_aliases"})
_VERSION = re.compile(r"[\w\s.,<>=!~+-]*")
_ADDRESSED = re.compile(r"(?:^|\.)([A-Za-z][\w-]*)\.[\w-]+(?:\[.*\])?$")


@dataclass(frozen=True, kw_only=True)
class _File:
    """One file: declared sources by local name, local names in use, and the rest with places."""

    declared: tuple[tuple[str, Use], ...]
    named: tuple[Use, ...]
    modules: tuple[Use, ...]
    provisioners: tuple[Use, ...]
    data: tuple[tuple[str, Use], ...]


@dataclass(frozen=True)
class _Text:
    name: str
    content: str

    def place(self, pattern: str) -> Place:
        """Where a block of this form begins; the file alone when the text does not have it so."""
        found = re.search(pattern, self.content, re.MULTILINE)
        if found is None:
            return Place(self.name)
        begun = self.content.rfind("\n", 0, found.start()) + 1
        return Place(self.name, self.content.count("\n", 0, found.start()) + 1, found.start() - begun + 1)


def brought(files: Iterable[tuple[str, bytes]]) -> Brought:
    """What the files of one module bring, in reading order; their names are for the places.

    Raises Misconfigured for a file that cannot be read.
    """
    uses = tuple(_of_file(name, content) for name, content in files)
    declared = dict(chain.from_iterable(one.declared for one in uses))
    named = tuple(chain.from_iterable(one.named for one in uses))
    implied = (_implied(use) for use in named if use.what not in declared and use.what not in ("", BUILTIN))
    data = chain.from_iterable(one.data for one in uses)
    return Brought(
        providers=_firsts((*declared.values(), *implied)),
        modules=_firsts(chain.from_iterable(one.modules for one in uses)),
        provisioners=_firsts(chain.from_iterable(one.provisioners for one in uses)),
        programs=_firsts(use for local, use in data if _is_external(local, declared)),
    )


def reading_order(name: str) -> tuple[bool, str]:
    """Override files come last, as Terraform reads them."""
    stem = name.removesuffix(".json").removesuffix(".tf")
    return stem == "override" or stem.endswith("_override"), name


def _implied(use: Use) -> Use:
    return Use(what=f"hashicorp/{use.what}", place=use.place)


def _is_external(local: str, declared: Mapping[str, Use]) -> bool:
    source = declared[local].what if local in declared else local
    return source.rpartition("/")[2].lower() == EXTERNAL


def _firsts(uses: Iterable[Use]) -> tuple[Use, ...]:
    found: dict[str, Use] = {}
    for use in uses:
        found.setdefault(use.what, use)
    return tuple(found.values())


def _of_file(name: str, content: bytes) -> _File:
    return _remembered(name, content) if len(content) <= REMEMBERED_BYTES else _read(name, content)


def _read(name: str, content: bytes) -> _File:
    document, text = document_of(name, content), _Text(name, content.decode("utf-8", "replace"))
    return _File(
        declared=tuple(_declared(document, text)),
        named=tuple(_named(document, text)),
        modules=tuple(_modules(document, text)),
        provisioners=tuple(_provisioners(document, text)),
        data=tuple(_data(document, text)),
    )


_remembered = lru_cache(maxsize=2048)(_read)


def _declared(document: Scalar, text: _Text) -> Iterator[tuple[str, Use]]:
    for _, body in blocks(document, "terraform", 0):
        for _, required in blocks(body, "required_providers", 0):
            for local, wish in required.items():
                what = _source(local, wish)
                # "//" is a comment in JSON.
                if what and local != "//":
                    yield local, Use(what=what, place=text.place(rf'^\s*"?{re.escape(local)}"?\s*[=:]'))


def _source(local: str, wish: Scalar) -> str:
    """Where a provider is said to come from; in parentheses, as no source is, what cannot be understood."""
    if isinstance(wish, str) and _VERSION.fullmatch(wish):
        source: Scalar = None
    elif isinstance(wish, dict) and wish.keys() <= _WISHES:
        source = wish.get("source")
    else:
        source = {"": wish}
    if source is None:
        return "" if local == BUILTIN else f"hashicorp/{local}"
    return source if isinstance(source, str) and source else f"({local} = {json.dumps(wish)[:80]})"


def _named(document: Scalar, text: _Text) -> Iterator[Use]:
    """Every local name of a provider that the file uses."""
    for (local,), _ in blocks(document, "provider", 1):
        yield Use(what=local, place=text.place(rf'\bprovider"?[\s:{{]*"{re.escape(local)}"'))
    for scope in _scopes(document):
        for kind in _TYPED:
            for labels, body in blocks(scope, kind, 2):
                yield Use(what=_local(labels[0], body), place=_block(text, labels))
    for kind, key in (("removed", "from"), ("import", "to")):
        for _, body in blocks(document, kind, 0):
            address = _ADDRESSED.search(_string(body.get(key)))
            yield Use(what=_local(address[1] if address else "", body), place=text.place(rf"^\s*{kind}\b"))


def _scopes(document: Scalar) -> Iterator[Scalar]:
    yield document
    yield from (body for _, body in blocks(document, "check", 1))


def _local(type_: str, body: Mapping[str, Scalar]) -> str:
    """The local name of the provider of a block: what it says, else the first word of its type."""
    said = _string(body.get("provider")).removeprefix("${").rstrip("}").partition(".")[0].strip()
    return said or type_.partition("_")[0]


def _modules(document: Scalar, text: _Text) -> Iterator[Use]:
    for _, body in blocks(document, "module", 1):
        source = origins.written(body)
        if source and not source.startswith(_LOCAL):
            yield Use(what=source, place=text.place(re.escape(f'"{source}"')))


def _provisioners(document: Scalar, text: _Text) -> Iterator[Use]:
    for labels, body in blocks(document, "resource", 2):
        if "provisioner" in body:
            yield Use(what=".".join(labels), place=_block(text, labels))
    for _, body in blocks(document, "removed", 0):
        if "provisioner" in body:
            yield Use(what=f"removed {_string(body.get('from'))}", place=text.place(r"^\s*removed\b"))


def _data(document: Scalar, text: _Text) -> Iterator[tuple[str, Use]]:
    for scope in _scopes(document):
        for kind in ("data", "ephemeral", "resource", "list"):
            for labels, body in blocks(scope, kind, 2):
                name = ".".join((kind, *labels)).removeprefix("resource.")
                yield _local(labels[0], body), Use(what=name, place=_block(text, labels))


def _block(text: _Text, labels: tuple[str, ...]) -> Place:
    return text.place(r'"[\s:{]*'.join(f'"{re.escape(label)}' for label in labels) + '"')


def _string(value: Scalar) -> str:
    return value if isinstance(value, str) else ""
