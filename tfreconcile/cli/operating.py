"""What does an operator tell a stack? ``suspend``, ``resume`` and ``sync``."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import click

from tfreconcile import clock
from tfreconcile.cli import finding, opening
from tfreconcile.cli.options import with_settings
from tfreconcile.cli.person import person
from tfreconcile.cli.printing import say
from tfreconcile.errors import Misconfigured
from tfreconcile.reconcile import status
from tfreconcile.settings.model import Settings
from tfreconcile.store import stacks

_FORMS = ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"]


class Moment(click.DateTime):
    """A moment in UTC, with or without its Z."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The aware moment. Refuses anything else with what is allowed."""
        try:
            found: datetime = super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r}; allowed: 2027-01-02T08:00:00Z, 2027-01-02T08:00 or 2027-01-02, in UTC")
        return found.replace(tzinfo=UTC)


@click.command(
    epilog="Examples:\n\n  tfreconcile suspend archive --reason 'restore under way'\n\n"
    "  tfreconcile suspend archive --reason 'holidays' --until 2027-01-02T08:00:00Z"
)
@click.argument("name", metavar="STACK")
@click.option("--reason", required=True, help="Why; shown wherever the stack is.")
@click.option(
    "--until",
    type=Moment(_FORMS),
    metavar="MOMENT",
    help="UTC, such as 2027-01-02T08:00:00Z or 2027-01-02 [default: until somebody resumes it].",
)
@with_settings
def suspend(settings: Settings, name: str, reason: str, until: datetime | None) -> None:
    """Pause a stack: it is neither planned nor applied."""
    now = clock.now()
    if until is not None and until <= now:
        what = f"--until {clock.text(until)} is over already; it is {clock.text(now)}"
        raise Misconfigured.at(name, what, "name a later moment, in UTC, or leave --until out")
    with opening.store(settings) as store:
        stack = finding.stack(store, name)
        stacks.suspend(store, stack.name, by=person(os.environ), reason=reason, until=until, at=now)
    click.echo(f"{name} is suspended" + (f" until {clock.text(until)}" if until else ""))
    say(f"next: tfreconcile resume {name} lets it go on")


@click.command(epilog="Examples:\n\n  tfreconcile resume archive")
@click.argument("name", metavar="STACK")
@with_settings
def resume(settings: Settings, name: str) -> None:
    """Let a suspended stack go on; it is looked at in the next pass."""
    now = clock.now()
    with opening.store(settings) as store:
        stack = finding.stack(store, name)
        stacks.resume(store, stack.name, by=person(os.environ), at=now)
    if not status.suspended(stack, now):
        say(f"{name} was not suspended with tfreconcile suspend")
    click.echo(f"{name} is checked in the next pass")
    say(f"next: tfreconcile once {name}, or wait for the next pass")


@click.command(epilog="Examples:\n\n  tfreconcile sync archive")
@click.argument("name", metavar="STACK")
@with_settings
def sync(settings: Settings, name: str) -> None:
    """Have the stack checked in the next pass, due or not. It is still gated as always."""
    now = clock.now()
    with opening.store(settings) as store:
        stack = finding.stack(store, name)
        stacks.request_sync(store, stack.name, by=person(os.environ), at=now)
    if status.suspended(stack, now):
        click.echo(f"{name} is checked once it goes on: it is suspended by {stack.suspended_by}")
        say(f"next: tfreconcile resume {name}")
        return
    click.echo(f"{name} is checked in the next pass")
    say(f"next: tfreconcile once {name}, or wait for the next pass")
