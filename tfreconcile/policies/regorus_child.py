"""What do policies answer to a query? The child process that holds the engine: the one door to regorus.

``python -I -m tfreconcile.policies.regorus_child REQUEST.json`` writes ``{"dialect", "bindings"}`` or
``{"error"}`` to standard output. The engine keeps the interpreter's lock and knows no time limit, and a fault
in it ends the process: so it never runs in ours.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
DIALECTS = ("v1", "v0")
"""Tried in this order; a set of files is read in one dialect."""


def answer(request: Mapping[str, Any]) -> dict[str, Json]:
    """The bindings of the query, in the first dialect in which every file can be read."""
    import regorus

    refusals: list[tuple[int, int, str]] = []
    for dialect in DIALECTS:
        engine = regorus.Engine()
        engine.set_rego_v0(dialect == "v0")
        refusal = _load(engine, request["files"])
        if refusal is not None:
            refusals.append(refusal)
            continue
        try:
            return {"dialect": dialect, "bindings": _asked(engine, request)}
        except RuntimeError as error:
            return {"error": _spoken(error)[1]}
    # The dialect that got further is the one that its author meant.
    return {"error": max(refusals)[2]}


def _load(engine: Any, files: Sequence[Mapping[str, str]]) -> tuple[int, int, str] | None:
    """Read every file; what is wrong with the first that cannot be read, and how far that is."""
    for number, file in enumerate(files):
        try:
            engine.add_policy(file["name"], file["text"])
        except RuntimeError as error:
            line, said = _spoken(error)
            return number, line, said
    return None


def _asked(engine: Any, request: Mapping[str, Any]) -> Json:
    engine.add_data_json(json.dumps(request["data"]))
    engine.set_input_json(Path(request["plan"]).read_text(encoding="utf-8"))
    found = json.loads(engine.eval_query_as_json(request["query"]))
    results: list[dict[str, Json]] = found.get("result") or [{}]
    return results[0].get("bindings")


def _spoken(error: RuntimeError) -> tuple[int, str]:
    """Line and sentence of an engine's message, without the code that it quotes and without its backtrace."""
    lines = str(error).splitlines()
    place = next((line.removeprefix("--> ") for line in lines if line.startswith("--> ")), "")
    said = next((line.removeprefix("error: ") for line in lines if line.startswith("error: ")), "")
    said = said or next((line for line in lines if line.strip()), "no reason given")
    parts = place.rsplit(":", 2)
    line = int(parts[1]) if len(parts) == 3 and parts[1].isdigit() else 0
    return line, f"{place}: {said}" if place else said


def main() -> None:
    """Answers one request."""
    try:
        said = answer(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    except ModuleNotFoundError as error:
        said = {"missing": str(error.name)}
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
