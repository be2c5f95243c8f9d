"""What does tfreconcile make of a plan? ``inspect``: no credentials, no database."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from tfreconcile import clock
from tfreconcile.classify.assess import assess
from tfreconcile.classify.hazards import Known
from tfreconcile.classify.model import Classification
from tfreconcile.cli import tables
from tfreconcile.cli.options import with_optional_settings, with_output
from tfreconcile.cli.printing import one_line, print_json
from tfreconcile.errors import Misconfigured, Stalled
from tfreconcile.gate.decision import Asked, decide
from tfreconcile.gate.model import Decision, Hold, Nothing, Policy, Proceed, Refuse
from tfreconcile.gate.policy import Floor
from tfreconcile.observe import report
from tfreconcile.plan import render
from tfreconcile.plan.document import Plan, only_reads
from tfreconcile.plan.fingerprint import Digests, Scope, digests
from tfreconcile.plan.lines import lines
from tfreconcile.plan.parse import parse
from tfreconcile.plan.secrets import secrets_of
from tfreconcile.plan.sources import Sources
from tfreconcile.redact import Scrubber
from tfreconcile.settings.model import Settings

LARGEST_PLAN = 1 << 30
"""Bytes of plan JSON that are read at most."""
_WRITER = "terraform show -json"


@click.command(
    epilog="Examples:\n\n  terraform show -json plan.tfplan > plan.json\n\n  tfreconcile inspect plan.json"
)
@click.argument(
    "path", metavar="PLAN.json", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
)
@with_output
@with_optional_settings
def inspect(settings: Settings | None, path: Path, output: str) -> None:
    """Read a Terraform or OpenTofu plan JSON and say what tfreconcile makes of it.

    Changes, drift, hazards, fingerprint and what the gate would say. Causes are unknown here, since Git is
    not at hand; the fingerprint is made with a throw-away key and compares to no other.
    """
    plan = read_plan(path)
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


def read_plan(path: Path) -> Plan:
    """A plan JSON of Terraform or OpenTofu. Raises Stalled or Misconfigured when it is none."""
    try:
        return parse(_content(path))
    except Stalled as error:
        named = "standard input" if str(path) == "-" else path
        hint = "" if _WRITER in error.message else f"; write a plan with: {_WRITER} PLANFILE"
        raise Stalled(error.reason, f"{named}: {error.message}{hint}") from error


def _content(path: Path) -> bytes:
    if str(path) == "-":
        found = sys.stdin.buffer.read(LARGEST_PLAN + 1)
    else:
        with path.open("rb") as file:
            found = file.read(LARGEST_PLAN + 1)
    if len(found) > LARGEST_PLAN:
        what = f"this is larger than {LARGEST_PLAN >> 20} MiB, the most that is read"
        raise Misconfigured.at(str(path), what, "plan fewer resources at once")
    return found


def _known(policy: Policy, stateful: frozenset[str]) -> Known:
    return Known(
        had_resources=0,
        backend_moved=False,
        max_destroys=policy.max_destroys,
        max_destroy_percent=policy.max_destroy_percent,
        stateful=stateful,
        scale_factor=policy.scale_factor,
    )


def _decision(plan: Plan, found: Classification, policy: Policy, marks: Digests) -> Decision:
    asked = Asked(
        stack="inspect",
        fingerprint=marks.fingerprint,
        applyable=plan.applyable,
        complete=plan.complete,
        errored=plan.errored,
        only_reads=only_reads(plan),
        unstable=marks.unstable,
    )
    return decide(found, policy, (), asked=asked, now=clock.now())


def _document(
    found: Classification, made: Decision, marks: Digests, *, policy: Policy, scrubber: Scrubber
) -> dict[str, object]:
    return {
        "fingerprint": marks.fingerprint,
        "changes": report.changes(found, policy, scrubber.scrub),
        "outputs": report.outputs(found, scrubber.scrub),
        "drift": report.drift(found, scrubber.scrub),
        "hazards": report.hazards(found.hazards, policy, scrubber.scrub),
        "decision": report.decision(made, scrubber.scrub),
    }


VERDICTS = {
    Nothing: "nothing to do",
    Proceed: "would be applied",
    Hold: "would be held",
    Refuse: "would be refused",
}


def _tell(found: Classification, made: Decision, policy: Policy, scrubber: Scrubber) -> None:
    hazards = [
        *(hazard for change in report.changes(found, policy, scrubber.scrub) for hazard in _listed(change)),
        *report.hazards(found.hazards, policy, scrubber.scrub),
    ]
    if hazards:
        click.echo()
        tables.hazards(hazards)
    if found.drift:
        click.echo()
        tables.drift(report.drift(found, scrubber.scrub))
    click.echo()
    click.echo(f"the gate: {VERDICTS[type(made)]}")
    for reason in made.reasons:
        click.echo(f"- {one_line(scrubber.scrub(reason), 1000)}")


def _listed(change: Mapping[str, object]) -> list[object]:
    found = change["hazards"]
    return found if isinstance(found, list) else []
