"""Who made which commits, which of them follow each other, and which are signed?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from tfreconcile.errors import Transient
from tfreconcile.source import commits, signatures
from tfreconcile.source.commands import checked
from tfreconcile.source.complaints import sentence
from tfreconcile.source.git import KEPT, Mirror
from tfreconcile.source.model import Authorship, Revision, Signature
from tfreconcile.source.signers import Signers, Untrusted
from tfreconcile.source.tree import ROOT

LONGEST = 10_000
"""How many commits one question looks at."""
LARGEST = 1 << 20
"""Bytes of one commit that is read: its message, not its files."""
_LONGEST_PATHS = 100_000
"""Bytes of paths that one command line is given; Linux takes twenty times as much."""


@dataclass(frozen=True, kw_only=True)
class History:
    """Commits, newest first. ``complete`` is false when there are more, or one that cannot be read.

    Whoever decides by who is *not* among them must then decide as if everybody were.
    """

    commits: tuple[Authorship, ...]
    complete: bool


@dataclass(frozen=True, kw_only=True)
class Unproven:
    """A commit that no trusted signer vouches for, and why."""

    revision: Revision
    reason: str


def since(
    mirror: Mirror,
    base: Revision | None,
    head: Revision,
    paths: tuple[PurePosixPath, ...] = (),
    *,
    signers: Signers | None = None,
) -> History:
    """The commits that ``head`` has and ``base`` has not, merges included, no commit before its children.

    With ``paths`` (files or directories) only those that differ there from one of their parents at least,
    so a merge counts when it brought something in. A base that is None or not in the mirror stands for
    nothing: the whole history counts. With ``signers``, who signed is proven as ``signer_of`` does it.
    Raises Stalled RevisionMissing for a missing head, or Transient SourceCorrupt.
    """
    walked = _walked(mirror, base, head, LONGEST)
    wanted = _touching(mirror, walked[:LONGEST], paths)
    found = tuple(_read(mirror, wanted, signers))
    known = tuple(authorship for authorship in found if authorship is not None)
    return History(commits=known, complete=len(walked) <= LONGEST and len(known) == len(found))


def is_ancestor(mirror: Mirror, old: Revision, new: Revision) -> bool:
    """Can ``new`` be reached from ``old`` by commits alone? A commit that is not there is nobody's.

    Raises Transient SourceCorrupt.
    """
    if not (_is_there(mirror, old) and _is_there(mirror, new)):
        return False
    answer = mirror.git("merge-base", "--is-ancestor", checked(old), checked(new))
    if answer.status not in (0, 1):
        raise Transient(
            "SourceCorrupt", f"git cannot tell whether {new} follows {old}: {sentence(answer.stderr)}"
        )
    return answer.status == 0


def kept(mirror: Mirror, name: str) -> Revision | None:
    """The commit that the mirror holds on to under a name (``Mirror.keep``)."""
    answer = mirror.git("rev-parse", "--verify", "--quiet", f"{KEPT}/{name}")
    return Revision(answer.text.strip()) if answer.status == 0 else None


def signer_of(mirror: Mirror, revision: Revision, signers: Signers) -> Signature:
    """The good signature of a commit.

    The key must be valid at the committer's date, which the signer chose, as git has it: a commit stays
    good when its signer's key ends. Take a key that was stolen into ``revoked_keys``, which always counts.
    Raises Untrusted.
    """
    for content in _contents(mirror, (checked(revision),)):
        if content is not None:
            return _proven(revision, content, signers)
    raise Untrusted("it is not there, or too large")


def unsigned(
    mirror: Mirror, base: Revision | None, head: Revision, signers: Signers, limit: int = LONGEST
) -> Unproven | None:
    """The newest of the commits since ``base`` that no trusted signer vouches for; None when all are signed.

    Also one when there are more than ``limit`` of them. Raises as ``since`` does.
    """
    walked = _walked(mirror, base, head, limit)
    if len(walked) > limit:
        return Unproven(revision=head, reason=f"more than {limit} commits would have to be verified")
    for revision, content in zip(walked, _contents(mirror, walked), strict=True):
        try:
            if content is None:
                return Unproven(revision=revision, reason="it is too large")
            _proven(revision, content, signers)
        except Untrusted as e:
            return Unproven(revision=revision, reason=e.reason)
    return None


def _walked(mirror: Mirror, base: Revision | None, head: Revision, most: int) -> tuple[Revision, ...]:
    """One more than ``most`` when there are more."""
    without = (f"^{checked(base)}",) if base is not None and _is_there(mirror, base) else ()
    answer = mirror.asked("rev-list", "--topo-order", f"--max-count={most + 1}", *without, checked(head))
    return tuple(Revision(row) for row in answer.text.split())


def _touching(
    mirror: Mirror, revisions: tuple[Revision, ...], paths: tuple[PurePosixPath, ...]
) -> tuple[Revision, ...]:
    # git's own walk leaves out what has no effect in the end, and with it a person who had a hand in it.
    if not paths or ROOT in paths or sum(len(str(path)) for path in paths) > _LONGEST_PATHS:
        return revisions
    options = ("--stdin", "--root", "-m", "-r", "-z", "--raw", "--no-renames", "--no-ext-diff")
    names = "\n".join(revisions).encode("ascii") + b"\n"
    answer = mirror.commands().run(
        "--literal-pathspecs",
        "diff-tree",
        *options,
        "--",
        *map(str, paths),
        timeout=mirror.timeout,
        stdin=names,
    )
    if answer.status != 0:
        raise Transient("SourceCorrupt", f"git cannot compare commits: {sentence(answer.stderr)}")
    touching = frozenset(_compared(answer.stdout))
    return tuple(revision for revision in revisions if revision in touching)


def _compared(output: bytes) -> Iterator[Revision]:
    """The commits that ``diff-tree`` found different: an id, then for each file a row with ":" and a name."""
    words = iter(output.split(b"\0"))
    for word in words:
        if word.startswith(b":"):
            next(words, b"")
        elif word:
            yield Revision(word.decode("ascii"))


def _read(
    mirror: Mirror, revisions: tuple[Revision, ...], signers: Signers | None
) -> Iterator[Authorship | None]:
    for revision, content in zip(revisions, _contents(mirror, revisions), strict=True):
        try:
            made = None if content is None else commits.authorship(revision, content)
        except commits.Unreadable:
            made = None
        if made is not None and content is not None and signers is not None:
            made = replace(made, signer=_signer(revision, content, signers))
        yield made


def _signer(revision: Revision, content: bytes, signers: Signers) -> str | None:
    try:
        return _proven(revision, content, signers).signer
    except Untrusted:
        return None


def _proven(revision: Revision, content: bytes, signers: Signers) -> Signature:
    payload, text = commits.signed(content)
    try:
        made = commits.authorship(revision, content)
    except commits.Unreadable as e:
        raise Untrusted("it does not say when it was made") from e
    return signatures.checked(payload, text, signers, namespace="git", moments=(made.committed_at,))


def _contents(mirror: Mirror, revisions: tuple[Revision, ...]) -> Iterator[bytes | None]:
    """The object of each commit; None for one that is missing, too large, or no commit."""
    names = "".join(f"{revision}\n" for revision in revisions).encode("ascii")
    check = ("cat-file", "--batch-check=%(objecttype) %(objectsize)")
    answer = mirror.commands().run(*check, timeout=mirror.timeout, stdin=names)
    rows = answer.text.splitlines()
    if len(rows) != len(revisions):
        raise Transient("SourceCorrupt", f"git cannot list commits: {sentence(answer.stderr)}")
    with mirror.commands().reader() as content:
        for revision, row in zip(revisions, rows, strict=True):
            kind, _, size = row.partition(" ")
            fits = kind == "commit" and size.isdecimal() and int(size) <= LARGEST
            yield content(revision) if fits else None


def _is_there(mirror: Mirror, revision: Revision) -> bool:
    return mirror.git("cat-file", "-e", f"{checked(revision)}^{{commit}}").status == 0
