"""Is one state one place, however the backend is spelled?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.plan import place
from tfreconcile.source.model import Scalar

KEY = b"k"
S3: dict[str, Scalar] = {"bucket": "states", "key": "app/terraform.tfstate"}
AZURE: dict[str, Scalar] = {"storage_account_name": "acc", "container_name": "c", "key": "k"}


def of(kind: str, block: dict[str, Scalar], workspace: str = "default") -> str:
    return place.place_of(KEY, kind, block, workspace, written_by="app")


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("local", {"path": "/srv/a"}, {"path": "/srv/../srv//./a", "workspace_dir": "/w"}),
        ("s3", S3, {**S3, "region": "eu-1", "use_lockfile": True, "dynamodb_table": None}),
        ("s3", S3, {**S3, "key": "app//terraform.tfstate"}),
        ("s3", S3, {**S3, "endpoints": {"s3": "https://states.example.com"}, "workspace_key_prefix": "x"}),
        ("gcs", {"bucket": "b", "prefix": "p"}, {"bucket": "b", "prefix": "/p/"}),
        ("gcs", {"bucket": "b"}, {"bucket": "b", "prefix": ""}),
        ("azurerm", AZURE, {**AZURE, "resource_group_name": "g"}),
        ("pg", {"conn_str": "x"}, {"conn_str": "x", "schema_name": None}),
    ],
)
def test_another_spelling_is_the_same_place(
    kind: str, one: dict[str, Scalar], other: dict[str, Scalar]
) -> None:
    assert of(kind, one) == of(kind, other)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("local", {"path": "/srv/a"}, {"path": "/srv/b"}),
        ("s3", S3, {**S3, "bucket": "others"}),
        ("s3", S3, {**S3, "key": "b"}),
        ("gcs", {"bucket": "b", "prefix": "p"}, {"bucket": "b", "prefix": "q"}),
        ("azurerm", AZURE, {**AZURE, "container_name": "d"}),
        ("http", {"address": "https://a.example.com"}, {"address": "https://b.example.com"}),
    ],
)
def test_another_object_is_another_place(kind: str, one: dict[str, Scalar], other: dict[str, Scalar]) -> None:
    assert of(kind, one) != of(kind, other)


@pytest.mark.parametrize(
    ("kind", "block", "direct"),
    [
        ("local", {"path": "/a", "workspace_dir": "/w"}, {"path": "/w/prod/terraform.tfstate"}),
        ("s3", S3, {**S3, "key": "env:/prod/app/terraform.tfstate"}),
        ("s3", {**S3, "workspace_key_prefix": "w"}, {**S3, "key": "w/prod/app/terraform.tfstate"}),
        ("azurerm", AZURE, {**AZURE, "key": "kenv:prod"}),
    ],
)
def test_the_state_of_a_workspace_is_found_under_its_direct_name(
    kind: str, block: dict[str, Scalar], direct: dict[str, Scalar]
) -> None:
    assert of(kind, block, "prod") == of(kind, direct)
    assert of(kind, block, "prod") != of(kind, block)


def test_a_link_leads_to_the_same_place(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    through, direct = (
        place.place_of(KEY, "local", {"path": f"{tmp_path}/{name}/a"}, "default", resolve=os.path.realpath)
        for name in ("link", "real")
    )
    assert through == direct


@pytest.mark.parametrize(
    ("kind", "block"),
    [
        ("pg", {"conn_str": "postgres://db/a"}),
        ("http", {"address": "https://states.example.com"}),
        ("s3", {**S3, "bucket": "arn:aws:s3:eu-1:1:accesspoint/a"}),
        ("s3", {**S3, "key": "${var.name}"}),
        ("local", {"path": "%{if true}/srv/a%{endif}"}),
        ("local", {"path": '["/srv/a"][0]'}),
    ],
)
def test_what_cannot_be_told_apart_may_be_any_place_of_its_kind(kind: str, block: dict[str, Scalar]) -> None:
    one, other = of(kind, block), of(kind, S3)
    assert not place.is_exact(one)
    assert place.may_be_same(one, other)
    assert not place.may_be_same(one, of("gcs", {"bucket": "b"}))


def test_what_is_computed_is_nobody_elses_place() -> None:
    block: dict[str, Scalar] = {**S3, "key": "${var.name}"}
    assert place.is_exact(place.place_of(KEY, "s3", block, "default")), "a value is what it says"
    ana, ben = (place.place_of(KEY, "s3", block, "default", written_by=name) for name in ("ana", "ben"))
    assert ana != ben
    assert place.may_be_same(ana, ben)


def test_two_exact_places_that_differ_are_two() -> None:
    assert not place.may_be_same(of("s3", S3), of("s3", {**S3, "key": "b"}))


@pytest.mark.parametrize("kind", ["s3", "pg"])
def test_settings_with_credentials_are_not_shown(kind: str) -> None:
    assert "EXAMPLE" not in of(kind, {**S3, "secret_key": "EXAMPLE-SECRET-key"})


@given(st.dictionaries(st.text(), st.one_of(st.none(), st.booleans(), st.text(), st.integers())), st.text())
@settings(max_examples=50, deadline=None)
def test_a_place_goes_by_what_is_written_alone(block: dict[str, Scalar], workspace: str) -> None:
    for kind in ("local", "s3", "gcs", "azurerm", "other"):
        assert of(kind, block, workspace) == of(kind, dict(reversed(block.items())), workspace)
