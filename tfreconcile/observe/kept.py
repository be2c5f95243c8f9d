"""What does a kept plan ask of people? The way back from the JSON of ``report`` to what the gate weighs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from tfreconcile.classify.model import HazardKind
from tfreconcile.gate.model import ApprovalRules, Need, Requirement
from tfreconcile.gate.weighing import Pairs, Question, Shown
from tfreconcile.plan.fingerprint import ChangeDigest, Fingerprint

Json = Mapping[str, object]


def question(stack: str, fingerprint: Fingerprint, effects: Iterable[Json], decision: Json) -> Question:
    """What the gate asked when it made this decision on these effects.

    A plan that was kept without needs, since nobody is asked or by an older version, asks for a word on all
    that it does.
    """
    effects = tuple(effects)
    needs = tuple(_need(one, decision) for one in _objects(decision.get("needs")))
    if not needs and not decision.get("closed"):
        needs = (_need({"requires": Requirement.APPROVE}, decision),)
    return Question(
        stack=stack,
        fingerprint=fingerprint,
        needs=tuple(need for need in needs if need.requires is Requirement.APPROVE),
        shown=Shown(
            everything=frozenset(_digest(one["digest"]) for one in effects),
            hazards={_digest(one["digest"]): _asking(one) for one in effects},
            of_plan=_asking(decision),
        ),
        barred=_barred(decision),
        ttl=rules(decision).ttl,
        doubts=_doubts(decision),
    )


def rules(decision: Json) -> ApprovalRules:
    """Who may approve the plan, and for how long, whatever it does; without the rules of single hazards."""
    ttl = decision.get("ttl_seconds")
    return ApprovalRules(
        required=_number(decision.get("required")),
        ttl=timedelta(seconds=ttl) if isinstance(ttl, int) else ApprovalRules().ttl,
        approvers=_groups(decision.get("approvers", [])),
        four_eyes=decision.get("four_eyes") is True,
        signed=decision.get("signed") is True,
    )


def _need(told: Json, decision: Json) -> Need:
    known = frozenset(HazardKind)
    return Need(
        None if told.get("digest") is None else _digest(told["digest"]),
        str(told.get("address", "")),
        Requirement(str(told.get("requires"))),
        str(told.get("why", "")),
        frozenset(kind for kind in known if kind in _list(told.get("kinds"))),
        required=_number(told.get("required", decision.get("required"))),
        approvers=_groups(told.get("approvers", decision.get("approvers"))),
        signed=told.get("signed", decision.get("signed")) is True,
        exactly=told.get("exactly") is True,
    )


def _asking(told: Json) -> Pairs:
    hazards = _objects(told.get("hazards"))
    return frozenset((str(one["kind"]), str(one["address"])) for one in hazards if one["requires"] != "auto")


def _barred(decision: Json) -> frozenset[str] | None:
    found = decision.get("barred", [])
    return None if found is None else frozenset(map(str, _list(found)))


def _doubts(decision: Json) -> Mapping[int, str]:
    found = decision.get("doubts")
    return {int(number): str(why) for number, why in found.items()} if isinstance(found, Mapping) else {}


def _groups(found: object) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(map(str, _list(group))) for group in _list(found))


def _number(found: object) -> int:
    return found if isinstance(found, int) else 1


def _digest(found: object) -> ChangeDigest:
    return ChangeDigest(str(found))


def _objects(found: object) -> Iterator[Json]:
    return (one for one in _list(found) if isinstance(one, Mapping))


def _list(found: object) -> list[object]:
    return found if isinstance(found, list) else []
