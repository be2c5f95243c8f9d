"""How is a user's ``opa`` asked, and what does it answer? Its documented command line and JSON, no process.

Written after the documentation of ``opa eval`` (flags of 0.70 and 1.x); none could be run where it was made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from tfreconcile.policies.clauses import RegoFile

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

DIALECTS = ("--v1-compatible", "--v0-compatible")
"""Tried in this order."""
_OTHER_DIALECT = frozenset({"rego_parse_error", "rego_compile_error"})


def lay_out(files: Sequence[RegoFile], data: Mapping[str, Json], spool: Path) -> Path:
    """A directory that holds the policies and the data, and nothing else."""
    home = spool / "opa"
    policies = home / "policies"
    policies.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in policies.iterdir():
        left.unlink()
    for number, file in enumerate(files):
        (policies / f"{number:04}.rego").write_text(file.text, encoding="utf-8")
    (home / "names.json").write_text(json.dumps([file.name for file in files]), encoding="utf-8")
    (home / "data.json").write_text(json.dumps(data), encoding="utf-8")
    return home


def argv(program: Path, home: Path, plan: Path, query: str, *, dialect: str) -> tuple[str, ...]:
    """``opa eval``. Errors of builtins are errors: what cannot be computed must not pass as undefined."""
    return (
        str(program),
        "eval",
        "--format=json",
        "--strict-builtin-errors",
        dialect,
        f"--data={home / 'policies'}",
        f"--data={home / 'data.json'}",
        f"--input={plan}",
        query,
    )


def understood(code: int, out: bytes, err: bytes, home: Path) -> Json:
    """``{"bindings"}`` or ``{"error", "code"}``; None when it ended without an answer of a known form."""
    try:
        document: Json = json.loads(out)
    except (ValueError, RecursionError):
        return _usage(code, err)
    match document:
        case {"errors": [{"message": str(message), **rest}, *_]}:
            place = _place(rest.get("location"), home)
            return {"error": f"{place}: {message}" if place else message, "code": str(rest.get("code"))}
        case {"result": [{"bindings": dict(bindings)}]} if code == 0:
            return {"bindings": bindings}
    return None


def _usage(code: int, err: bytes) -> Json:
    if code != 0 and b"unknown flag" in err:
        return {
            "error": "this opa does not know a flag that is needed; use opa 0.70 or later",
            "code": "usage",
        }
    return None


def is_of_another_dialect(said: Json) -> bool:
    """May the other dialect read what this one could not?"""
    return isinstance(said, dict) and said.get("code") in _OTHER_DIALECT


def _place(location: object, home: Path) -> str:
    match location:
        case {"file": str(file), "row": int(row), "col": int(column)}:
            return f"{_name(file, home)}:{row}:{column}"
    return ""


def _name(file: str, home: Path) -> str:
    """The name that a person knows a file by."""
    names: list[str] = json.loads((home / "names.json").read_text(encoding="utf-8"))
    number = Path(file).stem
    return names[int(number)] if number.isdigit() and int(number) < len(names) else file
