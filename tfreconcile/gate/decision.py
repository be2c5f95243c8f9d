"""May this plan be applied now? Nothing, Proceed, Hold or Refuse, each with its reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from tfreconcile.classify.model import Classification, Classified, DriftKind, Hazard
from tfreconcile.gate.approvals import covers, is_allowed, people, rejected, stands
from tfreconcile.gate.model import (
    Approval,
    Decision,
    Hold,
    Need,
    Nothing,
    Policy,
    Proceed,
    Refuse,
    Requirement,
)
from tfreconcile.gate.requirements import is_left_alone, is_wish, required, requirements
from tfreconcile.plan.document import Address
from tfreconcile.plan.fingerprint import ChangeDigest, Fingerprint


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which plan of which stack is asked about, and what the plan says of itself.

    ``only_reads``: all that it would do is read data sources, as a ``check`` does each time.
    ``unstable`` are the sentences that say why no two plans of the situation are equal.
    """

    stack: str
    fingerprint: Fingerprint
    applyable: bool
    complete: bool = True
    errored: bool = False
    only_reads: bool = False
    unstable: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """What an approval must have been shown: the hazards that need one, by effect and of the plan."""

    everything: frozenset[ChangeDigest]
    hazards: Mapping[ChangeDigest, frozenset[tuple[str, str]]]
    of_plan: frozenset[tuple[str, str]]


def decide(
    classification: Classification,
    policy: Policy,
    approvals: tuple[Approval, ...],
    *,
    asked: Asked,
    now: datetime,
) -> Decision:
    """The gate. ``approvals`` may be of any stack, person and age: what does not count is left out.

    ``Proceed`` is only ever said when nothing is forbidden and, for each effect that asks for approval,
    ``policy.approvals.required`` different allowed people have a standing approval that names it unchanged
    together with its hazards. A hazard of the plan as a whole, and a plan that is not complete, need
    approvals that name every effect: such a word must not grow over effects that nobody saw.
    """
    if asked.errored:
        return Refuse(("Terraform could not finish this plan; what it wrote is never applied",))
    if (idle := _idle(classification, policy, asked)) is not None:
        return idle
    needs = (*requirements(classification, policy), *_incomplete(asked))
    forbidden = tuple(need for need in needs if need.requires is Requirement.NEVER)
    if forbidden:
        return Refuse(tuple(need.why for need in forbidden), forbidden)
    asking = tuple(need for need in needs if need.requires is Requirement.APPROVE)
    if asking and asked.unstable:
        return Refuse(tuple(_never_equal(asked)), asking)
    own = tuple(approval for approval in approvals if approval.stack == asked.stack)
    rejectable = frozenset(need.digest for need in asking if need.digest is not None)
    if (verdict := rejected(own, asked.fingerprint, now, asking=rejectable)) is not None:
        return Hold((_rejection(verdict),), asking, given=0, required=_quorum(policy))
    if not asking:
        count = len(classification.changes) + len(classification.outputs)
        return Proceed((f"policy asks for nobody's word on {_effects(count)}",))
    counting = tuple(one for one in own if stands(one, now) and is_allowed(one.by, policy.approvals))
    return _weigh(asking, counting, _shown(classification, policy), quorum=_quorum(policy))


def _idle(classification: Classification, policy: Policy, asked: Asked) -> Nothing | Refuse | None:
    """Nothing to do, or nothing that may be done; None when there is something to judge."""
    changes, outputs = classification.changes, classification.outputs
    if not changes and not outputs:
        if asked.only_reads:
            return Nothing()
        unnamed = "Terraform says that there is something to apply, but the plan names no effect to approve"
        return Refuse((unnamed,)) if asked.applyable else Nothing()
    if not changes or any(is_wish(output) for output in outputs):
        return None
    if not all(is_left_alone(item, policy) for item in changes):
        return None
    return Nothing(tuple(_left_alone(item) for item in changes))


def _left_alone(item: Classified) -> str:
    quiet = (
        "an ignore rule covers its drift" if item.drift is DriftKind.SUPPRESSED else "drift is only reported"
    )
    return f"{item.change.address}: the plan would put it back; {quiet}"


def _incomplete(asked: Asked) -> Iterator[Need]:
    if not asked.complete:
        why = "the plan is not complete (targets or deferred changes): more would be left to do after it"
        yield Need(None, Address(""), Requirement.APPROVE, why)


def _never_equal(asked: Asked) -> Iterator[str]:
    yield "this plan needs approval and can hold none: it differs each time that it is made"
    yield from asked.unstable


def _rejection(verdict: Approval) -> str:
    reason = f": {verdict.reason}" if verdict.reason else ""
    return f"rejected by {verdict.by}{reason}; revoke the rejection or change Git"


def _shown(classification: Classification, policy: Policy) -> _Shown:
    changes, outputs = classification.changes, classification.outputs
    return _Shown(
        everything=frozenset((*(item.digest for item in changes), *(item.digest for item in outputs))),
        hazards={item.digest: _pairs(item.hazards, policy) for item in changes},
        of_plan=_pairs(classification.hazards, policy),
    )


def _pairs(hazards: Iterable[Hazard], policy: Policy) -> frozenset[tuple[str, str]]:
    """Only those that need approval: what is let through anyway may come and go under an old word."""
    return frozenset(
        (str(hazard.kind), str(hazard.address))
        for hazard in hazards
        if required(hazard, policy) is not Requirement.AUTO
    )


def _weigh(
    asking: tuple[Need, ...], counting: tuple[Approval, ...], shown: _Shown, *, quorum: int
) -> Proceed | Hold:
    """Each effect is weighed by itself; the one with the fewest people behind it decides."""
    behind = {need: tuple(one for one in counting if _answers(one, need, shown)) for need in asking}
    given = min(len(people(answers)) for answers in behind.values())
    if given < quorum:
        reasons = (*(need.why for need in asking), *_short(counting, behind))
        return Hold(reasons, asking, given=given, required=quorum)
    used = {one.id: one for answers in behind.values() for one in answers}
    names = tuple(sorted({one.by for one in used.values()}))
    return Proceed((f"approved by {', '.join(names)}",), tuple(sorted(used)), names)


def _answers(approval: Approval, need: Need, shown: _Shown) -> bool:
    if need.digest is None:
        return covers(approval, shown.everything, shown.of_plan)
    return covers(approval, frozenset({need.digest}), shown.hazards.get(need.digest, frozenset()))


def _short(counting: tuple[Approval, ...], behind: Mapping[Need, tuple[Approval, ...]]) -> Iterator[str]:
    """Why a word that stands is not enough."""
    for approval in counting:
        missing = [need for need, answers in behind.items() if approval not in answers]
        if missing:
            where = ", ".join(need.address or "the plan as a whole" for need in missing)
            yield f"approval {approval.id} of {approval.by} was given for something else than: {where}"


def _quorum(policy: Policy) -> int:
    return max(1, policy.approvals.required)


def _effects(count: int) -> str:
    return "this one effect" if count == 1 else f"any of these {count} effects"
