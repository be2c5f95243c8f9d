"""What happens next to a stack, and why? ``explain``: from the database alone, without planning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import click

from tfreconcile import clock
from tfreconcile.cli import finding, opening, tables
from tfreconcile.cli.finding import how_to_resume
from tfreconcile.cli.options import with_output, with_settings
from tfreconcile.cli.printing import one_line, print_json
from tfreconcile.gate.model import Approval
from tfreconcile.reconcile import status
from tfreconcile.settings.model import Settings
from tfreconcile.store import approvals
from tfreconcile.store.records import PlanRecord


@click.command(epilog="Examples:\n\n  tfreconcile explain archive")
@click.argument("name", metavar="STACK")
@with_output
@with_settings
def explain(settings: Settings, name: str, output: str) -> None:
    """What happens next to a stack, each reason for it, and what would change it. Nothing is planned."""
    now = clock.now()
    with opening.store(settings) as store:
        record = finding.stack(store, name)
        document = status.documents(store, [record], now)[0]
        plan = status.waiting(store, record)
        no = None if plan is None else status.standing_no(plan, approvals.of(store, name), now)
    sentences = tuple(_sentences(document, plan, no, now))
    if output == "json":
        decision = None if plan is None else plan.decision
        print_json({"name": name, "next": list(sentences), "decision": decision, "status": document})
        return
    click.echo(one_line(f"{name}: {document['sync']}, {document['health']}, {document['state']}"))
    for sentence in sentences:
        click.echo(f"- {one_line(sentence, 1000)}")


def _sentences(
    stack: Mapping[str, object], plan: PlanRecord | None, no: Approval | None, now: datetime
) -> Iterator[str]:
    yield ": ".join(str(stack[key]) for key in ("reason", "message") if stack[key]) or "nothing is known yet"
    yield from _next_step(stack, plan, no)
    if plan is not None:
        yield from _needs(stack, plan)
    yield from _drift(stack)
    if stack["next_due_at"] and stack["state"] not in ("Suspended", "Removed"):
        when = f"{tables.when(stack['next_due_at'], now)} ({stack['next_due_at']})"
        yield f"looked at again {when}, or when its inputs change in Git"


def _next_step(stack: Mapping[str, object], plan: PlanRecord | None, no: Approval | None) -> Iterator[str]:
    name = stack["name"]
    match stack["state"]:
        case "AwaitingApproval" if plan is not None:
            yield from _rejection(no) if no is not None else _missing_words(stack, plan)
        case "AwaitingApproval" | "Held":
            yield "it waits; each pass looks whether it still has to"
        case "Planning" | "Applying":
            yield "a pass is under way"
        case "Refused":
            yield "nobody can approve this: change the code in Git, or the host config"
        case "Backoff":
            yield "the failure may clear by itself: it is tried again, later each time"
        case "Stalled":
            yield (
                "it would fail the same way again: change the code or mend the cause,"
                f" then: tfreconcile sync {name}"
            )
        case "Suspended":
            yield how_to_resume(stack)
        case "Removed":
            yield "nothing: its resources and its state stay; put the definition back to adopt them"
        case _:
            yield "nothing is to be done now; drift and new commits are looked for"


def _rejection(no: Approval) -> Iterator[str]:
    yield f"{no.by} rejected exactly this plan: no approval counts before {clock.text(no.expires_at)}"
    yield f"change it in Git, or take the no back: tfreconcile revoke {no.stack} --id {no.id}"


def _missing_words(stack: Mapping[str, object], plan: PlanRecord) -> Iterator[str]:
    pending = stack["pending"]
    counted = pending["approvals"] if isinstance(pending, Mapping) else {"given": 0, "required": 1}
    missing = counted["required"] - counted["given"]
    if missing <= 0:
        yield "enough people have approved: the next pass plans again, and applies what they cover"
        return
    yield f"waits for {missing} of {counted['required']} approvals"
    yield f"who agrees types: tfreconcile approve {plan.stack} --plan {plan.fingerprint[:12]} --reason '...'"
    yield from _approvers(plan)


def _approvers(plan: PlanRecord) -> Iterator[str]:
    groups = status.rules(plan).approvers
    yield "who may approve: " + ", and also matching ".join(", ".join(group) for group in groups)


def _needs(stack: Mapping[str, object], plan: PlanRecord) -> Iterator[str]:
    needs = plan.decision.get("needs", [])
    for need in needs if isinstance(needs, list) else []:
        yield f"{need['address'] or 'the plan as a whole'} requires {need['requires']}: {need['why']}"


def _drift(stack: Mapping[str, object]) -> Iterator[str]:
    drift = stack["drift"]
    for one in drift["resources"] if isinstance(drift, Mapping) else []:
        named = f" ({', '.join(one['attributes'])})" if one["attributes"] else ""
        why = f": {one['why']}" if one.get("why") else ""
        yield f"drift, {one['kind']}: {one['address']}{named}{why}"
