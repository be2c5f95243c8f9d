"""What may leave the pass of a plan? Its changes, masked and scrubbed, and nothing else of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from pydantic import TypeAdapter, ValidationError

from tfreconcile.errors import Stalled
from tfreconcile.plan.differences import Difference, path_text, safe
from tfreconcile.plan.document import Change, Check, Drift, Json, Kind, Output, Plan, Step
from tfreconcile.plan.kinds import kind_of
from tfreconcile.plan.secrets import mask_of
from tfreconcile.redact import Scrubber

MAX_ATTRIBUTES = 200
"""Attributes of one change. The rest is counted, not kept."""
COUNTED = (
    Kind.CREATE,
    Kind.UPDATE,
    Kind.REPLACE,
    Kind.DELETE,
    Kind.FORGET,
    Kind.IMPORT,
    Kind.MOVE,
    Kind.ACTION,
    Kind.UNKNOWN,
)
_SILENT = frozenset({Kind.NO_OP, Kind.READ})
_LEAVING = frozenset({Kind.DELETE, Kind.FORGET})
_IDENTIFYING: frozenset[tuple[Step, ...]] = frozenset({("id",), ("name",), ("arn",), ("bucket",)})


@dataclass(frozen=True, kw_only=True)
class MaskedAttribute:
    """One differing value. Texts are JSON, or ``(sensitive)``, or ``(known after apply)``.

    ``None`` means null or absent. ``path`` is "" where the value has no attributes (outputs).
    """

    path: str
    before: str | None
    after: str | None
    forces_replacement: bool = False


@dataclass(frozen=True, kw_only=True)
class MaskedChange:
    """A change, an output (its name is the address) or a drift. ``more`` attributes are left out."""

    address: str
    kind: Kind
    actions: tuple[str, ...]
    type: str = ""
    deposed: str | None = None
    reason: str | None = None
    previous_address: str | None = None
    importing: str | None = None
    attributes: tuple[MaskedAttribute, ...] = ()
    more: int = 0


@dataclass(frozen=True, kw_only=True)
class MaskedCheck:
    """A checkable object with its status and what it complains about."""

    address: str
    status: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MaskedPlan:
    """A plan as people and programs outside may see it.

    ``changes`` holds what has an effect, ``drift`` what the world changed beyond read-back noise.
    ``summary`` counts changes by the words of ``COUNTED``, and ``outputs``.
    """

    changes: tuple[MaskedChange, ...] = ()
    outputs: tuple[MaskedChange, ...] = ()
    checks: tuple[MaskedCheck, ...] = ()
    drift: tuple[MaskedChange, ...] = ()
    summary: Mapping[str, int] = field(default_factory=dict)


_FORM = TypeAdapter(MaskedPlan)


def to_json(masked: MaskedPlan) -> dict[str, object]:
    """A masked plan as plain JSON values, under the names of its fields."""
    document: dict[str, object] = _FORM.dump_python(masked, mode="json")
    return document


def from_json(document: object) -> MaskedPlan:
    """The masked plan that ``to_json`` wrote; unknown members are ignored.

    Raises Stalled("UnreadablePlan") naming the first place that does not fit.
    """
    try:
        return _FORM.validate_python(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the top"
        raise Stalled("UnreadablePlan", f"stored plan, at {place}: {first['msg']}: plan again") from error


def mask(plan: Plan, scrubber: Scrubber) -> MaskedPlan:
    """The part of a plan that may be kept and shown.

    Built from changes, outputs, checks and drift only. A place that either side marks is masked on both;
    what remains is scrubbed, so ``scrubber`` should know ``secrets_of(plan)``.
    """
    changes = tuple(_change(change, scrubber) for change in plan.changes if change.kind not in _SILENT)
    outputs = tuple(_output(output, scrubber) for output in plan.outputs if output.actions != ("no-op",))
    return MaskedPlan(
        changes=changes,
        outputs=outputs,
        checks=tuple(_check(check, scrubber) for check in plan.checks),
        drift=tuple(_drifts(plan, scrubber)),
        summary=_summary(changes, outputs),
    )


def _summary(changes: tuple[MaskedChange, ...], outputs: tuple[MaskedChange, ...]) -> dict[str, int]:
    found = Counter(change.kind for change in changes)
    return {**{str(kind): found[kind] for kind in COUNTED}, "outputs": len(outputs)}


def _change(change: Change, scrubber: Scrubber) -> MaskedChange:
    attributes, more = _attributes(_shown_of(change), change.replace_paths, scrubber)
    return MaskedChange(
        address=safe(change.address, scrubber),
        kind=change.kind,
        actions=_words(change.actions, scrubber),
        type=safe(change.type, scrubber),
        deposed=_safe_or_none(change.deposed, scrubber),
        reason=_safe_or_none(change.reason, scrubber),
        previous_address=_safe_or_none(change.previous_address, scrubber),
        importing=_safe_or_none(change.importing, scrubber),
        attributes=attributes,
        more=more,
    )


def _shown_of(change: Change) -> Iterator[Difference]:
    """All that differs; of what leaves only the few attributes that say which one it is."""
    found = _differing(change, change.after_unknown).inside()
    if change.kind not in _LEAVING:
        return found
    return (difference for difference in found if difference.path[:1] in _IDENTIFYING)


def _differing(change: Change | Drift, unknown: Json) -> Difference:
    return Difference(before=change.before, after=change.after, unknown=unknown, mask=mask_of(change))


def _attributes(
    found: Iterator[Difference], replacing: tuple[tuple[Step, ...], ...], scrubber: Scrubber
) -> tuple[tuple[MaskedAttribute, ...], int]:
    kept = tuple(_attribute(difference, replacing, scrubber) for difference in islice(found, MAX_ATTRIBUTES))
    return kept, sum(1 for _ in found)


def _attribute(
    difference: Difference, replacing: tuple[tuple[Step, ...], ...], scrubber: Scrubber
) -> MaskedAttribute:
    before, after = difference.texts(scrubber)
    path = difference.path
    return MaskedAttribute(
        path=path_text(path, scrubber),
        before=before,
        after=after,
        forces_replacement=any(_on_one_line(path, reason) for reason in replacing),
    )


def _on_one_line(one: tuple[Step, ...], other: tuple[Step, ...]) -> bool:
    """Whether one path leads to the other; a reason may lie inside a value that is shown as a whole."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _output(output: Output, scrubber: Scrubber) -> MaskedChange:
    whole = Difference(
        before=output.before, after=output.after, unknown=output.after_unknown, mask=output.sensitive
    )
    attributes, more = _attributes(whole.inside(), (), scrubber)
    return MaskedChange(
        address=safe(output.name, scrubber),
        kind=kind_of("managed", output.actions),
        actions=_words(output.actions, scrubber),
        attributes=attributes,
        more=more,
    )


def _check(check: Check, scrubber: Scrubber) -> MaskedCheck:
    return MaskedCheck(
        address=safe(check.address, scrubber),
        status=safe(check.status, scrubber),
        problems=_words(check.problems, scrubber),
    )


def _drifts(plan: Plan, scrubber: Scrubber) -> Iterator[MaskedChange]:
    for drift in plan.drift:
        real = (found for found in _differing(drift, False).inside() if not found.is_read_back())
        kind = kind_of("managed", drift.actions)
        if kind is Kind.DELETE:
            real = (found for found in real if found.path[:1] in _IDENTIFYING)
        attributes, more = _attributes(real, (), scrubber)
        if attributes or kind is not Kind.UPDATE:
            yield MaskedChange(
                address=safe(drift.address, scrubber),
                kind=kind,
                actions=_words(drift.actions, scrubber),
                type=safe(drift.type, scrubber),
                attributes=attributes,
                more=more,
            )


def _words(texts: tuple[str, ...], scrubber: Scrubber) -> tuple[str, ...]:
    return tuple(safe(text, scrubber) for text in texts)


def _safe_or_none(text: str | None, scrubber: Scrubber) -> str | None:
    return None if text is None else safe(text, scrubber)
