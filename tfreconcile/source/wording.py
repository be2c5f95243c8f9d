"""How is a person told what is wrong with a value: where it stands, what was found, what is allowed?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Final, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from tfreconcile.errors import Place, Problem
from tfreconcile.source.shapes import NOT_ALLOWED, SENTENCE
from tfreconcile.source.yaml import Content, Path, dotted

_KINDS: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping (key: value lines)",
    "model_type": "a mapping (key: value lines)",
}
_BOUNDS: Final = {
    "greater_than_equal": ("ge", "{} or more"),
    "less_than_equal": ("le", "{} or less"),
    "too_short": ("min_length", "at least {}"),
    "too_long": ("max_length", "at most {}"),
}
_SECRET_WORD = re.compile(r"(?i)secret|passw|pwd|token|private|credential|api_?key|access_?key")
_SECRET_TEXT = re.compile(r"//[^/\s]*@|-----BEGIN|(?=[A-Za-z+=]*[0-9])(?=[0-9+=]*[A-Za-z])[A-Za-z0-9+=]{20,}")
_LONGEST = 60


def problem(error: ErrorDetails, content: Content, model: type[BaseModel], file: str) -> Problem:
    """One pydantic error as one Problem. Secret-looking values are never part of it."""
    path = _written(error["loc"], content)
    if error["type"] == "extra_forbidden":
        return _unknown_key(path, content, model, file)
    if error["type"] == "missing":
        return _missing((*path, str(error["loc"][-1])), content, file)
    if error["loc"][-1:] == ("[key]",):
        value, place, hidden = path[-1], content.keys.get(path, Place(file)), False
    else:
        value, place = error["input"], content.values.get(path, Place(file))
        hidden = _is_private(path, model)
    what, hint = _said(error, _shown(value, hidden=hidden), value)
    return Problem(place, f"{dotted(path)}: {what}" if path else what, hint)


def _written(loc: tuple[str | int, ...], content: Content) -> Path:
    """The parts of a pydantic loc that the file has: union tags and missing keys fall out."""
    path: Path = ()
    for part in loc:
        if (*path, part) in content.values:
            path = (*path, part)
    return path


def _unknown_key(path: Path, content: Content, model: type[BaseModel], file: str) -> Problem:
    owner = _owner(path, model)
    allowed = [field.alias or name for name, field in owner.model_fields.items()] if owner else []
    close = get_close_matches(str(path[-1]), allowed, n=1)
    what = f"{dotted(path)}: there is no such key; allowed: {', '.join(allowed)}"
    hint = f"did you mean {close[0]}?" if close else "correct the name or remove the line"
    return Problem(content.keys.get(path, Place(file)), what, hint)


def _missing(path: Path, content: Content, file: str) -> Problem:
    place = content.values.get(path[:-1], Place(file))
    return Problem(place, f"{dotted(path)}: the key is missing", f"add {path[-1]}: …")


def _said(error: ErrorDetails, found: str, value: object) -> tuple[str, str]:
    kind, context = error["type"], error.get("ctx", {})
    if kind == SENTENCE:
        return str(context["sentence"]), str(context["hint"])
    if kind == NOT_ALLOWED:
        allowed = str(context["allowed"])
        return f"found {found}; allowed: {allowed}", str(context["hint"]) or _close(value, allowed)
    if kind == "literal_error":
        allowed = str(context["expected"]).replace(" or ", ", ").replace("'", "")
        return f"found {found}; allowed: {allowed}", _close(value, allowed)
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"found {_size(value, found)}; allowed: {words.format(context[name])}", ""
    if kind in _KINDS:
        return f"found {found}; allowed: {_KINDS[kind]}", _cure(kind, value)
    return f"found {found}; {error['msg']}", ""


def _size(value: object, found: str) -> str:
    return f"{len(value)} entries" if isinstance(value, list | dict) else found


def _close(value: object, allowed: str) -> str:
    close = get_close_matches(value, allowed.split(", "), n=1) if isinstance(value, str) else []
    return f"did you mean {close[0]}?" if close else ""


def _cure(kind: str, value: object) -> str:
    if kind == "string_type" and isinstance(value, bool | int | float):
        return "put it in quotes"
    if kind == "bool_type" and isinstance(value, str):
        meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(value.lower())
        return f"write {meant}" if meant else "write true or false without quotes"
    if kind == "int_type" and isinstance(value, str) and value.isdecimal():
        return "remove the quotes"
    if kind == "list_type" and isinstance(value, str):
        return "put it in square brackets"
    return ""


def _shown(value: object, *, hidden: bool) -> str:
    """A value as the file would write it, or only its kind when it is long or may be secret."""
    match value:
        case None:
            return "nothing"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case bool():
            return "true or false (not shown)" if hidden else str(value).lower()
        case int() | float():
            return "a number (not shown)" if hidden else f"{value} (a number)"
        case str() if hidden or _looks_secret(value):
            return f"text of {len(value)} characters (not shown)"
    return repr(value)


def _looks_secret(text: str) -> bool:
    return len(text) > _LONGEST or bool(_SECRET_TEXT.search(text) or _SECRET_WORD.search(text))


def _is_private(path: Path, model: type[BaseModel]) -> bool:
    """Whether a key sounds secret, or a model's field on the way says ``repr=False``."""
    if any(_SECRET_WORD.search(part) for part in path if isinstance(part, str)):
        return True
    owners = (_owner(path[: end + 1], model) for end in range(len(path)))
    fields = zip(owners, path, strict=True)
    return any(owner is not None and not _shows(owner, part) for owner, part in fields)


def _shows(owner: type[BaseModel], part: str | int) -> bool:
    return all(field.repr for name, field in owner.model_fields.items() if (field.alias or name) == part)


def _owner(path: Path, model: type[BaseModel]) -> type[BaseModel] | None:
    """The model that the last key of ``path`` belongs to, or None inside free-form values."""
    owner: type[BaseModel] | None = model
    named = False  # whether the next part is a name that a person chose: a key of a mapping of models
    for part in path[:-1]:
        if owner is not None and isinstance(part, str) and not named:
            by_key: Mapping[str, object] = {f.alias or n: f.annotation for n, f in owner.model_fields.items()}
            owner = next(_models(by_key.get(part)), None)
            named = get_origin(by_key.get(part)) is dict
        else:
            named = False
    return owner


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
