"""How are plans and applies told to the journal? In counts, and digests to which rows can be held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy.orm import Session

from tfreconcile.plan.document import Json
from tfreconcile.source.model import StackName
from tfreconcile.store import raw, seal, sealed
from tfreconcile.store.records import JsonObject
from tfreconcile.store.tables import ApplyRow, ApprovalRow, PlanRow, StackRow

FIRST_REASONS = 20
"""How many of the reasons of a decision are told; the plan's row has them all."""
AT_BEGIN = ("id", "stack", "plan_id", "fingerprint", "approvals", "on_word_of", "started_at", "host")
"""What is known of an apply when it begins."""


def plan_digest(columns: Mapping[str, Json]) -> str:
    """The digest of a kept plan: all of it but what becomes of it."""
    return seal.digest({name: value for name, value in columns.items() if name != "state"})


def begun_digest(columns: Mapping[str, Json]) -> str:
    """The digest of an intent to apply."""
    return seal.digest({name: columns.get(name) for name in AT_BEGIN})


def ended_digest(columns: Mapping[str, Json]) -> str:
    """The digest of an apply that has ended."""
    return seal.digest(columns)


def decided(session: Session, plan_id: int) -> JsonObject:
    """The body of ``plan.decided`` for a plan that this transaction keeps."""
    plan = raw.numbered(session, PlanRow, plan_id)
    decision, changes = _object(plan["decision"]), list(_objects(plan["classification"]))
    reasons = decision.get("reasons")
    told = reasons if isinstance(reasons, list) else []
    return {
        "plan": plan_id,
        "mode": plan["mode"],
        "fingerprint": plan["fingerprint"],
        "revision": plan["revision"],
        "applied_revision": _applied_revision(session, plan["stack"]),
        "verdict": decision.get("verdict"),
        "reasons": told[:FIRST_REASONS],
        "reasons_count": len(told),
        "changes": _counted(changes, "kind"),
        "hazards": _counted([one for part in (*changes, decision) for one in _objects(part.get("hazards"))]),
        "approvals_given": decision.get("given"),
        "approvals_required": decision.get("required"),
        "on_word_of": decision.get("on_word_of", []),
        "digest": plan_digest(plan),
    }


def begun(session: Session, apply_id: int) -> JsonObject:
    """The body of ``apply.begun`` for an intent that this transaction writes."""
    intent = raw.numbered(session, ApplyRow, apply_id)
    number = intent["plan_id"]
    plan = raw.numbered(session, PlanRow, number) if isinstance(number, int) else {}
    words = intent["approvals"] if isinstance(intent["approvals"], list) else []
    return {
        "apply": apply_id,
        "plan": number,
        "plan_digest": plan_digest(plan) if plan else None,
        "mode": plan.get("mode"),
        "fingerprint": intent["fingerprint"],
        "on_word_of": intent["on_word_of"],
        "approvals": [_word(session, one) for one in words if isinstance(one, int)],
        "revision": plan.get("revision"),
        "applied_revision": _applied_revision(session, intent["stack"]),
        "engine": plan.get("engine"),
        "engine_version": plan.get("engine_version"),
        "host": intent["host"],
        "digest": begun_digest(intent),
    }


def ended(session: Session, apply_id: int) -> JsonObject:
    """The body of ``apply.ended`` for an apply that this transaction closes."""
    done = raw.numbered(session, ApplyRow, apply_id)
    return {
        "apply": apply_id,
        "status": done["status"],
        "reason": done["reason"],
        "outcomes": _counted(_objects(done["outcomes"]), "status"),
        "digest": ended_digest(done),
    }


def _word(session: Session, approval_id: int) -> JsonObject:
    return {"id": approval_id, "digest": sealed.as_given(raw.numbered(session, ApprovalRow, approval_id))}


def _applied_revision(session: Session, stack: Json) -> str | None:
    row = session.get(StackRow, StackName(str(stack)))
    return None if row is None else row.applied_revision


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _objects(value: Json | Iterable[Json]) -> Iterator[Mapping[str, Json]]:
    return (_object(one) for one in value) if isinstance(value, list) else iter(())


def _counted(found: Iterable[Mapping[str, Json]], by: str = "kind") -> dict[str, int]:
    return dict(sorted(Counter(str(one.get(by)) for one in found).items()))
