"""What does a person say about a plan? ``approve``, ``reject``, ``revoke`` and ``approvals``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import click

from tfreconcile import clock
from tfreconcile.cli import finding, opening, tables
from tfreconcile.cli.exits import Exit
from tfreconcile.cli.options import print_json, with_output, with_settings
from tfreconcile.cli.person import person
from tfreconcile.cli.reading import show_plan
from tfreconcile.errors import Misconfigured
from tfreconcile.gate.approvals import is_allowed, stands
from tfreconcile.gate.model import Approval, ApprovalRules, Verdict
from tfreconcile.plan.fingerprint import ChangeDigest
from tfreconcile.reconcile import status
from tfreconcile.settings.model import Settings
from tfreconcile.store import approvals as words
from tfreconcile.store.database import Store
from tfreconcile.store.records import PlanRecord

_PLAN = click.option("--plan", "typed", metavar="FP", help="The plan that is meant: 12 or more digits of its fingerprint.")
_REASON = click.option("--reason", default="", help="Why; kept with the approval.")
_YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command(epilog="Examples:\n\n  tfreconcile approve archive\n\n  tfreconcile approve archive --plan 1f2e3d4c5b6a --yes --reason 'ticket 4711'")
@click.argument("name", metavar="STACK")
@_PLAN
@_REASON
@_YES
@with_settings
def approve(settings: Settings, name: str, *, typed: str | None, reason: str, yes: bool) -> None:
    """Say yes to exactly the pending plan of a stack: these changes, unchanged, once, until it expires.

    Without a terminal, --plan and --yes are required.
    """
    with opening.store(settings) as store:
        plan = _meant(store, name, typed, yes=yes)
        if plan.decision.get("verdict") != "hold":
            raise Misconfigured.at(name, "the pending plan is refused, an approval cannot change that", f"tfreconcile explain {name}")
        given = _record(settings, plan, Verdict.APPROVE, reason)
        _refuse_strangers(given.by, plan)
        if not yes:
            click.confirm(f"Approve plan {plan.fingerprint[:12]} as {given.by}?", abort=True, err=True)
        kept = words.add(store, given)
        click.echo(f"approved by {kept.by}: plan {kept.fingerprint[:12]} of {name}, until {clock.text(kept.expires_at)} (approval {kept.id})")
        click.echo(f"next: tfreconcile once {name}, or wait for the next pass", err=True)


@click.command()
@click.argument("name", metavar="STACK")
@_PLAN
@_REASON
@_YES
@with_settings
def reject(settings: Settings, name: str, *, typed: str | None, reason: str, yes: bool) -> None:
    """Say no to the pending plan: it stays held, whoever else approves it, until you revoke the no."""
    with opening.store(settings) as store:
        plan = _meant(store, name, typed, yes=yes)
        given = _record(settings, plan, Verdict.REJECT, reason)
        if not yes:
            click.confirm(f"Reject plan {plan.fingerprint[:12]} as {given.by}?", abort=True, err=True)
        kept = words.add(store, given)
        click.echo(f"rejected by {kept.by}: plan {kept.fingerprint[:12]} of {name} (rejection {kept.id})")


@click.command()
@click.argument("name", metavar="STACK")
@click.option("--id", "number", type=int, help="Which one; default: every one of the stack that still stands.")
@with_settings
def revoke(settings: Settings, name: str, number: int | None) -> int:
    """Take approvals and rejections of a stack back, as long as they have not been used."""
    now, who = clock.now(), person(os.environ)
    with opening.store(settings) as store:
        finding.stack(store, name)
        standing = [one for one in words.of(store, name) if _open(one, now) and number in (None, one.id)]
        taken = [one for one in standing if words.revoke(store, one.id, by=who, at=now)]
    for one in taken:
        click.echo(f"revoked {one.verdict} {one.id} of {one.by}: plan {one.fingerprint[:12]} of {name}")
    if not taken:
        click.echo(f"nothing of {name} stands that could be revoked", err=True)
        return Exit.FAILED
    return Exit.DONE


@click.command()
@click.argument("name", metavar="[STACK]", required=False)
@with_output
@with_settings
def approvals(settings: Settings, name: str | None, output: str) -> None:
    """Who approved or rejected what, when, why, and what became of it."""
    now = clock.now()
    with opening.store(settings) as store:
        if name:
            finding.stack(store, name)
        found = words.of(store, name)
    if output == "json":
        print_json({"approvals": [_document(one, now) for one in found]})
        return
    columns = ("id", "stack", "verdict", "by", "at", "plan", "state", "reason")
    tables.table(tuple(one.upper() for one in columns), _rows(found, now))
    if not found:
        click.echo("nobody has said anything yet", err=True)


def _meant(store: Store, name: str, typed: str | None, *, yes: bool) -> PlanRecord:
    plan = finding.pending(store, finding.stack(store, name))
    if typed is not None:
        plan = finding.named(plan, typed)
    if not (sys.stdin.isatty() and sys.stdout.isatty()) and (typed is None or not yes):
        verb = click.get_current_context().info_name
        raise Misconfigured.at(
            name,
            "without a terminal --plan and --yes are required",
            f"tfreconcile {verb} {name} --plan {plan.fingerprint[:12]} --yes --reason '...'",
        )
    if not yes:
        show_plan(plan)
    return plan


def _record(settings: Settings, plan: PlanRecord, verdict: Verdict, reason: str) -> Approval:
    now = clock.now()
    ttl = plan.decision.get("ttl_seconds")
    lasts = timedelta(seconds=ttl) if isinstance(ttl, int) else settings.floor.policy.approvals.ttl
    return Approval(
        id=0,
        stack=plan.stack,
        fingerprint=plan.fingerprint,
        verdict=verdict,
        by=person(os.environ),
        channel="cli",
        at=now,
        reason=reason,
        expires_at=now + lasts,
        changes=frozenset(ChangeDigest(str(one["digest"])) for one in plan.classification),
        hazards=_shown(plan),
    )


def _refuse_strangers(who: str, plan: PlanRecord) -> None:
    groups = plan.decision.get("approvers", [])
    rules = ApprovalRules(approvers=tuple(tuple(map(str, group)) for group in groups) if isinstance(groups, list) else ())
    if not is_allowed(who, rules):
        allowed = " and ".join(", ".join(group) for group in rules.approvers)
        raise Misconfigured.at(plan.stack, f"{who} is not among the approvers: {allowed}")


def _shown(plan: PlanRecord) -> frozenset[tuple[str, str]]:
    return frozenset((str(one["kind"]), str(one["address"])) for one in status.hazards(plan) if isinstance(one, Mapping))


def _open(one: Approval, now: datetime) -> bool:
    return one.revoked_at is None and one.consumed_at is None and now < one.expires_at


def _state(one: Approval, now: datetime) -> str:
    if one.revoked_at is not None:
        return f"revoked by {one.revoked_by}"
    if one.consumed_at is not None:
        return f"used {clock.text(one.consumed_at)}"
    if now >= one.expires_at:
        return f"expired {clock.text(one.expires_at)}"
    return f"stands until {clock.text(one.expires_at)}" if stands(one, now) or one.verdict is Verdict.REJECT else "-"


def _rows(found: Iterable[Approval], now: datetime) -> Iterable[tuple[object, ...]]:
    for one in found:
        yield one.id, one.stack, one.verdict, one.by, clock.text(one.at), one.fingerprint[:12], _state(one, now), one.reason


def _document(one: Approval, now: datetime) -> dict[str, object]:
    return {
        "id": one.id, "stack": one.stack, "fingerprint": one.fingerprint, "verdict": str(one.verdict), "by": one.by,
        "channel": one.channel, "at": clock.text(one.at), "reason": one.reason, "expires_at": clock.text(one.expires_at),
        "changes": sorted(one.changes), "hazards": [{"kind": kind, "address": address} for kind, address in sorted(one.hazards)],
        "revoked_at": clock.text(one.revoked_at) if one.revoked_at else None, "revoked_by": one.revoked_by,
        "consumed_at": clock.text(one.consumed_at) if one.consumed_at else None, "state": _state(one, now),
    }
