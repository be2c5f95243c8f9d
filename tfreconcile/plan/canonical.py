"""How is a JSON value written so that equal values are equal bytes?"""

from __future__ import annotations

import json
from decimal import Decimal

from tfreconcile.plan.document import Json


def canonical(value: Json) -> str:
    """ASCII JSON with sorted keys and no layout; numbers keep every digit that they came with.

    A number with a fraction becomes ``{"$decimal": "1.50"}``. A plan that really holds such an object
    would read the same, which is harmless: nobody can choose both sides of that coincidence.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_decimal, allow_nan=False)


def same(one: Json, other: Json) -> bool:
    """Whether two values are written the same; unlike ``==`` it tells ``true`` from ``1``."""
    return one is other or canonical(one) == canonical(other)


def _decimal(value: object) -> dict[str, str]:
    if not isinstance(value, Decimal):
        raise TypeError(f"not a JSON value: {type(value).__name__}")
    return {"$decimal": str(value)}
