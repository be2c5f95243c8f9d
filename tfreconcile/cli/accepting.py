"""May a broken journal go on? ``audit accept``: a person's word, sealed into the journal itself."""

from __future__ import annotations

import os

import click

from tfreconcile import clock
from tfreconcile.cli import opening
from tfreconcile.cli.options import with_settings
from tfreconcile.cli.person import person
from tfreconcile.cli.printing import on_a_terminal, one_line, say
from tfreconcile.errors import Misconfigured
from tfreconcile.settings.model import Settings
from tfreconcile.store import accepting, audit


@click.command(epilog="Example:\n\n  tfreconcile audit accept --reason 'restored from the backup of Monday'")
@click.option("--reason", required=True, help="Why; kept in the journal.")
@click.option("--yes", is_flag=True, help="Do not ask; required without a terminal.")
@with_settings
def accept(settings: Settings, *, reason: str, yes: bool) -> None:
    """Let a journal that was changed, or cut off, go on from what is left of it.

    Until then nothing is applied. What was found stays in the journal; approvals that stand are taken back.
    """
    who = person(os.environ)
    if not yes and not on_a_terminal():
        raise Misconfigured.at("audit accept", "without a terminal --yes is required", "add --yes")
    with opening.store(settings) as store:
        if not yes:
            for one in audit.verify(store).findings:
                click.echo(one_line(one))
            click.confirm(f"Accept the journal as it is, as {who}?", abort=True, err=True)
        seen, gone = accepting.accept(store, by=who, reason=reason, at=clock.now())
    click.echo(one_line(f"accepted by {who}: {len(seen.findings)} findings are history now"))
    if gone:
        numbers = ", ".join(map(str, gone))
        click.echo(one_line(f"taken back, to be given anew: approvals {numbers}"))
    say("next: tfreconcile once, or wait for the next pass")
