"""What do tests of policies start from? Sets of Rego, a bench, and an ``opa`` without opa."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from support.plans import PLANS

from tfreconcile.policies import rego
from tfreconcile.policies.clauses import RegoFile
from tfreconcile.policies.engines import Bench
from tfreconcile.policies.model import Finding, Findings, PolicyRules
from tfreconcile.policies.verdicts import Json

V1 = "package main\nimport rego.v1\n"
RULES = PolicyRules(engine="regorus", timeout=timedelta(seconds=20))
FAKE_OPA = '''#!{python} -I
"""opa eval, as its documentation has it, on regorus."""
import json, pathlib, sys
import regorus

arguments = sys.argv[1:]
assert arguments.pop(0) == "eval"
query = arguments.pop()
options = dict(one.lstrip("-").partition("=")[::2] for one in arguments if "data=" not in one)
given = [one.removeprefix("--data=") for one in arguments if one.startswith("--data=")]
assert options["format"] == "json" and "strict-builtin-errors" in options
engine = regorus.Engine()
engine.set_rego_v0("v0-compatible" in options)


def fail(code, error):
    lines = str(error).splitlines()
    place = next((line[4:] for line in lines if line.startswith("--> ")), "x:0:0").rsplit(":", 2)
    said = next((line[7:] for line in lines if line.startswith("error: ")), "no reason")
    location = dict(file=place[0], row=int(place[1]), col=int(place[2]))
    print(json.dumps(dict(errors=[dict(message=said, code=code, location=location)])))
    sys.exit(2)


for place in given:
    path = pathlib.Path(place)
    if path.is_dir():
        for file in sorted(path.iterdir()):
            try:
                engine.add_policy(str(file), file.read_text())
            except RuntimeError as error:
                fail("rego_parse_error", error)
    else:
        engine.add_data_json(path.read_text())
engine.set_input_json(pathlib.Path(options["input"]).read_text())
try:
    found = json.loads(engine.eval_query_as_json(query))
except RuntimeError as error:
    fail("eval_builtin_error", error)
print(json.dumps(found))
'''


def program(place: Path, text: str) -> Path:
    """A program of this name with this text."""
    place.write_text(text.replace("{python}", sys.executable))
    place.chmod(0o755)
    return place


def bench(tmp: Path, plan: str | Mapping[str, Any] = "create", path: str = "/nonexistent") -> Bench:
    """A bench with one of the real plans, or a document of the test's own."""
    file = PLANS / f"{plan}.json" if isinstance(plan, str) else tmp / "plan.json"
    if not isinstance(plan, str):
        file.write_text(json.dumps(plan))
    spool = tmp / "spool"
    spool.mkdir(exist_ok=True)
    return Bench(plan=file, spool=spool, path=path)


Judge = Callable[..., Findings]


def judge(tmp: Path, rules: PolicyRules = RULES) -> Judge:
    """Evaluates texts of Rego: ``judge(text, plan=…, data=…)``."""

    def judged(
        *texts: str,
        plan: str | Mapping[str, Any] = "create",
        data: Mapping[str, Json] | None = None,
        complete: bool = True,
    ) -> Findings:
        files = tuple(RegoFile(f"policies/{number}.rego", text) for number, text in enumerate(texts))
        return rego.evaluate(files, data or {}, rules=rules, bench=bench(tmp, plan), complete=complete)

    return judged


def said(found: tuple[Finding, ...]) -> list[tuple[str, str]]:
    """Rule and message of each."""
    return [(one.source, one.message) for one in found]


def planned(*resources: Mapping[str, Any]) -> dict[str, Any]:
    """A plan of these resource changes; ``expressions`` of each is what the code sets."""
    changes = [{key: value for key, value in one.items() if key != "expressions"} for one in resources]
    configured = [
        {"address": one["address"], "mode": "managed", "type": one["type"], "name": one["name"]}
        | ({"expressions": one["expressions"]} if "expressions" in one else {})
        for one in resources
    ]
    return {
        "format_version": "1.2",
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": configured}},
    }


def created(
    address: str, after: Mapping[str, Any], unknown: object, *, expressions: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The creation of a resource, with what of it is not known yet."""
    type_, _, name = address.partition(".")
    change = {"actions": ["create"], "before": None, "after": dict(after), "after_unknown": unknown}
    found: dict[str, Any] = {
        "address": address,
        "type": type_,
        "name": name,
        "mode": "managed",
        "change": change,
    }
    return found | ({} if expressions is None else {"expressions": dict(expressions)})
