"""What does policy ask of a stack: the host's floor, tightened by what the stack wishes?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType

from tfreconcile.classify.model import PLANNED_HAZARDS, HazardKind
from tfreconcile.errors import Misconfigured, Place, Problem
from tfreconcile.gate.model import ApprovalRules, DriftPolicy, Policy, Requirement
from tfreconcile.source.model import GateWish

DEFAULT_HAZARDS: Mapping[HazardKind, Requirement] = MappingProxyType(
    {
        HazardKind.DESTROY: Requirement.APPROVE,
        HazardKind.REPLACE: Requirement.APPROVE,
        HazardKind.FORGET: Requirement.APPROVE,
        HazardKind.STATEFUL: Requirement.APPROVE,
        HazardKind.EMPTY_STATE: Requirement.NEVER,
        HazardKind.BLAST_RADIUS: Requirement.NEVER,
        HazardKind.BACKEND_MOVED: Requirement.APPROVE,
        HazardKind.ACTION: Requirement.APPROVE,
        HazardKind.UNKNOWN_ACTION: Requirement.NEVER,
    }
)
"""What each hazard asks for when the host config says nothing of it."""


@dataclass(frozen=True, kw_only=True)
class Floor:
    """The least that every stack of a host is held to.

    ``places`` says where the host config sets a key, by dotted path (``gate.hazards.destroy``,
    ``gate.approvals.ttl``, ``gate.drift``); a key that is missing has its built-in default.
    """

    policy: Policy = field(default_factory=lambda: Policy(hazards=DEFAULT_HAZARDS))
    places: Mapping[str, Place] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _Claim:
    """One wish beside what the floor says of the same key, in the words of a config file."""

    key: str
    wished: str
    held: str
    weaker: bool
    allowed: str


def tighten(floor: Floor, wish: GateWish) -> Policy:
    """The policy of one stack: nowhere weaker than the floor.

    ``approvers`` of the wish become one more group, so that they narrow and never replace the host's.
    Raises Misconfigured with every weaker wish and every unknown hazard at once.
    """
    problems = (*_unknown_hazards(wish), *_weaker_wishes(floor, wish), *_nobody(wish))
    if problems:
        raise Misconfigured(tuple(sorted(problems)))
    policy = floor.policy
    return replace(
        policy,
        hazards={**policy.hazards, **_wished_hazards(wish)},
        apply=Requirement(wish.apply) if wish.apply else policy.apply,
        drift=DriftPolicy(wish.drift) if wish.drift else policy.drift,
        prune=Requirement(wish.prune) if wish.prune else policy.prune,
        max_destroys=_either(wish.max_destroys, policy.max_destroys),
        max_destroy_percent=_either(wish.max_destroy_percent, policy.max_destroy_percent),
        approvals=_tightened_approvals(policy.approvals, wish),
    )


def _tightened_approvals(rules: ApprovalRules, wish: GateWish) -> ApprovalRules:
    added = () if wish.approvers is None else (wish.approvers,)
    return replace(
        rules,
        required=_either(wish.required, rules.required),
        ttl=rules.ttl if wish.ttl is None else wish.ttl,
        approvers=(*rules.approvers, *added),
    )


def _either(wished: int | None, held: int) -> int:
    return held if wished is None else wished


def _wished_hazards(wish: GateWish) -> dict[HazardKind, Requirement]:
    """Without the planned ones: no change can have them yet, so that there is nothing to require."""
    known = {str(kind) for kind in HazardKind}
    return {HazardKind(name): Requirement(level) for name, level in wish.hazards.items() if name in known}


def _unknown_hazards(wish: GateWish) -> Iterator[Problem]:
    known = sorted({str(kind) for kind in HazardKind} | PLANNED_HAZARDS)
    for name in wish.hazards:
        if name not in known:
            key = f"gate.hazards.{name}"
            what = f"{key}: no hazard has the name {name!r}; known: {', '.join(known)}"
            yield Problem(_written(wish, key)[1], what, "correct the name or remove the line")


def _nobody(wish: GateWish) -> Iterator[Problem]:
    if wish.approvers is not None and not wish.approvers:
        key, place = _written(wish, "gate.approvals.approvers")
        what = f"{key}: the list is empty, so that nobody could ever approve; allowed: one pattern or more"
        yield Problem(place, what, "name somebody or remove the line")


def _weaker_wishes(floor: Floor, wish: GateWish) -> Iterator[Problem]:
    for claim in (*_word_claims(floor.policy, wish), *_number_claims(floor.policy, wish)):
        if not claim.weaker:
            continue
        key, place = _written(wish, claim.key)
        set_at = floor.places.get(claim.key)
        where = f"set at {set_at}" if set_at else "(built-in default)"
        what = f"{key}: {claim.wished} is weaker than {claim.held} {where}; allowed: {claim.allowed}"
        yield Problem(place, what, "a stack may only be stricter; make it so or remove the line")


def _word_claims(policy: Policy, wish: GateWish) -> Iterator[_Claim]:
    if wish.apply is not None:
        yield _word("gate.apply", Requirement(wish.apply), policy.apply)
    if wish.drift is not None:
        yield _word("gate.drift", DriftPolicy(wish.drift), policy.drift)
    if wish.prune is not None:
        yield _word("gate.prune", Requirement(wish.prune), policy.prune)
    for kind, level in _wished_hazards(wish).items():
        # A floor without the kind refuses it (gate.decision), so that every lesser wish is weaker.
        yield _word(f"gate.hazards.{kind}", level, policy.hazards.get(kind, Requirement.NEVER))


def _word(key: str, wished: Requirement | DriftPolicy, held: Requirement | DriftPolicy) -> _Claim:
    allowed = ", ".join(level for level in type(held) if level.strictness >= held.strictness)
    weaker = wished.strictness < held.strictness
    return _Claim(key=key, wished=wished, held=held, weaker=weaker, allowed=allowed)


def _number_claims(policy: Policy, wish: GateWish) -> Iterator[_Claim]:
    rules = policy.approvals
    if wish.max_destroys is not None:
        yield _at_most("gate.max_destroys", wish.max_destroys, policy.max_destroys)
    if wish.max_destroy_percent is not None:
        yield _at_most("gate.max_destroy_percent", wish.max_destroy_percent, policy.max_destroy_percent)
    if wish.required is not None:
        yield _Claim(
            key="gate.approvals.required",
            wished=str(wish.required),
            held=str(rules.required),
            weaker=wish.required < rules.required,
            allowed=f"{rules.required} or more",
        )
    if wish.ttl is not None:
        yield _Claim(
            key="gate.approvals.ttl",
            wished=_duration(wish.ttl),
            held=_duration(rules.ttl),
            weaker=wish.ttl > rules.ttl,
            allowed=f"up to {_duration(rules.ttl)}",
        )


def _at_most(key: str, wished: int, held: int) -> _Claim:
    return _Claim(key=key, wished=str(wished), held=str(held), weaker=wished > held, allowed=f"0 to {held}")


def _written(wish: GateWish, key: str) -> tuple[str, Place]:
    """The key as the stack wrote it, and where: apply, drift and prune stand at the top of the file."""
    for spelled in (key, key.removeprefix("gate.")):
        if spelled in wish.places:
            return spelled, wish.places[spelled]
    return key, Place("stack.yaml")


def _duration(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for size, unit in ((3600, "h"), (60, "m")):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
