"""What has the journal told of approvals, plans and applies so far? What rows and bundles are held to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from tfreconcile.plan.document import Json
from tfreconcile.store import chain
from tfreconcile.store.anchor import Head
from tfreconcile.store.journal import EventKind
from tfreconcile.store.records import ApplyStatus


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is not as tfreconcile wrote it: a row of ``kind``, or a span of rows, and what it is."""

    kind: str
    first: int
    last: int
    what: str

    def __str__(self) -> str:
        if self.first == self.last:
            return f"{self.kind} {self.first} {self.what}"
        return f"{self.kind}s {self.first} to {self.last}, each: {self.what}"


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """What ``journal.accepted`` said: who took which findings as they were, and why."""

    number: int
    by: str
    reason: str
    digest: str
    found: tuple[Finding, ...]

    def covers(self, one: Finding) -> bool:
        """Was this found then? Events from its own number on did not exist yet, whatever was gone."""
        if one.kind == "event" and one.last >= self.number:
            return False
        same = (known for known in self.found if (known.kind, known.what) == (one.kind, one.what))
        return any(known.first <= one.first <= one.last <= known.last for known in same)

    def __str__(self) -> str:
        return f"accepted by {self.by} in event {self.number} ({self.reason})"


@dataclass(frozen=True, kw_only=True)
class Begun:
    """What ``apply.begun`` said: whose, of which plan, on which words (number to digest)."""

    stack: str
    fingerprint: str
    digest: str
    plan: int | None
    plan_digest: str | None
    approvals: Mapping[int, str]


@dataclass(frozen=True, kw_only=True)
class Told:
    """Digests by the number of the row that they are of; grows with each event that is heard.

    ``succeeded`` are the stacks of which an apply did. ``moments`` are those of the events that revoked or
    used a word, by (kind, number), as they are written.
    """

    given: dict[int, str] = field(default_factory=dict)
    moments: dict[tuple[str, int], tuple[str, str]] = field(default_factory=dict)
    decided: dict[int, str] = field(default_factory=dict)
    begun: dict[int, Begun] = field(default_factory=dict)
    ended: dict[int, str] = field(default_factory=dict)
    succeeded: set[str] = field(default_factory=set)
    accepted: dict[str, str] = field(default_factory=dict)
    acceptances: list[Acceptance] = field(default_factory=list)

    def hear(self, columns: Mapping[str, Json]) -> None:
        """Remember what a sound event says."""
        match columns.get("event"), columns.get("body"):
            case EventKind.APPROVAL_GIVEN, {"approval": int(number), "digest": str(digest)}:
                self.given[number] = digest
            case EventKind.APPROVAL_REVOKED | EventKind.APPROVAL_USED, {"approval": int(number)}:
                moment = str(columns.get("at")), str(columns.get("actor"))
                self.moments.setdefault((str(columns.get("event")), number), moment)
            case EventKind.PLAN_DECIDED, {"plan": int(number), "digest": str(digest)}:
                self.decided[number] = digest
            case EventKind.APPLY_BEGUN, {"apply": int(number), "digest": str(digest)}:
                self.begun[number] = _begun(str(columns.get("stack")), digest, columns.get("body"))
            case EventKind.APPLY_ENDED, {"apply": int(number), "digest": str(digest), **body}:
                self.ended[number] = digest
                if body.get("status") == ApplyStatus.SUCCEEDED:
                    self.succeeded.add(str(columns.get("stack")))
            case (
                EventKind.SOURCE_ACCEPTED | EventKind.SOURCE_REWRITE_ACCEPTED,
                {"branch": str(branch), "revision": str(revision)},
            ):
                self.accepted[branch] = revision
            case EventKind.JOURNAL_ACCEPTED, {"found": list(found), "reason": str(why), "digest": str(of)}:
                self.acceptances.append(_acceptance(columns, found, reason=why, digest=of))

    def news(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """Those that nobody has accepted yet."""
        return (one for one in findings if not any(known.covers(one) for known in self.acceptances))

    def history(self) -> Iterator[str]:
        """What was found and accepted, in the order in which it was."""
        return (f"{one}: {found}" for one in self.acceptances for found in one.found)


def _acceptance(
    columns: Mapping[str, Json], found: Iterable[Json], *, reason: str, digest: str
) -> Acceptance:
    return Acceptance(
        number=int(str(columns.get("id"))),
        by=str(columns.get("actor")),
        reason=reason,
        digest=digest,
        found=tuple(_findings(found)),
    )


def _findings(found: Iterable[Json]) -> Iterator[Finding]:
    for one in found:
        match one:
            case [str(kind), int(first), int(last), str(what)]:
                yield Finding(kind=kind, first=first, last=last, what=what)


def _begun(stack: str, digest: str, said: Json) -> Begun:
    body = said if isinstance(said, dict) else {}
    number, of_plan, words = body.get("plan"), body.get("plan_digest"), body.get("approvals")
    return Begun(
        stack=stack,
        fingerprint=str(body.get("fingerprint")),
        digest=digest,
        plan=number if isinstance(number, int) else None,
        plan_digest=of_plan if isinstance(of_plan, str) else None,
        approvals=dict(_words(words if isinstance(words, list) else [])),
    )


def _words(found: Iterable[Json]) -> Iterator[tuple[int, str]]:
    for one in found:
        match one:
            case {"id": int(number), "digest": str(digest)}:
                yield number, digest


@dataclass(kw_only=True)
class Walk:
    """A walk along the chain, link by link. ``before`` None: from somewhere in the middle on.

    ``linked`` False: links were left out on purpose, so that only their order can be judged.
    """

    key: bytes | None
    before: Head | None = chain.START
    linked: bool = True
    told: Told = field(default_factory=Told)
    events: int = 0

    def step(self, columns: Mapping[str, Json]) -> Iterator[str]:
        """What is wrong with the next link. One that is sound by itself is heard."""
        self.events += 1
        broken = tuple(chain.broken(columns, self.key))
        yield from broken
        if not broken:
            self.told.hear(columns)
        if self.before is not None:
            yield from self._place(columns, self.before)
        self.before = chain.head_of(columns) or self.before

    def _place(self, columns: Mapping[str, Json], before: Head) -> Iterator[str]:
        if self.linked:
            yield from chain.misplaced(columns, before)
        elif (head := chain.head_of(columns)) and head.number <= before.number:
            yield f"comes after {before.number}: out of order"

    def skip(self, number: int) -> None:
        """The next link cannot be read at all: what comes after it is not held to it."""
        self.events += 1
        self.before = Head(number=number, hash="")


def merged(found: Collection[Finding]) -> tuple[Finding, ...]:
    """The findings, with the same one of rows that follow each other told once."""
    spans: list[Finding] = []
    for what, same in groupby(sorted(found, key=_order), key=lambda one: (one.kind, one.what)):
        for one in same:
            last = spans[-1] if spans else None
            if last and (last.kind, last.what) == what and one.first == last.last + 1:
                spans[-1] = Finding(kind=last.kind, first=last.first, last=one.last, what=last.what)
            else:
                spans.append(one)
    return tuple(sorted(spans, key=lambda one: (one.kind, one.first)))


def _order(one: Finding) -> tuple[str, str, int]:
    return one.kind, one.what, one.first
