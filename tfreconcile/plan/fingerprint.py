"""Which effect is this exactly? Keyed digests of changes and of whole plans."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from tfreconcile.plan import effect
from tfreconcile.plan.canonical import canonical
from tfreconcile.plan.document import Change, Json, Kind, Output, Plan
from tfreconcile.plan.hidden import HiddenInputs
from tfreconcile.plan.sources import Sources

_WITHOUT_EFFECT = frozenset({Kind.NO_OP, Kind.READ})
_PLAN_TIME = re.compile(r"\bplantimestamp\b")
_PLAN_TIME_SENTENCE = (
    "the configuration calls plantimestamp(), so no two plans are equal and no approval can hold: "
    "use timestamp() with ignore_changes, or a time_static resource"
)

ChangeDigest = NewType("ChangeDigest", str)
"""64 hex digits: one effect of a plan, keyed, so that it tells nothing about secrets."""
Fingerprint = NewType("Fingerprint", str)
"""64 hex digits: all effects of a plan."""


class Mode(StrEnum):
    """What a plan is made for: what the code wants, nothing of it at all, or only to look."""

    NORMAL = "normal"
    DESTROY = "destroy"
    REFRESH_ONLY = "refresh-only"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Whose plan it is.

    ``bound`` is what an approval holds under: engine and version, provider lock digest, backend identity
    (design §6). Another engine or provider version may do the same words differently.

    ``ephemeral`` are the values that were handed to ephemeral variables: plan JSON never shows them,
    and an apply takes whatever value it is given then.
    """

    stack: str
    workspace: str = "default"
    mode: Mode = Mode.NORMAL
    bound: tuple[str, ...] = ()
    ephemeral: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Digests:
    """The digests of one plan.

    ``changes`` stands in line with ``plan.changes`` and is ``None`` for no-ops and reads; ``outputs``
    stands in line with ``plan.outputs`` and is ``None`` for no-ops. ``unstable`` are sentences that say
    why two plans of one situation can never be equal.
    """

    changes: tuple[ChangeDigest | None, ...]
    outputs: tuple[ChangeDigest | None, ...]
    fingerprint: Fingerprint
    unstable: tuple[str, ...] = ()


def digests(plan: Plan, key: bytes, scope: Scope, sources: Sources) -> Digests:
    """The digests of every effect of a plan, under the host's key. Same situation, same digests.

    A change digest covers the change, the stack it belongs to and the hidden inputs that concern it;
    the fingerprint covers all of them, the statuses of checks and whether the plan is whole. A
    refresh-only plan has no changes: there the drift is the effect.
    """
    hidden = HiddenInputs(plan, sources, scope.ephemeral)
    changes = tuple(_of_change(change, key, scope, hidden) for change in plan.changes)
    outputs = tuple(_of_output(output, key, scope) for output in plan.outputs)
    return Digests(
        changes=changes,
        outputs=outputs,
        fingerprint=Fingerprint(_keyed(key, "plan", _whole(plan, scope, changes, outputs))),
        unstable=_unstable(sources),
    )


def _of_change(change: Change, key: bytes, scope: Scope, hidden: HiddenInputs) -> ChangeDigest | None:
    if change.kind in _WITHOUT_EFFECT:
        return None
    document: Json = [_home(scope), dict(effect.of_change(change)), dict(hidden.of(change))]
    return ChangeDigest(_keyed(key, "change", document))


def _of_output(output: Output, key: bytes, scope: Scope) -> ChangeDigest | None:
    if output.actions == ("no-op",):
        return None
    return ChangeDigest(_keyed(key, "output", [_home(scope), effect.of_output(output)]))


def _whole(
    plan: Plan,
    scope: Scope,
    changes: tuple[ChangeDigest | None, ...],
    outputs: tuple[ChangeDigest | None, ...],
) -> Json:
    drift = plan.drift if _only_refreshes(plan, scope, (*changes, *outputs)) else ()
    return {
        "home": _home(scope),
        "complete": plan.complete,
        "errored": plan.errored,
        "changes": list[Json](sorted(filter(None, changes))),
        "outputs": list[Json](sorted(filter(None, outputs))),
        "checks": list[Json](sorted(canonical([check.address, check.status]) for check in plan.checks)),
        "drift": list[Json](sorted(canonical(effect.of_drift(entry)) for entry in drift)),
    }


def _only_refreshes(plan: Plan, scope: Scope, effects: tuple[ChangeDigest | None, ...]) -> bool:
    """Applyable without any effect means the same as the mode: accepting the drift is all there is."""
    return scope.mode is Mode.REFRESH_ONLY or (plan.applyable and not any(effects))


def _home(scope: Scope) -> Json:
    return [scope.stack, scope.workspace, scope.mode, list(scope.bound)]


def _keyed(key: bytes, domain: str, document: Json) -> str:
    message = f"tfreconcile/{domain}/1\0{canonical(document)}"
    return hmac.new(key, message.encode("ascii"), hashlib.sha256).hexdigest()


def _unstable(sources: Sources) -> tuple[str, ...]:
    """``check`` blocks may ask for the time: what they say of it is a status, not an effect."""
    if any(kind != "check" and _PLAN_TIME.search(text) for kind, text in sources.words()):
        return (_PLAN_TIME_SENTENCE,)
    return ()
