"""Which wishes would weaken what already holds?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tfreconcile.classify.model import HazardKind
from tfreconcile.errors import Place
from tfreconcile.gate.model import ApprovalRules, DriftPolicy, Policy, Requirement
from tfreconcile.source.model import GateWish
from tfreconcile.source.shapes import duration_text


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One wish that is weaker than what holds for the same key, in the words of a config file."""

    key: str
    wished: str
    held: str
    allowed: str

    def told(self, set_at: Place | None) -> str:
        """The sentence, but for the key; ``set_at`` is where the host config sets what holds."""
        where = f"set at {set_at}" if set_at else "(built-in default)"
        return f"{self.wished} is weaker than {self.held} {where}; allowed: {self.allowed}"


def claims(policy: Policy, wish: GateWish) -> Iterator[Claim]:
    """Every wish that ``policy`` does not allow. Approvers are none of them: a list can only narrow."""
    yield from _words(policy, wish)
    yield from _limits(policy, wish)
    yield from _approvals(policy.approvals, wish)


def wished_hazards(wish: GateWish) -> dict[HazardKind, Requirement]:
    """Without the planned ones: no change can have them yet, so that there is nothing to require."""
    known = {str(kind) for kind in HazardKind}
    return {HazardKind(name): Requirement(level) for name, level in wish.hazards.items() if name in known}


def _words(policy: Policy, wish: GateWish) -> Iterator[Claim]:
    if wish.apply is not None:
        yield from _word("gate.apply", Requirement(wish.apply), policy.apply)
    if wish.drift is not None:
        yield from _word("gate.drift", DriftPolicy(wish.drift), policy.drift)
    if wish.prune is not None:
        yield from _word("gate.prune", Requirement(wish.prune), policy.prune)
    for kind, level in wished_hazards(wish).items():
        # A floor without the kind refuses it (gate.decision), so that every lesser wish is weaker.
        yield from _word(f"gate.hazards.{kind}", level, policy.hazards.get(kind, Requirement.NEVER))


def _word(key: str, wished: Requirement | DriftPolicy, held: Requirement | DriftPolicy) -> Iterator[Claim]:
    if wished.strictness < held.strictness:
        allowed = ", ".join(level for level in type(held) if level.strictness >= held.strictness)
        yield Claim(key=key, wished=wished, held=held, allowed=allowed)


def _limits(policy: Policy, wish: GateWish) -> Iterator[Claim]:
    yield from _at_most("gate.max_destroys", wish.max_destroys, policy.max_destroys)
    yield from _at_most("gate.max_destroy_percent", wish.max_destroy_percent, policy.max_destroy_percent)


def _at_most(key: str, wished: int | None, held: int) -> Iterator[Claim]:
    if wished is not None and wished > held:
        yield Claim(key=key, wished=str(wished), held=str(held), allowed=f"0 to {held}")


def _approvals(rules: ApprovalRules, wish: GateWish) -> Iterator[Claim]:
    if wish.required is not None and wish.required < rules.required:
        wished, held = str(wish.required), str(rules.required)
        yield Claim(key="gate.approvals.required", wished=wished, held=held, allowed=f"{held} or more")
    if wish.ttl is not None and wish.ttl > rules.ttl:
        wished, held = duration_text(wish.ttl), duration_text(rules.ttl)
        yield Claim(key="gate.approvals.ttl", wished=wished, held=held, allowed=f"up to {held}")
    yield from _switched_off("gate.approvals.four_eyes", wish.four_eyes, rules.four_eyes)
    yield from _switched_off("gate.approvals.signed", wish.signed, rules.signed)


def _switched_off(key: str, wished: bool | None, held: bool) -> Iterator[Claim]:
    if held and wished is False:
        yield Claim(key=key, wished="false", held="true", allowed="true")
