"""Is it right, before anything runs? ``validate`` and ``inspect``: no credentials, no database."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path, PurePosixPath

import click

from tfreconcile import clock
from tfreconcile.classify.assess import assess
from tfreconcile.classify.hazards import Known
from tfreconcile.classify.model import Classification
from tfreconcile.cli import tables
from tfreconcile.cli.exits import Exit
from tfreconcile.cli.options import print_json, with_optional_settings, with_output
from tfreconcile.errors import Misconfigured
from tfreconcile.gate.decision import Asked, decide
from tfreconcile.gate.model import Decision, Hold, Nothing, Policy, Proceed, Refuse
from tfreconcile.gate.policy import Floor
from tfreconcile.observe import report
from tfreconcile.plan import render
from tfreconcile.plan.document import Plan
from tfreconcile.plan.fingerprint import Digests, Scope, digests
from tfreconcile.plan.lines import lines
from tfreconcile.plan.parse import parse
from tfreconcile.plan.secrets import secrets_of
from tfreconcile.plan.sources import Sources
from tfreconcile.reconcile import survey
from tfreconcile.redact import Scrubber
from tfreconcile.settings.model import Settings
from tfreconcile.source.folder import folder_tree, repository_root


@click.command(epilog="Examples:\n\n  tfreconcile validate stacks\n\n  tfreconcile validate stacks/payments/stack.yaml --config host.yaml")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@with_output
@with_optional_settings
def validate(settings: Settings | None, path: Path, output: str) -> int:
    """Check every stack definition under PATH and the modules that it reaches.

    With --config the host's gate counts too. Exit code 2 when anything is wrong.
    """
    place = (path.parent if path.is_file() else path).resolve()
    root = repository_root(place)
    found = survey.read(folder_tree(root), PurePosixPath(place.relative_to(root)), settings.floor if settings else Floor())
    if output == "json":
        print_json({
            "stacks": [{"name": name, "definition": str(one.stack.definition), "module": str(one.stack.module)}
                       for name, one in found.wanted.items()],
            "broken": [{"name": one.name, "definition": str(one.definition),
                        "problems": [{"file": p.place.file, "line": p.place.line, "column": p.place.column,
                                      "message": p.what, "hint": p.hint} for p in one.problems]} for one in found.broken],
        })
        return Exit.USAGE if found.broken else Exit.DONE
    for broken in found.broken:
        for problem in broken.problems:
            click.echo(tables.one_line(problem, 2000), err=True)
    for name, one in sorted(found.wanted.items()):
        click.echo(f"{name}: ok ({one.stack.definition}, {len(one.files)} files)")
    if not found.wanted and not found.broken:
        click.echo(f"no stack.yaml under {path}", err=True)
        return Exit.USAGE
    return Exit.USAGE if found.broken else Exit.DONE


LARGEST_PLAN = 1 << 30
"""Bytes of plan JSON that are read at most."""


@click.command(epilog="Examples:\n\n  terraform show -json plan.tfplan > plan.json\n\n  tfreconcile inspect plan.json")
@click.argument("path", metavar="PLAN.json", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@with_output
@with_optional_settings
def inspect(settings: Settings | None, path: Path, output: str) -> None:
    """Read a Terraform or OpenTofu plan JSON and say what tfreconcile makes of it.

    Changes, drift, hazards, fingerprint and what the gate would say. Causes are unknown here, since Git is
    not at hand; the fingerprint is made with a throw-away key and compares to no other.
    """
    plan = parse(_content(path))
    policy = (settings.floor if settings else Floor()).policy
    extra = settings.stateful if settings else frozenset()
    marks = digests(plan, secrets.token_bytes(32), Scope(stack="inspect"), Sources())
    found = assess(plan, marks, _known(policy, extra), inputs_changed=None, today=clock.now().date())
    made = _decision(plan, found, policy, marks)
    scrubber = Scrubber.of(secrets_of(plan))
    if output == "json":
        print_json(_document(found, made, marks, policy=policy, scrubber=scrubber))
        return
    for line in lines(render.mask(plan, scrubber)):
        click.echo(line)
    _tell(found, made, policy, scrubber)
    click.echo(f"fingerprint {marks.fingerprint} (with a throw-away key: it compares to no other)")


def _content(path: Path) -> bytes:
    if str(path) == "-":
        return sys.stdin.buffer.read(LARGEST_PLAN + 1)
    if path.stat().st_size > LARGEST_PLAN:
        raise Misconfigured.at(str(path), f"larger than {LARGEST_PLAN >> 20} MiB: not read")
    return path.read_bytes()


def _known(policy: Policy, stateful: frozenset[str]) -> Known:
    return Known(
        had_resources=0,
        backend_moved=False,
        max_destroys=policy.max_destroys,
        max_destroy_percent=policy.max_destroy_percent,
        stateful=stateful,
    )


def _decision(plan: Plan, found: Classification, policy: Policy, marks: Digests) -> Decision:
    asked = Asked(
        stack="inspect",
        fingerprint=marks.fingerprint,
        applyable=plan.applyable,
        complete=plan.complete,
        errored=plan.errored,
        unstable=marks.unstable,
    )
    return decide(found, policy, (), asked=asked, now=clock.now())


def _document(
    found: Classification, made: Decision, marks: Digests, *, policy: Policy, scrubber: Scrubber
) -> dict[str, object]:
    return {
        "fingerprint": marks.fingerprint,
        "changes": report.changes(found, policy, scrubber.scrub),
        "drift": report.drift(found, scrubber.scrub),
        "hazards": report.hazards(found.hazards, policy, scrubber.scrub),
        "decision": report.decision(made, scrubber.scrub),
    }


VERDICTS = {Nothing: "nothing to do", Proceed: "would be applied", Hold: "would be held", Refuse: "would be refused"}


def _tell(found: Classification, made: Decision, policy: Policy, scrubber: Scrubber) -> None:
    hazards = [one for change in found.changes for one in change.hazards] + list(found.hazards)
    if hazards:
        click.echo()
        tables.table(("HAZARD", "REQUIRES", "WHY"), (
            (one.kind, policy.hazards.get(one.kind, "never"), scrubber.scrub(one.detail)) for one in hazards))
    drift = [one for one in found.drift]
    if drift:
        click.echo()
        tables.table(("DRIFT", "KIND", "ATTRIBUTES"), (
            (scrubber.scrub(one.address), one.kind, ", ".join(one.attributes)) for one in drift))
    click.echo()
    click.echo(f"the gate: {VERDICTS[type(made)]}")
    for reason in made.reasons:
        click.echo(f"- {tables.one_line(scrubber.scrub(reason), 1000)}")
