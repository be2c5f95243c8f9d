"""One pass over what is due: ``tfreconcile once``."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

import click

from tfreconcile import clock, daemon
from tfreconcile.cli import opening, tables
from tfreconcile.cli.exits import Exit
from tfreconcile.cli.options import print_json, with_output, with_settings
from tfreconcile.cli.progress import progress
from tfreconcile.errors import Misconfigured
from tfreconcile.reconcile import one, status, survey
from tfreconcile.reconcile.one import Errand, Passed
from tfreconcile.reconcile.survey import Survey
from tfreconcile.reconcile.world import World
from tfreconcile.settings.model import Settings
from tfreconcile.source.model import StackName
from tfreconcile.store import approvals, stacks


@click.command(epilog="Examples:\n\n  tfreconcile once\n\n  tfreconcile once --all\n\n  tfreconcile once payments-prod")
@click.argument("names", metavar="[STACK]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Look at every stack now, due or not.")
@click.option("--attention-exit-code", type=click.IntRange(0, 255), default=int(Exit.ATTENTION), show_default=True,
              help="Exit code when something waits for a person or a time.")
@click.option("-q", "--quiet", is_flag=True, help="No progress on standard error.")
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
    with _stopping() as stop, progress(quiet=quiet) as tell:
        with opening.world(settings, os.environ, progress=tell, stop=stop) as world:
            seen = survey.survey(world)
            chosen = _chosen(world, seen, names, everything=everything)
            passed = daemon.run(chosen, lambda errand: one.reconcile(world, errand), workers=settings.workers, stop=stop)
            records = [record for record in stacks.all(world.store) if not names or record.name in names]
            documents = status.documents(world.store, records, world.clock())
    if output == "json":
        print_json({"revision": seen.revision, "passed": [one.stack for one in passed], "stacks": documents})
    else:
        tables.after_once(seen, passed, documents, clock.now())
    return _code(seen, passed, documents, names, attention=attention_exit_code)


def _chosen(world: World, seen: Survey, names: tuple[str, ...], *, everything: bool) -> Mapping[StackName, Errand]:
    _refuse_unknown(seen, names)
    now = world.clock()
    rows = {record.name: record for record in stacks.all(world.store)}
    words = approvals.of(world.store)
    chosen: dict[StackName, Errand] = {}
    for name, wanted in seen.wanted.items():
        if names and name not in names:
            continue
        record = rows.get(name)
        if record is not None and status.suspended(record, now):
            continue
        why = daemon.due(record, wanted, [word for word in words if word.stack == name], now)
        if names or everything or why is not None:
            chosen[name] = Errand(wanted=wanted, policy=seen.policies[name], revision=seen.revision)
    return chosen


def _refuse_unknown(seen: Survey, names: tuple[str, ...]) -> None:
    known = {*seen.wanted, *(broken.name for broken in seen.broken)}
    unknown = sorted(set(names) - known)
    if unknown:
        raise Misconfigured.at(
            "once", f"no such stack: {', '.join(unknown)}", f"there are {', '.join(sorted(known)) or 'none'}"
        )


def _code(
    seen: Survey,
    passed: tuple[Passed, ...],
    documents: list[dict[str, object]],
    names: tuple[str, ...],
    *,
    attention: int,
) -> int:
    if seen.stale is not None or any(one.failed for one in passed):
        return Exit.FAILED
    if any(not names or one.name in names for one in seen.broken):
        return Exit.USAGE
    looked_at = {one.stack for one in passed}
    verdicts = [_standing(one) for one in documents if one["name"] not in looked_at]
    if Exit.FAILED in verdicts:
        return Exit.FAILED
    waits = any(one.waits for one in passed) or Exit.ATTENTION in verdicts
    return attention if waits else Exit.DONE


def _standing(stack: Mapping[str, object]) -> Exit:
    """What a stack that was not looked at this time still stands at."""
    if stack["state"] in ("Stalled", "Backoff", "Refused") or stack["health"] == "Degraded":
        return Exit.FAILED
    if stack["state"] in ("AwaitingApproval", "Held") or stack["health"] == "Progressing":
        return Exit.ATTENTION
    return Exit.DONE


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set: nothing new begins, and what runs is waited for."""
    stop = threading.Event()

    def asked(_number: int, _frame: FrameType | None) -> None:
        if not stop.is_set():
            click.echo("tfreconcile: stopping; an apply that runs is waited for", err=True)
        stop.set()

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
