"""Which new tags get a judge's time now, and which are refused at a glance?

Anybody who may push can make tags by the thousand. To verify a signature starts a program; to see that
there is none does not.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from tfreconcile.gate.tags import Named, RefusedTag, named
from tfreconcile.source.signers import Untrusted
from tfreconcile.source.tags import Tag, TagRef

VERIFIED = 200
"""How many signed tags are judged after one fetch; the rest after the next."""
UNSIGNED = 2_000
"""How many that cannot be a word, whoever looks, are refused after one fetch."""


@dataclass(frozen=True, kw_only=True)
class Turns:
    """What is done after one fetch. ``signed`` are to be judged, in this order; ``refused`` are refused.

    Of equals that got a turn the order is that of their names, so that nobody is surprised by it.
    """

    signed: tuple[tuple[TagRef, Named], ...] = ()
    refused: tuple[tuple[TagRef, RefusedTag], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Order:
    """By what the turns are taken. ``is_pending``: the name speaks of a plan that waits. ``is_known``: an
    armoured signature claims to be of a key that the host knows.

    ``key`` and ``now`` make the lot between equals: whoever pushes tags must not be able to choose, look
    after look, names that come first, and so keep a good tag unheard for ever.
    """

    is_pending: Callable[[Named], bool]
    is_known: Callable[[str], bool]
    key: bytes = field(repr=False)
    now: datetime

    def place(self, means: Named, armour: str) -> tuple[bool, bool]:
        """Plans that wait first, then keys that are known."""
        return not self.is_pending(means), not self.is_known(armour)

    def lot(self, one: TagRef) -> bytes:
        """What decides between equals."""
        text = f"turn {self.now.isoformat()} {one.object} {one.ref}"
        return hmac.digest(self.key, text.encode(), "sha256")


def taken(new: Iterable[TagRef], read: Callable[[TagRef], Tag], order: Order) -> Turns:
    """The turns of tags that were never judged."""
    signed: list[tuple[tuple[bool, bool], TagRef, Named]] = []
    refused: list[tuple[TagRef, RefusedTag]] = []
    for one in new:
        found = _glance(one, read)
        if isinstance(found, RefusedTag):
            refused.append((one, found))
        else:
            means, armour = found
            signed.append((order.place(means, armour), one, means))
    first = sorted(signed, key=lambda turn: (turn[0], order.lot(turn[1])))[:VERIFIED]
    return Turns(
        signed=tuple(
            (one, means) for _, one, means in sorted(first, key=lambda turn: (turn[0], turn[1].ref))
        ),
        refused=tuple(refused[:UNSIGNED]),
    )


def _glance(one: TagRef, read: Callable[[TagRef], Tag]) -> tuple[Named, str] | RefusedTag:
    """What it is called and its signature, or what no key, policy or plan can ever mend."""
    means = named(one.name)
    if isinstance(means, RefusedTag):
        return means
    try:
        tag = read(one)
    except Untrusted as error:
        return RefusedTag(error.reason)
    return RefusedTag("it is not signed") if tag.signature is None else (means, tag.signature)
