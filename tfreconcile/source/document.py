"""What does a configuration file say, once it is known to be right?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from tfreconcile.errors import Place
from tfreconcile.source import wording, yaml
from tfreconcile.source.shapes import duration_text, sentence

M = TypeVar("M", bound=BaseModel)

LIMIT = 256 * 1024
"""The largest configuration file that is read, in bytes."""


class Section(BaseModel):
    """One mapping of a configuration file: unknown keys and look-alike types are errors.

    The docstring of a field becomes its description in the JSON Schema; ``Field(repr=False)`` marks what
    no message may quote.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)

    @field_validator("*", mode="before")
    @classmethod
    def _is_there(cls, value: object) -> object:
        # A key with nothing behind it is a slip: read as "not set" it could lose a role or a limit.
        if value is None:
            raise sentence("the key has no value", "give it one, or remove the line")
        return value


@dataclass(frozen=True)
class Document(Generic[M]):
    """A validated file; ``places`` gives by dotted path (``health.0.http``) where each value stands."""

    model: M
    places: Mapping[str, Place]


def read(content: bytes, file: str, model: type[M], *, limit: int = LIMIT) -> Document[M]:
    """The file as a model. ``file`` is the name that messages use; ``limit`` is in bytes.

    Raises Misconfigured with a Problem for each error, and nothing else, whatever the bytes are.
    """
    content_read = yaml.read(content, file, limit=limit)
    try:
        validated = model.model_validate(content_read.value)
    except ValidationError as error:
        details = error.errors(include_url=False)
        problems = sorted(wording.problem(detail, content_read, model, file) for detail in details)
        raise yaml.several(problems) from None  # the original quotes the values, which may be secret
    places = {yaml.dotted(path): place for path, place in content_read.values.items() if path}
    return Document(validated, places)


def schema(model: type[BaseModel], *, identifier: str, title: str) -> JsonSchemaValue:
    """The JSON Schema of a file, for editors."""
    head = {"$schema": _Schema.schema_dialect, "$id": identifier}
    return {**head, **model.model_json_schema(schema_generator=_Schema), "title": title}


class _Schema(GenerateJsonSchema):
    """Describes what people write: no null (a key without a value is an error), durations as text."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default") is None or isinstance(schema["default"], BaseModel):
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        described = super().dict_schema(schema)
        return {**described, "additionalProperties": False} if "patternProperties" in described else described

    def field_title_should_be_set(self, schema: object) -> bool:
        return False  # "Var Files" beside var_files tells nobody anything

    def encode_default(self, dft: object) -> object:
        return duration_text(dft) if isinstance(dft, timedelta) else super().encode_default(dft)
