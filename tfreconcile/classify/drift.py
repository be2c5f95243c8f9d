"""What did the world change, and which of it were we asked to keep quiet about?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from fnmatch import fnmatchcase

from tfreconcile.classify.cause import drift_kind
from tfreconcile.classify.model import Drifted, DriftKind
from tfreconcile.classify.paths import Path, dotted
from tfreconcile.classify.readback import RealDrift, real_drift
from tfreconcile.plan.document import Address, Plan
from tfreconcile.source.model import IgnoreRule


def drifted(
    plan: Plan, ignore: tuple[IgnoreRule, ...], today: date, real: Mapping[Address, RealDrift] | None = None
) -> tuple[Drifted, ...]:
    """Every real drift of a plan in its order, quiet ones included; ``real`` when it is known already.

    An entry is SUPPRESSED when rules that have not ended cover all its attributes; otherwise the covered
    ones are only counted. ``attributes`` are names, never values.
    """
    changes = {change.address: change for change in plan.changes if change.deposed is None}
    return tuple(
        _told(drift, drift_kind(changes.get(address), drift), active_rules(address, ignore, today))
        for address, drift in (real_drift(plan) if real is None else real).items()
    )


def active_rules(address: str, ignore: Iterable[IgnoreRule], today: date) -> tuple[IgnoreRule, ...]:
    """The rules that speak of an address and end after today; brackets in a pattern are literal."""
    return tuple(rule for rule in ignore if today < rule.until and _fits(address, rule.address))


def is_ignored(path: Path, rules: Iterable[IgnoreRule]) -> bool:
    """Does a rule name the attribute, or one that it is inside of?"""
    names = [dotted(path[:length]) for length in range(1, len(path) + 1)]
    return any(_fits(name, pattern) for rule in rules for pattern in rule.attributes for name in names)


def hides_all(drift: RealDrift, rules: tuple[IgnoreRule, ...]) -> bool:
    """Do the rules leave nothing of a drift?

    A resource that is gone lost all its attributes, so that only a rule for ``*`` hides it.
    """
    if drift.gone:
        return any("*" in rule.attributes for rule in rules)
    return bool(drift.paths) and all(is_ignored(path, rules) for path in drift.paths)


def _told(drift: RealDrift, kind: DriftKind, rules: tuple[IgnoreRule, ...]) -> Drifted:
    address = drift.drift.address
    names = {path: dotted(path) for path in drift.paths}
    used = _used(drift, rules)
    why = "; ".join(dict.fromkeys(rule.why for rule in used))
    if hides_all(drift, rules):
        return Drifted(address, DriftKind.SUPPRESSED, tuple(sorted(names.values())), why, used)
    shown = tuple(sorted(name for path, name in names.items() if not is_ignored(path, rules)))
    hidden = len(names) - len(shown)
    if not hidden:
        return Drifted(address, kind, shown)
    count = "1 more attribute is" if hidden == 1 else f"{hidden} more attributes are"
    return Drifted(address, kind, shown, f"{count} ignored: {why}", used)


def _used(drift: RealDrift, rules: Iterable[IgnoreRule]) -> tuple[IgnoreRule, ...]:
    """The rules that hide something here."""
    if drift.gone:
        return tuple(rule for rule in rules if hides_all(drift, (rule,)))
    return tuple(rule for rule in rules if any(is_ignored(path, (rule,)) for path in drift.paths))


def _fits(text: str, pattern: str) -> bool:
    return fnmatchcase(text, pattern.replace("[", "[[]"))
