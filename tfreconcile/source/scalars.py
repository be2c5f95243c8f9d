"""Which value does an unquoted word of YAML stand for?"""

from __future__ import annotations

import math
import re

# YAML 1.2.2 §10.3.2, the core schema: yes, no, on and off are text, and so are dates.
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
_LONGEST_NUMBER = 100


def plain(text: str) -> bool | int | float | str | None:
    """The value by the core schema of YAML 1.2.

    Raises ValueError, with a sentence for people, for numbers that would not come out as they were written:
    infinite ones, very long ones, and those that would lose a leading zero (an account id, a postal code).
    """
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if _NOT_FINITE.fullmatch(text):
        raise ValueError("a number must be finite")
    if _LEADING_ZERO.fullmatch(text):
        raise ValueError("a number would lose its leading zero")
    number = _number(text)
    return text if number is None else number


def _number(text: str) -> int | float | None:
    if not _FLOAT.fullmatch(text) and not _OCTAL.fullmatch(text) and not _HEXADECIMAL.fullmatch(text):
        return None
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(f"a number may have up to {_LONGEST_NUMBER} characters")
    if _DECIMAL.fullmatch(text):
        return int(text)
    if text.startswith(("0o", "0x")):
        return int(text, 0)
    number = float(text)
    if math.isinf(number):
        raise ValueError("the number is too large")
    return number
