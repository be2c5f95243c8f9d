"""Who stands behind a list of approvers, and could as many as policy asks for ever say yes?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from tfreconcile.classify.model import HazardKind
from tfreconcile.gate.approvals import matches, tightened
from tfreconcile.gate.model import ApprovalRules, Policy, Requirement

GROUP = "group:"
"""What a name begins with that stands for the members of a group of the host."""
Groups: TypeAlias = Mapping[str, tuple[str, ...]]
"""The patterns of each group, by its name."""


@dataclass(frozen=True, kw_only=True)
class Shortfall:
    """More people must say yes than can; ``kind`` is the hazard that asks for them, None when all do."""

    kind: HazardKind | None
    required: int
    people: int

    def __str__(self) -> str:
        who = f"{self.people} {'person' if self.people == 1 else 'people'}"
        return f"{self.required} must say yes and {who} could: nothing could ever be approved"


def expanded(approvers: Iterable[str], groups: Groups | None) -> tuple[str, ...]:
    """The patterns that a list means. Without a host config (``groups`` is None) groups stay as they are."""
    if groups is None:
        return tuple(approvers)
    return tuple(pattern for name in approvers for pattern in _meant(name, groups))


def unknown(approvers: Iterable[str], groups: Groups | None) -> Iterator[tuple[int, str]]:
    """Position of each group that the host does not have, and a sentence; none without a host config."""
    if groups is None:
        return
    for index, approver in enumerate(approvers):
        name = approver.removeprefix(GROUP)
        if name != approver and name not in groups:
            there = ", ".join(sorted(groups)) or "none"
            yield index, f"the host config has no group {name!r}; it has: {there}"


def shortfalls(policy: Policy) -> Iterator[Shortfall]:
    """What could never be approved because its approvers are known one by one and are too few.

    A list with a pattern leaves open who they are. What is never allowed needs nobody.
    """
    rules = policy.approvals
    asking = [kind for kind in rules.hazards if policy.hazards.get(kind) is not Requirement.NEVER]
    for kind in (None, *asking):
        needed = rules if kind is None else tightened(rules, (kind,))
        people = _people(needed)
        if people is not None and people < needed.required:
            yield Shortfall(kind=kind, required=needed.required, people=people)


def _meant(name: str, groups: Groups) -> tuple[str, ...]:
    return groups.get(name.removeprefix(GROUP), ()) if name.startswith(GROUP) else (name,)


def _people(rules: ApprovalRules) -> int | None:
    """How many different people match a pattern of every list; None when no list names its members."""
    lists = tuple(group for group in rules.approvers if not any(name.startswith(GROUP) for name in group))
    named = next((group for group in lists if not any(_is_pattern(name) for name in group)), None)
    if named is None:
        return None
    return len({person.casefold() for person in named if matches(person, lists)})


def _is_pattern(name: str) -> bool:
    return not {"*", "?", "["}.isdisjoint(name)
