"""What does an approver type on another machine? The exact git commands for a signed tag."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator

from tfreconcile import clock
from tfreconcile.cli.printing import one_line
from tfreconcile.errors import Misconfigured
from tfreconcile.gate import signed
from tfreconcile.gate.model import Verdict
from tfreconcile.gate.signed import DIGITS, Said
from tfreconcile.reconcile import status, words
from tfreconcile.source.address import is_branch
from tfreconcile.source.shapes import duration_text
from tfreconcile.store.records import PlanRecord

_END = "TFRECONCILE"
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def name(plan: PlanRecord, verdict: Verdict, label: str | None) -> str:
    """The name of the tag. Raises Misconfigured for a label that cannot stand in one."""
    plain = f"tfreconcile/{verdict}/{plan.stack}/{plan.fingerprint[:DIGITS]}"
    if label is None:
        return plain
    if not _LABEL.fullmatch(label) or not is_branch(f"{plain}-{label}"):
        allowed = "letters, digits, . _ and -, at most 40, with a letter or digit first and no .. or .lock"
        raise Misconfigured.at(
            plan.stack, f"--label {one_line(label)}: allowed are {allowed}", "choose another"
        )
    return f"{plain}-{label}"


def label(plan: PlanRecord, verdict: Verdict, random: str, used: Collection[str]) -> str | None:
    """The label that keeps two tags apart: of several people, or from one that was looked at before.

    It is ``random``: several approvers may share the login of one host, and each needs a tag of their own.
    """
    required = plan.decision.get("required", 1)
    alone = not isinstance(required, int) or required < 2 or verdict is Verdict.REJECT
    return None if alone and name(plan, verdict, None) not in used else random


def commands(plan: PlanRecord, said: Said, verdict: Verdict, *, tag: str, branch: str) -> Iterator[str]:
    """Lines for a shell in any clone of the tracked repository."""
    revision, ref = str(plan.revision), shlex.quote(tag)
    yield "# git signs with your own key, as your git is configured: one of"
    yield "#   git config gpg.format ssh;     git config user.signingkey ~/.ssh/id_ed25519.pub"
    yield "#   git config gpg.format openpgp; git config user.signingkey you@example.com"
    yield f"git fetch origin {shlex.quote(branch)} &&"
    yield f"git tag -s --cleanup=verbatim -F - {ref} {shlex.quote(revision)} <<'{_END}' &&"
    yield from signed.text(said, verdict).splitlines()
    yield _END
    yield f"git push origin {shlex.quote(f'refs/tags/{tag}')}"


def comparison(plan: PlanRecord, said: Said, verdict: Verdict) -> Iterator[str]:
    """What to look at before: a clone cannot show what is pending, only this host can."""
    counts = ", ".join(
        f"{count} {kind}" for kind, count in sorted(status.counted(plan.classification).items())
    )
    kinds = sorted({kind for kind, _ in status.shown(plan, asking=True)})
    ends = f", and not after {clock.text(said.expires_at)}" if said.expires_at else ""
    yield f"# plan     {said.fingerprint}"
    yield f"# stack    {plan.stack} at {plan.revision}"
    yield f"# effects  {counts}" + (f" (hazards: {', '.join(kinds)})" if kinds else "")
    yield f"# Compare these with what you read on the host: tfreconcile diff {plan.stack}"
    if verdict is Verdict.REJECT:
        yield "# A rejection stands until somebody revokes it on the host."
    else:
        yield f"# An approval counts for {duration_text(words.lasts(plan))} after it was signed{ends}, once."
