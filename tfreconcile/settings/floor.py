"""What floor does a host config set?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tfreconcile.classify import unattended
from tfreconcile.classify.model import HazardKind, Unattended
from tfreconcile.errors import Place
from tfreconcile.gate import groups
from tfreconcile.gate.model import (
    Act,
    ApprovalRules,
    DriftPolicy,
    HazardRules,
    Policy,
    Requirement,
    Window,
)
from tfreconcile.gate.policy import DEFAULT_HAZARDS, Floor, StackRules, StackWindow
from tfreconcile.settings.gate import (
    ApprovalsSection,
    GateSection,
    UnattendedSection,
)
from tfreconcile.settings.windows import WindowSection, WorkingHoursSection
from tfreconcile.source.model import GateWish

_APPROVALS = "gate.approvals"
_KINDS = {str(kind): kind for kind in HazardKind}


def floor(gate: GateSection, places: Mapping[str, Place], *, verifies: bool) -> Floor:
    """The floor; names of groups that do not exist mean nobody. ``verifies``: are there trusted signers?"""
    members = {name: tuple(patterns) for name, patterns in gate.groups.items()}
    return Floor(
        policy=_policy(gate, members),
        places={key: at for key, at in places.items() if key.startswith("gate.")},
        stacks=tuple(_stack_rules(gate.approvals, members, places)),
        windows=tuple(_window(one) for one in gate.windows),
        working_hours=tuple(_hours(one) for one in gate.working_hours),
        groups=members,
        verifies=verifies,
    )


def _policy(gate: GateSection, members: groups.Groups) -> Policy:
    chosen = {_KINDS[name]: Requirement(it) for name, it in gate.hazards.items() if name in _KINDS}
    return Policy(
        hazards={**DEFAULT_HAZARDS, **chosen},
        apply=Requirement(gate.apply),
        drift=DriftPolicy(gate.drift),
        prune=Requirement(gate.prune),
        max_destroys=gate.max_destroys,
        max_destroy_percent=gate.max_destroy_percent,
        approvals=_approvals(gate.approvals, members),
        scale_factor=gate.scale_factor,
        unattended=_unattended(gate.unattended),
    )


def _approvals(wanted: ApprovalsSection, members: groups.Groups) -> ApprovalRules:
    return ApprovalRules(
        required=wanted.required,
        ttl=wanted.ttl,
        approvers=(groups.expanded(wanted.approvers, members),),
        four_eyes=wanted.four_eyes,
        signed=wanted.signed,
        hazards={
            _KINDS[name]: HazardRules(
                required=rules.required,
                approvers=() if rules.approvers is None else (groups.expanded(rules.approvers, members),),
                signed=rules.signed,
            )
            for name, rules in wanted.hazards.items()
            if name in _KINDS
        },
    )


def _stack_rules(
    wanted: ApprovalsSection, members: groups.Groups, places: Mapping[str, Place]
) -> Iterator[StackRules]:
    for pattern, rules in wanted.stacks.items():
        prefix = f"{_APPROVALS}.stacks.{pattern}."
        asks = GateWish(
            required=rules.required,
            ttl=rules.ttl,
            four_eyes=rules.four_eyes,
            signed=rules.signed,
            approvers=None if rules.approvers is None else groups.expanded(rules.approvers, members),
            places={
                f"{_APPROVALS}.{key.removeprefix(prefix)}": at
                for key, at in places.items()
                if key.startswith(prefix)
            },
        )
        yield StackRules(stacks=pattern, asks=asks)


def _window(one: WindowSection) -> StackWindow:
    window = Window(
        allow=one.allow is not None,
        cron=one.allow or one.deny or "",
        duration=one.duration,
        timezone=one.timezone,
        acts=frozenset(map(Act, one.actions)),
        why=one.why or "",
    )
    return StackWindow(window=window, stacks=tuple(one.stacks))


def _hours(one: WorkingHoursSection) -> StackWindow:
    window = Window(allow=True, cron=one.cron, duration=one.duration, timezone=one.timezone)
    return StackWindow(window=window, stacks=tuple(one.stacks))


def _unattended(wanted: UnattendedSection) -> Unattended:
    known = unattended.WELL_KNOWN
    return Unattended(
        authors=known.authors if wanted.authors is None else tuple(wanted.authors),
        trailers=known.trailers if wanted.trailers is None else tuple(wanted.trailers),
    )
