"""Which values do root variables get, and which of them must never be shown?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tfreconcile.reconcile.learned import Learned
from tfreconcile.redact import telling_keys
from tfreconcile.source import hcl
from tfreconcile.source.model import Scalar


def given(learned: Learned, root: Path, var_files: Iterable[Path]) -> Mapping[str, Scalar]:
    """Every value that a variable gets, in Terraform's order: automatic files, var files, our own.

    ``root`` is the exported root module. Raises Misconfigured for a var file that cannot be read.
    """
    values: dict[str, Scalar] = {}
    for path in (*_automatic(root), *var_files):
        values |= hcl.assigned(path.name, path.read_bytes())
    return {**values, **learned.variables}


def _automatic(root: Path) -> Iterator[Path]:
    yield from (
        path for name in ("terraform.tfvars", "terraform.tfvars.json") if (path := root / name).is_file()
    )
    yield from sorted((*root.glob("*.auto.tfvars"), *root.glob("*.auto.tfvars.json")))


def secrets(learned: Learned, values: Mapping[str, Scalar]) -> Iterator[str]:
    """Every text inside a value, or a default, of a variable that is declared sensitive or ephemeral.

    The keys of its maps count unless they are plain words.
    """
    module = learned.wanted.module
    for name in {*module.sensitive_variables, *module.ephemeral_variables}:
        yield from _texts(values.get(name))
        yield from _texts(module.sensitive_variables.get(name))


def _texts(value: Scalar) -> Iterator[str]:
    match value:
        case str():
            yield value
        case int() | float() if not isinstance(value, bool):
            yield str(value)
        case list():
            for item in value:
                yield from _texts(item)
        case dict():
            yield from telling_keys(value)
            for item in value.values():
                yield from _texts(item)


def ephemeral(learned: Learned, values: Mapping[str, Scalar]) -> Mapping[str, str]:
    """The values of ephemeral variables, as Terraform takes them from its environment."""
    names = sorted(learned.wanted.module.ephemeral_variables & values.keys())
    return {name: _as_environment(values[name]) for name in names}


def _as_environment(value: Scalar) -> str:
    return value if isinstance(value, str) else json.dumps(value)
