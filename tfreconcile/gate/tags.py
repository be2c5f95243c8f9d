"""Does a signed tag count as a person's word on the plan that waits? A word, or a sentence why not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import TypeAlias

from tfreconcile.gate import approvals, signed
from tfreconcile.gate.authors import is_among
from tfreconcile.gate.model import Approval, Verdict
from tfreconcile.gate.signed import DIGITS, Said, Unreadable
from tfreconcile.gate.weighing import Question
from tfreconcile.plan.fingerprint import Fingerprint
from tfreconcile.source.model import Signature

AHEAD = timedelta(minutes=5)
"""How far the clock of a signer's machine may be ahead of ours."""
_NAME = re.compile(r"tfreconcile/([^/]*)/([^/]*)/([^/]*)")
_END = re.compile(r"([0-9a-f]*)(?:-([A-Za-z0-9][A-Za-z0-9._-]{0,39}))?")


@dataclass(frozen=True, kw_only=True)
class Named:
    """What the name of a tag says: which verdict, on which stack, and the first digits of which plan."""

    verdict: Verdict
    stack: str
    digits: str


@dataclass(frozen=True, kw_only=True)
class Presented:
    """A tag as it was found, whose signature is good.

    ``ref`` is its name below refs/tags/, ``name`` the one inside of the signed object. ``on_branch``: it
    points at a commit of the tracked branch. ``tagged_at`` is the signer's claim.
    """

    ref: str
    name: str
    on_branch: bool
    tagged_at: datetime
    trailers: tuple[tuple[str, str], ...]
    signature: Signature


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """The plan that waits, as far as a word can be said about it, and what was said of it so far.

    ``question`` is what it asks of people, ``ttl`` how long an answer counts. ``idle``: None when it waits
    for a person, else why no word is asked for.
    """

    question: Question
    ttl: timedelta
    words: tuple[Approval, ...] = ()
    idle: str | None = None

    @property
    def fingerprint(self) -> Fingerprint:
        """Of the plan."""
        return self.question.fingerprint


@dataclass(frozen=True, kw_only=True)
class Word:
    """What a person said, whichever way: all of an approval but what the plan itself says."""

    verdict: Verdict
    by: str
    expires_at: datetime
    reason: str = ""
    override: bool = False
    signature: Signature | None = None


@dataclass(frozen=True)
class Accepted:
    """The tag is this word."""

    word: Word


@dataclass(frozen=True)
class RefusedTag:
    """The tag counts for nothing, and never will."""

    reason: str
    signer: str | None = None


Judged: TypeAlias = Accepted | RefusedTag


def named(ref: str) -> Named | RefusedTag:
    """What the name of a tag (below refs/tags/) says."""
    parts = _NAME.fullmatch(ref)
    end = _END.fullmatch(parts[3]) if parts else None
    if parts is None or end is None or parts[1] not in list(Verdict) or not parts[2]:
        form = f"tfreconcile/approve/STACK/{DIGITS} digits of the plan, then -LABEL if wanted"
        return RefusedTag(f"its name is no word that tfreconcile knows: {form} (or reject)")
    if len(end[1]) != DIGITS:
        return RefusedTag(
            f"its name must hold the first {DIGITS} digits of the fingerprint, found {len(end[1])}"
        )
    return Named(verdict=Verdict(parts[1]), stack=parts[2], digits=end[1])


def judge(tag: Presented, means: Named, waiting: Waiting | None, *, now: datetime) -> Judged:
    """Is it a word on the plan that waits now? ``waiting`` is None when none of that stack does.

    Everything must fit; the first thing that does not is the answer. A rejection needs no approver: to stop
    needs no permission.
    """
    by = tag.signature.signer
    try:
        said = signed.read(tag.trailers, tag=True)
    except Unreadable as error:
        return RefusedTag(error.reason, by)
    against = _against(tag, means, said)
    if waiting is None:
        return RefusedTag(next(against, f"no plan of {means.stack} waits for a word"), by)
    word = _word(tag, means, said, at=min(tag.tagged_at, now + AHEAD), ttl=waiting.ttl)
    again = _against_again(tag, waiting.words)
    new = _against_word(word, said, waiting, tagged_at=tag.tagged_at, now=now)
    why = next(chain(against, again, new), None)
    return Accepted(word) if why is None else RefusedTag(why, by)


def _word(tag: Presented, means: Named, said: Said, *, at: datetime, ttl: timedelta) -> Word:
    longest = at + ttl
    return Word(
        verdict=means.verdict,
        by=tag.signature.signer,
        expires_at=min(said.expires_at or longest, longest),
        reason=said.reason,
        override=said.override,
        signature=tag.signature,
    )


def _against(tag: Presented, means: Named, said: Said) -> Iterator[str]:
    """What is wrong with the tag itself, whatever waits."""
    if tag.name != tag.ref:
        yield f"it was renamed: its signer called it {signed.one_line(tag.name)}"
    if said.stack != means.stack:
        its = signed.one_line(said.stack)
        yield f"its name speaks of stack {means.stack}, its trailer Tfreconcile-Stack of {its}"
    if not said.fingerprint.startswith(means.digits):
        its = said.fingerprint[:DIGITS]
        yield f"its name speaks of plan {means.digits}, its trailer Tfreconcile-Plan of {its}"
    if not tag.on_branch:
        yield "it points at no commit of the tracked branch"
    if means.verdict is Verdict.REJECT and (said.expires_at or said.override):
        yield "a rejection stands until it is revoked: Tfreconcile-Expires and -Window mean nothing in it"


def _against_again(tag: Presented, words: Iterable[Approval]) -> Iterator[str]:
    """A name and a signed text count once, whatever became of the word that they were."""
    for one in words:
        if one.signature is None:
            continue
        if one.signature.payload == tag.signature.payload:
            yield f"it was counted before, as {_noun(one)} {one.id}; sign a new one with another label"
        if one.signature.tag == tag.ref:
            yield f"it was moved: {_noun(one)} {one.id} was given under this name; use another label"


def _against_word(
    word: Word, said: Said, waiting: Waiting, *, tagged_at: datetime, now: datetime
) -> Iterator[str]:
    """Why the word does not count for the plan that waits."""
    if said.fingerprint != waiting.fingerprint:
        alike = said.fingerprint[:DIGITS] == waiting.fingerprint[:DIGITS]
        pending, other = (one[: None if alike else DIGITS] for one in (waiting.fingerprint, said.fingerprint))
        yield f"the pending plan of {said.stack} is {pending}, not {other}"
    if tagged_at > now + AHEAD:
        yield f"it is dated {signed.moment(tagged_at)}, which is yet to come"
    if word.expires_at <= now:
        yield f"it expired at {signed.moment(word.expires_at)}"
    if word.verdict is Verdict.APPROVE:
        yield from _against_approver(word.by, waiting)
    yield from _said_before(word, waiting, now)


def _against_approver(by: str, waiting: Waiting) -> Iterator[str]:
    needs, barred = waiting.question.needs, waiting.question.barred
    if waiting.idle is not None:
        yield waiting.idle
    if needs and not any(approvals.matches(by, need.approvers) for need in needs):
        yield f"{by} is not among the approvers"
    if barred is None:
        yield "who wrote what the plan would do could not be read completely, and four eyes must see it"
    elif is_among(by, barred, signed=True):
        yield f"{by} wrote or committed what the plan would do, and four eyes must see it"


def _said_before(word: Word, waiting: Waiting, now: datetime) -> Iterator[str]:
    """A second word of one person adds nobody to a quorum; one that also overrides a window says more."""
    for one in _standing(waiting, now):
        if (one.verdict, one.by.casefold()) != (word.verdict, word.by.casefold()):
            continue
        if not word.override or approvals.overrides(one):
            verbs = {Verdict.APPROVE: "approved", Verdict.REJECT: "rejected"}
            yield f"{word.by} already {verbs[word.verdict]} this plan ({_noun(one)} {one.id})"


def _standing(waiting: Waiting, now: datetime) -> Iterator[Approval]:
    for one in waiting.words:
        if (
            one.signature is not None
            and one.fingerprint == waiting.fingerprint
            and approvals.is_open(one, now)
            and not (one.verdict is Verdict.APPROVE and _is_over(one, waiting.question, now))
        ):
            yield one


def _is_over(one: Approval, question: Question, now: datetime) -> bool:
    """Does it count no more, though it says so: by a shorter ``ttl``, or since its key is no longer good?"""
    return one.id in question.doubts or now >= question.ends(one)


def _noun(one: Approval) -> str:
    return "approval" if one.verdict is Verdict.APPROVE else "rejection"
