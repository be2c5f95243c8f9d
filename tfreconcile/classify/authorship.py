"""Did a person ask for the change, and is one at hand?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from tfreconcile.classify.model import Cause, Hazard, HazardKind, Unattended
from tfreconcile.plan.differences import printable
from tfreconcile.plan.document import Address
from tfreconcile.source.model import Authorship

NAMED = 3
"""How many commits the sentence names before it counts the rest."""
_ASKED_BY_GIT = frozenset({Cause.GIT, Cause.BOTH, Cause.UNKNOWN})
_LONGEST = 80


def unattended_author(
    commits: tuple[Authorship, ...] | None,
    patterns: Unattended,
    causes: frozenset[Cause],
    *,
    unattributed: str | None = None,
) -> Hazard | None:
    """A commit whose author, committer or trailers are those of no person, where Git asked for a change.

    ``commits`` are all that touch the inputs since nothing was left to do, so that a merge by a person does
    not hide what it merges; None when they are not all known, and ``unattributed`` may say why. Names are
    claims: whoever wants to look like a person can.
    """
    if not causes & _ASKED_BY_GIT:
        return None
    if commits is None:
        unread = "not all commits since the applied revision could be read: nobody can tell who wrote them"
        return Hazard(HazardKind.UNATTENDED_AUTHOR, Address(""), unattributed or unread)
    found = [(commit, why) for commit in commits if (why := _match(commit, patterns)) is not None]
    if not found:
        return None
    told = [f"{commit.revision[:7]} ({why})" for commit, why in found[:NAMED]]
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    detail = f"no person wrote {', '.join(told)}{more}: somebody should read what it asks for"
    return Hazard(HazardKind.UNATTENDED_AUTHOR, Address(""), detail)


def off_hours(sentence: str | None, causes: frozenset[Cause]) -> Hazard | None:
    """``sentence`` says why nobody is at hand now; None when somebody is, or the host does not care."""
    if sentence is None or not causes:
        return None
    return Hazard(HazardKind.OFF_HOURS, Address(""), f"{sentence}: nobody would see it go wrong")


def _match(commit: Authorship, patterns: Unattended) -> str | None:
    """Which of the commit's names or lines fits which pattern, in words."""
    for role, name, email in (
        ("author", commit.author, commit.author_email),
        ("committer", commit.committer, commit.committer_email),
    ):
        pattern = _fitting(_spellings(name, email), patterns.authors)
        if pattern is not None:
            return f"{role} {_shown(f'{name} <{email}>')} fits {pattern}"
    for key, value in commit.trailers:
        pattern = _fitting((f"{key}: {value}",), patterns.trailers)
        if pattern is not None:
            return f"{_shown(f'{key}: {value}')} fits {pattern}"
    return None


def _spellings(name: str, email: str) -> Iterator[str]:
    yield from (name, email, f"{name} <{email}>")


def _fitting(texts: Iterable[str], patterns: tuple[str, ...]) -> str | None:
    """The first pattern that fits one of the texts, without regard to case; brackets are literal."""
    folded = [text.strip().casefold() for text in texts]
    for pattern in patterns:
        literal = pattern.casefold().replace("[", "[[]")
        if any(fnmatchcase(text, literal) for text in folded):
            return pattern
    return None


def _shown(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
