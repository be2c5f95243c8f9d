"""What has ``terraform init`` put on the disk? The door to the modules and providers in a data directory."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from tfreconcile.errors import Place, Stalled
from tfreconcile.source.brought import brought
from tfreconcile.source.hcl import MAX_BYTES
from tfreconcile.source.model import Brought, Use

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_CODE = (".tf", ".tf.json")
_OPENTOFU = (".tofu", ".tofu.json")


def installed(data: Path, root: Path) -> Brought:
    """What providers and remote modules there are, and what the code of these modules brings in turn.

    ``data`` is TF_DATA_DIR, ``root`` the root module, whose own code is known already. Raises
    Stalled("ConfigurationForbidden") for what cannot be read, and Misconfigured for invalid HCL.
    """
    found = Brought(providers=tuple(_providers(data / "providers")))
    for name, directory in _modules(data, root):
        found += brought(list(_files(name, directory)))
    return found


def _providers(place: Path) -> Iterator[Use]:
    """Directories HOST/NAMESPACE/TYPE."""
    for path in sorted(place.glob("*/*/*")):
        yield Use(what=str(path.relative_to(place)), place=Place("terraform init"))


def _modules(data: Path, root: Path) -> Iterator[tuple[str, Path]]:
    """Every module below the data directory; those of the repository are read from Git."""
    manifest = data / "modules" / "modules.json"
    if not manifest.exists():
        return
    match _json(manifest):
        case {"Modules": list(entries)}:
            for entry in entries:
                yield from _module(entry, data, root)
        case _:
            raise _unreadable(manifest)


def _module(entry: Json, data: Path, root: Path) -> Iterator[tuple[str, Path]]:
    match entry:
        case {"Key": str(key), "Dir": str(directory)}:
            path = Path(os.path.normpath(root / directory))
            if path.is_relative_to(data):
                yield f"module.{key}", path
        case _:
            raise _unreadable(data)


def _files(name: str, directory: Path) -> Iterator[tuple[str, bytes]]:
    try:
        for path in sorted(directory.iterdir()):
            if path.name.startswith(".") or not path.name.endswith((*_CODE, *_OPENTOFU)):
                continue
            if path.name.endswith(_OPENTOFU):
                raise Stalled(
                    "ConfigurationForbidden",
                    f"{name}/{path.name}: .tofu files are not read; use another module",
                )
            with path.open("rb") as file:
                yield f"{name}/{path.name}", file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _unreadable(directory) from error


def _json(path: Path) -> Json:
    try:
        document: Json = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path) from error
    return document


def _unreadable(path: Path) -> Stalled:
    return Stalled(
        "ConfigurationForbidden",
        f"what terraform init installed cannot be read ({path.name}), so it is not run",
    )
