"""What does ``once`` leave behind: which answer, which words, which exit code?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

import click

from tfreconcile.cli import answering, tables
from tfreconcile.cli.exits import Exit
from tfreconcile.cli.finding import how_to_resume
from tfreconcile.cli.printing import print_json, say
from tfreconcile.reconcile.one import Passed
from tfreconcile.reconcile.survey import Survey
from tfreconcile.reconcile.trust import REWRITTEN, UNTRUSTED


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What one ``once`` saw and did. ``documents`` are the status of the stacks that were meant."""

    seen: Survey
    branch: str
    path: PurePosixPath
    names: tuple[str, ...]
    passed: tuple[Passed, ...]
    documents: Sequence[Mapping[str, object]]
    stopped: bool

    def means(self, name: str) -> bool:
        """Is it among the stacks that were typed, or were none typed?"""
        return not self.names or name in self.names


def answer(turn: Turn, output: str, now: datetime) -> None:
    """The stacks, as a table or as JSON, on standard output."""
    if output == "json":
        looked_at = [one.stack for one in turn.passed]
        print_json({"revision": turn.seen.revision, "passed": looked_at, "stacks": turn.documents})
    elif turn.documents:
        tables.stacks(turn.documents, now)
    else:
        click.echo(_no_stacks(turn))


def _no_stacks(turn: Turn) -> str:
    where = f"{turn.path}/" if turn.path.parts else "the repository"
    commit = f"{turn.branch} at {turn.seen.revision[:7]}"
    return f"no stack.yaml in {where} of {commit}; source.path in the host config says where to look"


def trouble(turn: Turn) -> None:
    """What is wrong beside the stacks' own state, on standard error."""
    for broken in turn.seen.broken:
        if turn.means(broken.name):
            for problem in broken.problems:
                say(f"{broken.name}: {problem}")
    if turn.seen.stale is not None:
        refused = turn.seen.stale.reason in (UNTRUSTED, REWRITTEN)
        why = "the head of the branch is refused" if refused else "the remote was not reached"
        say(f"{why}, {turn.seen.revision[:7]} was used: {turn.seen.stale.message}")


def talk(turn: Turn) -> None:
    """What was looked at, and what to type next, on standard error."""
    looked_at = ", ".join(one.stack for one in turn.passed)
    if turn.passed:
        say(f"looked at {looked_at}")
    elif turn.stopped:
        say("stopped before any stack was looked at")
    elif turn.documents and not turn.names:
        say("nothing was due; --all looks at every stack now")
    for one in turn.documents:
        if turn.names and one["state"] == "Suspended":
            say(f"{one['name']} is suspended: {how_to_resume(one)}")
        if one["state"] == "AwaitingApproval":
            say(answering.next_step(one))


def code(turn: Turn, *, attention: int) -> int:
    """The exit code: what failed or was stopped comes before what is broken, and that before what waits."""
    rewritten = turn.seen.stale is not None and turn.seen.stale.reason == REWRITTEN
    stale = turn.seen.stale is not None and not rewritten
    if turn.stopped or stale or any(one.failed for one in turn.passed):
        return Exit.FAILED
    if any(turn.means(one.name) for one in turn.seen.broken):
        return Exit.USAGE
    looked_at = {one.stack for one in turn.passed}
    verdicts = [_standing(one) for one in turn.documents if one["name"] not in looked_at]
    if Exit.FAILED in verdicts:
        return Exit.FAILED
    waits = rewritten or any(one.waits for one in turn.passed) or Exit.ATTENTION in verdicts
    return attention if waits else Exit.DONE


def _standing(stack: Mapping[str, object]) -> Exit:
    """What a stack that was not looked at this time still stands at."""
    if stack["state"] in ("Stalled", "Backoff", "Refused") or stack["health"] == "Degraded":
        return Exit.FAILED
    if stack["state"] in ("AwaitingApproval", "Held") or stack["health"] == "Progressing":
        return Exit.ATTENTION
    return Exit.DONE
