"""What does a person say about a plan? ``approve`` and ``reject``."""

from __future__ import annotations

import os
import secrets
from dataclasses import replace
from datetime import datetime

import click

from tfreconcile import clock
from tfreconcile.cli import answering, finding, opening, signing, tagging
from tfreconcile.cli.asked import Asked, with_words
from tfreconcile.cli.options import with_settings
from tfreconcile.cli.person import person
from tfreconcile.cli.printing import on_a_terminal, one_line, say
from tfreconcile.cli.reading import show_plan
from tfreconcile.errors import Misconfigured
from tfreconcile.gate import signed
from tfreconcile.gate.approvals import is_allowed, overrides
from tfreconcile.gate.model import Approval, Verdict
from tfreconcile.gate.signed import Said
from tfreconcile.gate.tags import Word
from tfreconcile.reconcile import status, words
from tfreconcile.settings.model import Settings
from tfreconcile.store import approvals as said
from tfreconcile.store import tags
from tfreconcile.store.database import Store
from tfreconcile.store.records import PlanRecord


@click.command(
    epilog="Examples:\n\n  tfreconcile approve archive\n\n  tfreconcile approve archive --as-tag\n\n"
    "  tfreconcile approve archive --plan 1f2e3d4c5b6a --yes --reason 'ticket 4711'"
)
@click.argument("name", metavar="STACK")
@with_words(approving=True)
@with_settings
def approve(settings: Settings, name: str, asked: Asked) -> None:
    """Say yes to exactly the pending plan of a stack: these changes, unchanged, once, until it expires.

    Without a terminal, --plan and --yes are required. With --as-tag nothing is said yet.
    """
    with opening.store(settings) as store:
        meant = _meant(store, name, asked)
        _refuse_what_waits_for_nobody(store, meant)
        if asked.as_tag:
            _print_commands(settings, store, meant, Verdict.APPROVE, asked)
            return
        if asked.sign is None:
            _refuse_unsigned(meant)
            _refuse_strangers(person(os.environ), meant, signed=False)
        _ask("Approve", meant, asked)
        now = clock.now()
        word = _word(settings, meant, Verdict.APPROVE, asked, now=now)
        _refuse_strangers(word.by, meant, signed=word.signature is not None)
        kept = said.add(store, words.composed(store, meant, word, channel=words.CLI, at=now))
        _tell(f"approved by {kept.by}", kept, f"approval {kept.id}")
        _say_what_is_next(store, meant, kept)


@click.command(
    epilog="Examples:\n\n  tfreconcile reject archive --reason 'not before the audit'\n\n"
    "  tfreconcile reject archive --as-tag"
)
@click.argument("name", metavar="STACK")
@with_words(approving=False)
@with_settings
def reject(settings: Settings, name: str, asked: Asked) -> None:
    """Say no to the pending plan: it stays held, whoever approves it, until somebody revokes the no.

    Anybody may. Without a terminal, --plan and --yes are required. With --as-tag nothing is said yet.
    """
    with opening.store(settings) as store:
        meant = _meant(store, name, asked)
        if asked.as_tag:
            _print_commands(settings, store, meant, Verdict.REJECT, asked)
            return
        _ask("Reject", meant, asked)
        now = clock.now()
        word = _word(settings, meant, Verdict.REJECT, asked, now=now)
        kept = said.add(store, words.composed(store, meant, word, channel=words.CLI, at=now))
    _tell(f"rejected by {kept.by}", kept, f"rejection {kept.id}")
    say(f"next: change it in Git, or take the no back: tfreconcile revoke {name} --id {kept.id}")


def _meant(store: Store, name: str, asked: Asked) -> PlanRecord:
    """The pending plan, when the person has named it or is about to see it. Raises Misconfigured."""
    plan = finding.pending(store, finding.stack(store, name))
    if asked.plan is not None:
        plan = finding.named(plan, asked.plan)
    if asked.as_tag:
        return plan
    verb = click.get_current_context().info_name or "approve"
    command = answering.command(plan, verb, override=asked.override_window, yes=True)
    look = f"read it with: tfreconcile diff {name}; then type: {command}"
    if asked.yes and asked.plan is None:
        raise Misconfigured.at(name, "--yes needs --plan: it says which plan was read", look)
    if not asked.yes and not on_a_terminal():
        raise Misconfigured.at(name, "without a terminal --plan and --yes are required", look)
    if not asked.yes:
        show_plan(plan)
    return plan


def _ask(verb: str, plan: PlanRecord, asked: Asked) -> None:
    if not asked.yes:
        mark = plan.fingerprint[: finding.SHORTEST]
        who = person(os.environ) if asked.sign is None else f"the owner of {asked.sign}"
        click.confirm(f"{verb} plan {mark} of {plan.stack} as {who}?", abort=True, err=True)


def _refuse_what_waits_for_nobody(store: Store, plan: PlanRecord) -> None:
    explain = f"tfreconcile explain {plan.stack}"
    if error := said.obstacle(store, plan.stack, at=clock.now()):
        raise Misconfigured.at(plan.stack, f"no approval counts now: {error.message}", explain)
    if what := words.idle(plan, finding.stack(store, plan.stack).reason):
        raise Misconfigured.at(plan.stack, what, explain)


def _refuse_unsigned(plan: PlanRecord) -> None:
    if words.needs_signature(plan):
        type_this = (
            f"tfreconcile approve {plan.stack} --sign KEY, or: tfreconcile approve {plan.stack} --as-tag"
        )
        raise Misconfigured.at(plan.stack, "only signed approvals count for the pending plan", type_this)


def _refuse_strangers(who: str, plan: PlanRecord, *, signed: bool) -> None:
    rules = status.rules(plan)
    if not is_allowed(who, rules):
        allowed = ", and also one of ".join(", ".join(group) for group in rules.approvers)
        what = f"{who} is not among the approvers; allowed: {allowed}"
        raise Misconfigured.at(plan.stack, what, "ask one of them, or change gate.approvals.approvers")
    if unfit := status.unfit(plan, who, signed=signed):
        raise Misconfigured.at(plan.stack, unfit, f"who may: tfreconcile explain {plan.stack}")


def _word(settings: Settings, plan: PlanRecord, verdict: Verdict, asked: Asked, *, now: datetime) -> Word:
    spoken = _said(plan, asked, now)
    signature = None
    if asked.sign is not None:
        spoken = replace(spoken, verdict=verdict, at=now)
        signature = signing.signed_by(settings, asked.sign, spoken, verdict, now)
    longest = now + words.lasts(plan)
    return Word(
        verdict=verdict,
        by=signature.signer if signature else person(os.environ),
        expires_at=min(spoken.expires_at or longest, longest),
        reason=signed.one_line(asked.reason) if signature else asked.reason,
        override=asked.override_window,
        signature=signature,
    )


def _said(plan: PlanRecord, asked: Asked, now: datetime) -> Said:
    return Said(
        stack=plan.stack,
        fingerprint=plan.fingerprint,
        expires_at=now + asked.expires if asked.expires else None,
        reason=asked.reason,
        override=asked.override_window,
    )


def _print_commands(
    settings: Settings, store: Store, plan: PlanRecord, verdict: Verdict, asked: Asked
) -> None:
    spoken = _said(plan, asked, clock.now())
    used = frozenset(ref for ref, _ in tags.known(store))
    label = asked.label or tagging.label(plan, verdict, secrets.token_hex(3), used)
    tag = tagging.name(plan, verdict, label)
    if tag in used:
        what = f"a tag of the name {tag} was looked at before: another one would be refused"
        raise Misconfigured.at(plan.stack, what, "choose another --label, or none")
    for line in tagging.comparison(plan, spoken, verdict):
        click.echo(one_line(line))
    if label is not None and asked.label is None:
        click.echo(
            "# The name of the tag ends at random, unlike anybody else's; --label chooses another end."
        )
    for line in tagging.commands(plan, spoken, verdict, tag=tag, branch=settings.source.branch):
        click.echo(one_line(line, 1000))
    say("type this where your key is, in a clone of the repository; then the next pass sees the tag")


def _tell(verdict: str, kept: Approval, number: str) -> None:
    mark = kept.fingerprint[: finding.SHORTEST]
    until = "it is revoked" if kept.verdict is Verdict.REJECT else clock.text(kept.expires_at)
    click.echo(one_line(f"{verdict}: plan {mark} of {kept.stack}, until {until} ({number})"))


def _say_what_is_next(store: Store, plan: PlanRecord, kept: Approval) -> None:
    """After an approval: what it leads to, or what still stands against it."""
    given = said.of(store, plan.stack)
    no, tally = status.standing_no(plan, given, kept.at), status.weighed(plan, given, kept.at)
    if no is not None:
        lift = f"tfreconcile revoke {plan.stack} --id {no.id} lifts that"
        say(f"it stays held: {no.by} rejected this plan; {lift}")
    elif plan.decision.get("closed") and not overrides(kept):
        say("it still waits for a window to open; to say that it need not: --override-window")
    elif not tally.enough:
        say(f"it stays held: {answering.still_missing(tally)}; who may: tfreconcile explain {plan.stack}")
    else:
        say(f"next: tfreconcile once {plan.stack}, or wait for the next pass")
