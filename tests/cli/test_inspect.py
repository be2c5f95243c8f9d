"""What does ``inspect`` make of plans that real runs left, and of everything that is no plan?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.operator import Operator
from support.plans import NAMES, PLANS, SECRETS

GOLDEN = (
    # fixture, changes, hazards, drift, verdict
    ("check_failing", "", "", "", "nothing"),
    ("create", "create create", "", "", "proceed"),
    ("data_read_deferred", "update update", "", "", "proceed"),
    ("delete_count_reduced", "delete delete", "destroy", "", "hold"),
    ("delete_each_key", "create delete", "destroy", "", "hold"),
    ("delete_module_removed", "delete", "destroy", "", "hold"),
    ("delete_removed_from_config", "delete", "destroy", "", "hold"),
    ("delete_wrong_repetition", "create delete", "destroy", "", "hold"),
    ("destroy_all", "delete delete", "destroy", "", "hold"),
    ("drift_and_config", "update", "", "reverting", "proceed"),
    ("drift_changed_reverting", "update", "", "reverting", "proceed"),
    ("drift_deleted", "create", "", "gone", "proceed"),
    ("drift_gone_and_removed", "", "", "informational", "nothing"),
    ("drift_informational", "", "", "informational", "nothing"),
    ("drift_refresh_only", "", "", "informational", "refuse"),
    ("empty_state", "create create create", "", "", "proceed"),
    ("exposure_open_ssh", "update", "exposure", "", "hold"),
    ("exposure_public_bucket", "update", "exposure protection-removed", "", "hold"),
    ("forget", "forget", "forget", "", "hold"),
    ("iam_widened", "update", "iam", "", "hold"),
    ("import", "import", "", "", "proceed"),
    ("move", "move", "", "", "proceed"),
    ("move_and_update", "update", "", "", "proceed"),
    ("no_changes", "", "", "", "nothing"),
    ("output_only", "output", "", "", "proceed"),
    ("precondition_failing", "", "", "", "refuse"),
    ("protection_removed", "update", "protection-removed", "", "hold"),
    ("protection_removed_rds", "update", "protection-removed", "", "hold"),
    ("replace_by_request", "replace", "replace", "", "hold"),
    ("replace_create_first", "replace", "replace", "", "hold"),
    ("replace_destroy_first", "replace", "replace", "", "hold"),
    ("replace_tainted", "replace", "replace", "", "hold"),
    ("replace_triggered", "replace update", "replace", "", "hold"),
    ("sensitive_create", "create output", "", "", "proceed"),
    ("sensitive_ssm", "create", "", "", "proceed"),
    ("sensitive_update", "output update", "", "", "proceed"),
    ("stateful_delete", "delete", "destroy stateful", "", "hold"),
    ("targeted", "create", "", "", "hold"),
    ("unknown_after_apply", "create create", "", "", "proceed"),
    ("update_in_place", "update", "", "", "proceed"),
)
VERDICTS = {
    "nothing": "the gate: nothing to do",
    "proceed": "the gate: would be applied",
    "hold": "the gate: would be held",
    "refuse": "the gate: would be refused",
}


@pytest.fixture(autouse=True)
def without_a_config(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """In CI there is no host config."""
    monkeypatch.delenv("TFRECONCILE_CONFIG")
    assert operator.config.exists()


def _inspected(operator: Operator, name: str, *arguments: str) -> Any:
    told = operator.types("inspect", str(PLANS / f"{name}.json"), "-o", "json", *arguments)
    assert (told.code, told.stderr) == (0, "")
    return told.json


def test_the_golden_table_has_every_fixture() -> None:
    assert [row[0] for row in GOLDEN] == [name for name in NAMES if "/" not in name]


@pytest.mark.parametrize(("name", "changes", "hazards", "drift", "verdict"), GOLDEN, ids=lambda cell: cell)
def test_each_plan_is_read_as_it_was_meant(
    name: str, changes: str, hazards: str, *, drift: str, verdict: str, operator: Operator
) -> None:
    document = _inspected(operator, name)
    found = [*document["hazards"], *(one for change in document["changes"] for one in change["hazards"])]
    assert " ".join(sorted(one["kind"] for one in (*document["changes"], *document["outputs"]))) == changes
    assert " ".join(sorted({one["kind"] for one in found})) == hazards
    assert " ".join(sorted({one["kind"] for one in document["drift"]})) == drift
    assert document["decision"]["verdict"] == verdict


@pytest.mark.parametrize("name", ["stateful_delete", "drift_and_config", "sensitive_update", "no_changes"])
def test_the_document_keeps_the_contract(name: str, operator: Operator) -> None:
    document = _inspected(operator, name)
    assert document.keys() == {"fingerprint", "changes", "outputs", "drift", "hazards", "decision"}
    assert len(document["fingerprint"]) == 64
    contract = {"address", "deposed", "kind", "cause", "drift", "digest", "hazards"}
    for change in (*document["changes"], *document["outputs"]):
        assert change.keys() == contract | {"actions"}
        assert change["cause"] == "unknown", "Git is not at hand"
        assert len(change["digest"]) == 64
        assert all(one.keys() == {"kind", "address", "detail", "requires"} for one in change["hazards"])
    assert all(one.keys() == {"address", "kind", "attributes", "why"} for one in document["drift"])
    assert document["decision"].keys() >= {"verdict", "reasons"}


def test_the_key_is_thrown_away_so_fingerprints_compare_to_nothing(operator: Operator) -> None:
    once, again = _inspected(operator, "create"), _inspected(operator, "create")
    assert once["fingerprint"] != again["fingerprint"]
    told = operator.types("inspect", str(PLANS / "create.json")).stdout
    assert "with a throw-away key: it compares to no other" in told


@pytest.mark.parametrize(("name", "verdict"), [(row[0], row[-1]) for row in GOLDEN])
def test_people_get_the_plan_the_hazards_and_the_verdict(name: str, verdict: str, operator: Operator) -> None:
    told = operator.types("inspect", str(PLANS / f"{name}.json"))
    assert (told.code, told.stderr) == (0, "")
    assert VERDICTS[verdict] in told.stdout.splitlines()
    assert told.stdout.splitlines()[-1].startswith("fingerprint ")


@pytest.mark.parametrize("output", ["table", "json"])
@pytest.mark.parametrize("name", NAMES)
def test_no_secret_of_a_plan_is_shown(name: str, output: str, operator: Operator) -> None:
    told = operator.types("inspect", str(PLANS / f"{name}.json"), "-o", output)
    assert told.code == 0
    assert [secret for secret in SECRETS if secret in told.text] == []


def test_a_hosts_floor_counts_when_it_is_given(operator: Operator) -> None:
    operator.configure(gate={"hazards": {"destroy": "never"}, "stateful": ["aws_sqs_*", "terraform_data"]})
    plan = "delete_removed_from_config"
    assert _inspected(operator, plan)["decision"]["verdict"] == "hold"
    stricter = _inspected(operator, plan, "--config", str(operator.config))
    assert stricter["decision"]["verdict"] == "refuse"
    kinds = {one["kind"] for change in stricter["changes"] for one in change["hazards"]}
    assert kinds == {"destroy", "stateful"}


def _changed(operator: Operator, **members: object) -> Path:
    document = json.loads((PLANS / "create.json").read_text())
    file = operator.home / "plan.json"
    file.write_text(json.dumps({**document, **members}))
    return file


@pytest.mark.parametrize("version", ["2.0", "0.2", "10.1", ""])
def test_an_unknown_format_is_refused_with_its_number(version: str, operator: Operator) -> None:
    file = _changed(operator, format_version=version)
    told = operator.types("inspect", str(file))
    assert (told.code, told.stdout) == (2, "")
    assert (
        f"UnknownPlanFormat: {file}: found plan format_version {version!r}, supported is 1.x" in told.stderr
    )


def test_a_newer_minor_format_is_read(operator: Operator) -> None:
    assert operator.types("inspect", str(_changed(operator, format_version="1.99"))).code == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "", id="empty"),
        pytest.param(b"PK\x03\x04", "found a saved plan file", id="plan file"),
        pytest.param(
            b'{"version": 4, "lineage": "x", "resources": []}', "found a Terraform state", id="state"
        ),
        pytest.param(b'{"format_version": "1.0", "values": {}}', "found a Terraform state", id="shown state"),
        pytest.param(b'{"@level":"info"}\n{"@level":"info"}\n', "event stream", id="event stream"),
        pytest.param(b"\xff\xfe{", "", id="not UTF-8"),
        pytest.param(b"[" * 100_000, "", id="deep"),
        pytest.param(b"[]", "", id="a list"),
    ],
)
def test_what_is_no_plan_is_named_with_the_command_that_writes_one(
    content: bytes, said: str, operator: Operator
) -> None:
    file = operator.home / "found.json"
    file.write_bytes(content)
    told = operator.types("inspect", str(file))
    assert (told.code, told.stdout) == (2, "")
    assert told.stderr.startswith(f"tfreconcile: UnreadablePlan: {file}: ")
    assert said in told.stderr
    assert "terraform show -json" in told.stderr


def test_a_number_of_a_million_digits_is_only_very_large(operator: Operator) -> None:
    text = (PLANS / "hazards" / "group_grows.json").read_text()
    document = json.loads(text)
    after = document["resource_changes"][0]["change"]["after"]
    file = operator.home / "plan.json"
    after["desired_capacity"] = after["max_size"] = "HUGE"
    file.write_text(json.dumps(document).replace('"HUGE"', "1e999999"))
    told = operator.types("inspect", str(file), "-o", "json")
    (change,) = json.loads(told.stdout)["changes"]
    assert (told.code, [one["kind"] for one in change["hazards"]]) == (0, ["scale"])
    assert "over 1000000 times as much" in change["hazards"][0]["detail"]


def test_a_plan_can_come_through_a_pipe(operator: Operator) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tfreconcile.cli", "inspect", "-", "-o", "json"],
        input=(PLANS / "stateful_delete.json").read_bytes(),
        env={"PATH": operator.environment["PATH"]},
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["decision"]["verdict"] == "hold"


def test_what_comes_through_a_pipe_is_named_standard_input(operator: Operator) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tfreconcile.cli", "inspect", "-"],
        input=b"{}",
        env={"PATH": operator.environment["PATH"]},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert b"UnreadablePlan: standard input: " in done.stderr


def test_a_file_that_does_not_exist_is_wrong_usage(operator: Operator) -> None:
    told = operator.types("inspect", "/nonexistent/plan.json")
    assert told.code == 2
    assert "'/nonexistent/plan.json' does not exist" in told.stderr


def test_names_in_a_plan_cannot_steer_a_terminal(operator: Operator) -> None:
    document = json.loads((PLANS / "create.json").read_text())
    hostile = "evil\x1b[31m\x9b2J\u202e\n"
    for change in document["resource_changes"]:
        change["address"] = change["name"] = hostile
    file = operator.home / "plan.json"
    file.write_text(json.dumps(document))
    for output in ("table", "json"):
        told = operator.types("inspect", str(file), "-o", output)
        assert told.code == 0
        assert [one for one in ("\x1b", "\x9b", "\u202e") if one in told.text] == []
