"""Which tags below ``refs/tags/tfreconcile`` are there, and what do they say?

Names and messages are hostile text: anyone who may push chooses them. What is read here is of a strict
form, and says nothing yet about who made it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tfreconcile.errors import Stalled, Transient
from tfreconcile.source import armour
from tfreconcile.source import trailers as lines
from tfreconcile.source.complaints import sentence
from tfreconcile.source.git import TAGS, Mirror
from tfreconcile.source.signers import Untrusted
from tfreconcile.source.trailers import Trailers

MOST = 10_000
"""How many tags are listed before it is too many."""
LONGEST = 64 << 10
"""Bytes of one tag, its signature included."""

_HEAD = re.compile(
    r"object (?P<target>[0-9a-f]{40})\n"
    r"type (?P<type>[a-z]+)\n"
    r"tag (?P<name>[^\n]+)\n"
    r"tagger (?P<tagger>[^\n]*>) (?P<seconds>\d{1,11}) [+-]\d{4}\n"
    r"(?:\n(?P<message>.*))?",
    re.DOTALL,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PREFIX = "refs/tags/"
_DOUBT = "tfreconcile-tags-doubted"


@dataclass(frozen=True, kw_only=True)
class TagRef:
    """One ref. ``object`` is what it points at: ``kind`` "tag" for an annotated tag, else a lightweight one.

    ``ref`` is the full name, with an escape for each character that is not printable. ``size`` in bytes.
    """

    ref: str
    object: str
    kind: str
    size: int

    @property
    def name(self) -> str:
        """The name of the tag as people type it: ``tfreconcile/approve/...``."""
        return self.ref.removeprefix(_PREFIX)


@dataclass(frozen=True, kw_only=True)
class Tag:
    """An annotated tag. ``name`` is that of the ref, ``inner_name`` the one inside the object.

    ``target`` is the id of an object of type ``target_type`` (commit, tree, blob or tag). ``tagger`` and
    ``tagged_at`` are what the tagger claims. ``message`` is without the signature; ``trailers`` are those
    of a last paragraph that holds nothing else. ``payload`` is what ``signature`` (armoured, None for an
    unsigned tag) signs.
    """

    name: str
    object: str
    inner_name: str
    target: str
    target_type: str
    tagger: str
    tagged_at: datetime
    message: str
    trailers: Trailers
    payload: bytes = field(repr=False)
    signature: str | None = field(default=None, repr=False)


def listed(mirror: Mirror) -> tuple[TagRef, ...]:
    """Every tag of the last fetch, by name.

    Raises Stalled TagsRefused while git takes none, because one of them is broken; Stalled TooManyTags;
    Transient SourceCorrupt.
    """
    if why := mirror.broken_tags():
        raise Stalled(
            "TagsRefused", f"no tag below {TAGS} can be fetched until a broken one is deleted: {why}"
        )
    form = "--format=%(objectname) %(objecttype) %(objectsize) %(refname)"
    answer = mirror.asked("for-each-ref", f"--count={MOST + 1}", form, TAGS)
    rows = answer.stdout.decode("utf-8", "backslashreplace").split("\n")[:-1]
    if len(rows) > MOST:
        what = f"the repository has more than {MOST} tags below {TAGS}: delete those that were used"
        raise Stalled("TooManyTags", what)
    return tuple(_ref(row) for row in rows)


def there(mirror: Mirror, names: Collection[str]) -> frozenset[tuple[str, str]]:
    """Which of these tags are there, by name and object, also while ``listed`` raises Stalled.

    While git takes no tags, the repository itself is asked. Only these names are asked for, so that the
    answer is short whatever else is there. Raises Transient SourceUnreachable or SourceCorrupt.
    """
    if not names:
        return frozenset()
    refs = sorted(f"{_PREFIX}{name}" for name in names)
    if mirror.broken_tags() is None:
        answer = mirror.asked("for-each-ref", "--format=%(objectname)%09%(refname)", *refs)
    else:
        answer = mirror.git("ls-remote", "--refs", "--", mirror.url, *refs)
        if answer.status != 0:
            raise Transient("SourceUnreachable", f"the tags cannot be asked for: {sentence(answer.stderr)}")
    rows = (row.partition("\t") for row in answer.text.splitlines())
    return frozenset((name.removeprefix(_PREFIX), oid) for oid, _, name in rows if name in refs)


def doubt(mirror: Mirror, why: str) -> None:
    """Remember, until ``believe``, that nobody can tell which tags are gone. Raises Transient."""
    try:
        (mirror.path / _DOUBT).write_text(why, encoding="utf-8", errors="backslashreplace")
    except OSError as e:
        raise Transient("MirrorUnwritable", f"{e.filename or mirror.path}: {e.strerror}") from e


def believe(mirror: Mirror) -> None:
    """It is known which tags are there. Raises Transient."""
    try:
        (mirror.path / _DOUBT).unlink(missing_ok=True)
    except OSError as e:
        raise Transient("MirrorUnwritable", f"{e.filename or mirror.path}: {e.strerror}") from e


def doubted(mirror: Mirror) -> str | None:
    """Why nobody can tell which tags are gone; None when it is known."""
    known = mirror.path / _DOUBT
    return known.read_text(encoding="utf-8") if known.is_file() else None


def read(mirror: Mirror, ref: TagRef) -> Tag:
    """What one tag says. Raises Untrusted for what is no tag of the form that git writes."""
    with reading(mirror) as one:
        return one(ref)


@contextmanager
def reading(mirror: Mirror) -> Iterator[Callable[[TagRef], Tag]]:
    """As ``read``, for many tags through one program; for one thread, while the context lasts."""
    with mirror.commands().reader() as content:

        def one(ref: TagRef) -> Tag:
            _refuse(ref)
            found = content(ref.object)
            if found is None or len(found) != ref.size:
                raise Untrusted("it is gone, or cannot be read")
            return parse(ref, found)

        yield one


def parse(ref: TagRef, content: bytes) -> Tag:
    """What the bytes of a tag object say. Raises Untrusted."""
    if armour.is_signed(content):
        payload, signature = armour.split(content)
    else:
        payload, signature = content, None
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError:
        raise Untrusted("its text is not UTF-8") from None
    if _CONTROL.search(text):
        raise Untrusted("its text has control characters in it")
    head = _HEAD.fullmatch(text)
    if head is None:
        raise Untrusted("it is not of the form that git writes")
    message = head["message"] or ""
    return Tag(
        name=ref.name,
        object=ref.object,
        inner_name=head["name"],
        target=head["target"],
        target_type=head["type"],
        tagger=head["tagger"],
        tagged_at=datetime.fromtimestamp(int(head["seconds"]), UTC),
        message=message,
        trailers=lines.strict(message),
        payload=payload,
        signature=signature,
    )


def _ref(row: str) -> TagRef:
    oid, kind, size, name = row.split(" ", 3)
    shown = name if name.isprintable() else ascii(name)[1:-1]
    return TagRef(ref=shown, object=oid, kind=kind, size=int(size))


def _refuse(ref: TagRef) -> None:
    if ref.kind != "tag":
        raise Untrusted(f"it is a lightweight tag, a mere name of a {ref.kind}, and carries no signature")
    if ref.size > LONGEST:
        raise Untrusted(f"it has {ref.size} bytes; a tag may have {LONGEST}")
