"""What does one Terraform file say about modules, providers, the backend and sensitive variables?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from tfreconcile.errors import Misconfigured, Place, Problem
from tfreconcile.source import origins
from tfreconcile.source.model import Scalar

MAX_BYTES = 1_000_000
MAX_BRACKETS = 20_000
MAX_SIGNS = 100_000
REMEMBERED_BYTES = 65_536

# pygohcl runs Go in our process, where a stack overflow ends the process. Its parser nests by brackets and
# unary signs only; measured: 100,000 open brackets or 1,000,000 signs kill it, these bounds take 500 MB.
_BRACKETS = b"([{"
_SIGNS = b"-!"

_FAULT = re.compile(r"(?:^|, )tmp\.hcl:(\d+),(\d+)-[\d,-]+: ")
_ADDRESS = re.compile(r"(?:^|\.)([a-z0-9-]+)_[\w-]+\.")
_TYPED = {"resource": 2, "data": 2, "ephemeral": 2, "action": 2}
_ADDRESSED = {"removed": "from", "import": "to"}


@dataclass(frozen=True, kw_only=True)
class Call:
    """One ``module`` block; ``source`` is as written (see origins), with its template sequences."""

    name: str
    source: str
    version: str
    place: Place


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """What concerns us in one file.

    ``providers`` are names that a provider goes by: local names, the last part of source addresses,
    prefixes of resource types, and the backends of remote states. ``settings`` are the ``terraform`` blocks
    and the versions in ``provider`` blocks as canonical JSON; ``backends`` are (type, canonical JSON).
    """

    name: str
    calls: tuple[Call, ...] = ()
    providers: frozenset[str] = frozenset()
    settings: tuple[str, ...] = ()
    backends: tuple[tuple[str, str], ...] = ()
    sensitive: Mapping[str, Scalar] = field(default_factory=dict)
    ephemeral: frozenset[str] = frozenset()


def file_facts(name: str, content: bytes) -> FileFacts:
    """Read a ``.tf`` or ``.tf.json`` file; the name, from the repository's root, is for the error.

    Raises Misconfigured with line and column of each fault. A block of a wrong shape is passed over:
    Terraform will complain about it. What was read from the same small file before is remembered.
    """
    return _remembered(name, content) if len(content) <= REMEMBERED_BYTES else _read(name, content)


def document_of(name: str, content: bytes) -> Scalar:
    """The blocks of a file by kind and label. Raises Misconfigured with line and column of each fault."""
    return _json(name, content) if name.endswith(".json") else _hcl(name, content)


def _read(name: str, content: bytes) -> FileFacts:
    document = document_of(name, content)
    terraform = tuple(body for _, body in blocks(document, "terraform", 0))
    return FileFacts(
        name=name,
        calls=tuple(_call(name, content, labels[0], body) for labels, body in blocks(document, "module", 1)),
        providers=frozenset(_providers(document, terraform)),
        settings=tuple(map(canonical, terraform)) + tuple(_provider_versions(document)),
        backends=tuple(_backends(terraform)),
        sensitive=dict(_marked(document, "sensitive")),
        ephemeral=frozenset(name for name, _ in _marked(document, "ephemeral")),
    )


_remembered = lru_cache(maxsize=2048)(_read)


def canonical(value: object) -> str:
    """JSON that is equal for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def blocks(node: Scalar, kind: str, labels: int) -> Iterator[tuple[tuple[str, ...], dict[str, Scalar]]]:
    """Every block of a kind with so many labels, whether written once, or many times, in HCL or in JSON."""
    for body in _bodies(node):
        yield from _labelled(body.get(kind), labels)


def _labelled(node: Scalar, labels: int) -> Iterator[tuple[tuple[str, ...], dict[str, Scalar]]]:
    for body in _bodies(node):
        if labels == 0:
            yield (), body
            continue
        for label, inner in body.items():
            for rest, found in _labelled(inner, labels - 1):
                yield (label, *rest), found


def _bodies(node: Scalar) -> Iterator[dict[str, Scalar]]:
    if isinstance(node, dict):
        yield node
    elif isinstance(node, list):
        for each in node:
            yield from _bodies(each)


def _hcl(name: str, content: bytes) -> Scalar:
    import pygohcl  # late: 50 ms, and verbs that only read the database have no HCL

    _bound(name, content)
    try:
        document: Scalar = pygohcl.loadb(content, keep_interpolations=True)
    except (pygohcl.HCLParseError, pygohcl.HCLInternalError) as e:
        raise Misconfigured(_faults(name, str(e))) from e
    except (ValueError, RecursionError) as e:
        raise Misconfigured.at(name, "is nested too deeply, or holds a number that is too long") from e
    return document


def _bound(name: str, content: bytes) -> None:
    if len(content) > MAX_BYTES:
        raise Misconfigured.at(name, f"has {len(content)} bytes; at most {MAX_BYTES}", "split the file")
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        raise Misconfigured((Problem(Place(name, line, 1), "has a NUL byte in it", "remove it"),))
    for characters, limit in ((_BRACKETS, MAX_BRACKETS), (_SIGNS, MAX_SIGNS)):
        if (found := sum(map(content.count, (bytes([c]) for c in characters)))) > limit:
            what = f"has {found} of the characters {' '.join(characters.decode())}; at most {limit} in a file"
            raise Misconfigured.at(name, what, "split the file")


def _faults(name: str, said: str) -> tuple[Problem, ...]:
    text = said.removeprefix("invalid HCL: ")
    if not _FAULT.match(text):
        return (Problem(Place(name), f"invalid HCL: {text}"),)
    _, *rest = _FAULT.split(text)
    faults = zip(rest[::3], rest[1::3], rest[2::3], strict=True)
    return tuple(
        Problem(Place(name, int(line), int(column)), what.replace("tmp.hcl", name))
        for line, column, what in faults
    )


def _json(name: str, content: bytes) -> Scalar:
    try:
        document: Scalar = json.loads(content, object_pairs_hook=_merged)
    except json.JSONDecodeError as e:
        place = Place(name, e.lineno, e.colno)
        raise Misconfigured((Problem(place, f"invalid JSON: {e.msg}"),)) from e
    except (ValueError, RecursionError) as e:
        what = "is no UTF-8, nested too deeply, or holds a number that is too long"
        raise Misconfigured.at(name, what) from e
    return document


def _merged(pairs: list[tuple[str, Scalar]]) -> dict[str, Scalar]:
    """An object whose repeated keys are kept as a list, because Terraform reads them all as blocks."""
    merged: dict[str, list[Scalar]] = {}
    for key, value in pairs:
        merged.setdefault(key, []).append(value)
    return {key: values[0] if len(values) == 1 else list(values) for key, values in merged.items()}


def _call(file: str, content: bytes, name: str, body: dict[str, Scalar]) -> Call:
    source, version = origins.written(body), _text(body.get("version"))
    before, found, _ = content.partition(json.dumps(source).encode())
    place = Place(file, before.count(b"\n") + 1, len(before) - before.rfind(b"\n")) if found else Place(file)
    return Call(name=name, source=source, version=version, place=place)


def _text(value: Scalar) -> str:
    return value if isinstance(value, str) else ""


def _providers(document: Scalar, terraform: tuple[dict[str, Scalar], ...]) -> Iterator[str]:
    for labels, _ in blocks(document, "provider", 1):
        yield labels[0]
    for body in terraform:
        yield from _required(body.get("required_providers"))
    checks = [body for _, body in blocks(document, "check", 1)]
    for scope in (*_bodies(document), *checks):
        yield from _used(scope)
    for kind, key in _ADDRESSED.items():
        for _, body in blocks(document, kind, 0):
            yield from _ADDRESS.findall(_text(body.get(key)))
            yield _local_name(body)
    for _, body in blocks(document, "module", 1):
        for given in _bodies(body.get("providers")):
            yield from (_text(value).partition(".")[0] for value in given.values())


def _required(node: Scalar) -> Iterator[str]:
    for required in _bodies(node):
        for name, wish in required.items():
            yield name
            for body in _bodies(wish):
                yield _text(body.get("source")).rpartition("/")[2]


def _used(scope: dict[str, Scalar]) -> Iterator[str]:
    for kind, labels in _TYPED.items():
        for (type_, *_), body in blocks(scope, kind, labels):
            yield type_.partition("_")[0]
            yield _local_name(body)
            if type_ == "terraform_remote_state":
                yield _text(body.get("backend"))


def _local_name(body: dict[str, Scalar]) -> str:
    return _text(body.get("provider")).removeprefix("${").partition(".")[0].rstrip("}")


def _provider_versions(document: Scalar) -> Iterator[str]:
    for labels, body in blocks(document, "provider", 1):
        if "version" in body:
            yield canonical([labels[0], body["version"]])


def _backends(terraform: tuple[dict[str, Scalar], ...]) -> Iterator[tuple[str, str]]:
    for body in terraform:
        yield from (("cloud", canonical(cloud)) for cloud in _bodies(body.get("cloud")))
        yield from ((labels[0], canonical(backend)) for labels, backend in blocks(body, "backend", 1))


def assigned(name: str, content: bytes) -> Mapping[str, Scalar]:
    """The values that a ``.tfvars`` or ``.tfvars.json`` file gives to variables.

    Raises Misconfigured with line and column of each fault.
    """
    document = document_of(name, content)
    return document if isinstance(document, dict) else {}


def _marked(document: Scalar, mark: str) -> Iterator[tuple[str, Scalar]]:
    for labels, body in blocks(document, "variable", 1):
        if body.get(mark) in (True, "true"):
            yield labels[0], body.get("default")
