"""Which changes do ignore rules cover, and which rules have ended?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from tfreconcile.classify.cause import is_more_than_values
from tfreconcile.classify.drift import is_ignored
from tfreconcile.classify.paths import planned_paths
from tfreconcile.errors import Problem
from tfreconcile.plan.document import Change, Kind
from tfreconcile.source.model import IgnoreRule

SOON = timedelta(days=14)
"""How long before its end a rule is warned of."""


def covering(change: Change, rules: tuple[IgnoreRule, ...]) -> tuple[IgnoreRule, ...]:
    """Those of the rules that together cover each attribute that a change would move, or none.

    Only an update that does nothing but set attributes can be covered: never what creates, takes away,
    replaces, moves, imports, or runs. An attribute that is known only after apply counts as changed, and
    so does another spelling of nothing: both may be a wish.
    """
    if change.kind is not Kind.UPDATE or change.deposed is not None or is_more_than_values(change):
        return ()
    paths = planned_paths(change.before, change.after, change.after_unknown)
    if not paths or not all(is_ignored(path, rules) for path in paths):
        return ()
    return tuple(rule for rule in rules if any(is_ignored(path, (rule,)) for path in paths))


def expired(rules: Iterable[IgnoreRule], today: date) -> tuple[Problem, ...]:
    """One problem for each rule that no longer holds: what it hid must not come as a surprise."""
    return tuple(_ended(rule) for rule in rules if rule.until <= today)


def _ended(rule: IgnoreRule) -> Problem:
    what = f"the ignore rule for {named(rule)} ended on {rule.until} (why: {rule.why})"
    return Problem(rule.place, what, "renew `until` or remove it")


def named(rule: IgnoreRule) -> str:
    """Which attributes of which resources, as the rule has it."""
    return f"{rule.address} ({', '.join(rule.attributes)})"
