"""Where is the state that a backend keeps, however its block is spelled?"""

from __future__ import annotations

import hmac
import json
import posixpath
import re
from collections.abc import Callable, Collection, Mapping
from typing import TypeAlias

from tfreconcile.source.model import Scalar

Settings: TypeAlias = Mapping[str, Scalar]
Resolve: TypeAlias = Callable[[str], str]
"""A path of the host as the one path that leads there, links followed."""

_DEFAULT = "default"
_ALIASES = ("arn:", "-s3alias")
"""What another name of an S3 bucket begins or ends with."""
_TELLING: Mapping[str, Collection[str]] = {
    "local": ("path", "workspace_dir"),
    "s3": ("bucket", "key", "workspace_key_prefix"),
    "gcs": ("bucket", "prefix"),
    "azurerm": ("storage_account_name", "container_name", "key"),
}
"""Settings that name the object; all of them, for a backend that is not here."""
_TEMPLATE = re.compile(r"[$%]\{")
_COMPUTED = re.compile(r"[$%(\[{\"?*+<>!&|]")
"""Signs of an expression. Not all: what one comes to is known after init."""


def place_of(
    key: bytes,
    kind: str,
    settings: Settings,
    workspace: str,
    *,
    written_by: str | None = None,
    resolve: Resolve = posixpath.normpath,
) -> str:
    """``KIND:DIGEST``, equal for two blocks that keep one state; keyed, since settings may hold credentials.

    Of local, s3, gcs and azurerm what names the very object counts, and nothing else: not the region, the
    endpoint, the lock or who asks. Everything else counts by its text, and is told ``KIND?:DIGEST``: two of
    those may be one place though they differ. ``written_by``: the settings are as the code of that stack has
    them, where a text that is computed may be another one for each stack; None when they are values.
    """
    telling = _TELLING.get(kind, settings.keys())
    given = {
        name: value for name, value in settings.items() if name in telling and value not in (None, [], {})
    }
    signs = _COMPUTED if kind in _TELLING else _TEMPLATE
    computed = written_by is not None and any(signs.search(str(value)) for value in given.values())
    is_open = computed or (kind == "s3" and _is_alias(str(given.get("bucket", ""))))
    found = None if is_open else _object(kind, given, workspace, resolve)
    named = [kind, *found] if found else [kind, given, workspace, written_by if computed else ""]
    digest = hmac.digest(key, json.dumps(["place", *named], sort_keys=True).encode(), "sha256").hex()[:32]
    return f"{kind}{'' if found else '?'}:{digest}"


def is_exact(place: str) -> bool:
    """Is another place surely another state?"""
    return not place.partition(":")[0].endswith("?")


def may_be_same(one: str, other: str) -> bool:
    """May two places that differ be one all the same? Within one kind, unless both are exact."""
    kinds = {place.partition(":")[0].removesuffix("?") for place in (one, other)}
    return len(kinds) == 1 and not (is_exact(one) and is_exact(other))


def _is_alias(bucket: str) -> bool:
    """Is it another name of a bucket, which does not say of which?"""
    return bucket.startswith(_ALIASES[0]) or bucket.endswith(_ALIASES[1])


def _object(kind: str, given: Settings, workspace: str, resolve: Resolve) -> tuple[str, ...] | None:
    """What names the object, by the rules of Terraform's own backends; None for any other backend."""
    text = {name: str(value) for name, value in given.items()}
    match kind:
        case "local":
            return (resolve(_file(text, workspace)),)
        case "s3" if {"bucket", "key"} <= text.keys():
            prefix = text.get("workspace_key_prefix", "env:")
            return text["bucket"], _joined(
                *((prefix, workspace) if workspace != _DEFAULT else ()), text["key"]
            )
        case "gcs" if "bucket" in text:
            return text["bucket"], _joined(text.get("prefix", ""), f"{workspace}.tfstate")
        case "azurerm" if {"storage_account_name", "container_name", "key"} <= text.keys():
            suffix = "" if workspace == _DEFAULT else f"env:{workspace}"
            return text["storage_account_name"], text["container_name"], text["key"] + suffix
    return None


def _file(text: Mapping[str, str], workspace: str) -> str:
    if workspace == _DEFAULT:
        return text.get("path") or "terraform.tfstate"
    return posixpath.join(text.get("workspace_dir") or "terraform.tfstate.d", workspace, "terraform.tfstate")


def _joined(*parts: str) -> str:
    """As path.Join of Go does it, without slashes in front."""
    return posixpath.normpath(posixpath.join("/", *(part.strip("/") for part in parts))).strip("/")
