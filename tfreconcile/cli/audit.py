"""What was decided and done, and is the record of it whole? ``audit`` and its verbs."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from tfreconcile import clock
from tfreconcile.cli import finding, opening, tables
from tfreconcile.cli.accepting import accept
from tfreconcile.cli.exits import Exit
from tfreconcile.cli.options import settings_of, with_output, with_settings
from tfreconcile.cli.printing import one_line, print_json, say
from tfreconcile.errors import Misconfigured
from tfreconcile.settings.model import Settings
from tfreconcile.source.model import StackName
from tfreconcile.source.signers import (
    Signers,
    Unverifiable,
    keyring,
    revoked_keys,
    signers_beside,
    ssh_lines,
)
from tfreconcile.store import audit as auditing
from tfreconcile.store import export as exporting
from tfreconcile.store import exported, journal
from tfreconcile.store import key as keys
from tfreconcile.store.audit import Audited
from tfreconcile.store.export import Part
from tfreconcile.store.journal import Entry

_TOLD = ("plan", "apply", "approval", "verdict", "status", "fingerprint", "revision", "reason", "tag")
"""What of an event's body a line of the table shows."""
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def audit() -> None:
    """The journal: every decision, every word and every apply, each sealed and chained to the one before."""


@audit.command("list")
@click.argument("name", metavar="[STACK]", required=False)
@click.option(
    "-n", "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many."
)
@with_output
@with_settings
def listed(settings: Settings, name: str | None, limit: int, output: str) -> None:
    """The newest events, newest first."""
    with opening.store(settings) as store:
        stack = StackName(finding.stack(store, name).name) if name else None
        found = journal.history(store, stack, limit=limit)
    if output == "json":
        print_json({"events": [_document(one) for one in found]})
    elif found:
        rows = ((one.id, clock.text(one.at), one.event, one.stack, one.actor, _told(one)) for one in found)
        tables.table(("ID", "AT", "EVENT", "STACK", "ACTOR", "WHAT"), rows, spare=("AT", "ACTOR"))
    else:
        say("nothing has happened yet")


@audit.command(
    epilog="Examples:\n\n  tfreconcile audit verify\n\n"
    "  tfreconcile audit verify journal.jsonl --signers allowed_signers"
)
@click.argument("file", type=_FILE, required=False)
@click.option(
    "--signers",
    type=_FILE,
    help="With FILE: look at signatures too, by this allowed_signers file and what lies beside it.",
)
@click.option("--key", type=_FILE, help="With FILE: look at seals too, by the host's key_file.")
@click.option("--config", metavar="FILE", help="Host config, without FILE [default: as for every verb].")
@with_output
@click.pass_context
def verify(
    context: click.Context,
    *,
    file: Path | None,
    signers: Path | None,
    key: Path | None,
    config: str | None,
    output: str,
) -> int:
    """Is the journal of this host, or an exported one, as tfreconcile wrote it? Ends with 1 when it is not.

    With FILE neither a database nor a host config is needed.
    """
    if file is None:
        if signers or key:
            raise click.UsageError("--signers and --key go with a FILE")
        with opening.store(settings_of(context, config)) as store:
            seen = auditing.verify(store)
    else:
        known = None if key is None else keys.load(key)
        seen = exported.verify(file, key=known, signers=_readable(signers) if signers else None)
    _answer(seen, output)
    return Exit.DONE if seen.intact else Exit.FAILED


@audit.command(epilog="Example:\n\n  tfreconcile audit export --output journal.jsonl")
@click.option("--stack", "name", metavar="STACK", help="Only events of this stack.")
@click.option(
    "--since", type=click.IntRange(1), default=1, show_default=True, help="From this event's number on."
)
@click.option("--output", type=_FILE, help="Where to write it [default: standard output].")
@with_settings
def export(settings: Settings, name: str | None, since: int, output: Path | None) -> None:
    """Write the journal and the evidence of every apply as JSON Lines, masked: for an auditor's machine."""
    with opening.store(settings) as store:
        stack = StackName(finding.stack(store, name).name) if name else None
        lines = exporting.lines(store, Part(stack=stack, since=since))
        if output is None:
            for line in lines:
                click.echo(line, nl=False)
            return
        _write(output, lines)
    say(f"next: tfreconcile audit verify {output}")


audit.add_command(accept)


def _readable(file: Path) -> Signers:
    """Whom to trust. Raises Misconfigured when nobody can tell: an export is not to blame for that."""
    found = signers_beside(file)
    try:
        ssh_lines(found)
        revoked_keys(found)
        if found.keyring is not None:
            keyring(found)
    except Unverifiable as error:
        raise Misconfigured.at("--signers", error.reason, "name an allowed_signers file") from error
    return found


def _answer(seen: Audited, output: str) -> None:
    if output == "json":
        found = [dataclasses.asdict(one) for one in seen.findings]
        answer = {"intact": seen.intact, "events": seen.events, "head": seen.head or None}
        print_json({**answer, "findings": found, "notes": list(seen.notes)})
        return
    for one in seen.findings:
        click.echo(one_line(one))
    verdict = "intact" if seen.intact else f"NOT intact: {len(seen.findings)} findings"
    click.echo(f"{seen.events} events, {verdict}, head {seen.head or 'none'}")
    for note in seen.notes:
        say(f"note: {note}")


def _write(path: Path, lines: Iterable[bytes]) -> None:
    """The whole file or none; 0600, as everything that tfreconcile writes."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.writelines(lines)
        draft.replace(path)
    except OSError as error:
        what = f"cannot be written: {error.strerror}"
        raise Misconfigured.at(str(path), what, "name another file with --output") from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def _document(one: Entry) -> dict[str, object]:
    return {
        "id": one.id,
        "at": clock.text(one.at),
        "event": one.event,
        "stack": one.stack,
        "actor": one.actor,
        "version": one.version,
        "body": one.body,
        "previous": one.previous,
        "hash": one.hash,
    }


def _told(one: Entry) -> str:
    return ", ".join(_facts(one))


def _facts(one: Entry) -> Iterator[str]:
    for name in _TOLD:
        value = one.body.get(name)
        if value not in (None, ""):
            yield f"{name} {str(value)[:12] if name in ('fingerprint', 'revision') else value}"
