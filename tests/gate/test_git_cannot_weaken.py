"""Can whoever writes to Git weaken the gate by any key there is? Real files, read as ``validate`` does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner
from pydantic import BaseModel

from tfreconcile.classify.model import HazardKind
from tfreconcile.cli.main import cli
from tfreconcile.gate.policy import DEFAULT_HAZARDS
from tfreconcile.reconcile import survey
from tfreconcile.settings import host
from tfreconcile.settings.contract import HostConfig
from tfreconcile.settings.gate import ApprovalsSection, GateSection, StackApprovalsSection
from tfreconcile.source import contract
from tfreconcile.source.folder import folder_tree
from tfreconcile.source.model import GateWish, StackName

NAME = "pay"
DEFINITION = f"stacks/{NAME}/stack.yaml"
WISHES = ("apply", "drift", "prune")
"""Keys of the gate that a stack writes at the top of its file."""


@dataclass(frozen=True)
class Key:
    """What the host says under a key, and what a stack may answer. Values are JSON, which is YAML."""

    host: object
    weaker: tuple[object, ...]
    granted: tuple[object, ...]


KEYS = {
    "apply": Key("approve", ("auto",), ("approve", "never")),
    "drift": Key("approve", ("heal",), ("approve", "report")),
    "prune": Key("never", ("auto", "approve"), ("never",)),
    "gate.max_destroys": Key(5, (6, 100_000), (5, 0)),
    "gate.max_destroy_percent": Key(20, (21, 100), (20, 0)),
    "gate.approvals.required": Key(2, (1,), (2, 20)),
    "gate.approvals.ttl": Key("4h", ("4h1s", "365d"), ("4h", "1s")),
    "gate.approvals.four_eyes": Key(True, (False,), (True,)),
    "gate.approvals.signed": Key(True, (False,), (True,)),
    **{f"gate.hazards.{kind}": Key("never", ("auto", "approve"), ("never",)) for kind in HazardKind},
}
NARROW_ONLY = {"gate.approvals.approvers"}
"""Keys that cannot be weaker: a list of a stack is asked beside that of the host."""
BUILT_IN = {
    "prune": "auto",
    "gate.max_destroys": 11,
    "gate.max_destroy_percent": 51,
    "gate.approvals.ttl": "25h",
    **{f"gate.hazards.{kind}": "auto" for kind, level in DEFAULT_HAZARDS.items() if level != "auto"},
}
"""A value for each key whose built-in default is not the weakest there is."""


def _keys(model: type[BaseModel], prefix: str) -> Iterator[str]:
    """Every key that a model has, by its dotted path; hazards one by one."""
    for name, field in model.model_fields.items():
        inner = [one for one in (field.annotation, *get_args(field.annotation)) if _is_model(one)]
        if name == "hazards" and not inner:
            yield from (f"{prefix}{name}.{kind}" for kind in HazardKind)
        elif inner:
            yield from _keys(inner[0], f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _is_model(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _yaml(head: str, key: str, value: object) -> tuple[str, str]:
    """A file with one key, and ``line:column`` of its value."""
    *sections, last = key.split(".")
    lines = [*head.splitlines(), *(f"{'  ' * depth}{name}:" for depth, name in enumerate(sections))]
    lines.append(f"{'  ' * len(sections)}{last}: {json.dumps(value)}")
    return "\n".join(lines) + "\n", f"{len(lines)}:{2 * len(sections) + len(last) + 3}"


class Repository:
    """A work tree with one stack, and beside it a host config."""

    def __init__(self, path: Path) -> None:
        self.config, self.root = path / "config.yaml", path / "infra"
        (self.root / "stacks" / NAME).mkdir(parents=True)
        (self.root / ".git").mkdir()
        (self.root / "stacks" / NAME / "main.tf").write_text("")

    def host(self, key: str, value: object) -> str:
        """The operator writes one key; gives where its value stands."""
        inner = key if key.startswith("gate.") else f"gate.{key}"
        text, place = _yaml("source: {url: x}\nsigners: signers", inner, value)
        self.config.write_text(text)
        return f"{self.config}:{place}"

    def stack(self, key: str, value: object) -> str:
        """Somebody with access to Git writes one key; gives where its value stands."""
        text, place = _yaml(f"name: {NAME}", key, value)
        (self.root / DEFINITION).write_text(text)
        return f"{DEFINITION}:{place}"

    def validated(self) -> tuple[int, list[str]]:
        """The exit code of ``validate``, and each problem with its place."""
        told = CliRunner().invoke(
            cli,
            ("validate", str(self.root / "stacks"), "--config", str(self.config), "-o", "json"),
            standalone_mode=False,
        )
        assert told.exception is None
        problems = [one for broken in json.loads(told.stdout)["broken"] for one in broken["problems"]]
        lines = [f"{one['file']}:{one['line']}:{one['column']}: {one['message']}" for one in problems]
        return int(told.return_value), lines


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Nothing but the built-in defaults."""
    made = Repository(tmp_path)
    made.config.write_text("source: {url: x}\nsigners: signers\n")
    return made


def test_every_key_by_which_a_stack_may_wish_something_of_its_gate_is_tried_here() -> None:
    there = {*WISHES, *_keys(contract.GateSection, "gate.")}
    assert there == set(KEYS) | NARROW_ONLY
    assert all(key in contract.Definition.model_fields for key in WISHES)
    wishes = {field.name for field in fields(GateWish)} - {"places"}
    assert wishes == {key.removeprefix("gate.").removeprefix("approvals.").partition(".")[0] for key in there}


WEAKER = [(key, value) for key, one in KEYS.items() for value in one.weaker]


@pytest.mark.parametrize(("key", "value"), WEAKER, ids=[f"{key}-{value}" for key, value in WEAKER])
def test_a_weaker_value_is_refused_with_both_lines(key: str, value: object, repository: Repository) -> None:
    at_host, at_stack = repository.host(key, KEYS[key].host), repository.stack(key, value)
    code, (problem,) = repository.validated()
    assert code == 2
    assert problem.startswith(f"{at_stack}: {key}: ")
    assert f" is weaker than {_word(KEYS[key].host)} set at {at_host}; allowed: " in problem


GRANTED = [(key, value) for key, one in KEYS.items() for value in one.granted]


@pytest.mark.parametrize(("key", "value"), GRANTED, ids=[f"{key}-{value}" for key, value in GRANTED])
def test_an_equal_or_stricter_value_is_accepted(key: str, value: object, repository: Repository) -> None:
    repository.host(key, KEYS[key].host)
    repository.stack(key, value)
    assert repository.validated() == (0, [])


@pytest.mark.parametrize(("key", "value"), BUILT_IN.items(), ids=list(BUILT_IN))
def test_a_built_in_default_is_named_as_such(key: str, value: object, repository: Repository) -> None:
    at_stack = repository.stack(key, value)
    code, (problem,) = repository.validated()
    assert (code, problem.startswith(f"{at_stack}: {key}: ")) == (2, True)
    assert " (built-in default); allowed: " in problem


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


BY_NAME = sorted(set(StackApprovalsSection.model_fields) - {"approvers"})


@pytest.mark.parametrize("name", BY_NAME)
def test_a_rule_for_the_stack_by_its_name_holds_too_and_is_named(name: str, repository: Repository) -> None:
    key = f"gate.approvals.{name}"
    at_host = repository.host(f"gate.approvals.stacks.p*.{name}", KEYS[key].host)
    at_stack = repository.stack(key, KEYS[key].weaker[0])
    code, (problem,) = repository.validated()
    assert (code, problem.startswith(f"{at_stack}: {key}: ")) == (2, True)
    assert f" set at {at_host}; allowed: " in problem
    repository.host(f"gate.approvals.stacks.orders.{name}", KEYS[key].host)
    assert repository.validated() == (0, [])


ANYBODY = (["*"], ["mallory", "*"], ["mallory@example.com"], ["group:dba", "*"])


@pytest.mark.parametrize("wished", ANYBODY, ids=str)
def test_a_list_of_approvers_never_lets_in_whom_the_host_keeps_out(
    wished: list[str], repository: Repository
) -> None:
    repository.config.write_text(
        "source: {url: x}\ngate: {groups: {dba: [ana]}, approvals: {approvers: ['*@example.com']}}\n"
    )
    repository.stack("gate.approvals.approvers", wished)
    settings = host.load(repository.config)
    found = survey.read(folder_tree(repository.root), settings.source.path, settings.floor)
    assert found.policies[StackName(NAME)].approvals.approvers[0] == ("*@example.com",)
    assert len(found.policies[StackName(NAME)].approvals.approvers) == 2


def test_a_list_without_anybody_whom_the_host_knows_is_refused(repository: Repository) -> None:
    repository.host("gate.approvals.approvers", ["*@example.com"])
    at_stack = repository.stack("gate.approvals.approvers", ["mallory"])
    code, (problem,) = repository.validated()
    assert code == 2
    assert problem == (
        f"{at_stack}: gate.approvals: 1 must say yes and 0 people could: nothing could ever be approved"
    )


def test_a_group_is_the_hosts_and_cannot_be_made_up(repository: Repository) -> None:
    at_stack = repository.stack("gate.approvals.approvers", ["group:mine"])
    code, (problem,) = repository.validated()
    assert code == 2
    line, column = at_stack.split(":")[1:]
    assert problem.startswith(
        f"{DEFINITION}:{line}:{int(column) + 1}: gate.approvals.approvers.0: "
        "the host config has no group 'mine'; it has: none"
    )


def _of_the_host_alone() -> Iterator[str]:
    """Keys that a host config has and a definition has not."""
    yield from set(HostConfig.model_fields) - set(contract.Definition.model_fields)
    gate = set(GateSection.model_fields) - set(contract.GateSection.model_fields) - set(WISHES)
    yield from (f"gate.{name}" for name in gate)
    approvals = set(ApprovalsSection.model_fields) - set(contract.ApprovalsSection.model_fields)
    yield from (f"gate.approvals.{name}" for name in approvals)


OF_THE_HOST = sorted(_of_the_host_alone())


def test_the_keys_of_the_host_alone_are_those_that_are_meant() -> None:
    meant = {"groups", "windows", "working_hours", "unattended", "policy", "configuration", "stateful"}
    assert {"signers", "source", "account", *(f"gate.{name}" for name in meant)} <= set(OF_THE_HOST)
    assert {"gate.approvals.hazards", "gate.approvals.stacks", "gate.scale_factor"} <= set(OF_THE_HOST)


@pytest.mark.parametrize("key", [*OF_THE_HOST, *(f"gate.{name}" for name in WISHES)])
def test_a_key_of_the_host_is_none_of_a_stack(key: str, repository: Repository) -> None:
    at_stack = repository.stack(key, {})
    line = at_stack.split(":")[1]
    code, (problem,) = repository.validated()
    assert code == 2
    assert problem.startswith(f"{DEFINITION}:{line}:{2 * key.count('.') + 1}: {key}: there is no such key")
