"""What does policy ask of a stack: the host's floor, tightened by what the stack wishes?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from types import MappingProxyType

from tfreconcile.classify import unattended
from tfreconcile.classify.model import PLANNED_HAZARDS, HazardKind
from tfreconcile.errors import Misconfigured, Place, Problem
from tfreconcile.gate import groups, weaker
from tfreconcile.gate.groups import Groups
from tfreconcile.gate.model import ApprovalRules, DriftPolicy, Policy, Requirement, Window
from tfreconcile.source.model import GateWish, StackName

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
        HazardKind.PROTECTION_REMOVED: Requirement.APPROVE,
        HazardKind.EXPOSURE: Requirement.APPROVE,
        HazardKind.IAM: Requirement.APPROVE,
        HazardKind.SCALE: Requirement.APPROVE,
        HazardKind.POLICY: Requirement.NEVER,
        HazardKind.POLICY_WARNING: Requirement.AUTO,
        HazardKind.UNATTENDED_AUTHOR: Requirement.APPROVE,
        HazardKind.OFF_HOURS: Requirement.APPROVE,
        HazardKind.WINDOW_OVERRIDE: Requirement.APPROVE,
        HazardKind.STACK_REMOVED: Requirement.APPROVE,
        HazardKind.RENAMED: Requirement.APPROVE,
    }
)
"""What each hazard asks for when the host config says nothing of it."""


@dataclass(frozen=True, kw_only=True)
class StackRules:
    """What the host asks of approvals for stacks whose name fits ``stacks``, beyond what it asks of all.

    ``asks`` is a wish that counts as the host's own: its places are those of the host config, its approvers
    are patterns only.
    """

    stacks: str
    asks: GateWish


@dataclass(frozen=True, kw_only=True)
class StackWindow:
    """A window, and patterns of the names of the stacks that it speaks of."""

    window: Window
    stacks: tuple[str, ...] = ("*",)


def _built_in() -> Policy:
    return Policy(hazards=DEFAULT_HAZARDS, unattended=unattended.WELL_KNOWN)


@dataclass(frozen=True, kw_only=True)
class Floor:
    """The least that every stack of a host is held to.

    ``policy`` is that of a stack that no rule names, without the windows. ``places`` says where the host
    config sets a key, by dotted path (``gate.hazards.destroy``, ``gate.approvals.ttl``); one that is missing
    has its built-in default. ``groups`` None and ``verifies`` True are for when no host config is at hand:
    any group may then exist, and any signature be checked.
    """

    policy: Policy = field(default_factory=_built_in)
    places: Mapping[str, Place] = field(default_factory=dict)
    stacks: tuple[StackRules, ...] = ()
    windows: tuple[StackWindow, ...] = ()
    working_hours: tuple[StackWindow, ...] = ()
    groups: Groups | None = None
    verifies: bool = True
    """Whether there are trusted signers, so that words can be signed at all."""


def of_stack(floor: Floor, name: StackName) -> Floor:
    """What the host asks of one stack: all rules that fit its name added up, the windows that speak of it."""
    for rules in floor.stacks:
        if fnmatchcase(name, rules.stacks):
            floor = _stricter(floor, rules.asks)
    policy = replace(
        floor.policy,
        windows=(*floor.policy.windows, *_fitting(floor.windows, name)),
        working_hours=(*floor.policy.working_hours, *_fitting(floor.working_hours, name)),
    )
    return replace(floor, policy=policy, stacks=(), windows=(), working_hours=())


def tighten(floor: Floor, wish: GateWish, name: StackName) -> Policy:
    """The policy of the stack ``name``: nowhere weaker than the floor.

    ``approvers`` of the wish become one more group, so that they narrow and never replace the host's.
    Raises Misconfigured with every weaker wish, every unknown hazard or group, and what nobody could approve.
    """
    held = of_stack(floor, name)
    wish_read = replace(wish, approvers=_patterns(wish, held.groups))
    policy = _tightened(held.policy, wish_read)
    problems = (
        *_unknown_hazards(wish),
        *_unknown_groups(wish, held.groups),
        *_weaker_wishes(held, wish),
        *_nobody(wish),
        *_unsignable(held, wish),
    )
    if not problems:
        problems = tuple(_unreachable(held, wish, policy))
    if problems:
        raise Misconfigured(tuple(sorted(problems)))
    return policy


def approvals_tightened(rules: ApprovalRules, wish: GateWish) -> ApprovalRules:
    """The stricter of both in each thing; ``approvers`` of the wish are patterns only."""
    added = () if wish.approvers is None else (wish.approvers,)
    return replace(
        rules,
        required=max(rules.required, wish.required or 0),
        ttl=min(rules.ttl, wish.ttl or rules.ttl),
        approvers=(*rules.approvers, *added),
        four_eyes=rules.four_eyes or bool(wish.four_eyes),
        signed=rules.signed or bool(wish.signed),
    )


def _stricter(floor: Floor, asks: GateWish) -> Floor:
    before = floor.policy.approvals
    after = approvals_tightened(before, asks)
    changed = [key for key in ("required", "ttl", "four_eyes", "signed") if _differs(before, after, key)]
    moved = {key: asks.places[key] for key in map("gate.approvals.{}".format, changed) if key in asks.places}
    return replace(floor, policy=replace(floor.policy, approvals=after), places={**floor.places, **moved})


def _differs(before: ApprovalRules, after: ApprovalRules, key: str) -> bool:
    return bool(getattr(before, key) != getattr(after, key))


def _fitting(windows: tuple[StackWindow, ...], name: StackName) -> Iterator[Window]:
    for one in windows:
        if any(fnmatchcase(name, pattern) for pattern in one.stacks):
            yield one.window


def _tightened(policy: Policy, wish: GateWish) -> Policy:
    return replace(
        policy,
        hazards={**policy.hazards, **weaker.wished_hazards(wish)},
        apply=Requirement(wish.apply) if wish.apply else policy.apply,
        drift=DriftPolicy(wish.drift) if wish.drift else policy.drift,
        prune=Requirement(wish.prune) if wish.prune else policy.prune,
        max_destroys=_lower(wish.max_destroys, policy.max_destroys),
        max_destroy_percent=_lower(wish.max_destroy_percent, policy.max_destroy_percent),
        approvals=approvals_tightened(policy.approvals, wish),
    )


def _lower(wished: int | None, held: int) -> int:
    return held if wished is None else min(wished, held)


def _patterns(wish: GateWish, known: Groups | None) -> tuple[str, ...] | None:
    return None if wish.approvers is None else groups.expanded(wish.approvers, known)


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


def _unknown_groups(wish: GateWish, known: Groups | None) -> Iterator[Problem]:
    for index, what in groups.unknown(wish.approvers or (), known):
        key, place = _written(wish, f"gate.approvals.approvers.{index}")
        yield Problem(place, f"{key}: {what}", "correct the name or remove it")


def _weaker_wishes(floor: Floor, wish: GateWish) -> Iterator[Problem]:
    for claim in weaker.claims(floor.policy, wish):
        key, place = _written(wish, claim.key)
        what = f"{key}: {claim.told(floor.places.get(claim.key))}"
        yield Problem(place, what, "a stack may only be stricter; make it so or remove the line")


def _unsignable(floor: Floor, wish: GateWish) -> Iterator[Problem]:
    if wish.signed and not floor.verifies:
        key, place = _written(wish, "gate.approvals.signed")
        what = f"{key}: the host config names no signers: nothing could ever be approved; allowed: false"
        yield Problem(place, what, "set signers in the host config or remove the line")


def _unreachable(floor: Floor, wish: GateWish, policy: Policy) -> Iterator[Problem]:
    written = [wish.places.get(f"gate.approvals.{key}") for key in ("approvers", "required")]
    written.append(floor.places.get("gate.approvals.required"))
    place = next((place for place in written if place), Place("stack.yaml"))
    for shortfall in groups.shortfalls(policy):
        about = f" for {shortfall.kind}" if shortfall.kind else ""
        yield Problem(place, f"gate.approvals{about}: {shortfall}", "name more people or require fewer")


def _written(wish: GateWish, key: str) -> tuple[str, Place]:
    """The key as the stack wrote it, and where: apply, drift and prune stand at the top of the file."""
    for spelled in (key, key.removeprefix("gate.")):
        if spelled in wish.places:
            return spelled, wish.places[spelled]
    return key, Place("stack.yaml")
