"""What beside its own plan decides when a stack goes on? The stacks it depends on, and the windows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tfreconcile import clock
from tfreconcile.gate import policy, windows
from tfreconcile.gate.model import Act
from tfreconcile.gate.policy import Floor
from tfreconcile.source.model import Revision
from tfreconcile.store import stacks
from tfreconcile.store.database import Store
from tfreconcile.store.records import StackRecord

Told = Mapping[str, object]


def unready(needed: StackRecord | None, revision: Revision | None) -> str | None:
    """What a dependency lacks: in sync, not degraded, and applied as this very revision wants it."""
    if needed is None:
        return "was never checked"
    if needed.sync != "Synced" or needed.health == "Degraded":
        return f"is {needed.sync}, {needed.health}"
    if needed.applied_revision != revision:
        return f"is not yet applied as {(revision or '')[:7]} wants it"
    return None


def dependencies(store: Store, record: StackRecord) -> tuple[Told, ...]:
    """``{name, ready, why}`` for each stack that must be in sync first, in the order of the definition."""
    missing = {name: unready(stacks.get(store, name), record.desired_revision) for name in record.depends_on}
    return tuple({"name": name, "ready": why is None, "why": why or ""} for name, why in missing.items())


def openings(floor: Floor, record: StackRecord, now: datetime) -> tuple[Told, ...]:
    """``{act, open, until, why}`` for each act that a window of this host speaks of, for this stack."""
    own = policy.of_stack(floor, record.name).policy.windows
    spoken = sorted({act for window in own for act in window.acts}, key=list(Act).index)
    return tuple(_opening(act, windows.closed(own, frozenset({act}), now)) for act in spoken)


def _opening(act: Act, shut: windows.Closed | None) -> Told:
    until = None if shut is None or shut.until is None else clock.text(shut.until)
    return {"act": str(act), "open": shut is None, "until": until, "why": "" if shut is None else shut.why}
