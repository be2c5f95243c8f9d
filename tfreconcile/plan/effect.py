"""What exactly does one change do, as a JSON value that is equal for equal effects?"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tfreconcile.plan.canonical import canonical, same
from tfreconcile.plan.document import Change, Drift, Json, Output

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")


def of_change(change: Change) -> dict[str, Json]:
    """Everything that tells this change from another one, short of its hidden inputs."""
    return {
        "address": change.address,
        "deposed": change.deposed,
        "previous_address": change.previous_address,
        "mode": change.mode,
        "type": change.type,
        "provider": change.provider,
        "actions": list(change.actions),
        "reason": change.reason,
        "replace_paths": list[Json](sorted(canonical(list(path)) for path in change.replace_paths)),
        "importing": change.importing,
        "generated_config": change.generated_config,
        "attributes": _attributes(change),
    }


def of_output(output: Output) -> dict[str, Json]:
    """Everything that tells the change of one output from another one."""
    return {
        "output": output.name,
        "actions": list(output.actions),
        "before": output.before,
        "after": output.after,
        "unknown": output.after_unknown,
        "sensitive": output.sensitive,
    }


def of_drift(drift: Drift) -> dict[str, Json]:
    """What a refresh-only plan would write into the state."""
    return {
        "address": drift.address,
        "actions": list(drift.actions),
        "before": drift.before,
        "after": drift.after,
        "sensitive": [drift.before_sensitive, drift.after_sensitive],
    }


@dataclass(frozen=True, kw_only=True)
class _Attribute:
    """One attribute on both sides; an empty tuple is an absent value, a tuple of one a present value."""

    before: tuple[Json, ...]
    after: tuple[Json, ...]
    unknown: Json
    masks: tuple[Json, Json]

    def changes(self) -> bool:
        """Whether the plan does something to it; a new mark on an old value is something too."""
        return (
            any_true(self.unknown)
            or not same(list(self.before), list(self.after))
            or not same(_plain(self.masks[0]), _plain(self.masks[1]))
        )

    def written(self) -> Json:
        return [list(self._settled()), list(self.after), _plain(self.unknown), *map(_plain, self.masks)]

    def _settled(self) -> tuple[Json, ...]:
        """``before`` without a time that goes away: clouds move some of them on by themselves.

        An RDS instance's ``latest_restorable_time`` would otherwise void each approval of its deletion
        within five minutes.
        """
        leaves = self.unknown is True or not self.after
        is_time = any(isinstance(value, str) and _TIME.fullmatch(value) for value in self.before)
        return ({"$time": True},) if leaves and is_time else self.before


def _attributes(change: Change) -> Json:
    names = _names(change.before) | _names(change.after) | _names(change.after_unknown)
    found = {name: _attribute(change, name) for name in sorted(names)}
    changed: dict[str, Json] = {name: one.written() for name, one in found.items() if one.changes()}
    masks = (change.after_unknown, change.before_sensitive, change.after_sensitive)
    wholes = (change.before, change.after, *map(_plain, masks))
    return [changed, *map(_whole, wholes)]


def _names(value: Json) -> frozenset[str]:
    return frozenset(value) if isinstance(value, dict) else frozenset()


def _whole(value: Json) -> Json:
    """A value that has no attributes (``null``, or a bool for all of an object) stands for itself."""
    return {} if isinstance(value, dict) else value


def _attribute(change: Change, name: str) -> _Attribute:
    return _Attribute(
        before=_present(change.before, name),
        after=_present(change.after, name),
        unknown=_part(change.after_unknown, name),
        masks=(_part(change.before_sensitive, name), _part(change.after_sensitive, name)),
    )


def _present(value: Json, name: str) -> tuple[Json, ...]:
    return (value[name],) if isinstance(value, dict) and name in value else ()


def _part(mask: Json, name: str) -> Json:
    return mask.get(name, False) if isinstance(mask, dict) else mask


def _plain(mask: Json) -> Json:
    """A mask that marks nothing is written in several ways; it means one thing."""
    return mask if any_true(mask) else False


def any_true(mask: Json) -> bool:
    """Whether a mask marks anything at all."""
    if isinstance(mask, dict):
        return any(any_true(part) for part in mask.values())
    if isinstance(mask, list):
        return any(any_true(part) for part in mask)
    return mask is not False and mask is not None
