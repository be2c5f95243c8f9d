"""How does a masked plan read, line by line?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TypeAlias

from tfreconcile.plan.differences import printable
from tfreconcile.plan.document import Kind
from tfreconcile.plan.render import COUNTED, MaskedAttribute, MaskedChange, MaskedCheck, MaskedPlan

MAX_CHANGES = 200
MAX_ATTRIBUTES = 40
MAX_VALUE = 120
"""Characters of one value on one line."""

_Shown: TypeAlias = Callable[[MaskedChange], Iterator[str]]

_SIGNS = {
    Kind.CREATE: "+",
    Kind.UPDATE: "~",
    Kind.DELETE: "-",
    Kind.FORGET: ".",
    Kind.IMPORT: "~",
    Kind.MOVE: ">",
    Kind.READ: "<=",
    Kind.ACTION: "!",
    Kind.NO_OP: " ",
    Kind.UNKNOWN: "?",
}
_SENTENCES = {
    Kind.CREATE: "will be created",
    Kind.UPDATE: "will be updated in place",
    Kind.REPLACE: "will be replaced",
    Kind.DELETE: "will be destroyed",
    Kind.FORGET: "will be forgotten, not destroyed: nobody manages it then",
    Kind.IMPORT: "will be imported",
    Kind.MOVE: "will only be moved",
    Kind.READ: "will be read",
    Kind.ACTION: "will be invoked",
    Kind.NO_OP: "stays as it is",
}

_COUNTS = {
    **{str(kind): f"to {kind}" for kind in COUNTED},
    str(Kind.ACTION): "to invoke",
    str(Kind.UNKNOWN): "unknown",
    "outputs": "output change(s)",
}


def lines(masked: MaskedPlan) -> tuple[str, ...]:
    """Terraform-like text of a masked plan, without colour; a plan without effect says so in one line.

    Long values, many attributes and many changes are shortened, and how much is left out is said.
    """
    found = chain(
        _section("Changed outside of Terraform:", masked.drift, _drift),
        _section("Will be done:", masked.changes, _change),
        _section("Outputs:", masked.outputs, _output),
        _checks(masked.checks),
        (_summary(masked),),
    )
    # A stored plan comes from a database that somebody may have written to.
    return tuple(map(printable, found))


def _section(title: str, changes: tuple[MaskedChange, ...], shown: _Shown) -> Iterator[str]:
    if not changes:
        return
    yield title
    for change in changes[:MAX_CHANGES]:
        yield from shown(change)
    yield from _left_out(len(changes) - MAX_CHANGES, "  ")
    yield ""


def _change(change: MaskedChange) -> Iterator[str]:
    sentence = _SENTENCES.get(change.kind, f"would do something unknown: {', '.join(change.actions)}")
    yield f"{_sign(change):>5} {_name(change)} {sentence}{_because(change)}"
    if change.previous_address is not None:
        yield f"        moved from {change.previous_address}"
    if change.importing is not None:
        yield f"        imported from id {change.importing}"
    if change.kind is Kind.UPDATE and not change.attributes:
        yield "        its values stay, only marks (sensitive) or its identity change"
    yield from _attributes(change)


def _drift(change: MaskedChange) -> Iterator[str]:
    gone = change.kind is Kind.DELETE
    yield f"{_sign(change):>5} {_name(change)} {'is gone' if gone else 'has changed'}"
    yield from _attributes(change)


def _output(change: MaskedChange) -> Iterator[str]:
    if len(change.attributes) == 1 and not change.attributes[0].path:
        yield f"{_sign(change):>5} {change.address} {_values(change.attributes[0])}"
        return
    yield f"{_sign(change):>5} {change.address}"
    yield from _attributes(change)


def _sign(change: MaskedChange) -> str:
    """A replacement tells by its sign which comes first, as Terraform's own text does."""
    if change.kind is Kind.REPLACE:
        return "+/-" if change.actions[:1] == ("create",) else "-/+"
    return _SIGNS[change.kind]


def _name(change: MaskedChange) -> str:
    return change.address if change.deposed is None else f"{change.address} (deposed {change.deposed})"


def _because(change: MaskedChange) -> str:
    forgets = change.kind is Kind.REPLACE and "forget" in change.actions
    kept = "; the old object stays and nobody manages it" if forgets else ""
    return kept + (f" ({_short(change.reason)})" if change.reason else "")


def _attributes(change: MaskedChange) -> Iterator[str]:
    for attribute in change.attributes[:MAX_ATTRIBUTES]:
        sign = "+" if attribute.before is None else "-" if attribute.after is None else "~"
        forced = "  # forces replacement" if attribute.forces_replacement else ""
        yield f"        {sign} {attribute.path} {_values(attribute)}{forced}"
    yield from _left_out(len(change.attributes) - MAX_ATTRIBUTES + change.more, "        ")


def _values(attribute: MaskedAttribute) -> str:
    if attribute.before is None:
        return f"= {_short(attribute.after)}"
    if attribute.after is None:
        return f"= {_short(attribute.before)} -> null"
    return f"= {_short(attribute.before)} -> {_short(attribute.after)}"


def _short(text: str | None) -> str:
    if text is None:
        return "null"
    rest = len(text) - MAX_VALUE
    return text if rest <= 0 else f"{text[:MAX_VALUE]}… ({rest:,} more characters)"


def _left_out(count: int, indent: str) -> Iterator[str]:
    if count > 0:
        yield f"{indent}... {count:,} more"


def _checks(checks: Iterable[MaskedCheck]) -> Iterator[str]:
    troubled = [check for check in checks if check.status in ("fail", "error")]
    if not troubled:
        return
    yield "Checks:"
    for check in troubled[:MAX_CHANGES]:
        yield f"    x {check.address}: {check.status}"
        yield from (f"        {_short(problem)}" for problem in check.problems)
    yield from _left_out(len(troubled) - MAX_CHANGES, "  ")
    yield ""


def _summary(masked: MaskedPlan) -> str:
    found = [f"{count:,} {words}" for word, words in _COUNTS.items() if (count := masked.summary.get(word))]
    return f"Plan: {', '.join(found)}." if found else "Plan: nothing to do."
