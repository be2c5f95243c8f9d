"""One pass over what is due: ``tfreconcile once``."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

import click

from tfreconcile import clock, daemon
from tfreconcile.cli import ending, logs, opening
from tfreconcile.cli.ending import Turn
from tfreconcile.cli.exits import Exit
from tfreconcile.cli.options import with_output, with_settings
from tfreconcile.cli.progress import progress
from tfreconcile.errors import Misconfigured
from tfreconcile.reconcile import one, removal, status, survey
from tfreconcile.reconcile.one import Errand
from tfreconcile.reconcile.survey import Survey
from tfreconcile.reconcile.world import World
from tfreconcile.settings.model import Settings
from tfreconcile.source.model import StackName
from tfreconcile.store import approvals, stacks


@click.command(
    epilog="Examples:\n\n  tfreconcile once\n\n  tfreconcile once --all\n\n  tfreconcile once payments-prod"
)
@click.argument("names", metavar="[STACK]...", nargs=-1)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    envvar="TFRECONCILE_ONCE_ALL",
    help="Look at every stack now, due or not.",
)
@click.option(
    "--attention-exit-code",
    type=click.IntRange(0, 255),
    default=int(Exit.ATTENTION),
    show_default=True,
    help="Exit code when something waits for a person or a time.",
)
@click.option("-q", "--quiet", is_flag=True, help="Nothing on standard error but what is wrong.")
@with_output
@with_settings
def once(
    settings: Settings,
    names: tuple[str, ...],
    *,
    everything: bool,
    attention_exit_code: int,
    quiet: bool,
    output: str,
) -> int:
    """One pass over what is due: fetch, plan, classify, apply what is safe, hold what is not.

    With STACKs, one pass over just these, due or not. Exit codes: 0 all in sync or done, 1 something
    failed, 2 configuration (a broken definition included), 3 something waits for a person or a time.
    """
    logs.follow()
    with (
        _stopping() as stop,
        progress(quiet=quiet) as tell,
        opening.world(settings, os.environ, progress=tell, stop=stop) as world,
    ):
        turn = _turn(world, settings, names, everything=everything)
    ending.answer(turn, output, clock.now())
    ending.trouble(turn)
    if not quiet:
        ending.talk(turn)
    return ending.code(turn, attention=attention_exit_code)


def _turn(world: World, settings: Settings, names: tuple[str, ...], *, everything: bool) -> Turn:
    seen = survey.survey(world)
    chosen = _chosen(world, seen, names, everything=everything)
    passed = daemon.run(
        chosen, lambda errand: one.reconcile(world, errand), workers=settings.workers, stop=world.stop
    )
    daemon.forget(world.store)
    records = [record for record in stacks.all(world.store) if not names or record.name in names]
    return Turn(
        seen=seen,
        branch=settings.source.branch,
        path=settings.source.path,
        names=names,
        passed=passed,
        documents=status.documents(world.store, records, world.clock()),
        stopped=world.stop.is_set(),
    )


def _chosen(
    world: World, seen: Survey, names: tuple[str, ...], *, everything: bool
) -> Mapping[StackName, Errand]:
    errands = {**_wanted(seen), **removal.errands(world, seen)}
    _refuse_unknown(seen, errands, names)
    now = world.clock()
    rows = {record.name: record for record in stacks.all(world.store)}
    words = approvals.by_stack(world.store)
    chosen: dict[StackName, Errand] = {}
    for name, errand in errands.items():
        if names and name not in names:
            continue
        record = rows.get(name)
        if record is not None and status.suspended(record, now):
            continue
        why = daemon.due(record, errand.wanted, words[name], now)
        if names or everything or why is not None:
            chosen[name] = errand
    return chosen


def _wanted(seen: Survey) -> Mapping[StackName, Errand]:
    return {
        name: Errand(wanted=wanted, policy=seen.policies[name], revision=seen.revision)
        for name, wanted in seen.wanted.items()
    }


def _refuse_unknown(seen: Survey, errands: Collection[StackName], names: tuple[str, ...]) -> None:
    known = {*errands, *(broken.name for broken in seen.broken)}
    unknown = sorted(set(names) - known)
    if unknown:
        there_are = ", ".join(sorted(known)) or "none"
        raise Misconfigured.at("once", f"no such stack: {', '.join(unknown)}", f"Git defines {there_are}")


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set: nothing new begins, and what runs is waited for."""
    stop = threading.Event()

    def asked(_number: int, _frame: FrameType | None) -> None:
        if not stop.is_set():
            # Not through a stream: the signal may come while one is being written to.
            os.write(2, b"tfreconcile: stopping; an apply that runs is waited for\n")
        stop.set()

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
