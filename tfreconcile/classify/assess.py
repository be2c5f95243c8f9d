"""What kind of plan is this: the cause, the drift and the hazards of each of its effects?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from tfreconcile.classify.authorship import off_hours, unattended_author
from tfreconcile.classify.cause import cause_of, drift_kind, only_reverts
from tfreconcile.classify.context import context_hazards
from tfreconcile.classify.drift import active_rules, drifted, hides_all
from tfreconcile.classify.hazards import Known, change_hazards, plan_hazards
from tfreconcile.classify.ignoring import covering
from tfreconcile.classify.model import (
    Cause,
    Classification,
    Classified,
    ClassifiedOutput,
    DriftKind,
    Hazard,
)
from tfreconcile.classify.readback import RealDrift, block_of, given, real_drift
from tfreconcile.classify.sizes import Limits
from tfreconcile.plan.document import Address, Change, Plan
from tfreconcile.plan.dynamic import Generated
from tfreconcile.plan.fingerprint import ChangeDigest, Digests
from tfreconcile.source.model import IgnoreRule


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """What is the same for every change of a plan."""

    known: Known
    drift: Mapping[Address, RealDrift]
    blocks: Mapping[str, frozenset[str]]
    inputs_changed: bool | None
    nested_shown: bool


def assess(
    plan: Plan,
    digests: Digests,
    known: Known,
    *,
    inputs_changed: bool | None,
    generated: Generated | None = None,
    ignore: tuple[IgnoreRule, ...] = (),
    today: date,
) -> Classification:
    """All that a gate needs to know of a plan; only what has a digest, and so does something, is listed.

    ``inputs_changed``: did Git change what the plan depends on since the last apply; None if Git is not at
    hand. ``generated`` are the blocks that the code makes with ``dynamic``, which no plan shows; None if the
    code is not at hand. ``digests`` must be those of this very plan.
    """
    blocks = given(plan, generated)
    facts = _Facts(
        known=known,
        drift=real_drift(plan, blocks),
        blocks=blocks,
        inputs_changed=inputs_changed,
        nested_shown=generated is not None,
    )
    changes = tuple(
        _classified(change, digest, facts, active_rules(change.address, ignore, today))
        for change, digest in zip(plan.changes, digests.changes, strict=True)
        if digest is not None
    )
    return Classification(
        changes=changes,
        outputs=_outputs(plan, digests, inputs_changed),
        drift=drifted(plan, ignore, today, facts.drift),
        hazards=(*plan_hazards(plan, known), *_of_people(known, changes)),
    )


def _classified(
    change: Change, digest: ChangeDigest, facts: _Facts, rules: tuple[IgnoreRule, ...]
) -> Classified:
    known = facts.known
    real = None if change.deposed is not None else facts.drift.get(change.address)
    cause, kind = cause_of(change, real, facts.inputs_changed)
    limits = Limits(factor=known.scale_factor, critical=known.critical)
    configured = facts.blocks.get(block_of(change.address))
    by_value = context_hazards(change, limits, configured, nested_shown=facts.nested_shown)
    return Classified(
        change=change,
        digest=digest,
        cause=cause,
        drift=DriftKind.SUPPRESSED if _is_quiet(change, real, cause, rules) else kind,
        hazards=(*change_hazards(change, kind, known), *by_value),
        ignored_by=covering(change, rules),
    )


def _of_people(known: Known, changes: Iterable[Classified]) -> Iterator[Hazard]:
    """Hazards of the plan by who asked for it, and when."""
    causes = frozenset(one.cause for one in changes)
    for hazard in (
        unattended_author(known.commits, known.unattended, causes, unattributed=known.unattributed),
        off_hours(known.off_hours, causes),
    ):
        if hazard is not None:
            yield hazard


def _is_quiet(change: Change, drift: RealDrift | None, cause: Cause, rules: tuple[IgnoreRule, ...]) -> bool:
    """Is all the drift that the change would undo under an ignore rule?

    Its cause tells whether the change does more than that. Where the cause is not known it must do
    nothing more, so that a wish of Git never looks like drift that may be left alone.
    """
    if drift is None or not hides_all(drift, rules):
        return False
    if drift_kind(change, drift) is DriftKind.INFORMATIONAL:
        return False
    return cause is not Cause.UNKNOWN or only_reverts(change, drift)


def _outputs(plan: Plan, digests: Digests, inputs_changed: bool | None) -> tuple[ClassifiedOutput, ...]:
    causes = {None: Cause.UNKNOWN, True: Cause.GIT, False: Cause.OTHER}
    return tuple(
        ClassifiedOutput(output=output, digest=digest, cause=causes[inputs_changed])
        for output, digest in zip(plan.outputs, digests.outputs, strict=True)
        if digest is not None
    )
