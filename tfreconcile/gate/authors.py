"""Who wrote what is asked about, so that four eyes see it?"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from tfreconcile.gate.model import ApprovalRules
from tfreconcile.source.model import Authorship

_ALSO_WROTE = "co-authored-by"


def wrote(person: str, authors: Iterable[Authorship], *, signed: bool) -> bool:
    """Could the person be one of those who wrote, committed or signed one of these commits?

    Names in commits are claims, and a login name is no e-mail address: whatever could be the same person is.
    """
    return is_among(person, identities(authors), signed=signed)


def barred(rules: ApprovalRules, authors: Iterable[Authorship] | None) -> frozenset[str] | None:
    """The identities whom four eyes keep from approving; None: everybody, since the authors are not known."""
    if not rules.four_eyes:
        return frozenset()
    return None if authors is None else identities(authors)


def identities(authors: Iterable[Authorship]) -> frozenset[str]:
    """Every name and address that these commits name, as ``is_among`` compares them."""
    return frozenset(name for one in authors for said in _said(one) if (name := plain(said)))


def is_among(person: str, known: frozenset[str], *, signed: bool) -> bool:
    """Is the person one of the ``identities``? Case and form of letters do not count.

    A login name is the same person as an address whose local part it is (or one side of a ``+`` in it);
    two addresses are the same person when they are equal but for what follows a ``+``. A name that no
    signature proves (``signed`` False) is a login name, also when it looks like an address: for
    ``ana@ad.example`` that is ``ana``.
    """
    own = plain(person)
    names, whole = logins(own), _addresses(own)
    called = frozenset({own}) if signed else names | {own}
    return own in known or any(
        one in names or not called.isdisjoint(logins(one)) or not whole.isdisjoint(_addresses(one))
        for one in known
    )


def _said(one: Authorship) -> Iterator[str]:
    yield from (one.author, one.author_email, one.committer, one.committer_email)
    if one.signer is not None:
        yield one.signer
    for key, value in one.trailers:
        if key.casefold() == _ALSO_WROTE:
            name, _, address = value.partition("<")
            yield from (name, address.partition(">")[0])


def plain(text: str) -> str:
    """A name as names are compared: case, the form of letters and blanks around it do not count."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def logins(address: str) -> frozenset[str]:
    """The login names that an address could stand for: ``123+ana@users.example.com`` is ana's."""
    local, at, _ = address.rpartition("@")
    return frozenset(part for part in (local, *local.split("+")) if part) if at else frozenset()


def mailbox(address: str) -> str:
    """The address without everything from a ``+`` on."""
    local, _, host = address.rpartition("@")
    return f"{local.partition('+')[0] or local}@{host}"


def _addresses(address: str) -> frozenset[str]:
    return frozenset({address, mailbox(address)}) if "@" in address else frozenset()
