"""Which references hold whole resources, or all of them, so that whoever gets them may read anything?"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from tfreconcile.policies.chains import ONE, Chain
from tfreconcile.policies.clauses import ends_statement
from tfreconcile.policies.tokens import CLOSING, OPENING, Sort, Token, at, closing

BUILTIN_NAMESPACES = frozenset(
    {"array", "base64", "base64url", "bits", "crypto", "glob", "graph", "graphql", "hex", "io", "json", "net"}
    | {"numbers", "object", "regex", "rego", "semver", "strings", "time", "units", "urlquery", "uuid", "yaml"}
)
"""No function of a policy is called by a name that begins so."""
SHALLOW = frozenset(
    {"count", "is_array", "is_boolean", "is_null", "is_number", "is_object", "is_set", "is_string"}
    | {"print", "trace", "type_name"}
)
"""Builtins that tell nothing of what is inside."""
_ROOTS = frozenset({"resource_changes", "planned_values", ONE})
_BETWEEN = frozenset({ONE, "change", "root_module", "child_modules", "resources"})
_COMPARING = frozenset({"==", "!=", "=", "<", ">", "<=", ">="})
_NO_NAMES = frozenset({"some", "every", "in", "not", "_", "input", "data", "with", "as"})


def is_own(call: str, functions: Collection[str]) -> bool:
    """Is it a call of a function of the policies themselves?"""
    return call.rpartition(".")[2] in functions and call.partition(".")[0] not in BUILTIN_NAMESPACES


def is_whole(base: str, steps: Sequence[str], held: Collection[str]) -> bool:
    """Does a reference end above the attributes of resources?

    ``held`` are the names of this rule and of other rules that stand for such a thing themselves.
    """
    if base == "input":
        return not steps or (steps[0] in _ROOTS and _BETWEEN.issuperset(steps[1:]))
    names = (base, *steps)
    known = [place for place, name in enumerate(names) if name in held]
    return bool(known) and _BETWEEN.issuperset(names[known[-1] + 1 :])


def is_compared(found: Sequence[Token], one: Chain) -> bool:
    """Is a reference compared as it is, and not only with null?"""
    before, behind = at(found, one.begin - 1), at(found, one.end)
    signs = {token.value for token in (before, behind) if token.sort is Sort.SIGN}
    if not signs & _COMPARING:
        return False
    return not any(at(found, near).is_word("null") for near in (one.begin - 2, one.end + 1))


def params(found: Sequence[Token], *, is_function: bool) -> frozenset[str]:
    """The names that the head of a function gives its arguments."""
    opened = next((place for place, token in enumerate(found) if token.is_sign("(")), 0)
    if not is_function or not opened:
        return frozenset()
    return _names(found[opened : closing(found, opened)])


def bindings(found: Sequence[Token]) -> Iterator[tuple[frozenset[str], int, int]]:
    """Each statement that gives names to something: the names, and from where to where that is."""
    for place, token in enumerate(found):
        if token.is_sign(":=") or token.is_sign("=") or token.is_word("in"):
            begin = _begin(found, place)
            names = _names(found[begin:place])
            if names and at(found, place + 1).value not in SHALLOW:
                yield names, place + 1, _end(found, place + 1)


def _names(found: Sequence[Token]) -> frozenset[str]:
    return frozenset(one.value for one in found if one.sort is Sort.WORD and one.value not in _NO_NAMES)


def _begin(found: Sequence[Token], place: int) -> int:
    """Where the statement begins: the names of a pattern may stand in brackets."""
    depth = 0
    while place > 0:
        token = at(found, place - 1)
        if token.sort is Sort.SIGN:
            depth += (token.value in CLOSING) - (token.value in OPENING)
        opened = depth < 0 or (depth == 0 and token.sort is Sort.SIGN and token.value in ";|")
        if opened or (depth == 0 and token.sort is Sort.NEWLINE):
            return place
        place -= 1
    return 0


def _end(found: Sequence[Token], place: int) -> int:
    while place < len(found) and not ends_statement(found[place]):
        opens = found[place].sort is Sort.SIGN and found[place].value in OPENING
        place = closing(found, place) + 1 if opens else place + 1
    return place
