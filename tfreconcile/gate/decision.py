"""May this plan be applied now? Nothing, Proceed, Hold or Refuse, each with its reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tfreconcile.classify.model import Classification, Classified, DriftKind, Hazard
from tfreconcile.gate import weighing, windows
from tfreconcile.gate.approvals import overrides
from tfreconcile.gate.authors import barred
from tfreconcile.gate.model import (
    Approval,
    Decision,
    Hold,
    Need,
    Nothing,
    Policy,
    Proceed,
    Refuse,
    Requirement,
)
from tfreconcile.gate.requirements import is_left_alone, is_wish, override, required, requirements, ruled
from tfreconcile.gate.weighing import Question, Shown, Tally
from tfreconcile.plan.document import Address
from tfreconcile.plan.fingerprint import Fingerprint
from tfreconcile.source.model import Authorship


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which plan of which stack is asked about, and what the plan says of itself.

    ``only_reads``: all that it would do is read data sources, as a ``check`` does each time.
    ``unstable`` are the sentences that say why no two plans of the situation are equal. ``doubts`` say, by
    the number of a word on it, why the signature is no longer a good one.
    """

    stack: str
    fingerprint: Fingerprint
    applyable: bool
    complete: bool = True
    errored: bool = False
    only_reads: bool = False
    unstable: tuple[str, ...] = ()
    doubts: Mapping[int, str] = field(default_factory=dict)


def decide(
    classification: Classification,
    policy: Policy,
    approvals: tuple[Approval, ...],
    *,
    asked: Asked,
    authors: tuple[Authorship, ...] | None = (),
    now: datetime,
) -> Decision:
    """The gate. ``approvals`` may be of any stack, person and age: what does not count is left out.

    ``Proceed`` is only ever said when nothing is forbidden and, for each effect that asks for approval,
    as many different people as its rules ask for have a standing approval that names it unchanged together
    with its hazards. A hazard of the plan as a whole, and a plan that is not complete, need approvals that
    name every effect: such a word must not grow over effects that nobody saw. ``authors`` made the commits
    since the last applied revision, for four eyes; None: they could not all be read.
    """
    if asked.errored:
        return Refuse(("Terraform could not finish this plan; what it wrote is never applied",))
    if (idle := _idle(classification, policy, asked)) is not None:
        return idle
    needs = (*requirements(classification, policy), *_incomplete(asked, policy))
    forbidden = tuple(need for need in needs if need.requires is Requirement.NEVER)
    if forbidden:
        return Refuse(tuple(need.why for need in forbidden), forbidden)
    asking = tuple(need for need in needs if need.requires is Requirement.APPROVE)
    if asking and asked.unstable:
        return Refuse(tuple(_never_equal(asked)), asking)
    question = _question(classification, policy, asking, asked=asked, authors=authors)
    if (verdict := weighing.standing_no(question, approvals, now)) is not None:
        nobody = weighing.weigh(question, (), now)
        return Hold((_rejection(verdict),), nobody.needs, given=0, required=nobody.required)
    if not asking:
        count = len(classification.changes) + len(classification.outputs)
        return Proceed((f"policy asks for nobody's word on {_effects(count)}",))
    return _weighed(weighing.weigh(question, approvals, now))


def question(
    classification: Classification,
    policy: Policy,
    *,
    asked: Asked,
    authors: tuple[Authorship, ...] | None = (),
) -> Question:
    """What a plan asks of people, whatever the time: a rejection of any of it stops all of it."""
    needs = (*requirements(classification, policy), *_incomplete(asked, policy))
    asking = tuple(need for need in needs if need.requires is Requirement.APPROVE)
    return _question(classification, policy, asking, asked=asked, authors=authors)


def in_time(
    made: Decision,
    classification: Classification,
    policy: Policy,
    approvals: tuple[Approval, ...],
    *,
    asked: Asked,
    authors: tuple[Authorship, ...] | None = (),
    now: datetime,
) -> Decision:
    """The decision, for now: what may go ahead waits for a window, or for people who override it.

    Their words must cover the plan as a whole, and say so (OVERRIDE). Nobody overrides a window for an effect
    of a plan that somebody rejected; without their word it waits, as it would have done.
    """
    shut = windows.closed(policy.windows, windows.acts(classification), now)
    if shut is None or not isinstance(made, Proceed):
        return made
    need = override(policy, shut.why)
    if need is None:
        return Hold((shut.why, "policy lets nobody override it"), until=shut.until, closed=True)
    question = _question(classification, policy, (need,), asked=asked, authors=authors)
    no = weighing.standing_no(question, approvals, now)
    tally = weighing.weigh(question, filter(overrides, approvals if no is None else ()), now)
    if not tally.enough:
        against = tally.objections if no is None else (_rejection(no),)
        counts = {"given": tally.given, "required": tally.required}
        return Hold((shut.why, *against), tally.needs, **counts, until=shut.until, closed=True)
    return Proceed(
        (*made.reasons, f"{shut.why}, overridden by {', '.join(tally.names)}"),
        tuple(sorted({*made.approvals, *(one.id for one in tally.counting)})),
        tuple(sorted({*made.on_word_of, *tally.names})),
    )


def _idle(classification: Classification, policy: Policy, asked: Asked) -> Nothing | Refuse | None:
    """Nothing to do, or nothing that may be done; None when there is something to judge."""
    changes, outputs = classification.changes, classification.outputs
    if not changes and not outputs:
        if asked.only_reads:
            return Nothing()
        unnamed = "Terraform says that there is something to apply, but the plan names no effect to approve"
        return Refuse((unnamed,)) if asked.applyable else Nothing()
    if not changes or any(is_wish(output) for output in outputs):
        return None
    if not all(is_left_alone(item, policy) for item in changes):
        return None
    return Nothing(tuple(_left_alone(item) for item in changes))


def _left_alone(item: Classified) -> str:
    address = item.change.address
    if item.drift is DriftKind.SUPPRESSED:
        return f"{address}: the plan would put it back; an ignore rule covers its drift"
    if item.ignored_by:
        return f"{address}: ignored: {'; '.join(dict.fromkeys(rule.why for rule in item.ignored_by))}"
    return f"{address}: the plan would put it back; drift is only reported"


def _incomplete(asked: Asked, policy: Policy) -> Iterator[Need]:
    if not asked.complete:
        why = "the plan is not complete (targets or deferred changes): more would be left to do after it"
        yield ruled(Need(None, Address(""), Requirement.APPROVE, why), policy)


def _never_equal(asked: Asked) -> Iterator[str]:
    yield "this plan needs approval and can hold none: it differs each time that it is made"
    yield from asked.unstable


def _rejection(verdict: Approval) -> str:
    reason = f": {verdict.reason}" if verdict.reason else ""
    return f"rejected by {verdict.by}{reason}; revoke the rejection or change Git"


def _question(
    classification: Classification,
    policy: Policy,
    needs: tuple[Need, ...],
    *,
    asked: Asked,
    authors: tuple[Authorship, ...] | None,
) -> Question:
    changes, outputs = classification.changes, classification.outputs
    return Question(
        stack=asked.stack,
        fingerprint=asked.fingerprint,
        needs=needs,
        shown=Shown(
            everything=frozenset((*(item.digest for item in changes), *(item.digest for item in outputs))),
            hazards={item.digest: _pairs(item.hazards, policy) for item in changes},
            of_plan=_pairs(classification.hazards, policy),
        ),
        barred=barred(policy.approvals, authors),
        ttl=policy.approvals.ttl,
        doubts=asked.doubts,
    )


def _pairs(hazards: Iterable[Hazard], policy: Policy) -> frozenset[tuple[str, str]]:
    """Only those that need approval: what is let through anyway may come and go under an old word."""
    return frozenset(
        (str(hazard.kind), str(hazard.address))
        for hazard in hazards
        if required(hazard, policy) is not Requirement.AUTO
    )


def _weighed(tally: Tally) -> Proceed | Hold:
    if not tally.enough:
        reasons = (*(need.why for need in tally.needs), *tally.objections)
        return Hold(reasons, tally.needs, given=tally.given, required=tally.required)
    used = tuple(one.id for one in tally.counting)
    return Proceed((f"approved by {', '.join(tally.names)}",), used, tally.names)


def _effects(count: int) -> str:
    return "this one effect" if count == 1 else f"any of these {count} effects"
