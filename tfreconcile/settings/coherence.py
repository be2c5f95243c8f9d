"""Do the parts of a host config fit together: could whatever it asks for ever be given?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tfreconcile.errors import Place, Problem
from tfreconcile.gate import groups, weaker
from tfreconcile.gate.policy import Floor, StackRules, approvals_tightened
from tfreconcile.settings.contract import HostConfig
from tfreconcile.settings.gate import ApprovalsSection, HazardApprovalsSection, StackApprovalsSection
from tfreconcile.source.model import GateWish

_APPROVALS = "gate.approvals"
_SIGNERS = "name an allowed_signers file under signers"


@dataclass(frozen=True)
class _Rules:
    """Rules about approvals, and the key under which they stand."""

    key: str
    said: ApprovalsSection | HazardApprovalsSection | StackApprovalsSection


def problems(config: HostConfig, floor: Floor, places: Mapping[str, Place]) -> Iterator[Problem]:
    """What no single key shows.

    Signatures without signers, groups that do not exist, too few approvers, and rules for some that are
    weaker than those for all.
    """
    rules = tuple(_rules(config.gate.approvals))
    found = [*_unverifiable(config), *_without_signers(config, rules)]
    for one in rules:
        found += _unknown_groups(one, floor)
    for one in rules[1:]:
        found += _weaker(one, floor)
    for key, what, hint in (*found, *_too_few(floor)):
        yield Problem(places.get(key, places["source"]), f"{key}: {what}", hint)


def _rules(approvals: ApprovalsSection) -> Iterator[_Rules]:
    """Those for all come first."""
    yield _Rules(_APPROVALS, approvals)
    for kind, for_hazard in approvals.hazards.items():
        yield _Rules(f"{_APPROVALS}.hazards.{kind}", for_hazard)
    for pattern, for_stacks in approvals.stacks.items():
        yield _Rules(f"{_APPROVALS}.stacks.{pattern}", for_stacks)


def _unverifiable(config: HostConfig) -> Iterator[tuple[str, str, str]]:
    verify = config.source.verify
    if verify != "none" and config.signers is None:
        yield "source.verify", f"{verify} needs signers: no commit could ever be trusted", _SIGNERS
    if config.source.verify_since is not None and verify != "history":
        what = f"verify is {verify}, which looks at no history"
        yield "source.verify_since", what, "write verify: history, or remove the line"


def _without_signers(config: HostConfig, rules: tuple[_Rules, ...]) -> Iterator[tuple[str, str, str]]:
    for one in rules:
        if one.said.signed and config.signers is None:
            yield f"{one.key}.signed", "true needs signers: nothing could ever be approved", _SIGNERS


def _unknown_groups(one: _Rules, floor: Floor) -> Iterator[tuple[str, str, str]]:
    for index, what in groups.unknown(one.said.approvers or (), floor.groups):
        yield f"{one.key}.approvers.{index}", what, "correct the name, or add it to gate.groups"


def _weaker(one: _Rules, floor: Floor) -> Iterator[tuple[str, str, str]]:
    """Rules add up: a weaker one would be without effect, and whoever wrote it believes otherwise."""
    said = one.said.model_dump(include={"required", "ttl", "four_eyes", "signed"} & one.said.model_fields_set)
    for claim in weaker.claims(floor.policy, GateWish(**said)):
        what = claim.told(floor.places.get(claim.key))
        key = f"{one.key}.{claim.key.removeprefix(_APPROVALS)[1:]}"
        yield key, what, "rules for some may only be stricter than those for all"


def _too_few(floor: Floor) -> Iterator[tuple[str, str, str]]:
    """Of all stacks, and of those that have rules of their own where these are the reason."""
    hint = "name more people or require fewer"
    of_all = tuple(groups.shortfalls(floor.policy))
    for shortfall in of_all:
        below = f".hazards.{shortfall.kind}" if shortfall.kind else ""
        yield f"{_APPROVALS}{below}", str(shortfall), hint
    for rules in floor.stacks if not of_all else ():
        for shortfall in groups.shortfalls(_with(floor, rules).policy):
            about = f"{shortfall.kind}: " if shortfall.kind else ""
            yield f"{_APPROVALS}.stacks.{rules.stacks}", f"{about}{shortfall}", hint


def _with(floor: Floor, rules: StackRules) -> Floor:
    approvals = approvals_tightened(floor.policy.approvals, rules.asks)
    return replace(floor, policy=replace(floor.policy, approvals=approvals))
