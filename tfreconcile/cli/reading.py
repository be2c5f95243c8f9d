"""How do things stand? ``status``, ``diff`` and ``history``: verbs that only read the database."""

from __future__ import annotations

from collections.abc import Mapping

import click

from tfreconcile import clock
from tfreconcile.cli import finding, opening, tables
from tfreconcile.cli.options import print_json, with_output, with_settings
from tfreconcile.plan import render
from tfreconcile.plan.lines import lines
from tfreconcile.reconcile import status as standing
from tfreconcile.settings.model import Settings
from tfreconcile.source.model import StackName
from tfreconcile.store import applies, passes, plans, stacks
from tfreconcile.store.records import ApplyRecord, PassRecord, PlanRecord


@click.command(epilog="Examples:\n\n  tfreconcile status\n\n  tfreconcile status payments-prod -o json")
@click.argument("name", metavar="[STACK]", required=False)
@with_output
@with_settings
def status(settings: Settings, name: str | None, output: str) -> None:
    """Sync, health, state, revisions, reason and next check of every stack, or of one."""
    now = clock.now()
    with opening.store(settings) as store:
        records = [finding.stack(store, name)] if name else stacks.all(store)
        documents = standing.documents(store, records, now)
    if output == "json":
        print_json({"stacks": documents})
    elif not documents:
        click.echo("no pass has run yet: tfreconcile once")
    elif name:
        _one(documents[0])
    else:
        tables.stacks(documents, now)


def _one(stack: Mapping[str, object]) -> None:
    shown = ("sync", "health", "state", "reason", "message", "desired_revision", "observed_revision",
             "applied_revision", "last_checked_at", "last_applied_at", "next_due_at", "failures", "definition")
    tables.table(("", str(stack["name"])), ((key.replace("_", " "), stack[key]) for key in shown))
    click.echo()
    conditions = stack["conditions"]
    if isinstance(conditions, list):
        columns = ("type", "status", "reason", "changed_at", "message")
        tables.table(("CONDITION", "STATUS", "REASON", "SINCE", "MESSAGE"), ([one[c] for c in columns] for one in conditions))
    drift = stack["drift"]
    if isinstance(drift, Mapping) and drift["resources"]:
        click.echo()
        tables.table(("DRIFT", "KIND", "ATTRIBUTES"), (
            (one["address"], one["kind"], ", ".join(one["attributes"])) for one in drift["resources"]))


@click.command(epilog="Examples:\n\n  tfreconcile diff payments-prod")
@click.argument("name", metavar="STACK")
@with_output
@with_settings
def diff(settings: Settings, name: str, output: str) -> None:
    """The pending plan of a stack: what it would do, why, and what asks for approval. Secrets are masked."""
    with opening.store(settings) as store:
        record = finding.stack(store, name)
        plan = finding.pending(store, record)
    if output == "json":
        print_json({"fingerprint": plan.fingerprint, "plan": plan.document, "changes": plan.classification,
                    "decision": plan.decision, "revision": plan.revision})
        return
    show_plan(plan)


def show_plan(plan: PlanRecord) -> None:
    """The plan as text, then its hazards, then its name."""
    for line in lines(render.from_json(plan.document)):
        click.echo(line)
    rows = [(one["kind"], one["requires"], one["detail"]) for one in standing.hazards(plan) if isinstance(one, Mapping)]
    if rows:
        click.echo()
        tables.table(("HAZARD", "REQUIRES", "WHY"), rows)
    click.echo()
    click.echo(f"plan {plan.fingerprint[:finding.SHORTEST]} of {plan.stack} at {str(plan.revision)[:7]}, {plan.engine} {plan.engine_version}")


@click.command()
@click.argument("name", metavar="[STACK]", required=False)
@click.option("-n", "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many of each.")
@with_output
@with_settings
def history(settings: Settings, name: str | None, limit: int, output: str) -> None:
    """What ran: passes, plans that had something to do, and applies, newest first."""
    with opening.store(settings) as store:
        stack = StackName(finding.stack(store, name).name) if name else None
        turns = passes.history(store, stack, limit=limit)
        made = plans.history(store, stack, limit=limit)
        done = applies.history(store, stack, limit=limit)
    if output == "json":
        print_json({"passes": [_turn(one) for one in turns], "plans": [_plan(one) for one in made],
                    "applies": [_apply(one) for one in done]})
        return
    tables.table(("PASS", "STACK", "STARTED", "REVISION", "OUTCOME", "REASON", "MESSAGE"), (
        (one.id, one.stack, clock.text(one.started_at), str(one.revision or "")[:7], one.outcome or "running", one.reason, one.message)
        for one in turns))
    _show_plans(made)
    _show_applies(done)


def _show_plans(made: tuple[PlanRecord, ...]) -> None:
    if made:
        click.echo()
        tables.table(("PLAN", "STACK", "MADE", "REVISION", "STATE", "FINGERPRINT", "DECISION"), (
            (one.id, one.stack, clock.text(one.created_at), str(one.revision or "")[:7], one.state,
             one.fingerprint[:finding.SHORTEST], one.decision.get("verdict")) for one in made))


def _show_applies(done: tuple[ApplyRecord, ...]) -> None:
    if not done:
        return
    click.echo()
    tables.table(("APPLY", "STACK", "STARTED", "STATUS", "ON THE WORD OF", "RESOURCES"), (
        (one.id, one.stack, clock.text(one.started_at), one.status, ", ".join(one.on_word_of) or "policy", _resources(one))
        for one in done))


def _resources(done: ApplyRecord) -> str:
    told = [f"{one['action']} {one['address']}: {one['status']}" + (f" ({one['error']})" if one.get("error") else "")
            for one in done.outcomes]
    return "; ".join(told) or done.message or "-"


def _turn(one: PassRecord) -> dict[str, object]:
    return {"id": one.id, "stack": one.stack, "started_at": clock.text(one.started_at),
            "ended_at": clock.text(one.ended_at) if one.ended_at else None, "revision": one.revision,
            "outcome": one.outcome, "reason": one.reason, "message": one.message, "plan": one.plan_id}


def _plan(one: PlanRecord) -> dict[str, object]:
    return {"id": one.id, "stack": one.stack, "created_at": clock.text(one.created_at), "revision": one.revision,
            "fingerprint": one.fingerprint, "state": one.state, "engine": one.engine, "engine_version": one.engine_version,
            "changes": one.classification, "decision": one.decision}


def _apply(one: ApplyRecord) -> dict[str, object]:
    return {"id": one.id, "stack": one.stack, "plan": one.plan_id, "fingerprint": one.fingerprint,
            "started_at": clock.text(one.started_at), "ended_at": clock.text(one.ended_at) if one.ended_at else None,
            "status": one.status, "reason": one.reason, "message": one.message, "approvals": one.approvals,
            "on_word_of": one.on_word_of, "outcomes": one.outcomes}
