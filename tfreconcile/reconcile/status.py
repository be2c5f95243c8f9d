"""How does a stack stand? Rows become the status document of the contract, for tables and programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from tfreconcile import clock
from tfreconcile.classify.model import HazardKind
from tfreconcile.gate import weighing
from tfreconcile.gate.approvals import overrides
from tfreconcile.gate.model import Approval, ApprovalRules
from tfreconcile.gate.weighing import Question, Tally
from tfreconcile.observe import answers, ignored, kept
from tfreconcile.observe.conditions import DESTROYED, LEFT_GIT, TAKEN_OVER, WINDOW_CLOSED, State
from tfreconcile.store import approvals, plans, sources
from tfreconcile.store.database import Store
from tfreconcile.store.records import JsonObject, PlanRecord, SourceRecord, StackRecord

Document = dict[str, object]
_COUNTED = ("create", "update", "replace", "delete", "forget")


def documents(store: Store, records: Iterable[StackRecord], now: datetime) -> list[Document]:
    """One document a stack, in the given order."""
    words, source = approvals.by_stack(store), sources.newest(store)
    return [document(record, waiting(store, record), words[record.name], source, now) for record in records]


def waiting(store: Store, record: StackRecord) -> PlanRecord | None:
    """The plan of the stack that waits, if one does."""
    return None if record.pending_plan is None else plans.get(store, record.pending_plan)


def suspended(record: StackRecord, now: datetime) -> bool:
    """Did a person pause the stack, and does the pause still hold?"""
    return record.suspended(now)


def leaving(record: StackRecord) -> bool:
    """Did the stack leave Git, and is what it has still to be destroyed? Without a plan it never had any."""
    return record.removed_at is not None and record.on_removal == "destroy" and record.backend is not None


def document(
    record: StackRecord,
    pending: PlanRecord | None,
    words: tuple[Approval, ...],
    source: SourceRecord | None,
    now: datetime,
) -> Document:
    """The status of one stack; every key is in ``docs/json.md``, and keys are only ever added."""
    state, reason, message = standing = _standing(record, now)
    if pending is not None:
        message = _answered(standing, pending, words, now)
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
        "conditions": [
            *(dict(one) for one in record.conditions),
            _suspension(record, now),
            _source_verified(source),
        ],
        "last_checked_at": _text(record.last_checked_at),
        "last_applied_at": _text(record.last_applied_at),
        "next_due_at": _text(record.next_due_at) if record.removed_at is None or leaving(record) else None,
        "failures": record.failures,
        "definition": record.definition,
        "ignored": hidden(record, pending),
        "left_git_at": _text(record.removed_at),
    }


def _standing(record: StackRecord, now: datetime) -> tuple[str, str, str]:
    if record.removed_at is not None and record.reason in (DESTROYED, TAKEN_OVER):
        return State.REMOVED, record.reason, record.message
    if record.removed_at is not None and not leaving(record):
        message = f"left Git before {clock.text(record.removed_at)}; its resources stay"
        return State.REMOVED, LEFT_GIT, message
    if suspended(record, now):
        until = f" until {clock.text(record.suspended_until)}" if record.suspended_until else ""
        return State.SUSPENDED, "Suspended", f"by {record.suspended_by}{until}: {record.suspended_reason}"
    return record.state, record.reason, record.message


def _answered(
    standing: tuple[str, str, str], pending: PlanRecord, words: tuple[Approval, ...], now: datetime
) -> str:
    """The message with what people have said by now, when the last pass held the plan for them."""
    (state, reason, message), decision = standing, pending.decision
    if state == State.AWAITING_APPROVAL:
        tell = answers.told
    elif reason == WINDOW_CLOSED and decision.get("closed") and _is_told(decision, message):
        tell = answers.told_of_window
    else:
        return message
    return tell(message, pending.stack, weighed(pending, words, now), standing_no(pending, words, now))


def _is_told(decision: JsonObject, message: str) -> bool:
    """Is the message about this decision? A later pass may wait for another window, before it plans."""
    reasons = decision.get("reasons")
    return isinstance(reasons, list) and bool(reasons) and str(reasons[0]) in message


def _suspension(record: StackRecord, now: datetime) -> Document:
    paused = suspended(record, now)
    return {
        "type": "Suspended",
        "status": "True" if paused else "False",
        "reason": "Suspended" if paused else "NotSuspended",
        "message": record.suspended_reason or "" if paused else "",
        "changed_at": _text(record.suspended_at) if paused else None,
    }


def _source_verified(source: SourceRecord | None) -> Document:
    """The same for every stack: they all come from one branch."""
    if source is None:
        status, reason, message, changed = "Unknown", "NotAsked", "source.verify is none", None
    else:
        status = "True" if source.verified else "False"
        reason, message, changed = source.reason, source.message, _text(source.changed_at)
    return {
        "type": "SourceVerified",
        "status": status,
        "reason": reason,
        "message": message,
        "changed_at": changed,
    }


def _drift(record: StackRecord) -> Document:
    loud = [one for one in record.drift if one.get("kind") != "suppressed"]
    return {
        "detected": bool(loud),
        "severity": record.severity or "none",
        "resources": [dict(one) for one in record.drift],
    }


def _plan(pending: PlanRecord, words: tuple[Approval, ...], now: datetime) -> Document:
    counts, tally = counted(pending.classification), weighed(pending, words, now)
    return {
        "id": pending.id,
        "fingerprint": pending.fingerprint,
        **{kind: counts.get(kind, 0) for kind in _COUNTED},
        "hazards": hazards(pending),
        "rejected": _rejection(standing_no(pending, words, now)),
        "approvals": {
            "required": tally.required,
            "given": tally.given,
            "expires_at": _text(min(map(question(pending).ends, tally.counting), default=None)),
        },
    }


def _rejection(no: Approval | None) -> Document | None:
    return None if no is None else {"id": no.id, "by": no.by, "at": _text(no.at), "reason": no.reason}


def weighed(pending: PlanRecord, words: tuple[Approval, ...], now: datetime) -> Tally:
    """What people have answered to a kept plan, as the gate counts it; nothing while a rejection stands."""
    asked = question(pending)
    if HazardKind.WINDOW_OVERRIDE in frozenset().union(*(need.kinds for need in asked.needs)):
        words = tuple(filter(overrides, words))
    if standing_no(pending, words, now) is not None:
        words = ()
    return weighing.weigh(asked, words, now)


def question(pending: PlanRecord) -> Question:
    """What a kept plan asks of people."""
    return kept.question(pending.stack, pending.fingerprint, pending.classification, pending.decision)


def rules(pending: PlanRecord) -> ApprovalRules:
    """Who may approve a kept plan whatever it does, as its stack's policy said when it was made."""
    return kept.rules(pending.decision)


def unfit(pending: PlanRecord, person: str, *, signed: bool) -> str | None:
    """Why no word of this person can count for anything that a kept plan asks; None when one can."""
    asked = question(pending)
    answers = [weighing.unfit(person, need, signed=signed, barred=asked.barred) for need in asked.needs]
    barred = bool(answers) and all(answers)
    return f"an approval by {person} {answers[0]} any of it" if barred else None


def standing_no(pending: PlanRecord, words: Iterable[Approval], now: datetime) -> Approval | None:
    """The rejection that holds a kept plan, by the rule of the gate."""
    return weighing.standing_no(question(pending), words, now)


def hidden(record: StackRecord, pending: PlanRecord | None) -> Document:
    """What the ignore rules of a stack hide, and what the plan that waits changes all the same."""
    effects = () if pending is None else pending.classification
    return ignored.summary(record.ignored, {str(one.get("address")) for one in effects})


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
