"""Where does the state of a stack go that declares no backend of its own?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, JsonValue, Tag, model_validator

from tfreconcile.settings.model import PLACEHOLDER, BackendDefault
from tfreconcile.source.document import Section
from tfreconcile.source.shapes import Text, not_allowed, sentence

_CREDENTIALS = frozenset({"access_key", "secret_key", "token"})


class S3Section(Section):
    """Arguments of Terraform's s3 backend; {stack} in a text stands for the name of the stack."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    bucket: Annotated[str, Text(r"\S{3,255}", "the name of a bucket")]
    """The bucket."""
    key: Annotated[str, Text(r".*\{stack\}.*", "a text that holds {stack}")] = "{stack}/terraform.tfstate"
    """The object; it must hold {stack}, or stacks would share a state."""
    use_lockfile: bool | None = None
    """Whether the lock is an object beside the state; default: true unless dynamodb_table is given."""

    @model_validator(mode="after")
    def _locks(self) -> S3Section:
        if self.use_lockfile is False and not self.__pydantic_extra__.get("dynamodb_table"):
            raise sentence("the state would have no lock; allowed: use_lockfile or dynamodb_table", "set one")
        return self

    @model_validator(mode="after")
    def _holds_one_placeholder(self) -> S3Section:
        for name, value in {"bucket": self.bucket, "key": self.key, **self.__pydantic_extra__}.items():
            if any(_has_other_braces(text) for text in _texts(value)):
                raise sentence(f"{name} has braces; allowed: {PLACEHOLDER}", "remove the others")
        return self


class BackendSection(Section):
    """A backend with arguments."""

    s3: S3Section = Field(repr=False)
    """Terraform's s3 backend."""


def _kind(value: object) -> str:
    return "(mapping)" if isinstance(value, dict | BackendSection) else "(word)"


def _word(value: object) -> object:
    if value in ("local", "none"):
        return value
    raise not_allowed("local, none, or a mapping such as {s3: {bucket: my-states}}")


_Word = Annotated[Literal["local", "none"], BeforeValidator(_word), Tag("(word)")]
BackendChoice = Annotated[_Word | Annotated[BackendSection, Tag("(mapping)")], Discriminator(_kind)]


def default_of(choice: Literal["local", "none"] | BackendSection) -> BackendDefault:
    """What was chosen, with a lock: Terraform's own locking is never left off."""
    if not isinstance(choice, BackendSection):
        return BackendDefault(kind=choice)
    chosen, extra = choice.s3, choice.s3.__pydantic_extra__
    locks = chosen.use_lockfile
    if locks is None and not extra.get("dynamodb_table"):
        locks = True
    lock = {} if locks is None else {"use_lockfile": locks}
    return BackendDefault(kind="s3", settings={"bucket": chosen.bucket, "key": chosen.key, **lock, **extra})


def credentials_in(choice: Literal["local", "none"] | BackendSection) -> tuple[str, ...]:
    """The arguments that hold a secret in the file itself."""
    extra = choice.s3.__pydantic_extra__ if isinstance(choice, BackendSection) else {}
    return tuple(sorted(_CREDENTIALS & set(extra)))


def _texts(value: JsonValue) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for each in value:
                yield from _texts(each)
        case dict():
            yield from _texts(list(value.values()))


def _has_other_braces(text: str) -> bool:
    return not {"{", "}"}.isdisjoint(text.replace(PLACEHOLDER, ""))
