"""What does a policy let happen now that it did not before: to everybody, widely, or through a new way in?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import TypeAlias

from tfreconcile.classify.moves import moved_on
from tfreconcile.classify.sides import Sides, cut
from tfreconcile.classify.statements import UNREADABLE, Document, Statement, Words, read
from tfreconcile.classify.watched import Rule, When
from tfreconcile.plan.document import Json

Judge: TypeAlias = Callable[[Rule, Document, Document], Iterator[str]]
Asked: TypeAlias = Callable[[Statement], bool]
"""Sentences about what the second document lets happen and the first did not."""

_HARMLESS = re.compile(r"[a-z0-9-]+:(?:describe|list)[a-z*]*", re.ASCII)
"""Actions that show names and settings: most of them can be given for all resources only."""
_READING = re.compile(r"[a-z0-9-]+:(?:describe|list|get|batchget|head|lookup|query|scan|search|view)[a-z*]*")
_TYPE_ALONE = re.compile(r"[a-z-]+[/:][*?/:]*")
_TELLING = 3
"""Characters that the name of a bucket has at least: fewer of them, and then a wildcard, name none."""
_PUBLIC_MEMBERS = ("allUsers", "allAuthenticatedUsers")


def public(rule: Rule, sides: Sides) -> Iterator[str]:
    """Everybody may do something, and no condition keeps out strangers."""
    return _judged(rule, sides, _public, _is_public)


def wide(rule: Rule, sides: Sides) -> Iterator[str]:
    """Wildcards where they matter, lists of what is *not* meant, and roles that may do almost everything."""
    return _judged(rule, sides, _wide, _is_wide)


def trusts(rule: Rule, sides: Sides) -> Iterator[str]:
    """Somebody else than a service may take on the role, or may under fewer conditions."""
    return _judged(rule, sides, _trusts, _is_way_in)


GRANTS: dict[When, Callable[[Rule, Sides], Iterator[str]]] = {
    When.PUBLIC: public,
    When.WIDE: wide,
    When.TRUSTS: trusts,
}


def _judged(rule: Rule, sides: Sides, judge: Judge, asked: Asked) -> Iterator[str]:
    olds = () if moved_on(rule, sides) else sides.before(rule.names)
    old = _together(tuple(_document(spot.value) for spot in olds))
    yield from _undenied(rule, sides, old, asked)
    for spot in sides.after(rule.names):
        if spot.unknown:
            yield f"{sides.name(spot)} is known only after apply, and may allow anything: {rule.why}"
            continue
        if spot.value in [one.value for one in olds]:
            continue
        new = _document(spot.value)
        if not new.readable:
            yield f"{sides.name(spot)} is no policy that can be read: {rule.why}"
        for sentence in dict.fromkeys(judge(rule, old, new)):
            yield f"{sides.name(spot)} {sides.word(spot, sentence)}: {rule.why}"


def _undenied(rule: Rule, sides: Sides, old: Document, asked: Asked) -> Iterator[str]:
    """A statement that denied something goes, or denies less, where something alarming stays allowed."""
    spots = [spot for spot in sides.after(rule.names) if not spot.unknown]
    new = _together(tuple(_document(spot.value) for spot in spots))
    for lost in old.denying:
        if lost in new.denying or any(lost.within(one) for one in new.denying):
            continue
        if any(asked(grant) for one in new.allowing if lost.meets(one) for grant in one.grants()):
            said = sides.word(spots[0], f"no longer denies all of {_shown(lost.actions)}")
            yield f"{sides.name(spots[0])} {said}: {rule.why}"


def _document(value: Json) -> Document:
    return read(value) if isinstance(value, str) else UNREADABLE if value else Document()


def _together(documents: tuple[Document, ...]) -> Document:
    return Document(
        statements=tuple(one for document in documents for one in document.statements),
        bindings=tuple(one for document in documents for one in document.bindings),
    )


def _public(_rule: Rule, old: Document, new: Document) -> Iterator[str]:
    for grant in _new_grants(old, new, _is_public):
        yield f"lets everybody do {_shown(grant.actions)}"
    for binding in new.bindings:
        if binding.member in _PUBLIC_MEMBERS and binding not in old.bindings:
            yield f"gives {binding.member} the role {binding.role}"


def _is_public(statement: Statement) -> bool:
    return statement.principals.anybody and not statement.is_bounded


def _wide(rule: Rule, old: Document, new: Document) -> Iterator[str]:
    for grant in _new_grants(old, new, _is_wide):
        yield f"allows {_shown(grant.actions)} on {_shown(grant.resources)}"
    for binding in new.bindings:
        if any(fnmatchcase(binding.role, str(role)) for role in rule.values) and binding not in old.bindings:
            yield f"gives {binding.member} the role {binding.role}"


def _trusts(_rule: Rule, old: Document, new: Document) -> Iterator[str]:
    for grant in _new_grants(old, new, _is_way_in):
        limits = " under conditions" if grant.conditions else ""
        yield f"lets {_shown(grant.principals)} in{limits}"


def _is_way_in(statement: Statement) -> bool:
    principals = statement.principals
    return principals.inverted or any(not one.startswith("Service:") for one in principals.patterns)


def _new_grants(old: Document, new: Document, asked: Callable[[Statement], bool]) -> Iterator[Statement]:
    """What the new document allows, in its smallest parts, and no single statement of the old one did."""
    before = old.allowing
    for statement in new.allowing:
        if not asked(statement) or any(statement.within(one) for one in before):
            continue
        for grant in statement.grants():
            if asked(grant) and not any(grant.within(one) for one in before):
                yield grant


def _is_wide_action(words: Words) -> bool:
    return words.inverted or any(
        ("*" in one or "?" in one) and not _READING.fullmatch(one) for one in words.patterns
    )


def _is_wide(grant: Statement) -> bool:
    if _is_wide_action(grant.actions):
        return True
    return _is_wide_resource(grant.resources) and not _is_harmless(grant.actions)


def _is_harmless(words: Words) -> bool:
    return not words.inverted and all(_HARMLESS.fullmatch(one) for one in words.patterns)


def _is_wide_resource(words: Words) -> bool:
    """All resources, all of a service, or all roles, users and keys of an account."""
    return words.inverted or any(_is_all(one) for one in words.patterns)


def _is_all(resource: str) -> bool:
    """``*``, and in an account ``role/*``; a bucket's ``name/*`` has no account, and is one bucket's.

    A wildcard before account or resource may stand for any text, colons too; that of the region is common,
    and harmless.
    """
    *parts, named = resource.split(":", 5)
    if len(parts) < 5:
        return _is_open(resource)
    account, begins = parts[4], re.split(r"[*?]", named, maxsplit=1)[0]
    if any(_is_open(part) for part in (*parts[:3], account)) or (_is_open(named) and not begins):
        return True
    if account:
        return bool(_TYPE_ALONE.fullmatch(named)) and _is_open(named)
    return _is_open(named) and "/" not in begins and len(begins) < _TELLING


def _is_open(text: str) -> bool:
    return "*" in text or "?" in text


def _shown(words: Words) -> str:
    return cut(str(words))
