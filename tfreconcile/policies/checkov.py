"""What does checkov say of a plan? Its own program, in a child, over the plan's JSON.

The form of its output is that of checkov 3.3, recorded in ``tests/policies/checkov``. It exits
with 0 whatever it finds (``--soft-fail``), so the document alone counts, and one that cannot be read blocks.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from tfreconcile.policies import engines
from tfreconcile.policies.engines import Bench, Limits
from tfreconcile.policies.model import Finding, Findings, PolicyRules
from tfreconcile.policies.verdicts import few, wrong

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_OPTIONS = (
    "--framework=terraform_plan",
    "--output=json",
    "--soft-fail",
    "--skip-download",
    "--compact",
    "--quiet",
)


def scan(program: Path, *, rules: PolicyRules, bench: Bench) -> Findings:
    """Every failed check as a denied finding. Raises Stalled("PolicyError") for whatever else may happen."""
    if shutil.which(str(program)) is None:
        raise wrong(f"{program} is no program that can be run; correct gate.policy.checkov")
    home = bench.spool / "checkov"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    plan = home / "plan.json"  # checkov goes by the name
    shutil.copyfile(bench.plan, plan)
    finished = engines.start(
        "checkov",
        (str(program), f"--file={plan}", *_OPTIONS),
        replace(bench, spool=home),
        Limits(timeout=rules.timeout, memory=rules.memory),
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    )
    if finished.code != 0:
        raise wrong(f"checkov {engines.ending(finished, rules.memory)}")
    return findings(engines.parsed(finished, "checkov"))


def findings(document: Json) -> Findings:
    """The failed checks of a report. One that read nothing, or could not read the plan, is no report."""
    reports = document if isinstance(document, list) else [document]
    if not reports:
        raise wrong("checkov gave no report")
    return Findings(denied=few([one for report in reports for one in _failed(report)]))


def _failed(report: Json) -> Iterator[Finding]:
    match report:
        case {"summary": {"parsing_errors": 0}, "results": {"failed_checks": list(checks)}}:
            yield from map(_finding, checks)
        case {"parsing_errors": 0, "failed": 0, "checkov_version": str()}:
            return  # what it says when it has no check for any of the resources
        case {"summary": {"parsing_errors": int(errors)}} | {"parsing_errors": int(errors)} if errors:
            raise wrong("checkov could not read the plan")
        case _:
            raise wrong("checkov gave a report of an unknown form")


def _finding(check: Json) -> Finding:
    match check:
        case {"check_id": str(check_id), "check_name": str(name), "resource": str(resource), **rest}:
            address = rest.get("resource_address")
            return Finding(
                source=f"checkov {check_id}",
                message=f"{resource}: {name}",
                address=address if isinstance(address, str) else resource,
            )
    raise wrong("checkov gave a failed check of an unknown form")
