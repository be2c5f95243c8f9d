"""What does a person say about a plan? ``approve`` and ``reject``."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

import click

from tfreconcile import clock
from tfreconcile.cli import finding, opening
from tfreconcile.cli.options import with_settings
from tfreconcile.cli.person import person
from tfreconcile.cli.printing import on_a_terminal, one_line, say
from tfreconcile.cli.reading import show_plan
from tfreconcile.errors import Misconfigured
from tfreconcile.gate.approvals import is_allowed
from tfreconcile.gate.model import Approval, Verdict
from tfreconcile.plan.fingerprint import ChangeDigest
from tfreconcile.reconcile import status
from tfreconcile.settings.model import Settings
from tfreconcile.store import approvals as words
from tfreconcile.store.database import Store
from tfreconcile.store.records import PlanRecord

_PLAN = click.option(
    "--plan", metavar="FP", help="The plan that is meant: 12 or more digits of its fingerprint."
)
_REASON = click.option("--reason", default="", help="Why; kept for ever with what was said.")
_YES = click.option("--yes", is_flag=True, help="Do not ask; needs --plan.")


@click.command(
    epilog="Examples:\n\n  tfreconcile approve archive\n\n"
    "  tfreconcile approve archive --plan 1f2e3d4c5b6a --yes --reason 'ticket 4711'"
)
@click.argument("name", metavar="STACK")
@_PLAN
@_REASON
@_YES
@with_settings
def approve(settings: Settings, name: str, *, plan: str | None, reason: str, yes: bool) -> None:
    """Say yes to exactly the pending plan of a stack: these changes, unchanged, once, until it expires.

    Without a terminal, --plan and --yes are required.
    """
    who = person(os.environ)
    with opening.store(settings) as store:
        meant = _meant(store, name, plan, yes=yes)
        _refuse_what_waits_for_nobody(meant)
        _refuse_strangers(who, meant)
        _ask("Approve", meant, who, yes=yes)
        kept = words.add(store, _word(settings, meant, Verdict.APPROVE, by=who, reason=reason))
        _tell(f"approved by {kept.by}", kept, f"approval {kept.id}")
        _say_what_is_next(store, meant, kept.at)


@click.command(epilog="Examples:\n\n  tfreconcile reject archive --reason 'not before the audit'")
@click.argument("name", metavar="STACK")
@_PLAN
@_REASON
@_YES
@with_settings
def reject(settings: Settings, name: str, *, plan: str | None, reason: str, yes: bool) -> None:
    """Say no to the pending plan: it stays held, whoever approves it, until somebody revokes the no.

    Anybody may. Without a terminal, --plan and --yes are required.
    """
    who = person(os.environ)
    with opening.store(settings) as store:
        meant = _meant(store, name, plan, yes=yes)
        _ask("Reject", meant, who, yes=yes)
        kept = words.add(store, _word(settings, meant, Verdict.REJECT, by=who, reason=reason))
    _tell(f"rejected by {kept.by}", kept, f"rejection {kept.id}")
    say(f"next: change it in Git, or take the no back: tfreconcile revoke {name} --id {kept.id}")


def _meant(store: Store, name: str, typed: str | None, *, yes: bool) -> PlanRecord:
    """The pending plan, when the person has named it or is about to see it. Raises Misconfigured."""
    plan = finding.pending(store, finding.stack(store, name))
    if typed is not None:
        plan = finding.named(plan, typed)
    verb = click.get_current_context().info_name
    command = f"tfreconcile {verb} {name} --plan {plan.fingerprint[: finding.SHORTEST]} --yes --reason '...'"
    look = f"read it with: tfreconcile diff {name}; then type: {command}"
    if yes and typed is None:
        raise Misconfigured.at(name, "--yes needs --plan: it says which plan was read", look)
    if not yes and not on_a_terminal():
        raise Misconfigured.at(name, "without a terminal --plan and --yes are required", look)
    if not yes:
        show_plan(plan)
    return plan


def _ask(verb: str, plan: PlanRecord, who: str, *, yes: bool) -> None:
    if not yes:
        mark = plan.fingerprint[: finding.SHORTEST]
        click.confirm(f"{verb} plan {mark} of {plan.stack} as {who}?", abort=True, err=True)


def _refuse_what_waits_for_nobody(plan: PlanRecord) -> None:
    hint = f"tfreconcile explain {plan.stack}"
    match plan.decision.get("verdict"):
        case "hold":
            return
        case "proceed":
            what = "the pending plan waits for nobody's approval; the next pass applies it"
        case _:
            what = "the pending plan is refused, and no approval can change that"
    raise Misconfigured.at(plan.stack, what, hint)


def _refuse_strangers(who: str, plan: PlanRecord) -> None:
    rules = status.rules(plan)
    if not is_allowed(who, rules):
        allowed = ", and also one of ".join(", ".join(group) for group in rules.approvers)
        what = f"{who} is not among the approvers; allowed: {allowed}"
        raise Misconfigured.at(plan.stack, what, "ask one of them, or change gate.approvals.approvers")


def _word(settings: Settings, plan: PlanRecord, verdict: Verdict, *, by: str, reason: str) -> Approval:
    now = clock.now()
    ttl = plan.decision.get("ttl_seconds")
    lasts = timedelta(seconds=ttl) if isinstance(ttl, int) else settings.floor.policy.approvals.ttl
    return Approval(
        id=0,
        stack=plan.stack,
        fingerprint=plan.fingerprint,
        verdict=verdict,
        by=by,
        channel="cli",
        at=now,
        reason=reason,
        expires_at=now + lasts,
        changes=frozenset(ChangeDigest(str(one["digest"])) for one in plan.classification),
        hazards=status.shown(plan),
    )


def _tell(verdict: str, kept: Approval, number: str) -> None:
    mark = kept.fingerprint[: finding.SHORTEST]
    until = "it is revoked" if kept.verdict is Verdict.REJECT else clock.text(kept.expires_at)
    click.echo(one_line(f"{verdict}: plan {mark} of {kept.stack}, until {until} ({number})"))


def _say_what_is_next(store: Store, plan: PlanRecord, now: datetime) -> None:
    """After an approval: what it leads to, or what still stands against it."""
    no = status.standing_no(plan, words.of(store, plan.stack), now)
    if no is None:
        say(f"next: tfreconcile once {plan.stack}, or wait for the next pass")
        return
    say(f"it stays held: {no.by} rejected this plan; tfreconcile revoke {plan.stack} --id {no.id} lifts that")
