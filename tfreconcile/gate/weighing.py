"""How many people stand behind each effect that asks, and why does another word not count?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tfreconcile.gate.approvals import OVERRIDE, covers, matches, people, rejected, stands
from tfreconcile.gate.authors import is_among
from tfreconcile.gate.model import Approval, Need
from tfreconcile.plan.fingerprint import ChangeDigest, Fingerprint

Pairs = frozenset[tuple[str, str]]
"""(kind, address) of hazards."""
_NAMED = 5
"""How many addresses one sentence lists."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What an approval must have been shown: the hazards that need one, by effect and of the plan."""

    everything: frozenset[ChangeDigest]
    hazards: Mapping[ChangeDigest, Pairs] = field(default_factory=dict)
    of_plan: Pairs = frozenset()

    def pairs(self, need: Need) -> Pairs:
        """The hazards that belong to a need. To override a window is to have seen them all."""
        if need.digest is not None:
            return self.hazards.get(need.digest, frozenset())
        if OVERRIDE[0] in need.kinds:
            return self.of_plan.union(*self.hazards.values(), {OVERRIDE})
        return self.of_plan


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a plan of a stack asks of people. ``needs`` are those that ask for a word.

    ``barred`` are the identities whom four eyes keep from answering; None: everybody. ``ttl`` is how long an
    answer counts at most, whatever it says of itself; None: no less. ``doubts`` say, by the number of a word,
    why its signature is no longer a good one.
    """

    stack: str
    fingerprint: Fingerprint
    needs: tuple[Need, ...]
    shown: Shown
    barred: frozenset[str] | None = frozenset()
    ttl: timedelta | None = None
    doubts: Mapping[int, str] = field(default_factory=dict)

    @property
    def asking(self) -> frozenset[ChangeDigest]:
        """The effects that a word is asked for: all that were shown, when it is asked for the whole plan."""
        if any(need.digest is None and not need.exactly for need in self.needs):
            return self.shown.everything
        return frozenset(need.digest for need in self.needs if need.digest is not None)

    def ends(self, word: Approval) -> datetime:
        """When a word is over: when it says so, or sooner when policy lets no word last that long."""
        return word.expires_at if self.ttl is None else min(word.expires_at, word.at + self.ttl)


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What people have answered. ``needs`` say how many stand behind each and what is missing.

    ``given`` of ``required`` is the count of the need that lacks the most. ``counting`` are the words that
    count for something, ``objections`` say why others do not count for everything.
    """

    needs: tuple[Need, ...]
    given: int
    required: int
    counting: tuple[Approval, ...]
    objections: tuple[str, ...]

    @property
    def enough(self) -> bool:
        """Has every need its people?"""
        return all(need.given >= need.required for need in self.needs)

    @property
    def names(self) -> tuple[str, ...]:
        """On whose word."""
        return tuple(sorted({one.by for one in self.counting}))


def weigh(question: Question, words: Iterable[Approval], now: datetime) -> Tally:
    """Each effect is weighed by itself. ``words`` may be of any stack, person and age."""
    standing = [one for one in words if one.stack == question.stack and stands(one, now)]
    answers = [(one, _answers(one, question, now)) for one in standing]
    needs, counting = [], dict[int, Approval]()
    for position, need in enumerate(question.needs):
        behind = [one for one, against in answers if against[position] is None]
        counting |= {one.id: one for one in behind}
        needs.append(_counted(need, len(people(behind))))
    given, required = _worst(needs)
    return Tally(
        needs=tuple(needs),
        given=given,
        required=required,
        counting=tuple(counting[number] for number in sorted(counting)),
        objections=tuple(_objections(answers, question.needs)),
    )


def standing_no(question: Question, words: Iterable[Approval], now: datetime) -> Approval | None:
    """The newest rejection that holds the plan. ``words`` may be of any stack."""
    own = (one for one in words if one.stack == question.stack)
    effects = question.shown.everything
    return rejected(own, question.fingerprint, now, effects=effects, asking=question.asking)


def unfit(person: str, need: Need, *, signed: bool, barred: frozenset[str] | None) -> str | None:
    """Why nothing that this person says can count for a need, whatever was shown; None when it can."""
    return _kept_out(person, barred, signed=signed) or _unfit(person, need, signed=signed)


def _kept_out(person: str, barred: frozenset[str] | None, *, signed: bool) -> str | None:
    if barred is None:
        return "does not count, since four eyes cannot tell who wrote what it is for, for"
    if is_among(person, barred, signed=signed):
        return "does not count, since four eyes must see what its giver wrote or committed, for"
    return None


def _unfit(person: str, need: Need, *, signed: bool) -> str | None:
    if not matches(person, need.approvers):
        kinds = f" for {', '.join(sorted(need.kinds))}" if need.kinds else ""
        return f"does not count, since its giver is not among the approvers{kinds}, for"
    return "has no signature, as is asked for" if need.signed and not signed else None


def _answers(word: Approval, question: Question, now: datetime) -> tuple[str | None, ...]:
    """For each need why the word does not count for it, or None."""
    void = _void(word, question, now)
    if void is not None:
        return (void,) * len(question.needs)
    return tuple(_against(word, need, question) for need in question.needs)


def _void(word: Approval, question: Question, now: datetime) -> str | None:
    """Why the word counts for nothing at all, whatever it was given for."""
    if word.id in question.doubts:
        return f"does not count, since {question.doubts[word.id]}, for"
    if now >= question.ends(word):
        return "is older than policy lets a word be, for"
    return _kept_out(word.by, question.barred, signed=word.signature is not None)


def _against(word: Approval, need: Need, question: Question) -> str | None:
    personal = _unfit(word.by, need, signed=word.signature is not None)
    if personal is not None:
        return personal
    if need.exactly and word.fingerprint != question.fingerprint:
        return "was given for another plan than"
    effects = question.shown.everything if need.digest is None else frozenset({need.digest})
    shown = covers(word, effects, question.shown.pairs(need))
    return None if shown else "was given for something else than"


def _counted(need: Need, given: int) -> Need:
    return replace(need, given=given, missing="" if given >= need.required else _missing(need, given))


def _missing(need: Need, given: int) -> str:
    lacking = need.required - given
    words = f"{lacking} more {'signed ' if need.signed else ''}approval{'s' if lacking > 1 else ''}"
    groups = [", ".join(group) for group in need.approvers if group != ("*",)]
    return f"{words} by {'; who is also one of '.join(groups)}" if groups else words


def _worst(needs: Iterable[Need]) -> tuple[int, int]:
    most = max(needs, key=lambda need: (need.required - need.given, need.required), default=None)
    return (0, 1) if most is None else (most.given, most.required)


def _objections(
    answers: Iterable[tuple[Approval, tuple[str | None, ...]]], needs: tuple[Need, ...]
) -> Iterator[str]:
    for word, against in answers:
        places: dict[str, list[str]] = {}
        for need, reason in zip(needs, against, strict=True):
            if reason is not None:
                places.setdefault(reason, []).append(need.address or "the plan as a whole")
        for reason, named in places.items():
            yield f"approval {word.id} of {word.by} {reason}: {_listed(named)}"


def _listed(named: list[str]) -> str:
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more
