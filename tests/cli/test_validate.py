"""Is every wrong definition told with its place, and does no wrong one hide a right one?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.operator import Operator
from support.repository import Repository

MODULE = 'resource "terraform_data" "x" {}\n'
BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nname: bad\n"


@pytest.fixture
def team(repository: Repository, operator: Operator, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A team's work tree with one good stack; the person who validates stands in it, without a config."""
    monkeypatch.delenv("TFRECONCILE_CONFIG")
    monkeypatch.chdir(repository.path)
    assert operator.config.exists()
    return repository.write({"stacks/good/main.tf": MODULE, "stacks/good/stack.yaml": "name: good\n"})


def test_good_definitions_are_listed_and_exit_0(team: Repository, operator: Operator) -> None:
    told = operator.types("validate", "stacks")
    assert (told.code, told.stderr) == (0, "")
    assert told.stdout == "good: ok (stacks/good/stack.yaml, 2 files)\n"


@pytest.mark.parametrize(
    ("definition", "place", "said"),
    [
        pytest.param("name: [unclosed\n", "stack.yaml:2:1", "", id="malformed YAML"),
        pytest.param(
            "name: bad\nintervall: 5m\n", "stack.yaml:2:1", "did you mean interval?", id="unknown key"
        ),
        pytest.param(
            "name: good\n", "stack.yaml:1:7", "taken by stacks/good/stack.yaml:1:7", id="duplicate name"
        ),
        pytest.param(
            "module: ../nowhere\n", "stack.yaml:1:9", "stacks/nowhere does not exist", id="missing module"
        ),
        pytest.param("name: Bad_Name\n", "stack.yaml:1:7", "allowed:", id="invalid name"),
        pytest.param("name: bad\n#" + "x" * 10_000_000, "stack.yaml", "allowed: up to", id="10 MB"),
        pytest.param(BOMB, "stack.yaml:", "alias", id="alias bomb"),
        pytest.param(b"name: b\xff\n", "stack.yaml:1:", "UTF-8", id="not UTF-8"),
        pytest.param("depends_on: [nobody]\n", "stack.yaml:1:14", "no stack nobody", id="unknown dependency"),
        pytest.param("depends_on: [bad]\n", "stack.yaml:1:", "depends_on", id="cycle of one"),
        pytest.param("module: ../../../out\n", "stack.yaml:1:9", "repository", id="path outside"),
        pytest.param(
            "var_files: [missing.tfvars]\n", "stack.yaml:1:13", "missing.tfvars", id="missing var file"
        ),
        pytest.param("interval: soon\n", "stack.yaml:1:11", "allowed", id="wrong type"),
    ],
)
def test_a_broken_definition_is_told_with_its_place_and_hides_nobody(
    definition: str | bytes, place: str, said: str, *, team: Repository, operator: Operator
) -> None:
    team.write({"stacks/bad/stack.yaml": definition, "stacks/bad/main.tf": MODULE})
    told = operator.types("validate", "stacks")
    assert told.code == 2
    lines = told.stderr.splitlines()
    assert any(f"stacks/bad/{place}" in line and said in line for line in lines), told.stderr
    assert all(len(line) <= 2000 for line in lines)
    assert ("good: ok" in told.stdout) is (definition != "name: good\n")


def test_a_circle_is_told_with_all_its_members(team: Repository, operator: Operator) -> None:
    team.write(
        {
            "stacks/a/stack.yaml": "depends_on: [b]\n",
            "stacks/a/main.tf": MODULE,
            "stacks/b/stack.yaml": "depends_on: [a]\n",
            "stacks/b/main.tf": MODULE,
        }
    )
    told = operator.types("validate", "stacks")
    assert told.code == 2
    assert "a -> b -> a" in told.stderr
    assert "good: ok" in told.stdout


def test_a_module_behind_a_symlink_is_refused(team: Repository, operator: Operator) -> None:
    team.write({"stacks/bad/stack.yaml": "module: ./linked\n", "elsewhere/main.tf": MODULE})
    (team.path / "stacks/bad/linked").symlink_to("../../elsewhere")
    told = operator.types("validate", "stacks")
    assert told.code == 2
    assert "stacks/bad/stack.yaml:1:9" in told.stderr
    assert "symlink" in told.stderr


def test_a_module_in_a_submodule_is_refused(team: Repository, operator: Operator) -> None:
    team.write({"stacks/bad/stack.yaml": "module: ../../vendored\n", "vendored/main.tf": MODULE})
    (team.path / "vendored/.git").write_text("gitdir: ../.git/modules/vendored\n")
    told = operator.types("validate", "stacks")
    assert told.code == 2
    assert "stacks/bad/stack.yaml:1:9" in told.stderr
    assert "submodule" in told.stderr


def test_broken_hcl_is_told_with_file_and_line(team: Repository, operator: Operator) -> None:
    team.write({"stacks/bad/stack.yaml": "name: bad\n", "stacks/bad/main.tf": 'resource "x" {\n'})
    told = operator.types("validate", "stacks")
    assert told.code == 2
    assert "stacks/bad/main.tf:" in told.stderr


def test_a_weaker_gate_names_both_lines_when_a_config_is_given(team: Repository, operator: Operator) -> None:
    team.write(
        {
            "stacks/bad/stack.yaml": "name: bad\ngate: {hazards: {destroy: auto}}\n",
            "stacks/bad/main.tf": MODULE,
        }
    )
    config = operator.home / "host.yaml"
    config.write_text("source: {url: /srv/infra.git}\ngate:\n  hazards: {destroy: never}\n")
    told = operator.types("validate", "stacks", "--config", str(config))
    assert told.code == 2
    assert "stacks/bad/stack.yaml:2:27" in told.stderr
    assert f"{config}:3:22" in told.stderr
    assert "allowed: never" in told.stderr
    built_in = operator.types("validate", "stacks")
    assert built_in.code == 2
    assert "(built-in default)" in built_in.stderr


def test_one_definition_can_be_checked_beside_those_it_depends_on(
    team: Repository, operator: Operator
) -> None:
    team.write({"stacks/app/stack.yaml": "depends_on: [good]\n", "stacks/app/main.tf": MODULE})
    team.write({"stacks/bad/stack.yaml": "nam: bad\n"})
    for path in ("stacks/app/stack.yaml", "stacks/app"):
        told = operator.types("validate", path)
        assert (told.code, told.stderr) == (0, "")
        assert told.stdout == "app: ok (stacks/app/stack.yaml, 2 files)\n"


def test_with_a_config_its_path_says_which_definitions_count(team: Repository, operator: Operator) -> None:
    team.write({"live/eu/app/stack.yaml": "depends_on: [net]\n", "live/eu/app/main.tf": MODULE})
    team.write({"live/eu/net/stack.yaml": "{}\n", "live/eu/net/main.tf": MODULE})
    team.write({"live/us/net/stack.yaml": "{}\n", "live/us/net/main.tf": MODULE})
    config = operator.home / "host.yaml"
    config.write_text("source: {url: /srv/infra.git, path: live/eu}\n")
    assert operator.types("validate", "live/eu", "--config", str(config)).code == 0
    assert operator.types("validate", "live/eu").code == 2, "net is there twice below live"


def test_the_document_lists_the_good_and_the_broken(team: Repository, operator: Operator) -> None:
    team.write({"stacks/bad/stack.yaml": "name: bad\nintervall: 5m\n"})
    told = operator.types("validate", "stacks", "-o", "json")
    assert (told.code, told.stderr) == (2, "")
    assert told.json["stacks"] == [
        {"name": "good", "definition": "stacks/good/stack.yaml", "module": "stacks/good"}
    ]
    (broken,) = told.json["broken"]
    assert (broken["name"], broken["definition"]) == ("bad", "stacks/bad/stack.yaml")
    (problem,) = broken["problems"]
    assert problem.keys() == {"file", "line", "column", "message", "hint"}
    assert (problem["file"], problem["line"], problem["column"]) == ("stacks/bad/stack.yaml", 2, 1)


@pytest.mark.parametrize("output", ["table", "json"])
def test_a_directory_without_definitions_exits_2(output: str, team: Repository, operator: Operator) -> None:
    team.write({"docs/README.md": "nothing"})
    told = operator.types("validate", "docs", "-o", output)
    assert told.code == 2
    assert "docs: no stack.yaml here or below" in told.stderr


def test_a_path_that_does_not_exist_is_wrong_usage(team: Repository, operator: Operator) -> None:
    told = operator.types("validate", "stakcs")
    assert told.code == 2
    assert "'stakcs' does not exist" in told.stderr


def test_outside_of_any_repository_the_directory_itself_counts(tmp_path: Path, operator: Operator) -> None:
    place = tmp_path / "loose" / "app"
    place.mkdir(parents=True)
    (place / "stack.yaml").write_text(json.dumps({"name": "app"}))
    (place / "main.tf").write_text(MODULE)
    assert operator.types("validate", str(tmp_path / "loose")).stdout.startswith("app: ok (app/stack.yaml")


@pytest.mark.parametrize(("until", "code"), [("2020-01-01", 2), ("2999-01-01", 0)])
def test_an_ignore_rule_that_has_ended_is_told_with_its_place(
    until: str, code: int, *, team: Repository, operator: Operator
) -> None:
    rule = f"ignore:\n  - {{address: a.b, attributes: [c], until: {until}, why: the scaler owns it}}\n"
    team.write({"stacks/quiet/stack.yaml": rule, "stacks/quiet/main.tf": MODULE})
    told = operator.types("validate", "stacks")
    assert told.code == code
    place = "stacks/quiet/stack.yaml:2:5: the ignore rule for a.b (c) ended on 2020-01-01"
    assert (place in told.stderr) is (code == 2)
    assert ("quiet: ok" in told.stdout) is (code == 0)
    assert "good: ok" in told.stdout


def test_code_that_the_host_forbids_is_broken_with_its_place(operator: Operator) -> None:
    place = operator.home / "stacks" / "app"
    place.mkdir(parents=True)
    (place / "stack.yaml").write_text("name: app\n")
    (place / "main.tf").write_text('data "external" "e" {\n  program = ["sh"]\n}\n')
    assert operator.types("validate", str(place)).code == 0
    operator.configure(gate={"configuration": {"external_data": "deny"}})
    told = operator.types("validate", str(place))
    assert told.code == 2
    assert "main.tf:1:6: the program of data.external.e is not allowed" in told.stderr
