"""Was a row written by us? Digests that anybody can make again, and seals that need the host's key."""

from __future__ import annotations

import dataclasses
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, cast

from tfreconcile.plan.canonical import canonical
from tfreconcile.plan.document import Json

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

JOURNAL, APPROVAL, ANCHOR, CHECKED = "journal", "approval", "anchor", "checked"
STACK, DEFINITION = "stack", "definition"
"""What is sealed: a seal of one kind never fits another."""
KEY_ID = "key-id"


def plain(value: object) -> Json:
    """A column's value as JSON: moments with every digit in UTC, sets sorted, signatures as objects.

    JSON inside must be as it is read back from the database: a Decimal there has become its text.
    """
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case frozenset():
            return cast(Json, sorted(list(one) if isinstance(one, tuple) else one for one in value))
        case tuple():
            return cast(Json, list(value))
        case Mapping() | list() | None | bool() | int() | float():
            return cast(Json, value)
        case str():
            return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return cast(Json, dataclasses.asdict(value))
    raise TypeError(f"a column holds no {type(value).__name__}")


def columns(row: DataclassInstance) -> dict[str, Json]:
    """The columns of a value by name, as JSON."""
    return {field.name: plain(getattr(row, field.name)) for field in dataclasses.fields(row)}


def digest(document: Mapping[str, Json]) -> str:
    """SHA-256 over canonical JSON, 64 hex digits. Keyless: it says "equal", not "ours"."""
    return sha256(canonical(dict(document)).encode()).hexdigest()


def seal(key: bytes, what: str, text: str) -> str:
    """HMAC-SHA256 over a digest, under a key made from the host's for this one purpose; 64 hex digits."""
    own = hmac.digest(key, f"tfreconcile seal of {what}".encode(), "sha256")
    return hmac.digest(own, text.encode("utf-8", "replace"), "sha256").hex()


def fits(key: bytes, what: str, text: str, found: object) -> bool:
    """Is ``found`` the seal of this text?"""
    return isinstance(found, str) and hmac.compare_digest(
        seal(key, what, text).encode(), found.encode("utf-8", "replace")
    )


def key_id(key: bytes) -> str:
    """16 hex digits that tell one host key from another and say nothing about either."""
    return seal(key, KEY_ID, "")[:16]
