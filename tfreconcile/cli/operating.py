"""What does an operator tell a stack? ``suspend``, ``resume`` and ``sync``."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import click

from tfreconcile import clock
from tfreconcile.cli import finding, opening
from tfreconcile.cli.options import with_settings
from tfreconcile.cli.person import person
from tfreconcile.settings.model import Settings
from tfreconcile.store import stacks


@click.command(epilog="Examples:\n\n  tfreconcile suspend archive --reason 'restore under way' --until 2026-12-24T08:00:00")
@click.argument("name", metavar="STACK")
@click.option("--reason", required=True, help="Why; shown wherever the stack is.")
@click.option("--until", type=click.DateTime(), help="UTC; default: until somebody resumes it.")
@with_settings
def suspend(settings: Settings, name: str, reason: str, until: datetime | None) -> None:
    """Pause a stack: it is neither planned nor applied."""
    end = until.replace(tzinfo=UTC) if until else None
    with opening.store(settings) as store:
        stack = finding.stack(store, name)
        stacks.suspend(store, stack.name, by=person(os.environ), reason=reason, until=end, at=clock.now())
    click.echo(f"{name} is suspended{f' until {clock.text(end)}' if end else ''}; tfreconcile resume {name} lets it go on")


@click.command()
@click.argument("name", metavar="STACK")
@with_settings
def resume(settings: Settings, name: str) -> None:
    """Let a suspended stack go on; it is looked at in the next pass."""
    with opening.store(settings) as store:
        stack = finding.stack(store, name)
        stacks.resume(store, stack.name)
        stacks.request_sync(store, stack.name, at=clock.now())
    click.echo(f"{name} goes on with the next pass")


@click.command()
@click.argument("name", metavar="STACK")
@with_settings
def sync(settings: Settings, name: str) -> None:
    """Have the stack checked in the next pass, due or not. It is still gated as always."""
    with opening.store(settings) as store:
        stack = finding.stack(store, name)
        stacks.request_sync(store, stack.name, at=clock.now())
    click.echo(f"{name} is checked in the next pass; now: tfreconcile once {name}")
