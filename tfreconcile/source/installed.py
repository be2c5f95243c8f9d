"""What has ``terraform init`` put on the disk? The door to the modules and providers in a data directory."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from tfreconcile.errors import Misconfigured, Place, Stalled
from tfreconcile.source import origins
from tfreconcile.source.brought import brought, reading_order
from tfreconcile.source.hcl import MAX_BYTES, blocks, document_of
from tfreconcile.source.model import Brought, Use

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_CODE = (".tf", ".tf.json")
_OPENTOFU = (".tofu", ".tofu.json")
LOCK_FILE = ".terraform.lock.hcl"


@dataclass(frozen=True, kw_only=True)
class _Module:
    key: str
    source: str
    directory: Path


def require_known(data: Path, root: Path, local: Collection[Path]) -> None:
    """Does Terraform load code from this disk that was not read from Git? Then no rule was held against it.

    ``local`` are the directories of the modules that were. Raises Stalled("ConfigurationForbidden").
    """
    for module in _modules(data, root):
        of_init = module.directory.is_relative_to(data) and not origins.is_of_host(module.source)
        if not of_init and module.directory not in (root, *local):
            raise Stalled(
                "ConfigurationForbidden",
                f"module.{module.key} is a directory that was not read from Git as a module of the stack, so "
                "it is not run; write its source as a plain text",
            )


def installed(data: Path, root: Path) -> Brought:
    """What providers and remote modules there are, and what the code of these modules brings in turn.

    ``data`` is TF_DATA_DIR, ``root`` the root module, whose own code is known already. Raises
    Stalled("ConfigurationForbidden") for what cannot be read, and Misconfigured for invalid HCL.
    """
    found = Brought(providers=(*_providers(data / "providers"), *_locked(root / LOCK_FILE)))
    for module in _modules(data, root):
        if module.directory.is_relative_to(data):
            found += brought(list(_files(f"module.{module.key}", module.directory)))
    return found


def _providers(place: Path) -> Iterator[Use]:
    """Directories HOST/NAMESPACE/TYPE."""
    for path in sorted(place.glob("*/*/*")):
        yield Use(what=str(path.relative_to(place)), place=Place("terraform init"))


def _locked(lock: Path) -> Iterator[Use]:
    """What init chose, wherever it lies."""
    try:
        content = lock.read_bytes() if lock.exists() else b""
        document = document_of(lock.name, content)
    except (OSError, Misconfigured) as error:
        raise _unreadable(lock) from error
    for (source,), _ in blocks(document, "provider", 1):
        yield Use(what=source, place=Place(lock.name))


def _modules(data: Path, root: Path) -> Iterator[_Module]:
    """Every module that init has noted, the root among them."""
    manifest = data / "modules" / "modules.json"
    if not manifest.exists():
        return
    match _json(manifest):
        case {"Modules": list(entries)}:
            for entry in entries:
                yield _module(entry, root, manifest)
        case _:
            raise _unreadable(manifest)


def _module(entry: Json, root: Path, manifest: Path) -> _Module:
    match entry:
        case {"Key": str(key), "Source": str(source), "Dir": str(directory)}:
            return _Module(key=key, source=source, directory=Path(os.path.normpath(root / directory)))
    raise _unreadable(manifest)


def _files(name: str, directory: Path) -> Iterator[tuple[str, bytes]]:
    try:
        for path in sorted(directory.iterdir(), key=lambda path: reading_order(path.name)):
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
