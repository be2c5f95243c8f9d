"""What is there to know of a plan that waits for a window? When it opens, who may override, who agreed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from tfreconcile.cli import answering
from tfreconcile.gate import weighing
from tfreconcile.gate.model import Approval, Need, Requirement
from tfreconcile.plan.fingerprint import ChangeDigest
from tfreconcile.reconcile import status
from tfreconcile.store.records import PlanRecord


def waits(plan: PlanRecord) -> bool:
    """Does the plan wait for a time rather than for people?"""
    return plan.decision.get("closed") is True


def opening(plan: PlanRecord) -> Iterator[str]:
    """When it goes on, and what is typed to have it go on sooner."""
    until = plan.decision.get("until")
    yield f"it goes on by itself at {until}" if until else "no opening of a window is in sight"
    if plan.decision.get("needs"):
        yield f"who overrides the window types: {answering.command(plan, override=True)}"
    else:
        yield "policy lets nobody override it"


def agreed(plan: PlanRecord, said: Iterable[Approval], now: datetime) -> Iterator[str]:
    """Its own hazards and who said yes to them: what it asks for now is only what overrides the window."""
    words, asked = tuple(said), status.question(plan)
    for need in _needs(plan):
        names = weighing.weigh(replace(asked, needs=(need,)), words, now).names
        by = f"approved by {', '.join(names)}" if names else "no approval of it stands any more"
        yield f"{need.address or 'the plan as a whole'} requires {need.requires}: {need.why}; {by}"


def _needs(plan: PlanRecord) -> Iterator[Need]:
    rules = status.rules(plan)
    for effect in (*plan.classification, plan.decision):
        digest, hazards = effect.get("digest"), effect.get("hazards")
        for one in hazards if isinstance(hazards, list) else []:
            if isinstance(one, Mapping) and one["requires"] == Requirement.APPROVE:
                yield Need(
                    None if digest is None else ChangeDigest(str(digest)),
                    str(one["address"]),
                    Requirement.APPROVE,
                    str(one["detail"]),
                    approvers=rules.approvers,
                    signed=rules.signed,
                )
