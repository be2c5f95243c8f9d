"""What does the team's repository say now? The door to git: one bare mirror, no work tree."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, stop_after_delay
from tenacity.wait import wait_exponential_jitter

from tfreconcile.errors import Stalled, Transient
from tfreconcile.source.address import is_branch, refusal, shown
from tfreconcile.source.commands import Answer, Commands, checked
from tfreconcile.source.complaints import Complaint, complaint, sentence
from tfreconcile.source.lock import locked
from tfreconcile.source.model import Revision
from tfreconcile.source.tree import REGULAR, Entry, Tree, parse_listing, printable

TAGS = "refs/tags/tfreconcile"
"""Where approvals and rejections by signed tag live."""
KEPT = "refs/tfreconcile/keep"
"""Where the commits are named that tidying up must not drop; no fetch writes there."""

_ORIGIN = "tfreconcile-origin"
_DAMAGED = "tfreconcile-damaged"
_BROKEN_TAGS = "tfreconcile-broken-tags"
_LOCKS = ("*.lock", "refs/**/*.lock", "objects/info/**/*.lock")


class Damaged(Exception):
    """The mirror is no repository that git can read."""


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """A bare copy of one branch and of the tags below ``refs/tags/tfreconcile``.

    ``path`` is absolute and ours alone; a lock file stands beside it. ``timeout`` is in seconds, for
    one fetch; ``pause`` is how long the first retry of the network waits, in seconds.
    """

    path: Path
    url: str
    branch: str
    timeout: float = 120.0
    pause: float = 0.5

    def fetch(self) -> Revision:
        """Bring the mirror up to date, made first when it is missing, and give the branch's head.

        A rewritten branch is accepted as it is now; tags that are gone there go here. Raises Transient
        SourceUnreachable or MirrorUnwritable, Waiting SourceBusy, Stalled SourceDenied, BranchMissing
        or SourceCorrupt.
        """
        self._refuse()
        with self._writing():
            return self._fetched_anew_if_damaged()

    def head(self) -> Revision | None:
        """The head of the branch as last fetched from this very address, without the network."""
        if not self.path.is_dir() or self._origin() != self._fingerprint():
            return None
        answer = self.git("rev-parse", "--verify", "--quiet", f"refs/heads/{self.branch}^{{commit}}")
        return Revision(answer.text.strip()) if answer.status == 0 else None

    @contextmanager
    def tree(self, revision: Revision) -> Iterator[Tree]:
        """The files of one commit, while the context lasts; for one thread.

        Raises Stalled RevisionMissing, or Transient SourceCorrupt when the mirror turns out to be
        damaged, which the next fetch mends.
        """
        entries = self._entries(revision)
        with self.commands().reader() as blob:

            def content(path: PurePosixPath) -> bytes:
                entry = entries[path]
                if entry.kind not in REGULAR:
                    raise KeyError(path)
                return self._content(entry, path, blob(entry.oid))

            yield Tree(entries=entries, read=content)

    def broken_tags(self) -> str | None:
        """What git has against a tag of the repository; until it is gone, all tags stay as they were."""
        broken = self.path / _BROKEN_TAGS
        return broken.read_text(encoding="utf-8") if broken.is_file() else None

    def keep(self, name: str, revision: Revision) -> None:
        """Hold on to a commit under a name (``[A-Za-z0-9_-]+``), in place of what it held before.

        Raises Stalled RevisionMissing, or as ``fetch`` does for a mirror that cannot be written.
        """
        with self._writing():
            self.asked("update-ref", f"{KEPT}/{name}", checked(revision))

    def drop(self, name: str) -> None:
        """Let go of what ``keep`` holds under a name, if anything."""
        with self._writing():
            self.git("update-ref", "-d", f"{KEPT}/{name}")

    def asked(self, *arguments: str) -> Answer:
        """What git says, where the last argument names the commit that it is about.

        Raises Stalled RevisionMissing, or Transient SourceCorrupt for a mirror that the next fetch mends.
        """
        answer = self.git(*arguments)
        if answer.status == 0:
            return answer
        if self.git("cat-file", "-e", arguments[-1]).status == 1 or not self.path.is_dir():
            raise Stalled("RevisionMissing", f"the mirror does not hold commit {arguments[-1]}")
        raise self._damage(sentence(answer.stderr))

    def git(self, *arguments: str) -> Answer:
        """Run one command on the mirror; its status is the caller's to judge."""
        return self.commands().run(*arguments, timeout=self.timeout)

    def commands(self) -> Commands:
        """The way to run git on the mirror."""
        return Commands(git_dir=self.path)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with locked(self.path, self.timeout):
                yield
        except OSError as e:
            raise Transient("MirrorUnwritable", f"{e.filename or self.path}: {e.strerror}") from e

    def _refuse(self) -> None:
        if why := refusal(self.url):
            raise Stalled("SourceDenied", f"the address {shown(self.url)!r} is refused: {why}")
        if not is_branch(self.branch):
            raise Stalled("BranchMissing", f"{self.branch!r} is no name that a branch can have")

    def _fetched_anew_if_damaged(self) -> Revision:
        try:
            return self._fetched()
        except Damaged:
            shutil.rmtree(self.path)
        try:
            return self._fetched()
        except Damaged as e:
            raise Stalled("SourceCorrupt", f"{shown(self.url)}, fetched from scratch, is broken: {e}") from e

    def _fetched(self) -> Revision:
        self._prepare()
        network = Retrying(
            stop=stop_after_attempt(3) | stop_after_delay(self.timeout),
            wait=wait_exponential_jitter(multiplier=self.pause, max=8, jitter=self.pause),
            retry=retry_if_exception_type(Transient),
            reraise=True,
        )
        network(self._fetch_refs)
        (self.path / _ORIGIN).write_text(self._fingerprint(), encoding="ascii")
        head = self.head()
        if head is None or self.git("cat-file", "-e", f"{head}^{{tree}}").status != 0:
            raise Damaged(f"the head of {self.branch} cannot be read")
        # Its outcome does not matter: a mirror that was not tidied up is larger, not wrong.
        self.git("gc", "--auto", "--quiet")
        return head

    def _prepare(self) -> None:
        if (self.path / _DAMAGED).exists():
            raise Damaged("a file in it could not be read")
        if not self.path.exists():
            self.path.mkdir(mode=0o700)
            self.git("init", "--bare", "--quiet", "--template=", "--initial-branch=main")
        # We hold the lock of the mirror, so these were left by a git that was killed.
        for stale in (lock for pattern in _LOCKS for lock in self.path.glob(pattern)):
            stale.unlink()
        if self._origin() != self._fingerprint():
            (self.path / _ORIGIN).unlink(missing_ok=True)  # until a fetch from the new address is done

    def _fetch_refs(self) -> None:
        branch = f"+refs/heads/{self.branch}:refs/heads/{self.branch}"
        answer = self._fetch(branch, f"+{TAGS}/*:{TAGS}/*")
        broken = self.path / _BROKEN_TAGS
        # Whoever may push tags and no more must not be able to stop the branch with a broken one.
        refused = answer.status > 0 and complaint(answer.stderr) is Complaint.REFUSED
        if refused and self._fetch(branch).status == 0:
            broken.write_text(sentence(answer.stderr), encoding="utf-8")
            return
        if answer.status != 0:
            raise self._failure(answer)
        broken.unlink(missing_ok=True)

    def _fetch(self, *refs: str) -> Answer:
        options = ("--prune", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance", "--quiet")
        return self.git("fetch", *options, "--no-write-fetch-head", "--", self.url, *refs)

    def _failure(self, answer: Answer) -> Exception:
        said = sentence(answer.stderr)
        address = shown(self.url)
        if answer.status < 0:
            return Transient("SourceUnreachable", f"{address}: git took longer than {self.timeout:g} s")
        match complaint(answer.stderr):
            case Complaint.BRANCH_MISSING:
                return Stalled(
                    "BranchMissing", f"{address} has no branch {self.branch!r}; {self._branches()}"
                )
            case Complaint.DENIED:
                return Stalled("SourceDenied", f"{address} is not there or not for us: {said}")
            case Complaint.REFUSED:
                return Stalled("SourceCorrupt", f"{address} holds objects that git refuses: {said}")
            case Complaint.DAMAGED:
                return Damaged(said)
            case Complaint.UNREACHABLE:
                return Transient("SourceUnreachable", f"{address}: {said}")

    def _branches(self) -> str:
        answer = self.git("ls-remote", "--heads", "--", self.url)
        names = [line.partition("refs/heads/")[2] for line in answer.text.splitlines()]
        more = f" and {len(names) - 10} more" if len(names) > 10 else ""
        return f"it has {', '.join(names[:10])}{more}" if names else "it has no branch at all"

    def _entries(self, revision: Revision) -> dict[PurePosixPath, Entry]:
        answer = self.asked("ls-tree", "-r", "-z", "-l", "--full-tree", checked(revision))
        try:
            return parse_listing(answer.stdout)
        except ValueError as e:
            raise self._damage(str(e)) from e

    def _content(self, entry: Entry, path: PurePosixPath, found: bytes | None) -> bytes:
        if found is None or len(found) != entry.size:
            raise self._damage(f"the content of {printable(path)} cannot be read")
        return found

    def _damage(self, what: str) -> Transient:
        with suppress(FileNotFoundError):  # somebody is making it anew already
            (self.path / _DAMAGED).touch()
        return Transient("SourceCorrupt", f"the mirror is damaged and will be fetched from scratch: {what}")

    def _origin(self) -> str | None:
        origin = self.path / _ORIGIN
        return origin.read_text(encoding="ascii") if origin.is_file() else None

    def _fingerprint(self) -> str:
        # A digest, because the address may hold a password.
        return sha256(self.url.encode()).hexdigest()
