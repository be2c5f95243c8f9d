"""What do the policies say of a saved plan, and do they work? ``policy test``, and a look of doctor."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import click

from tfreconcile.cli import tables
from tfreconcile.cli.exits import Exit
from tfreconcile.cli.inspect import read_plan
from tfreconcile.cli.options import with_optional_settings, with_output
from tfreconcile.cli.printing import one_line, print_json
from tfreconcile.cli.told import Finding as Grade
from tfreconcile.cli.told import Told
from tfreconcile.errors import ReconcileError
from tfreconcile.plan.secrets import secrets_of
from tfreconcile.policies.engines import Bench, find
from tfreconcile.policies.model import Finding, Findings, PolicyRules
from tfreconcile.reconcile import policing
from tfreconcile.redact import Scrubber
from tfreconcile.settings.model import Settings

_SMALLEST_PLAN = {"format_version": "1.2", "resource_changes": [], "planned_values": {}, "configuration": {}}


@click.group()
def policy() -> None:
    """Policy as code: try policies out on a plan before they hold."""


@policy.command(
    epilog="Examples:\n\n  tfreconcile policy test plan.json\n\n"
    "  tfreconcile policy test plan.json --rego policies --rego more.rego -o json"
)
@click.argument("path", metavar="PLAN.json", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--rego",
    "paths",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="A file or directory of Rego instead of the host's policies; may be repeated.",
)
@click.option(
    "--data",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A JSON or YAML file that policies read under data, beside the host's; may be repeated.",
)
@click.option(
    "--namespace", "namespaces", multiple=True, help="A package to ask [default: the host's, else main]."
)
@with_output
@with_optional_settings
def test(
    settings: Settings | None,
    path: Path,
    paths: tuple[Path, ...],
    data: tuple[Path, ...],
    namespaces: tuple[str, ...],
    output: str,
) -> int:
    """Hold a saved plan JSON to the policies, and say what they deny, warn of and except.

    Those of the host config, or those of --rego. Exit code 1 when something is denied, 2 when a policy
    cannot be evaluated: a pass would block then.
    """
    rules = settings.policies if settings else PolicyRules()
    if paths:
        rules = replace(rules, rego=paths, checkov=None)
    if not (rules.rego or rules.checkov):
        raise click.UsageError("the host config sets no policies; name some with --rego PATH")
    rules = replace(rules, data=(*rules.data, *data), namespaces=namespaces or rules.namespaces)
    scrubber = Scrubber.of(secrets_of(read_plan(path)))
    found = _evaluated(rules, path.resolve())
    if output == "json":
        print_json(_document(found, scrubber))
    else:
        _tell(found, scrubber)
    return Exit.FAILED if found.denied else Exit.DONE


def _evaluated(rules: PolicyRules, plan: Path) -> Findings:
    with tempfile.TemporaryDirectory(prefix="tfr-") as spool:
        bench = Bench(plan=plan, spool=Path(spool), path=os.environ.get("PATH", os.defpath))
        return policing.of_host(rules, bench)


def _sorts(found: Findings) -> tuple[tuple[str, tuple[Finding, ...]], ...]:
    return ("denied", found.denied), ("warned", found.warned), ("excepted", found.excepted)


def _document(found: Findings, scrubber: Scrubber) -> dict[str, object]:
    return {
        name: [{key: scrubber.scrub(text) for key, text in asdict(one).items()} for one in findings]
        for name, findings in _sorts(found)
    }


def _tell(found: Findings, scrubber: Scrubber) -> None:
    rows = [
        (name, one.source, scrubber.scrub(one.address), one_line(scrubber.scrub(one.message), 1000))
        for name, findings in _sorts(found)
        for one in findings
    ]
    if rows:
        tables.table(("VERDICT", "RULE", "ADDRESS", "MESSAGE"), rows)
    counts = ", ".join(f"{len(findings)} {name}" for name, findings in _sorts(found))
    click.echo(counts)


def working_policies(settings: Settings) -> Iterator[Told]:
    """Do the policies parse, is the engine there, and do they say anything sensible of an empty plan?"""
    rules = replace(settings.policies, checkov=None)
    if not (rules.rego or rules.git):
        return
    try:
        program = find(rules.engine, os.environ.get("PATH", os.defpath))
        if rules.rego:
            _on_an_empty_plan(rules)
    except ReconcileError as error:
        yield Told(
            "policy", Grade.WRONG, error.message, "no plan passes until then; see tfreconcile policy test"
        )
        return
    yield Told("policy", Grade.GOOD, f"evaluated by {program or 'regorus'}")


def _on_an_empty_plan(rules: PolicyRules) -> None:
    with tempfile.TemporaryDirectory(prefix="tfr-") as place:
        plan = Path(place, "plan.json")
        plan.write_text(json.dumps(_SMALLEST_PLAN), encoding="utf-8")
        _evaluated(rules, plan)
