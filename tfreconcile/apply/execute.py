"""Did the plan that was decided on take effect? Applies it once, and tells resource by resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tfreconcile.errors import ReconcileError, Stalled, Transient
from tfreconcile.plan.desk import Desk, rescue_state
from tfreconcile.terraform.failures import failure
from tfreconcile.terraform.outcomes import Outcome
from tfreconcile.terraform.process import Child
from tfreconcile.terraform.verbs import Terraform


@dataclass(frozen=True, kw_only=True)
class Execution:
    """What an apply did: ``error`` is None when all of it took effect.

    ``rescued`` is the file that holds a state which the backend did not take.
    """

    outcomes: tuple[Outcome, ...]
    error: ReconcileError | None = None
    rescued: Path | None = None


def execute(
    terraform: Terraform,
    plan_file: Path,
    *,
    ephemeral: Mapping[str, str],
    started: Callable[[Child], None],
    here: Desk,
    rescue: Path,
) -> Execution:
    """Apply one plan file, once. Nothing here retries: a failed apply leads to a new plan.

    ``ephemeral`` inputs are not in the plan file: Terraform wants them again, and only them. A state that
    could not be saved moves from ``here``, where the pass works, to the directory ``rescue``.
    """
    applied = terraform.apply(plan_file, variables=ephemeral, started=started)
    rescued = rescue_state(applied.errored_state, here, rescue) if applied.errored_state else None
    if applied.ok:
        return Execution(outcomes=applied.outcomes)
    if rescued is not None:
        return Execution(outcomes=applied.outcomes, error=state_rescued(rescued), rescued=rescued)
    cause = failure(applied.diagnostics, "apply")
    kind = Transient if isinstance(cause, Transient) else Stalled
    return Execution(outcomes=applied.outcomes, error=kind("ApplyFailed", _told(applied.outcomes, cause)))


def state_rescued(path: Path) -> Stalled:
    """What a person must do about a state that could not be saved; nothing else happens before."""
    return Stalled(
        "StateNotSaved",
        f"Terraform could not save the state after an apply; it is kept in {path}. "
        "Nothing is done to this stack until it is pushed (terraform state push) and the file deleted",
    )


def rescued_states(directory: Path) -> tuple[Path, ...]:
    """States of earlier applies that still wait for a person."""
    return tuple(sorted(directory.glob("*.tfstate"))) if directory.is_dir() else ()


def _told(outcomes: tuple[Outcome, ...], cause: ReconcileError) -> str:
    count = {
        word: sum(one.status == word for one in outcomes) for word in ("applied", "failed", "unfinished")
    }
    counts = ", ".join(f"{number} {word}" for word, number in count.items() if number)
    return f"{cause.reason}: {cause.message}" + (f" ({counts})" if counts else "")
