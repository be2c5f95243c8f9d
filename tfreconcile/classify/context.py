"""Which hazards does a change have by what it does to the values of its resource?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from tfreconcile.classify.grants import GRANTS
from tfreconcile.classify.model import Hazard, HazardKind
from tfreconcile.classify.moves import PLAIN, applies
from tfreconcile.classify.networks import opens
from tfreconcile.classify.sides import Sides
from tfreconcile.classify.sizes import Limits, moved
from tfreconcile.classify.totals import opens_in_total
from tfreconcile.classify.watched import Rule, When, rules_for
from tfreconcile.plan.document import Address, Change, Kind

NAMED = 4
"""How many findings a sentence names before it counts the rest."""

_EXISTING_ONLY = frozenset({HazardKind.PROTECTION_REMOVED, HazardKind.SCALE})
"""A new resource has no protection to lose and no capacity to leave."""
_JUDGES: Mapping[When, Callable[[Rule, Sides], Iterator[str]]] = {**PLAIN, **GRANTS}
_DONE = frozenset({Kind.CREATE, Kind.UPDATE, Kind.REPLACE, Kind.IMPORT, Kind.DELETE})


def context_hazards(
    change: Change, limits: Limits, configured: frozenset[str] | None, *, nested_shown: bool = True
) -> tuple[Hazard, ...]:
    """At most one hazard of each kind; its sentence names what moves how, and why that matters.

    ``configured`` are the attributes that the code gives, None when nobody can tell; without
    ``nested_shown`` it may make blocks that are not among them. Only what is worse than
    before counts. A value that is known only after apply counts as the worst that it may become.
    """
    if change.mode != "managed" or change.deposed is not None or change.kind not in _DONE:
        return ()
    rules = rules_for(change.type)
    if not rules:
        return ()
    sides = Sides(change, configured, nested_shown)
    found: dict[HazardKind, dict[str, None]] = {}
    for kind, rule in rules:
        if kind in _EXISTING_ONLY and change.before is None:
            continue
        if applies(rule, sides):
            found.setdefault(kind, {}).update(dict.fromkeys(_findings(rule, sides, limits)))
    return tuple(
        Hazard(kind, change.address, _sentence(change.address, findings))
        for kind, findings in found.items()
        if findings
    )


def _findings(rule: Rule, sides: Sides, limits: Limits) -> Iterator[str]:
    if rule.when in (When.SCALES, When.RESIZES):
        return moved(rule, sides, limits)
    if rule.when is When.OPENS:
        return iter(tuple(opens(rule, sides)) or tuple(opens_in_total(rule, sides)))
    return _JUDGES[rule.when](rule, sides)


def _sentence(address: Address, findings: Iterable[str]) -> str:
    told = list(findings)
    more = f"; and {len(told) - NAMED} more" if len(told) > NAMED else ""
    return f"{address}: {'; '.join(told[:NAMED])}{more}"
