"""Does ``hazards`` say what a host requires, where that is set, and what each kind looks at?"""

from __future__ import annotations

from typing import Any

import pytest
from support.operator import Operator

from tfreconcile.classify.model import HazardKind
from tfreconcile.classify.watched import WATCHED
from tfreconcile.cli.hazards import BUILT_IN
from tfreconcile.gate.policy import DEFAULT_HAZARDS

CONFIG = """\
source: {url: /srv/infra.git}
signers: allowed_signers
gate:
  groups: {dba: [ana@example.com, "*@dba.example.com"]}
  hazards:
    exposure: never
    scale: auto
  scale_factor: 3
  stateful: [acme_store]
  approvals:
    required: 2
    hazards:
      stateful: {required: 3, approvers: ["group:dba"], signed: true}
"""


@pytest.fixture
def host(operator: Operator) -> Operator:
    """A host with rules of its own."""
    operator.config.write_text(CONFIG)
    return operator


def _by_kind(told: Any) -> dict[str, Any]:
    return {one["kind"]: one for one in told.json["hazards"]}


def test_without_a_host_config_the_defaults_are_shown(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TFRECONCILE_CONFIG")
    told = operator.types("hazards", "-o", "json")
    assert (told.code, told.stderr, told.json["config"]) == (0, "", None)
    found = _by_kind(told)
    assert {kind: one["requires"] for kind, one in found.items()} == DEFAULT_HAZARDS
    assert {one["set_at"] for one in found.values()} == {BUILT_IN}
    assert {one["approvals"]["set_at"] for one in found.values()} == {BUILT_IN}


def test_what_the_host_sets_is_shown_with_its_place(host: Operator) -> None:
    told = host.types("hazards", "-o", "json")
    found = _by_kind(told)
    assert told.json["config"] == str(host.config)
    assert found["exposure"]["requires"] == "never"
    assert found["exposure"]["set_at"].startswith(f"{host.config}:6:")
    assert found["destroy"]["set_at"] == BUILT_IN
    assert found["destroy"]["approvals"] == {
        "required": 2,
        "approvers": [["*"]],
        "signed": False,
        "set_at": f"{host.config}:11:5",
    }
    rules = found["stateful"]["approvals"]
    assert (rules["required"], rules["signed"]) == (3, True)
    assert rules["approvers"][-1] == ["ana@example.com", "*@dba.example.com"]
    assert rules["set_at"].startswith(f"{host.config}:13:")


def test_what_each_looks_at_follows_the_host(host: Operator) -> None:
    found = _by_kind(host.types("hazards", "-o", "json"))
    assert "by more than 3 times" in found["scale"]["looks_at"]
    assert "1 of them the host's" in found["stateful"]["looks_at"]
    for kind, rules in WATCHED.items():
        assert len(found[str(kind)]["rules"]) == len(rules)
    assert all(one["looks_at"] for one in found.values())


def test_people_get_a_table_with_every_kind(host: Operator) -> None:
    told = host.types("hazards")
    assert (told.code, told.stderr) == (0, "")
    for kind in HazardKind:
        assert f"\n{kind} " in told.stdout
    assert "3, signed, ana@example.com|*@dba.example.com" in told.stdout
    assert "line 6:" in told.stdout
    assert f"host config: {host.config}" in told.stdout


@pytest.mark.parametrize("kind", HazardKind)
def test_one_kind_can_be_asked_for(kind: HazardKind, host: Operator) -> None:
    told = host.types("hazards", str(kind))
    assert (told.code, told.stderr) == (0, "")
    assert told.stdout.startswith(f"{kind}: ")
    assert [one["kind"] for one in host.types("hazards", str(kind), "-o", "json").json["hazards"]] == [kind]


def test_a_kind_shows_the_attributes_that_it_watches(host: Operator) -> None:
    told = host.types("hazards", "protection-removed")
    assert "deletion_protection" in told.stdout
    assert "aws_db_instance" in told.stdout
    assert "leaves true" in told.stdout


def test_a_word_that_is_no_hazard_is_refused_with_those_that_are(host: Operator) -> None:
    told = host.types("hazards", "exposures")
    assert told.code == 2
    assert "exposure" in told.stderr


def test_a_config_that_is_named_and_missing_is_an_error(host: Operator) -> None:
    told = host.types("--config", str(host.home / "none.yaml"), "hazards")
    assert told.code == 2
    assert "none.yaml" in told.stderr
