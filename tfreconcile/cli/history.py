"""What ran? ``history``: passes, plans and applies, newest first."""

from __future__ import annotations

import click

from tfreconcile import clock
from tfreconcile.cli import finding, opening, tables
from tfreconcile.cli.options import with_output, with_settings
from tfreconcile.cli.printing import print_json, say
from tfreconcile.settings.model import Settings
from tfreconcile.source.model import StackName
from tfreconcile.store import applies, passes, plans
from tfreconcile.store.records import ApplyRecord, PassRecord, PlanRecord


@click.command()
@click.argument("name", metavar="[STACK]", required=False)
@click.option(
    "-n", "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many of each."
)
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
        print_json(
            {
                "passes": [_turn(one) for one in turns],
                "plans": [_plan(one) for one in made],
                "applies": [_apply(one) for one in done],
            }
        )
        return
    if not turns:
        say("nothing has run yet: tfreconcile once")
    _show_passes(turns)
    _show_plans(made)
    _show_applies(done)


def _show_passes(turns: tuple[PassRecord, ...]) -> None:
    if turns:
        tables.table(
            ("PASS", "STACK", "STARTED", "REVISION", "OUTCOME", "REASON", "MESSAGE"),
            (
                (
                    one.id,
                    one.stack,
                    clock.text(one.started_at),
                    str(one.revision or "")[:7],
                    one.outcome or "running",
                    one.reason,
                    one.message,
                )
                for one in turns
            ),
            spare=("REVISION", "REASON", "STARTED"),
        )


def _show_plans(made: tuple[PlanRecord, ...]) -> None:
    if made:
        click.echo()
        tables.table(
            ("PLAN", "STACK", "MADE", "REVISION", "STATE", "FINGERPRINT", "DECISION"),
            (
                (
                    one.id,
                    one.stack,
                    clock.text(one.created_at),
                    str(one.revision or "")[:7],
                    one.state,
                    one.fingerprint[: finding.SHORTEST],
                    one.decision.get("verdict"),
                )
                for one in made
            ),
            spare=("REVISION", "MADE"),
        )


def _show_applies(done: tuple[ApplyRecord, ...]) -> None:
    if not done:
        return
    click.echo()
    tables.table(
        ("APPLY", "STACK", "STARTED", "STATUS", "ON THE WORD OF", "RESOURCES"),
        (
            (
                one.id,
                one.stack,
                clock.text(one.started_at),
                one.status,
                ", ".join(one.on_word_of) or "policy",
                _resources(one),
            )
            for one in done
        ),
        spare=("STARTED",),
    )


def _resources(done: ApplyRecord) -> str:
    told = [
        f"{one['action']} {one['address']}: {one['status']}"
        + (f" ({one['error']})" if one.get("error") else "")
        for one in done.outcomes
    ]
    return "; ".join(told) or done.message or "-"


def _turn(one: PassRecord) -> dict[str, object]:
    return {
        "id": one.id,
        "stack": one.stack,
        "started_at": clock.text(one.started_at),
        "ended_at": clock.text(one.ended_at) if one.ended_at else None,
        "revision": one.revision,
        "outcome": one.outcome,
        "reason": one.reason,
        "message": one.message,
        "plan": one.plan_id,
    }


def _plan(one: PlanRecord) -> dict[str, object]:
    return {
        "id": one.id,
        "stack": one.stack,
        "created_at": clock.text(one.created_at),
        "revision": one.revision,
        "fingerprint": one.fingerprint,
        "mode": one.mode,
        "state": one.state,
        "engine": one.engine,
        "engine_version": one.engine_version,
        "changes": one.classification,
        "decision": one.decision,
    }


def _apply(one: ApplyRecord) -> dict[str, object]:
    return {
        "id": one.id,
        "stack": one.stack,
        "plan": one.plan_id,
        "fingerprint": one.fingerprint,
        "started_at": clock.text(one.started_at),
        "ended_at": clock.text(one.ended_at) if one.ended_at else None,
        "status": one.status,
        "reason": one.reason,
        "message": one.message,
        "approvals": one.approvals,
        "on_word_of": one.on_word_of,
        "outcomes": one.outcomes,
    }
