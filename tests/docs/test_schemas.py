"""Do the JSON Schemas that are shipped for editors say what the models say? ``UPDATE=1`` writes them anew."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tfreconcile.settings import contract as host
from tfreconcile.source import contract as stack

FOLDER = Path(__file__).parents[2] / "docs" / "schema"
SCHEMAS = {
    "stack.schema.json": stack.schema,
    "host-config.schema.json": host.schema,
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_shipped_schema_is_the_one_of_the_models(name: str) -> None:
    wanted = json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE") == "1":
        (FOLDER / name).write_text(wanted, encoding="utf-8")
    assert (FOLDER / name).read_text(encoding="utf-8") == wanted, "run pytest with UPDATE=1"


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_names_itself_and_is_closed(name: str) -> None:
    schema = SCHEMAS[name]()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"].startswith("urn:tfreconcile:schema:")
    assert schema["title"].startswith("tfreconcile ")
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_key_of_a_schema_is_described_and_none_may_be_null(name: str) -> None:
    schema = SCHEMAS[name]()
    for section in (schema, *schema["$defs"].values()):
        for key, described in section.get("properties", {}).items():
            assert "description" in described or "$ref" in described, key
            assert "null" not in json.dumps(described.get("anyOf", "")), key


def test_a_duration_is_described_by_pattern_and_example() -> None:
    interval = stack.schema()["properties"]["interval"]
    assert interval["type"] == "string"
    assert "[0-9]" in interval["pattern"]
    assert "10m" in interval["examples"]
