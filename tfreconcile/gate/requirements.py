"""What does each effect of a plan ask for under a policy, and why?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import assert_never

from tfreconcile.classify.model import (
    Cause,
    Classification,
    Classified,
    ClassifiedOutput,
    DriftKind,
    Hazard,
    HazardKind,
)
from tfreconcile.gate.approvals import tightened
from tfreconcile.gate.model import DriftPolicy, Need, Policy, Requirement
from tfreconcile.plan.document import Address, Kind

_CAUSES = {
    Cause.GIT: "Git changed",
    Cause.DRIFT: "the world changed",
    Cause.BOTH: "Git or something else changed, and the world did",
    Cause.OTHER: "neither Git nor this resource changed (a provider, a data source, another resource)",
    Cause.UNKNOWN: "why is not known",
}
_PUT_BACK = frozenset({DriftKind.REVERTING, DriftKind.GONE, DriftKind.SUPPRESSED})


@dataclass(frozen=True)
class _Reason:
    requires: Requirement
    why: str


def requirements(classification: Classification, policy: Policy) -> tuple[Need, ...]:
    """One need for each effect and for each hazard of the plan as a whole (no digest, no address).

    Effects that ask for nothing are there too, as AUTO. ``why`` holds the strictest reasons, as
    sentences that are joined by ``; ``. A hazard that the policy does not name is never let through.
    """
    found = (
        *(_need_of_change(item, policy) for item in classification.changes),
        *(_need_of_output(item, policy) for item in classification.outputs),
        *(_need_of_plan(hazard, policy) for hazard in classification.hazards),
    )
    return tuple(ruled(need, policy) for need in found)


def ruled(need: Need, policy: Policy) -> Need:
    """The need with what a word must be to count for it: by the rules for all, and those of its hazards."""
    if need.requires is not Requirement.APPROVE:
        return need
    rules = tightened(policy.approvals, need.kinds)
    return replace(need, required=rules.required, approvers=rules.approvers, signed=rules.signed)


def override(policy: Policy, why: str) -> Need | None:
    """What it takes to apply while a window is closed; None when the policy lets nobody do so.

    AUTO is read as APPROVE: a window that opens by itself would be none.
    """
    kind = HazardKind.WINDOW_OVERRIDE
    if policy.hazards.get(kind, Requirement.NEVER) is Requirement.NEVER:
        return None
    return ruled(Need(None, Address(""), Requirement.APPROVE, why, frozenset({kind})), policy)


def required(hazard: Hazard, policy: Policy) -> Requirement:
    """What the policy asks for a hazard; one that it does not name fails closed.

    A stack that left Git goes by ``prune`` too, and AUTO is read as APPROVE there: all that a stack has
    never goes without a word.
    """
    asked = policy.hazards.get(hazard.kind, Requirement.NEVER)
    if hazard.kind is not HazardKind.STACK_REMOVED:
        return asked
    return max(asked, policy.prune, Requirement.APPROVE, key=lambda requirement: requirement.strictness)


def is_left_alone(item: Classified, policy: Policy) -> bool:
    """Does an ignore rule cover the change, or does it only undo drift that is to be left as it is?

    With an unknown cause only an ignore rule can say so: the change may be a wish of Git.
    """
    if is_ignored(item, policy):
        return True
    if item.drift is DriftKind.SUPPRESSED:
        return item.cause in (Cause.DRIFT, Cause.UNKNOWN)
    return item.cause is Cause.DRIFT and policy.drift is DriftPolicy.REPORT


def is_ignored(item: Classified, policy: Policy) -> bool:
    """Do ignore rules keep the change quiet? Never one with a hazard that asks for more than nothing."""
    return bool(item.ignored_by) and all(
        required(hazard, policy) is Requirement.AUTO for hazard in item.hazards
    )


def is_wish(output: ClassifiedOutput) -> bool:
    """May Git have asked for it? Any other output only follows what it is made from."""
    return output.cause in (Cause.GIT, Cause.BOTH, Cause.UNKNOWN)


def _need_of_change(item: Classified, policy: Policy) -> Need:
    reasons = (
        *(_Reason(required(hazard, policy), hazard.detail) for hazard in item.hazards),
        *_for_cause(item, policy),
        *_for_prune(item, policy),
    )
    return replace(_strictest(item, reasons), kinds=_asking(item.hazards, policy))


def _need_of_plan(hazard: Hazard, policy: Policy) -> Need:
    requires, kinds = required(hazard, policy), _asking((hazard,), policy)
    prune = f"; prune: {policy.prune}" if hazard.kind is HazardKind.STACK_REMOVED else ""
    return Need(None, hazard.address, requires, hazard.detail + prune, kinds)


def _asking(hazards: Iterable[Hazard], policy: Policy) -> frozenset[HazardKind]:
    return frozenset(one.kind for one in hazards if required(one, policy) is Requirement.APPROVE)


def _need_of_output(item: ClassifiedOutput, policy: Policy) -> Need:
    address = Address(f"output.{item.output.name}")
    if not is_wish(item):
        return Need(item.digest, address, Requirement.AUTO, f"{address}: follows what it is made from")
    why = f"{address}: {_CAUSES[item.cause]}; apply: {policy.apply}"
    return Need(item.digest, address, policy.apply, why)


def _strictest(item: Classified, reasons: Iterable[_Reason]) -> Need:
    reasons = tuple(reasons)
    most = max((reason.requires for reason in reasons), key=lambda requirement: requirement.strictness)
    whys = dict.fromkeys(reason.why for reason in reasons if reason.requires is most)
    return Need(item.digest, item.change.address, most, "; ".join(whys))


def _for_cause(item: Classified, policy: Policy) -> Iterator[_Reason]:
    address, cause = item.change.address, _CAUSES[item.cause]
    if item.cause is not Cause.DRIFT:
        yield _Reason(policy.apply, f"{address}: {cause}; apply: {policy.apply}")
    if item.cause in (Cause.DRIFT, Cause.BOTH) or (item.cause is Cause.UNKNOWN and item.drift in _PUT_BACK):
        yield _Reason(_for_drift(policy.drift), f"{address}: {_on_drift(policy.drift)}")
    if item.drift is DriftKind.SUPPRESSED:
        why = "an ignore rule keeps its drift quiet, but a plan cannot be split: applying it undoes the drift"
        yield _Reason(Requirement.APPROVE, f"{address}: {why}")
    elif is_ignored(item, policy):
        why = "an ignore rule keeps it quiet, but a plan cannot be split: applying it changes it all the same"
        yield _Reason(Requirement.APPROVE, f"{address}: {why}")


def _for_drift(drift: DriftPolicy) -> Requirement:
    match drift:
        case DriftPolicy.HEAL:
            return Requirement.AUTO
        case DriftPolicy.APPROVE | DriftPolicy.REPORT:
            return Requirement.APPROVE
    assert_never(drift)


def _on_drift(drift: DriftPolicy) -> str:
    if drift is DriftPolicy.REPORT:
        return "drift is only reported, but a plan cannot be split: applying it undoes the drift"
    return f"the world changed; drift: {drift}"


def _for_prune(item: Classified, policy: Policy) -> Iterator[_Reason]:
    """Resources that left the code. -destroy gives no reason, and a replacement is none of them."""
    change = item.change
    left = change.kind is Kind.DELETE and (change.reason or "").startswith("delete_because_")
    if left or "forget" in change.actions:
        yield _Reason(policy.prune, f"{change.address}: left the code; prune: {policy.prune}")
