"""What do tests of classify and gate start from: plans of real runs, and values made by hand?"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tfreconcile.classify.assess import assess
from tfreconcile.classify.hazards import Known
from tfreconcile.classify.model import Classification
from tfreconcile.errors import Place
from tfreconcile.gate.model import Approval, Verdict
from tfreconcile.plan.document import Address, Change, Drift, Json, Kind, Plan
from tfreconcile.plan.dynamic import Generated
from tfreconcile.plan.fingerprint import ChangeDigest, Digests, Fingerprint
from tfreconcile.plan.parse import parse
from tfreconcile.source.model import Authorship, IgnoreRule, Revision, Signature

PLANS = Path(__file__).parents[1] / "plans"
TODAY = date(2026, 11, 21)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
CALM = Known(had_resources=0, backend_moved=False, max_destroys=10, max_destroy_percent=100)
NO_DYNAMIC = Generated()
MARK = Fingerprint("f" * 64)
_ACTIONS = {
    Kind.CREATE: ("create",),
    Kind.UPDATE: ("update",),
    Kind.REPLACE: ("delete", "create"),
    Kind.DELETE: ("delete",),
    Kind.FORGET: ("forget",),
    Kind.ACTION: ("invoke",),
    Kind.UNKNOWN: ("transmogrify",),
}


def fixture(name: str) -> Plan:
    """A plan that Terraform 1.11.4 made, by its name without ``.json``."""
    return parse((PLANS / f"{name}.json").read_bytes())


def marked(plan: Plan) -> Digests:
    """Digests that name each effect by its position: what they are made of is another room's test."""
    idle = (Kind.NO_OP, Kind.READ)
    return Digests(
        changes=tuple(
            None if change.kind in idle else ChangeDigest(f"change-{position}")
            for position, change in enumerate(plan.changes)
        ),
        outputs=tuple(
            None if output.actions == ("no-op",) else ChangeDigest(f"output-{position}")
            for position, output in enumerate(plan.outputs)
        ),
        fingerprint=MARK,
    )


def assessed(
    plan: Plan,
    *,
    inputs_changed: bool | None = False,
    known: Known = CALM,
    ignore: tuple[IgnoreRule, ...] = (),
    today: date = TODAY,
    generated: Generated | None = NO_DYNAMIC,
) -> Classification:
    """``assess`` with marks for digests and a stack of which nothing alarming is known."""
    return assess(
        plan,
        marked(plan),
        known,
        inputs_changed=inputs_changed,
        generated=generated,
        ignore=ignore,
        today=today,
    )


def planned(*changes: Change, drift: tuple[Drift, ...] = (), prior: int = 0, applyable: bool = True) -> Plan:
    """A plan of Terraform 1.11.4 with just these entries."""
    return Plan(
        format_version="1.2",
        engine_version="1.11.4",
        applyable=applyable,
        complete=True,
        errored=False,
        changes=changes,
        drift=drift,
        prior_resources=prior,
    )


def change(
    kind: Kind = Kind.UPDATE,
    address: str = "aws_sqs_queue.q",
    *,
    before: Json = None,
    after: Json = None,
    unknown: Json = False,
    reason: str | None = None,
    deposed: str | None = None,
    actions: tuple[str, ...] | None = None,
) -> Change:
    """A change of a resource whose type is the address's first word."""
    return Change(
        address=Address(address),
        kind=kind,
        actions=actions or _ACTIONS.get(kind, ("no-op",)),
        type=address.partition(".")[0],
        name=address.partition(".")[2],
        before=before,
        after=after,
        after_unknown=unknown,
        reason=reason,
        deposed=deposed,
    )


def strayed(before: Json, after: Json, address: str = "aws_sqs_queue.q") -> Drift:
    """A drift entry: the last known state, and the world; None for the world means that it is gone."""
    actions = ("delete",) if after is None else ("update",)
    return Drift(
        address=Address(address), actions=actions, type=address.partition(".")[0], before=before, after=after
    )


def rule(
    address: str, *attributes: str, until: date = TODAY + timedelta(days=1), why: str = "autoscaler"
) -> IgnoreRule:
    """An ignore rule that holds today."""
    return IgnoreRule(address=address, attributes=attributes, until=until, why=why, place=Place("stack.yaml"))


def word(
    *changes: str,
    hazards: frozenset[tuple[str, str]] = frozenset(),
    by: str = "ana",
    number: int = 1,
    verdict: Verdict = Verdict.APPROVE,
    stack: str = "payments",
    fingerprint: Fingerprint = MARK,
    expires_at: datetime = NOON + timedelta(hours=1),
    revoked_at: datetime | None = None,
    consumed_at: datetime | None = None,
    signature: Signature | None = None,
) -> Approval:
    """A person's word on these digests, given an hour ago."""
    return Approval(
        id=number,
        stack=stack,
        fingerprint=fingerprint,
        verdict=verdict,
        by=by,
        channel="cli",
        at=NOON - timedelta(hours=1),
        reason="looked at it",
        expires_at=expires_at,
        changes=frozenset(ChangeDigest(digest) for digest in changes),
        hazards=hazards,
        revoked_at=revoked_at,
        consumed_at=consumed_at,
        signature=signature,
    )


A_SIGNATURE = Signature(
    kind="ssh",
    signer="ana",
    key="SHA256:example",
    payload="Approve plan",
    text="-----BEGIN SSH SIGNATURE-----",
)
"""Whoever reads it takes it for a good one: that it is, was found out in another room."""


def commit(by: str = "bo", *, email: str = "", signer: str | None = None) -> Authorship:
    """A commit of this morning that one person wrote and committed."""
    return Authorship(
        revision=Revision("c" * 40),
        author=by,
        author_email=email or f"{by}@example.com",
        committer=by,
        committer_email=email or f"{by}@example.com",
        subject="change something",
        committed_at=NOON - timedelta(hours=3),
        signer=signer,
    )
