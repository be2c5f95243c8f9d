"""How does a stack stand? Rows become the status document of the contract, for tables and programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from tfreconcile import clock
from tfreconcile.gate.approvals import covers, is_allowed, people, rejected, stands
from tfreconcile.gate.model import Approval, ApprovalRules
from tfreconcile.observe.conditions import State
from tfreconcile.plan.fingerprint import ChangeDigest
from tfreconcile.store import approvals, plans
from tfreconcile.store.database import Store
from tfreconcile.store.records import JsonObject, PlanRecord, StackRecord

Document = dict[str, object]
_COUNTED = ("create", "update", "replace", "delete", "forget")


def documents(store: Store, records: Iterable[StackRecord], now: datetime) -> list[Document]:
    """One document a stack, in the given order."""
    words = approvals.by_stack(store)
    return [document(record, waiting(store, record), words[record.name], now) for record in records]


def waiting(store: Store, record: StackRecord) -> PlanRecord | None:
    """The plan of the stack that waits, if one does."""
    return None if record.pending_plan is None else plans.get(store, record.pending_plan)


def suspended(record: StackRecord, now: datetime) -> bool:
    """Did a person pause the stack, and does the pause still hold?"""
    if record.suspended_at is None:
        return False
    return record.suspended_until is None or now < record.suspended_until


def document(
    record: StackRecord, pending: PlanRecord | None, words: tuple[Approval, ...], now: datetime
) -> Document:
    """The status of one stack; every key is in ``docs/json.md``, and keys are only ever added."""
    state, reason, message = _standing(record, now)
    return {
        "name": record.name,
        "sync": record.sync,
        "health": record.health,
        "state": state,
        "reason": reason,
        "message": message,
        "desired_revision": record.desired_revision,
        "observed_revision": record.observed_revision,
        "applied_revision": record.applied_revision,
        "drift": _drift(record),
        "pending": None if pending is None else _plan(pending, words, now),
        "conditions": [dict(one) for one in record.conditions] + [_suspension(record, now)],
        "last_checked_at": _text(record.last_checked_at),
        "last_applied_at": _text(record.last_applied_at),
        "next_due_at": None if record.removed_at else _text(record.next_due_at),
        "failures": record.failures,
        "definition": record.definition,
    }


def _standing(record: StackRecord, now: datetime) -> tuple[str, str, str]:
    if record.removed_at is not None:
        return (
            State.REMOVED,
            "LeftGit",
            f"left Git before {clock.text(record.removed_at)}; its resources stay",
        )
    if suspended(record, now):
        until = f" until {clock.text(record.suspended_until)}" if record.suspended_until else ""
        return State.SUSPENDED, "Suspended", f"by {record.suspended_by}{until}: {record.suspended_reason}"
    return record.state, record.reason, record.message


def _suspension(record: StackRecord, now: datetime) -> Document:
    paused = suspended(record, now)
    return {
        "type": "Suspended",
        "status": "True" if paused else "False",
        "reason": "Suspended" if paused else "NotSuspended",
        "message": record.suspended_reason or "" if paused else "",
        "changed_at": _text(record.suspended_at) if paused else None,
    }


def _drift(record: StackRecord) -> Document:
    loud = [one for one in record.drift if one.get("kind") != "suppressed"]
    return {
        "detected": bool(loud),
        "severity": record.severity or "none",
        "resources": [dict(one) for one in record.drift],
    }


def _plan(pending: PlanRecord, words: tuple[Approval, ...], now: datetime) -> Document:
    counts = counted(pending.classification)
    standing = [word for word in words if stands(word, now) and _counts(word, pending)]
    required = pending.decision.get("required", 1)
    return {
        "id": pending.id,
        "fingerprint": pending.fingerprint,
        **{kind: counts.get(kind, 0) for kind in _COUNTED},
        "hazards": hazards(pending),
        "approvals": {
            "required": required,
            "given": len(people(standing)),
            "expires_at": _text(min((w.expires_at for w in standing), default=None)),
        },
    }


def _counts(word: Approval, pending: PlanRecord) -> bool:
    """Would the gate count it for this plan? It goes by the effects that ask, and by their hazards."""
    if not is_allowed(word.by, rules(pending)):
        return False
    return covers(word, _effects_that_ask(pending), shown(pending, asking=True))


def rules(pending: PlanRecord) -> ApprovalRules:
    """Who may approve a kept plan, as its stack's policy said when it was made."""
    groups = pending.decision.get("approvers", [])
    found = tuple(tuple(map(str, one)) for one in groups) if isinstance(groups, list) else ()
    return ApprovalRules(approvers=found)


def standing_no(pending: PlanRecord, words: Iterable[Approval], now: datetime) -> Approval | None:
    """The rejection that holds a kept plan, by the rule of the gate."""
    asking = frozenset(ChangeDigest(str(digest)) for digest in _asking(pending) if digest is not None)
    return rejected(words, pending.fingerprint, now, asking=asking)


def _effects_that_ask(pending: PlanRecord) -> frozenset[ChangeDigest]:
    """Those of the needs, or all when the plan as a whole asks."""
    digests = _asking(pending)
    if not digests or None in digests:
        digests = [one["digest"] for one in pending.classification]
    return frozenset(ChangeDigest(str(digest)) for digest in digests)


def _asking(pending: PlanRecord) -> list[object]:
    """The digest of each need; None for one of the plan as a whole."""
    needs = pending.decision.get("needs", [])
    return [one["digest"] for one in needs if isinstance(one, Mapping)] if isinstance(needs, list) else []


def shown(pending: PlanRecord, *, asking: bool = False) -> frozenset[tuple[str, str]]:
    """The (kind, address) of every hazard that a person who reads this plan is shown, or only of those
    that ask for a word."""
    return frozenset(
        (str(one["kind"]), str(one["address"]))
        for one in hazards(pending)
        if isinstance(one, Mapping) and not (asking and one["requires"] == "auto")
    )


def counted(classification: Iterable[JsonObject]) -> dict[str, int]:
    """How many effects there are of each kind; an import that also updates counts as both."""
    counts: dict[str, int] = {}
    for one in classification:
        kinds = {str(one["kind"])}
        if one["kind"] == "import" and one["actions"] == ["update"]:
            kinds.add("update")
        for kind in kinds:
            counts[kind] = counts.get(kind, 0) + 1
    return counts


def hazards(pending: PlanRecord) -> list[object]:
    """Every hazard of a kept plan, of single changes and of the plan as a whole."""
    found: list[object] = []
    for one in (*pending.classification, pending.decision):
        listed = one.get("hazards", [])
        found.extend(listed if isinstance(listed, list) else [])
    return found


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else clock.text(moment)
