"""How are changes, drift and decisions told to programs? Plain JSON, in the shapes of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import assert_never

from tfreconcile.classify.model import Classification, Classified, ClassifiedOutput, Hazard
from tfreconcile.gate.model import Decision, Hold, Need, Nothing, Policy, Proceed, Refuse
from tfreconcile.gate.requirements import is_ignored, required
from tfreconcile.gate.signed import moment
from tfreconcile.source.model import IgnoreRule

Scrub = Callable[[str], str]
"""Takes secrets out of a text: addresses and sentences can quote for_each keys and values."""
Plain = dict[str, object]
NO_DOUBTS: Mapping[int, str] = MappingProxyType({})


def hazards(found: tuple[Hazard, ...], policy: Policy, scrub: Scrub) -> list[object]:
    """``{kind, address, detail, requires}`` for each; a hazard without a rule requires "never"."""
    return [
        {
            "kind": str(one.kind),
            "address": scrub(one.address),
            "detail": scrub(one.detail),
            "requires": str(required(one, policy)),
        }
        for one in found
    ]


def effects(classification: Classification, policy: Policy, scrub: Scrub) -> tuple[Plain, ...]:
    """Everything that an approval covers: changes first, then outputs."""
    return (*changes(classification, policy, scrub), *outputs(classification, scrub))


def changes(classification: Classification, policy: Policy, scrub: Scrub) -> tuple[Plain, ...]:
    """Every change of a resource, and every action."""
    return tuple(_change(one, policy, scrub) for one in classification.changes)


def outputs(classification: Classification, scrub: Scrub) -> tuple[Plain, ...]:
    """Every output that changes, in the shape of a change, of kind "output"."""
    return tuple(_output(one, scrub) for one in classification.outputs)


def _change(one: Classified, policy: Policy, scrub: Scrub) -> Plain:
    return {
        "address": scrub(one.change.address),
        "deposed": one.change.deposed,
        "kind": str(one.change.kind),
        "actions": list(one.change.actions),
        "cause": str(one.cause),
        "drift": None if one.drift is None else str(one.drift),
        "digest": one.digest,
        "hazards": hazards(one.hazards, policy, scrub),
    }


def _output(one: ClassifiedOutput, scrub: Scrub) -> Plain:
    return {
        "address": scrub(f"output.{one.output.name}"),
        "deposed": None,
        "kind": "output",
        "actions": list(one.output.actions),
        "cause": str(one.cause),
        "drift": None,
        "digest": one.digest,
        "hazards": [],
    }


def drift(classification: Classification, scrub: Scrub) -> tuple[Plain, ...]:
    """Every resource that the world changed, with the names of its attributes, never their values."""
    return tuple(
        {
            "address": scrub(one.address),
            "kind": str(one.kind),
            "attributes": [scrub(name) for name in one.attributes],
            "why": one.why,
        }
        for one in classification.drift
    )


def ignored(
    found: Classification, rules: tuple[IgnoreRule, ...], policy: Policy, scrub: Scrub
) -> tuple[Plain, ...]:
    """Every ignore rule with the resources whose drift or change it hides now, in whole or in part."""
    hidden = [
        *((one.address, one.hidden_by) for one in found.drift),
        *((one.change.address, one.ignored_by) for one in found.changes if is_ignored(one, policy)),
    ]
    return tuple(
        {
            "address": rule.address,
            "attributes": list(rule.attributes),
            "until": rule.until.isoformat(),
            "why": rule.why,
            "hides": sorted({scrub(address) for address, by in hidden if rule in by}),
        }
        for rule in rules
    )


def decision(made: Decision, scrub: Scrub) -> Plain:
    """``{verdict, reasons[], needs[]}`` and, for a hold, how many said yes, how many must, and until when."""
    match made:
        case Nothing(reasons=reasons):
            return _told("nothing", reasons, (), scrub)
        case Proceed(reasons=reasons):
            return {**_told("proceed", reasons, (), scrub), "on_word_of": list(made.on_word_of)}
        case Hold(reasons=reasons, needs=needs):
            until = None if made.until is None else moment(made.until)
            waits = {"given": made.given, "required": made.required, "closed": made.closed, "until": until}
            return {**_told("hold", reasons, needs, scrub), **waits}
        case Refuse(reasons=reasons, needs=needs):
            return _told("refuse", reasons, needs, scrub)
    assert_never(made)


def _told(verdict: str, reasons: tuple[str, ...], needs: tuple[Need, ...], scrub: Scrub) -> Plain:
    return {
        "verdict": verdict,
        "reasons": [scrub(reason) for reason in reasons],
        "needs": [_need(one, scrub) for one in needs],
    }


def _need(one: Need, scrub: Scrub) -> Plain:
    return {
        "address": scrub(one.address),
        "digest": one.digest,
        "requires": str(one.requires),
        "why": scrub(one.why),
        "kinds": sorted(one.kinds),
        "required": one.required,
        "given": one.given,
        "approvers": [list(group) for group in one.approvers],
        "signed": one.signed,
        "exactly": one.exactly,
        "missing": one.missing,
    }


def kept(
    made: Decision,
    found: Classification,
    policy: Policy,
    *,
    barred: frozenset[str] | None,
    doubts: Mapping[int, str] = NO_DOUBTS,
    scrub: Scrub,
) -> Plain:
    """``decision``, with all that it takes to count later words as the gate does (``observe.kept``).

    ``barred`` as ``gate.authors`` gives it, ``doubts`` as the gate was asked with them.
    """
    asked = policy.approvals
    return {
        **decision(made, scrub),
        "hazards": hazards(found.hazards, policy, scrub),
        "ttl_seconds": int(asked.ttl.total_seconds()),
        "approvers": [list(group) for group in asked.approvers],
        "signed": asked.signed,
        "four_eyes": asked.four_eyes,
        "barred": None if barred is None else sorted(map(scrub, barred)),
        "doubts": {str(number): scrub(why) for number, why in sorted(doubts.items())},
    }
