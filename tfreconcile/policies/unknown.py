"""Which values that are known only after the apply do the policies read? What is not known does not pass.

Plan JSON leaves unknown values out of ``after``: a rule that compares one is undefined, and denies nothing.
So whatever a policy reads and a planned resource does not know yet is a finding of its own, unless the
policies themselves ask (``after_unknown``, ``tfreconcile.unknown``).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tfreconcile.policies.chains import ANY, ONE
from tfreconcile.policies.model import Finding, Findings
from tfreconcile.policies.paths import Steps
from tfreconcile.policies.reads import Read, Reads

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_DOES_NOTHING = ("no-op", "delete", "forget")
_INDEX = re.compile(r"\[[^\]]*\]")


@dataclass(frozen=True)
class Blank:
    """One value that is not known yet. ``configured``: the code sets its attribute, or it cannot be told."""

    address: str
    type: str
    path: Steps
    configured: bool


def findings(document: Json, policies: Reads, dynamic: frozenset[str] = frozenset()) -> Findings:
    """A finding for each value that is not known and that a policy reads without asking whether it is.

    ``dynamic`` names blocks that the code sets though the plan's configuration does not show them.
    """
    denied: dict[tuple[str, Steps], Finding] = {}
    warned: dict[tuple[str, Steps], Finding] = {}
    by_name = _by_name(policies)
    for blank in blanks(document, dynamic):
        found = _readers(blank, policies, by_name)
        strict = next((read for read in found if not read.warns), None)
        if strict is not None:
            denied.setdefault((blank.address, blank.path), _finding(blank, strict))
        elif found:
            warned.setdefault((blank.address, blank.path), _finding(blank, found[0]))
    return Findings(denied=tuple(denied.values()), warned=tuple(warned.values()))


def _by_name(policies: Reads) -> Mapping[str, Sequence[Read]]:
    """The reads by the first step of their paths, of which an unknown value has few: plans can be long."""
    found: defaultdict[str, list[Read]] = defaultdict(list)
    for read in policies.reads:
        found[read.path[0]].append(read)
    return found


def _readers(blank: Blank, policies: Reads, by_name: Mapping[str, Sequence[Read]]) -> tuple[Read, ...]:
    if blank.path[:1] and blank.path[0] in policies.consulted:
        return ()
    names = dict.fromkeys((*blank.path, ANY, ONE)) if blank.path else by_name
    near = (read for name in names for read in by_name.get(name, ()))
    return tuple(read for read in near if _concerns(read, blank))


def _concerns(read: Read, blank: Blank) -> bool:
    if read.types is not None and blank.type not in read.types:
        return False
    if read.path[0] in (ANY, ONE):
        # Whoever looks at all attributes would meet the id of everything that is new.
        return blank.configured
    if read.rooted or not blank.path:
        return meet(read.path, blank.path)
    begins = (place for place, step in enumerate(blank.path) if step == read.path[0])
    return any(meet(read.path, blank.path[begin:]) for begin in begins)


def meet(one: Steps, other: Steps) -> bool:
    """Is one of two paths the beginning of the other, or the same? A wildcard is any step."""
    for left, right in zip(one, other, strict=False):
        if ANY in (left, right):
            return True
        if left != right and ONE not in (left, right):
            return False
    return True


def _finding(blank: Blank, read: Read) -> Finding:
    attribute = ".".join(step for step in blank.path if step != ONE) or "everything"
    message = (
        f"{blank.address}: {attribute} is known only after the apply, and {read.rule} ({read.place}) "
        "reads it; say in the policy with tfreconcile.unknown what shall happen then"
    )
    return Finding(source=f"{read.rule} unknown", message=message, address=blank.address)


def blanks(document: Json, dynamic: frozenset[str] = frozenset()) -> Iterator[Blank]:
    """Every value of a planned resource that is known only after the apply."""
    expressions = dict(_expressions(_get(document, "configuration", "root_module"), ""))
    for entry in _list(_get(document, "resource_changes")):
        actions = _list(_get(entry, "change", "actions"))
        if actions and all(action in _DOES_NOTHING for action in actions):
            continue
        address = str(_get(entry, "address"))
        set_here = expressions.get(_INDEX.sub("", address))
        for path in _leaves(_get(entry, "change", "after_unknown")):
            configured = set_here is None or not path or path[0] in {*set_here, *dynamic}
            yield Blank(address, str(_get(entry, "type")), path, configured)


def _leaves(value: Json) -> Iterator[Steps]:
    if value is True:
        yield ()
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield from ((key, *rest) for rest in _leaves(inner))
    for inner in value if isinstance(value, list) else ():
        yield from ((ONE, *rest) for rest in _leaves(inner))


def _expressions(module: Json, prefix: str) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """What each resource block sets, by its address without indexes."""
    for resource in _list(_get(module, "resources")):
        kind = "data." if _get(resource, "mode") == "data" else ""
        name = f"{prefix}{kind}{_get(resource, 'type')}.{_get(resource, 'name')}"
        found = _get(resource, "expressions")
        yield name, found if isinstance(found, dict) else {}
    calls = _get(module, "module_calls")
    for name, call in calls.items() if isinstance(calls, dict) else ():
        yield from _expressions(_get(call, "module"), f"{prefix}module.{name}.")


def _get(value: Json, *keys: str) -> Json:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
