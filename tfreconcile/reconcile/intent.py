"""Is an apply under way, and what became of it? The intent is written before the irreversible."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

from tfreconcile import clock
from tfreconcile.apply.execute import Execution
from tfreconcile.errors import Waiting
from tfreconcile.gate.model import Proceed
from tfreconcile.reconcile.learned import Learned
from tfreconcile.reconcile.lease import machine
from tfreconcile.reconcile.world import World
from tfreconcile.source.model import StackName
from tfreconcile.store import applies
from tfreconcile.store.records import ApplyRecord, ApplyStatus
from tfreconcile.terraform.outcomes import Outcome
from tfreconcile.terraform.process import Child, alive

LONGEST_APPLY = timedelta(hours=25)
"""The longest timeout that a stack can have, and the grace of an interrupted apply."""


def begin(world: World, learned: Learned, word: Proceed) -> int:
    """Commit "applying this fingerprint on the word of these" before anything starts."""
    if learned.planned is None:
        raise ValueError("an intent needs a plan")
    return applies.begin(
        world.store,
        ApplyRecord(
            stack=learned.stack.name,
            plan_id=learned.plan_id,
            fingerprint=learned.planned.digests.fingerprint,
            approvals=word.approvals,
            on_word_of=word.on_word_of,
            started_at=world.clock(),
            host=machine(),
        ),
        holder=world.holder,
        removing=learned.removing,
        question=learned.question,
    )


def started(world: World, apply_id: int, child: Child) -> None:
    """Write down which process it is, so that a later one can tell whether it still lives."""
    applies.started(world.store, apply_id, pid=child.pid, pid_started=child.start_time, boot_id=child.boot_id)


def finish(world: World, learned: Learned, apply_id: int, done: Execution) -> None:
    """Close the intent; approvals are used up in the same transaction when all of it took effect."""
    error = done.error
    applies.finish(
        world.store,
        apply_id,
        status=ApplyStatus.SUCCEEDED if error is None else ApplyStatus.FAILED,
        reason="Applied" if error is None else error.reason,
        message="" if error is None else learned.scrubber.scrub(error.message),
        outcomes=tuple(_plain(learned, one) for one in done.outcomes),
        at=world.clock(),
    )


def _plain(learned: Learned, outcome: Outcome) -> dict[str, object]:
    scrubbed = {
        "address": learned.scrubber.scrub(outcome.address),
        "error": learned.scrubber.scrub(outcome.error),
    }
    return {**dataclasses.asdict(outcome), **scrubbed}


def settle_open(world: World, stack: StackName) -> None:
    """An open intent means *unknown*: wait while its process lives, else plan anew.

    Raises Waiting("ApplyStillRuns") while a process that outlived its parent is at work, and
    Waiting("ApplyElsewhere") for an intent of another machine until it must have ended: that machine's
    processes cannot be seen from here, and Terraform's own state lock stands between us all the same.
    """
    for record in (one for one in applies.open(world.store) if one.stack == stack):
        ends = record.started_at + LONGEST_APPLY
        if record.host not in ("", machine()) and world.clock() < ends:
            began = f"{record.host} began an apply at {clock.text(record.started_at)}"
            raise Waiting("ApplyElsewhere", f"{began}; it counts as lost from {clock.text(ends)} on")
        child = _child(record)
        if child is not None and alive(child):
            raise Waiting("ApplyStillRuns", f"an apply from {record.started_at:%FT%TZ} runs as {child.pid}")
        applies.finish(
            world.store,
            record.id,
            status=ApplyStatus.UNKNOWN,
            reason="Interrupted",
            message="tfreconcile ended while this apply ran; what it did is seen by the next plan",
            outcomes=(),
            at=world.clock(),
        )


def _child(record: ApplyRecord) -> Child | None:
    if record.pid is None or record.pid_started is None or record.boot_id is None:
        return None
    return Child(pid=record.pid, start_time=record.pid_started, boot_id=record.boot_id)
