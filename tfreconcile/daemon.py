"""Who is due, and in which order? The loop in time; everything it decides is a pure function of rows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime

from tfreconcile.gate.model import Approval
from tfreconcile.observe.conditions import NOT_READY
from tfreconcile.reconcile.one import Errand, Passed
from tfreconcile.reconcile.status import suspended
from tfreconcile.source.model import StackName, Wanted
from tfreconcile.store import passes, plans
from tfreconcile.store.database import Store
from tfreconcile.store.records import StackRecord

KEPT_PASSES, KEPT_PLANS = 500, 100
"""How many are remembered of each stack."""
FOLLOW_UPS = 3
"""How often a stack is looked at again within one run, to see that an apply converged."""


def due(
    record: StackRecord | None, wanted: Wanted, approvals: Iterable[Approval], now: datetime
) -> str | None:
    """Why a stack is to be looked at now, in a few words, or None when it can wait."""
    if record is not None and suspended(record, now):
        return None
    if record is None or (record.last_checked_at is None and record.next_due_at is None):
        return "never checked"
    if record.sync_requested_at is not None:
        return "sync was asked for"
    if record.tried_inputs != wanted.inputs:
        return "its inputs changed in Git"
    if record.reason == NOT_READY:
        return "it waits for another stack, which may be ready by now"
    if _word_was_given(record, approvals):
        return "somebody approved, rejected or revoked"
    if record.next_due_at is None or record.next_due_at <= now:
        return "its interval is over"
    return None


def _word_was_given(record: StackRecord, approvals: Iterable[Approval]) -> bool:
    seen = record.last_checked_at
    if seen is None or record.pending_plan is None:
        return False
    return any(seen < moment for one in approvals for moment in (one.at, one.revoked_at) if moment)


def in_order(names: Iterable[StackName], needs: Mapping[StackName, Sequence[StackName]]) -> list[StackName]:
    """The names so that each comes after those it depends on; otherwise alphabetical."""
    wanted = set(names)
    placed: dict[StackName, None] = {}
    for first in sorted(wanted):
        path = [first]  # a stack of names in place of calls: a chain of dependencies may be long
        while path:
            missing = [
                other
                for other in needs.get(path[-1], ())
                if other in wanted and other not in placed and other not in path
            ]
            if missing:
                path.append(min(missing))
            else:
                placed.setdefault(path.pop())
    return list(placed)


def run(
    errands: Mapping[StackName, Errand],
    perform: Callable[[Errand], Passed],
    *,
    workers: int,
    stop: threading.Event,
) -> tuple[Passed, ...]:
    """Perform every errand, ``workers`` at a time, each after those it depends on.

    A stack is performed again at once while its pass asks for it, at most FOLLOW_UPS times, so that an
    apply is seen to have converged. After ``stop`` nothing new begins; what runs is waited for.
    """
    needs = {name: errand.after for name, errand in errands.items()}
    waiting = in_order(errands, needs)
    running: dict[Future[Passed], StackName] = {}
    done: list[Passed] = []
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="pass") as pool:
        while (waiting and not stop.is_set()) or running:
            unfinished = {*waiting, *running.values()}
            ready = [name for name in waiting if not unfinished.intersection(needs[name])]
            if not ready and not running:
                ready = list(waiting)  # a knot of dependencies: each pass says what it waits for
            for name in ready[: workers - len(running)] if not stop.is_set() else ():
                waiting.remove(name)
                running[pool.submit(_until_settled, perform, errands[name], stop)] = name
            finished, _ = wait(running, return_when=FIRST_COMPLETED, timeout=1)
            for future in finished:
                del running[future]
                done.append(future.result())
    return tuple(sorted(done, key=lambda passed: passed.stack))


def forget(store: Store) -> None:
    """Keep the newest passes and plans of each stack; approvals and applies are kept for ever."""
    passes.prune(store, keep=KEPT_PASSES)
    plans.prune(store, keep=KEPT_PLANS)


def _until_settled(perform: Callable[[Errand], Passed], errand: Errand, stop: threading.Event) -> Passed:
    passed = perform(errand)
    for _ in range(FOLLOW_UPS):
        if not passed.again or stop.is_set():
            break
        passed = perform(errand)
    return passed
