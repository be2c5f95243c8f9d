"""What kind of plan is this: the cause, the drift and the hazards of each of its effects?"""

from __future__ import annotations

from datetime import date

from tfreconcile.classify.cause import cause_of, drift_kind, only_reverts
from tfreconcile.classify.drift import active_rules, drifted, hides_all
from tfreconcile.classify.hazards import Known, change_hazards, plan_hazards
from tfreconcile.classify.model import Cause, Classification, Classified, ClassifiedOutput, DriftKind
from tfreconcile.classify.readback import RealDrift, real_drift
from tfreconcile.plan.document import Change, Plan
from tfreconcile.plan.fingerprint import Digests
from tfreconcile.source.model import IgnoreRule


def assess(
    plan: Plan,
    digests: Digests,
    known: Known,
    *,
    inputs_changed: bool | None,
    ignore: tuple[IgnoreRule, ...] = (),
    today: date,
) -> Classification:
    """All that a gate needs to know of a plan; only what has a digest, and so does something, is listed.

    ``inputs_changed``: did Git change what the plan depends on since the last apply; None if Git is not at
    hand. ``digests`` must be those of this very plan.
    """
    drift = real_drift(plan)
    changes = []
    for change, digest in zip(plan.changes, digests.changes, strict=True):
        if digest is None:
            continue
        real = None if change.deposed is not None else drift.get(change.address)
        cause, kind = cause_of(change, real, inputs_changed)
        hazards = change_hazards(change, kind, known)
        if _is_quiet(change, real, cause, active_rules(change.address, ignore, today)):
            kind = DriftKind.SUPPRESSED
        changes.append(Classified(change=change, digest=digest, cause=cause, drift=kind, hazards=hazards))
    return Classification(
        changes=tuple(changes),
        outputs=_outputs(plan, digests, inputs_changed),
        drift=drifted(plan, ignore, today),
        hazards=plan_hazards(plan, known),
    )


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
