"""How do things stand? ``status`` and ``diff``: verbs that only read the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import click

from tfreconcile import clock
from tfreconcile.cli import finding, opening, tables
from tfreconcile.cli.options import with_output, with_settings
from tfreconcile.cli.printing import one_line, print_json, say
from tfreconcile.observe import ignored
from tfreconcile.plan import render
from tfreconcile.plan.lines import lines
from tfreconcile.reconcile import status as standing
from tfreconcile.settings.model import Settings
from tfreconcile.store import approvals, stacks
from tfreconcile.store.records import PlanRecord


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
        for one in approvals.tampered(store, name):
            say(f"{one}; it does not count")
    if documents and (refused := finding.refused_head(documents[0])) is not None:
        say(refused)
    if output == "json":
        print_json({"stacks": documents})
    elif not documents:
        click.echo("no pass has run yet, so no stack is known: tfreconcile once")
    elif name:
        _one(documents[0], now)
    else:
        tables.stacks(documents, now)


_FACTS = (
    "sync",
    "health",
    "state",
    "reason",
    "message",
    "desired_revision",
    "observed_revision",
    "applied_revision",
    "last_checked_at",
    "last_applied_at",
    "next_due_at",
    "failures",
    "definition",
)


def _one(stack: Mapping[str, object], now: datetime) -> None:
    facts = [(key.replace("_", " "), stack[key]) for key in _FACTS]
    quiet = ignored.note(stack["ignored"], now.date())
    tables.table(("", str(stack["name"])), (*facts, ("ignored", quiet), ("pending plan", _pending(stack))))
    conditions = stack["conditions"]
    if isinstance(conditions, list):
        columns = ("type", "status", "reason", "changed_at", "message")
        click.echo()
        tables.table(
            ("CONDITION", "STATUS", "REASON", "SINCE", "MESSAGE"),
            ([one[column] for column in columns] for one in conditions),
            spare=("SINCE",),
        )
    drift = stack["drift"]
    if isinstance(drift, Mapping) and drift["resources"]:
        click.echo()
        tables.drift(drift["resources"])


def _pending(stack: Mapping[str, object]) -> str | None:
    plan = stack["pending"]
    if not isinstance(plan, Mapping):
        return None
    mark = str(plan["fingerprint"])[: finding.SHORTEST]
    return f"{tables.pending(stack)} ({mark}); tfreconcile diff {stack['name']} shows it"


@click.command(epilog="Examples:\n\n  tfreconcile diff payments-prod")
@click.argument("name", metavar="STACK")
@with_output
@with_settings
def diff(settings: Settings, name: str, output: str) -> None:
    """The pending plan of a stack: what it would do, why, and what asks for approval. Secrets are masked."""
    with opening.store(settings) as store:
        record = finding.stack(store, name)
        plan = standing.waiting(store, record)
        if plan is not None:
            finding.refuse_edited(store, plan)
    hidden = standing.hidden(record, plan)
    if output == "json":
        print_json({**_diff(plan), "ignored": hidden})
        return
    if plan is None:
        click.echo(f"{name}: {finding.nothing_waits(record)}")
    else:
        show_plan(plan)
    for sentence in ignored.sentences(hidden, clock.now().date()):
        click.echo(one_line(sentence))


def _diff(plan: PlanRecord | None) -> dict[str, object]:
    return {
        "fingerprint": plan and plan.fingerprint,
        "plan": plan and plan.document,
        "changes": plan.classification if plan else [],
        "decision": plan and plan.decision,
        "revision": plan and plan.revision,
        "mode": plan and plan.mode,
    }


def show_plan(plan: PlanRecord) -> None:
    """The plan as text, then its hazards, what else it waits for, and its name."""
    for line in lines(render.from_json(plan.document)):
        click.echo(line)
    if found := standing.hazards(plan):
        click.echo()
        tables.hazards(found)
    click.echo()
    for reason in _reasons(plan):
        click.echo(one_line(reason, 1000))
    mark, revision = plan.fingerprint[: finding.SHORTEST], str(plan.revision)[:7]
    click.echo(one_line(f"plan {mark} of {plan.stack} at {revision}, {plan.engine} {plan.engine_version}"))


def _reasons(plan: PlanRecord) -> Iterator[str]:
    """Why it waits or is refused, as far as its hazards do not say so."""
    decision = plan.decision
    reasons, needs = _listed(decision, "reasons"), _listed(decision, "needs")
    if decision.get("closed") is True:
        yield from (f"waits for a time: {reason}" for reason in reasons)
        return
    details = [str(one["detail"]) for one in standing.hazards(plan) if isinstance(one, Mapping)]
    known = {str(one["why"]): one["requires"] for one in needs if isinstance(one, Mapping)}
    for why, requires in known.items():
        if left := _beyond(why, details):
            yield f"requires {requires}: {left}"
    if decision.get("verdict") == "refuse":
        yield from (f"refused: {reason}" for reason in reasons if reason not in known)


def _beyond(why: str, details: Iterable[str]) -> str:
    """What is left of a reason without the sentences of hazards in it."""
    for detail in sorted(details, key=len, reverse=True):
        why = why.replace(detail, "")
    return "; ".join(filter(None, why.split("; ")))


def _listed(decision: Mapping[str, object], key: str) -> list[object]:
    found = decision.get(key)
    return found if isinstance(found, list) else []
