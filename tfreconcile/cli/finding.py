"""Which stack and which plan does a person mean? With words that help when there is none."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from tfreconcile.errors import Misconfigured
from tfreconcile.observe.conditions import SUSPENDED_IN_GIT
from tfreconcile.reconcile import status
from tfreconcile.source.model import StackName
from tfreconcile.store import plans, stacks
from tfreconcile.store.database import Store
from tfreconcile.store.records import PlanRecord, StackRecord

SHORTEST = 12
"""Digits of a fingerprint that a person must type at least."""


def stack(store: Store, name: str) -> StackRecord:
    """The stack of that name. Raises Misconfigured that names similar ones."""
    found = stacks.get(store, StackName(name)) if name.isascii() else None
    if found is not None:
        return found
    known = [record.name for record in stacks.all(store)]
    close = difflib.get_close_matches(name, known, n=3) or known[:5]
    hint = f"did you mean {', '.join(close)}?" if close else "no pass has run yet: tfreconcile once"
    raise Misconfigured.at(name, "no such stack", hint)


def pending(store: Store, record: StackRecord) -> PlanRecord:
    """The plan of the stack that waits. Raises Misconfigured when none does."""
    found = status.waiting(store, record)
    if found is None:
        raise Misconfigured.at(record.name, nothing_waits(record), f"tfreconcile status {record.name}")
    refuse_edited(store, found)
    return found


def refuse_edited(store: Store, plan: PlanRecord) -> None:
    """Raise Misconfigured when the row of a plan is not what tfreconcile kept: nobody is shown that."""
    if not plans.is_as_decided(store, plan):
        what = f"the stored plan {plan.id} was changed outside tfreconcile"
        hint = f"tfreconcile sync {plan.stack} has it made anew; tfreconcile audit verify tells more"
        raise Misconfigured.at(plan.stack, what, hint)


def nothing_waits(record: StackRecord) -> str:
    """What to say of a stack without a pending plan."""
    return f"no plan waits: it is {record.sync}, {record.state}"


def how_to_resume(stack: Mapping[str, object]) -> str:
    """What ends the pause of a suspended stack, which Git or a person may have begun."""
    if stack["reason"] == SUSPENDED_IN_GIT:
        return "nothing is done until its definition in Git no longer says suspend: true"
    return f"nothing is done until somebody types: tfreconcile resume {stack['name']}"


def refused_head(stack: Mapping[str, object]) -> str | None:
    """Why the head of the branch is not reconciled; None when it is. Of a status document."""
    conditions = stack["conditions"]
    for one in conditions if isinstance(conditions, list) else []:
        if one["type"] == "SourceVerified" and one["status"] == "False":
            return f"the head of the branch is refused, the last accepted commit holds: {one['message']}"
    return None


def named(plan: PlanRecord, typed: str) -> PlanRecord:
    """The pending plan, if that is what was typed (at least 12 digits). Raises Misconfigured otherwise."""
    prefix = typed.strip().lower()
    if len(prefix) < SHORTEST:
        raise Misconfigured.at(
            plan.stack,
            f"--plan needs at least {SHORTEST} digits of the fingerprint, found {len(prefix)}",
            f"read them off the last line of: tfreconcile diff {plan.stack}",
        )
    if not plan.fingerprint.startswith(prefix):
        raise Misconfigured.at(
            plan.stack,
            f"the pending plan is {plan.fingerprint[: max(SHORTEST, len(prefix))]}, not {prefix}",
            f"it may have changed: tfreconcile diff {plan.stack}",
        )
    return plan
