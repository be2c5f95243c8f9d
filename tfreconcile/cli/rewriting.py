"""May a rewritten branch be followed again? ``accept-rewrite``: a person's word, kept in the journal."""

from __future__ import annotations

import os

import click

from tfreconcile import clock
from tfreconcile.cli import finding, opening
from tfreconcile.cli.options import with_settings
from tfreconcile.cli.person import person
from tfreconcile.cli.printing import on_a_terminal, one_line, say
from tfreconcile.errors import Misconfigured
from tfreconcile.reconcile import trust
from tfreconcile.settings.model import Settings


@click.command(
    epilog="Examples:\n\n  tfreconcile accept-rewrite 1f2e3d4c5b6a --reason 'secret removed from history'"
)
@click.argument("revision", metavar="COMMIT")
@click.option("--reason", required=True, help="Why; kept in the journal.")
@click.option("--yes", is_flag=True, help="Do not ask; required without a terminal.")
@with_settings
def accept_rewrite(settings: Settings, revision: str, *, reason: str, yes: bool) -> None:
    """Accept the head of a branch that no longer follows the last accepted commit.

    Under `source.verify`, a rewritten branch is refused until somebody accepts exactly its new head. Its
    commits must be signed all the same.
    """
    who = person(os.environ)
    if len(revision) < finding.SHORTEST:
        what = f"COMMIT needs {finding.SHORTEST} digits or more, found {len(revision)}"
        raise Misconfigured.at("accept-rewrite", what, "tfreconcile once names the head that was refused")
    if not yes and not on_a_terminal():
        raise Misconfigured.at("accept-rewrite", "without a terminal --yes is required", "add --yes")
    if not yes:
        click.confirm(f"Follow {revision} from now on, as {who}?", abort=True, err=True)
    mirror = opening.mirror(settings)
    with opening.store(settings) as store:
        accepted = trust.accept_rewrite(
            store, mirror, opening.trust(settings), revision, by=who, reason=reason, now=clock.now()
        )
    click.echo(one_line(f"accepted by {who}: {settings.source.branch} at {accepted[:12]}"))
    say("next: tfreconcile once, or wait for the next pass")
