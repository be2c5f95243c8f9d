"""What does a commit say about who made it, and which part of it was signed?"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from tfreconcile.source import trailers
from tfreconcile.source.address import shown
from tfreconcile.source.model import Authorship, Revision
from tfreconcile.source.signers import Untrusted

_PERSON = re.compile(r"(author|committer) ([^<>\n]*?) ?<([^<>\n]*)> (-?\d{1,20}) [+-]\d{4}")
_FIRST_SECOND = -62_135_596_800  # the first one of the year 1
_LAST_SECOND = 253_402_300_799  # the last one of the year 9999


class Unreadable(ValueError):
    """A commit is not of the form that git writes."""


def authorship(revision: Revision, content: bytes) -> Authorship:
    """Who made a commit, from its object. Raises Unreadable.

    Characters that are not printable are left out, times beyond the calendar are moved into it.
    """
    head, _, message = content.decode("utf-8", "replace").partition("\n\n")
    rows = [row for row in head.split("\n") if row.startswith(("author ", "committer "))]
    found = [_PERSON.fullmatch(row) for row in rows]
    author, committer = found if len(found) == 2 else (None, None)
    if author is None or committer is None or (author[1], committer[1]) != ("author", "committer"):
        raise Unreadable(f"commit {revision} does not say who made it")
    return Authorship(
        revision=revision,
        author=_clean(author[2]),
        author_email=_clean(author[3]),
        committer=_clean(committer[2]),
        committer_email=_clean(committer[3]),
        subject=_clean(message.strip().partition("\n")[0]),
        committed_at=_moment(int(committer[4])),
        trailers=tuple((key, _clean(value)) for key, value in trailers.loose(message)),
    )


def signed(content: bytes) -> tuple[bytes, str]:
    """The text that was signed, and its armoured signature (git's gitformat-signature(5)).

    Raises Untrusted for a commit without a signature or with several.
    """
    head, blank, body = content.partition(b"\n\n")
    text: list[bytes] = []
    signature: list[bytes] = []
    into = text
    for line in head.split(b"\n"):
        if not line.startswith(b" "):
            into = signature if line.startswith(b"gpgsig") else text
        into.append(line)
    begins = [line for line in signature if not line.startswith(b" ")]
    if not begins:
        raise Untrusted("it is not signed")
    if len(begins) > 1 or not begins[0].startswith(b"gpgsig "):
        raise Untrusted("it holds more than one signature")
    first, *rest = signature
    lines = [first.removeprefix(b"gpgsig "), *(line[1:] for line in rest)]
    return b"\n".join(text) + blank + body, b"\n".join(lines).decode("utf-8", "replace") + "\n"


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(max(_FIRST_SECOND, min(seconds, _LAST_SECOND)), UTC)


def _clean(text: str) -> str:
    return "".join(character for character in shown(text) if character.isprintable())
