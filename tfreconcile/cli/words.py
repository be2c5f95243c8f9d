"""What have people said so far? ``approvals`` lists it, ``revoke`` takes it back."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime

import click

from tfreconcile import clock
from tfreconcile.cli import finding, opening, tables
from tfreconcile.cli.exits import Exit
from tfreconcile.cli.options import with_output, with_settings
from tfreconcile.cli.person import person
from tfreconcile.cli.printing import one_line, print_json, say
from tfreconcile.gate.approvals import is_open
from tfreconcile.gate.model import Approval, Verdict
from tfreconcile.settings.model import Settings
from tfreconcile.source.model import Signature
from tfreconcile.store import approvals as words
from tfreconcile.store import tags
from tfreconcile.store.records import TagRecord


@click.command(epilog="Examples:\n\n  tfreconcile approvals\n\n  tfreconcile approvals archive -o json")
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
        refused = tags.refused(store, name, limit=_REFUSED)
        tampered = words.tampered(store, name)
    if output == "json":
        listed = [_document(one, now) for one in found]
        refusals = [_refusal(one) for one in refused]
        edited = [{"id": one.id, "stack": one.stack, "why": one.why} for one in tampered]
        print_json({"approvals": listed, "refused": refusals, "tampered": edited})
        return
    for one in tampered:
        say(f"{one}; it does not count")
    if found:
        columns = ("ID", "STACK", "VERDICT", "BY", "VIA", "AT", "PLAN", "STATE", "REASON")
        tables.table(columns, _rows(found, now), spare=("VIA", "PLAN", "AT", "REASON"))
    else:
        say("nobody has said anything yet")
    if refused:
        click.echo()
        rows = ((one.ref, one.object[:12], one.signer, clock.text(one.at), one.refused) for one in refused)
        of_tags = ("REFUSED TAG", "OBJECT", "SIGNER", "AT", "WHY")
        tables.table(of_tags, rows, spare=("OBJECT", "AT", "SIGNER"))


@click.command(epilog="Examples:\n\n  tfreconcile revoke archive\n\n  tfreconcile revoke archive --id 3")
@click.argument("name", metavar="STACK")
@click.option(
    "--id",
    "number",
    type=int,
    envvar="TFRECONCILE_REVOKE_ID",
    help="Which one, see approvals [default: every one of the stack that still stands].",
)
@with_settings
def revoke(settings: Settings, name: str, number: int | None) -> int:
    """Take approvals and rejections of a stack back, as long as they have not been used."""
    now, who = clock.now(), person(os.environ)
    with opening.store(settings) as store:
        finding.stack(store, name)
        standing = [one for one in words.of(store, name) if is_open(one, now) and number in (None, one.id)]
        taken = [one for one in standing if words.revoke(store, one.id, by=who, at=now)]
        lost = [one for one in words.lost(store, name) if number in (None, one)]
        mended = [one for one in lost if words.revoke(store, one, by=who, at=now)]
    for lost_word in mended:
        click.echo(f"revoked word {lost_word} of {name}, which was changed or removed outside tfreconcile")
    for one in taken:
        told = f"revoked {_NOUNS[one.verdict]} {one.id} of {one.by}: plan {one.fingerprint[:12]} of {name}"
        click.echo(one_line(told))
    if not taken and not mended:
        meant = f"word of {name}" if number is None else f"word {number} of {name}"
        say(f"tfreconcile: no {meant} stands that could be revoked (tfreconcile approvals {name})")
        return Exit.FAILED
    return Exit.DONE


_REFUSED = 200
"""How many refused tags are shown, the newest ones."""
_NOUNS = {Verdict.APPROVE: "approval", Verdict.REJECT: "rejection"}


def _state(one: Approval, now: datetime) -> str:
    if one.revoked_at is not None:
        return f"revoked by {one.revoked_by}"
    if one.consumed_at is not None:
        return f"used {clock.text(one.consumed_at)}"
    if one.verdict is Verdict.REJECT:
        return "stands until revoked"
    if now >= one.expires_at:
        return f"expired {clock.text(one.expires_at)}"
    return f"stands until {clock.text(one.expires_at)}"


def _rows(found: Iterable[Approval], now: datetime) -> Iterable[tuple[object, ...]]:
    for one in found:
        yield (
            one.id,
            one.stack,
            one.verdict,
            one.by,
            one.channel if one.signature is None else f"{one.channel}, {one.signature.kind} key",
            clock.text(one.at),
            one.fingerprint[:12],
            _state(one, now),
            one.reason,
        )


def _document(one: Approval, now: datetime) -> dict[str, object]:
    return {
        "id": one.id,
        "stack": one.stack,
        "fingerprint": one.fingerprint,
        "verdict": str(one.verdict),
        "by": one.by,
        "channel": one.channel,
        "signature": _signature(one.signature),
        "at": clock.text(one.at),
        "reason": one.reason,
        "expires_at": None if one.verdict is Verdict.REJECT else clock.text(one.expires_at),
        "changes": sorted(one.changes),
        "hazards": [{"kind": kind, "address": address} for kind, address in sorted(one.hazards)],
        "revoked_at": clock.text(one.revoked_at) if one.revoked_at else None,
        "revoked_by": one.revoked_by,
        "consumed_at": clock.text(one.consumed_at) if one.consumed_at else None,
        "state": _state(one, now),
    }


def _signature(made: Signature | None) -> dict[str, object] | None:
    if made is None:
        return None
    return {"kind": made.kind, "key": made.key, "tag": made.tag, "object": made.object}


def _refusal(one: TagRecord) -> dict[str, object]:
    return {
        "tag": one.ref,
        "object": one.object,
        "stack": one.stack or None,
        "at": clock.text(one.at),
        "signer": one.signer,
        "reason": one.refused,
    }
