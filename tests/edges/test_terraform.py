"""Does the door speak with real engines as it promises? Stacks of ``terraform_data``, no provider process."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tfreconcile.errors import ReconcileError, Stalled, Transient, Waiting
from tfreconcile.terraform.diagnostics import Event
from tfreconcile.terraform.engine import Engine, find
from tfreconcile.terraform.failures import failure
from tfreconcile.terraform.outcomes import Status, progress
from tfreconcile.terraform.process import Child, How
from tfreconcile.terraform.turn import turn
from tfreconcile.terraform.verbs import Planned, Terraform, Workdir

QUEUE = 'resource "terraform_data" "queue" {\n  input = "v1"\n}\n'
SLOW = """
resource "terraform_data" "first" {}
resource "terraform_data" "slow" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" {
    command = "echo started; sleep 60"
  }
}
"""
WAITING = """
resource "terraform_data" "waiting" {
  provisioner "local-exec" {
    command = "until test -e go; do sleep 0.05; done"
  }
}
"""
BAD = """
resource "terraform_data" "ok" {}
resource "terraform_data" "bad" {
  depends_on = [terraform_data.ok]
  provisioner "local-exec" {
    command = "echo hello; exit 3"
  }
}
resource "terraform_data" "after" {
  input = terraform_data.bad.id
}
"""


class Ground:
    """One root module, with everything beside it that a pass would give."""

    def __init__(self, engine: Engine, root: Path) -> None:
        self.engine = engine
        self.module = root / "module"
        self.lock = root / "init.lock"
        self.plan_file = root / "plan.tfplan"
        self.variables = root / "variables.tfvars.json"
        self.events: list[Event] = []
        self.workdir = Workdir(
            root=self.module,
            data=root / "data",
            spool=root / "spool",
            home=root / "home",
            temporary=root / "tmp",
            env={"PATH": os.environ["PATH"]},
        )
        for directory in (self.module, self.workdir.home, self.workdir.temporary):
            directory.mkdir()

    def write(self, text: str, name: str = "main.tf") -> Ground:
        (self.module / name).write_text(text)
        return self

    def terraform(
        self, *, timeout: float = 60, lock_timeout: float = 0, stop: threading.Event | None = None
    ) -> Terraform:
        return Terraform(
            self.engine,
            self.workdir,
            timeout=timeout,
            grace=30,
            lock_timeout=lock_timeout,
            on_event=self.events.append,
            stop=stop,
        )

    def ready(self, text: str) -> Terraform:
        terraform = self.write(text).terraform()
        terraform.init(lock=self.lock)
        return terraform

    def planned(self, terraform: Terraform, **variables: object) -> Planned:
        self.variables.write_text(json.dumps(variables))
        return terraform.plan(self.plan_file, var_files=(self.variables,) if variables else ())


@pytest.fixture
def ground(engine: Engine, tmp_path: Path) -> Ground:
    return Ground(engine, tmp_path)


def ignore(_: Child) -> None:
    return


def refused(act: Callable[[], object]) -> ReconcileError:
    with pytest.raises(ReconcileError) as caught:
        act()
    return caught.value


def test_a_stack_is_initialised_planned_shown_and_applied(ground: Ground) -> None:
    terraform = ground.ready(QUEUE)
    assert ground.planned(terraform).changes
    shown = json.loads(terraform.show(ground.plan_file).read_bytes())
    assert [change["address"] for change in shown["resource_changes"]] == ["terraform_data.queue"]
    children: list[Child] = []
    applied = terraform.apply(ground.plan_file, started=children.append)
    assert (applied.ok, applied.errored_state, len(children)) == (True, None, 1)
    assert [(one.address, one.action, one.status) for one in applied.outcomes] == [
        ("terraform_data.queue", "create", Status.APPLIED)
    ]
    assert not ground.planned(terraform).changes
    assert "terraform_data.queue: creating" in [progress(event) for event in ground.events]


def test_var_files_and_destroy_reach_the_plan(ground: Ground) -> None:
    terraform = ground.ready('variable "size" { type = number }\noutput "size" { value = var.size }\n')
    ground.planned(terraform, size=7)
    shown = json.loads(terraform.show(ground.plan_file).read_bytes())
    assert shown["planned_values"]["outputs"]["size"]["value"] == 7
    assert terraform.apply(ground.plan_file, started=ignore).ok
    assert terraform.plan(ground.plan_file, var_files=(ground.variables,), destroy=True).changes


def test_an_ephemeral_variable_is_handed_in_again_for_the_apply(ground: Ground) -> None:
    terraform = ground.ready(f'variable "token" {{ \n type = string \n ephemeral = true \n}}\n{QUEUE}')
    ground.planned(terraform, token="EXAMPLE-SECRET-TOKEN")
    without = terraform.apply(ground.plan_file, started=ignore)
    assert failure(without.diagnostics, "apply").reason == "InvalidConfiguration"
    assert terraform.apply(ground.plan_file, started=ignore, variables={"token": "EXAMPLE-SECRET-TOKEN"}).ok


def test_a_failed_apply_tells_what_became_of_each_resource(ground: Ground) -> None:
    terraform = ground.ready(BAD)
    ground.planned(terraform)
    applied = terraform.apply(ground.plan_file, started=ignore)
    assert not applied.ok
    assert {one.address: one.status for one in applied.outcomes} == {
        "terraform_data.ok": Status.APPLIED,
        "terraform_data.bad": Status.FAILED,
    }
    assert applied.outcomes[1].error == "local-exec provisioner error: output withheld (main.tf:5:28)"
    error = failure(applied.diagnostics, "apply")
    assert (type(error), error.reason) == (Stalled, "ProvisionerFailed")
    assert "main.tf:5" in error.message


def test_a_plan_that_was_applied_is_stale(ground: Ground) -> None:
    terraform = ground.ready(QUEUE)
    ground.planned(terraform)
    assert terraform.apply(ground.plan_file, started=ignore).ok
    again = terraform.apply(ground.plan_file, started=ignore)
    assert (again.ok, failure(again.diagnostics, "apply").reason) == (False, "StalePlan")


def test_an_apply_that_takes_too_long_stops_gently_and_keeps_the_state(ground: Ground) -> None:
    ground.planned(ground.ready(SLOW))
    applied = ground.terraform(timeout=5).apply(ground.plan_file, started=ignore)
    assert (applied.ok, applied.finished.how) == (False, How.INTERRUPTED)
    assert failure(applied.diagnostics, "apply").reason == "TimedOut"
    state = json.loads((ground.module / "terraform.tfstate").read_bytes())
    assert "first" in [resource["name"] for resource in state["resources"]]


def test_a_stop_does_not_interrupt_an_apply(ground: Ground) -> None:
    ground.planned(ground.ready(QUEUE))
    stop = threading.Event()
    stop.set()
    assert ground.terraform(stop=stop).apply(ground.plan_file, started=ignore).ok


def test_a_stop_interrupts_a_plan(ground: Ground) -> None:
    terraform = ground.ready(QUEUE)
    stop = threading.Event()
    stop.set()
    error = refused(lambda: ground.terraform(stop=stop).plan(ground.plan_file, var_files=()))
    assert (type(error), error.reason) == (Waiting, "Stopped")
    assert not ground.plan_file.exists()
    assert terraform.plan(ground.plan_file, var_files=()).changes


@pytest.mark.parametrize(
    ("text", "kind", "reason", "words"),
    [
        pytest.param('resource "x" {', Stalled, "InvalidConfiguration", "main.tf:1:14", id="syntax"),
        pytest.param(
            'terraform {\n  required_version = ">= 99"\n}',
            Stalled,
            "VersionMismatch",
            "main.tf:2",
            id="version",
        ),
        pytest.param(
            'module "a" {\n  source = "./nowhere"\n}', Stalled, "InvalidConfiguration", "", id="module"
        ),
    ],
)
def test_init_refuses_a_broken_module(
    ground: Ground, text: str, kind: type[ReconcileError], reason: str, words: str
) -> None:
    error = refused(lambda: ground.ready(text))
    assert (type(error), error.reason, words in error.message) == (kind, reason, True), error.message


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param('output "a" { value = local.nothing }', "InvalidConfiguration", id="reference"),
        pytest.param('variable "needed" {}', "InvalidConfiguration", id="variable"),
        pytest.param(
            'resource "terraform_data" "a" {\n lifecycle {\n precondition {\n error_message = "No."\n'
            " condition = terraform_data.queue.input == null\n }\n }\n}",
            "PolicyInConfiguration",
            id="precondition",
        ),
    ],
)
def test_a_failed_plan_leaves_no_plan_file(ground: Ground, text: str, reason: str) -> None:
    terraform = ground.ready(QUEUE)
    ground.write(text, "more.tf")
    ground.plan_file.write_bytes(b"of an earlier plan")
    error = refused(lambda: ground.planned(terraform))
    assert (type(error), error.reason) == (Stalled, reason), error.message
    assert not ground.plan_file.exists()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('module "a" {\n  source = "./child"\n}', id="a module"),
        pytest.param('terraform {\n  backend "local" {\n    path = "other.tfstate"\n  }\n}', id="a backend"),
    ],
)
def test_a_plan_says_when_init_must_run(ground: Ground, text: str) -> None:
    terraform = ground.ready(QUEUE)
    (ground.module / "child").mkdir()
    ground.write(text, "more.tf")
    error = refused(lambda: ground.planned(terraform))
    assert (type(error), error.reason) == (Transient, "InitRequired"), error.message


def test_a_missing_provider_is_not_a_network_that_may_come_back(ground: Ground, tmp_path: Path) -> None:
    config = tmp_path / "terraform.rc"
    config.write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{tmp_path}"\n  }}\n}}\n'
    )
    ground.workdir = replace(ground.workdir, env={**ground.workdir.env, "TF_CLI_CONFIG_FILE": str(config)})
    error = refused(lambda: ground.ready('resource "acme_thing" "a" {}'))
    assert (type(error), error.reason) == (Stalled, "ProviderUnavailable"), error.message


def test_a_held_state_lock_names_its_holder(ground: Ground) -> None:
    ground.planned(ground.ready(WAITING))
    errors: list[ReconcileError] = []

    def plan_meanwhile(event: Event) -> None:
        if event.kind == "provision_start":
            other = replace(ground.workdir, spool=ground.workdir.spool / "other")
            plan = Terraform(ground.engine, other, timeout=60, lock_timeout=0).plan
            errors.append(refused(lambda: plan(ground.module / "other.tfplan", var_files=())))
            ground.write("", "go")

    holding = Terraform(ground.engine, ground.workdir, timeout=60, on_event=plan_meanwhile)
    assert holding.apply(ground.plan_file, started=ignore).ok
    assert [(type(error), error.reason) for error in errors] == [(Transient, "StateLocked")]
    assert " for apply since " in errors[0].message


def test_a_damaged_state_is_for_a_person(ground: Ground) -> None:
    terraform = ground.ready(QUEUE)
    ground.write('{"serial": 1}', "terraform.tfstate")
    error = refused(lambda: ground.planned(terraform))
    assert (type(error), error.reason) == (Stalled, "StateDamaged"), error.message


def test_a_plan_file_that_cannot_be_shown_says_why(ground: Ground) -> None:
    terraform = ground.ready(QUEUE)
    ground.plan_file.write_bytes(b"no plan")
    error = refused(lambda: terraform.show(ground.plan_file))
    assert "state or plan file" in error.message


def test_a_workspace_is_used(ground: Ground) -> None:
    ground.workdir = replace(ground.workdir, workspace="blue")
    terraform = ground.ready(QUEUE)
    ground.planned(terraform)
    assert terraform.apply(ground.plan_file, started=ignore).ok
    assert (ground.module / "terraform.tfstate.d" / "blue" / "terraform.tfstate").exists()


def test_nothing_else_of_our_environment_reaches_a_provisioner(ground: Ground) -> None:
    names = (
        'resource "terraform_data" "a" {\n  provisioner "local-exec" {\n    command = "env > names"\n  }\n}\n'
    )
    ground.planned(ground.ready(names))
    assert ground.terraform().apply(ground.plan_file, started=ignore).ok
    seen = variables(ground.module / "names")
    assert seen["HOME"] == str(ground.workdir.home)
    assert set(seen) <= {
        *("PATH", "HOME", "TMPDIR", "TF_DATA_DIR", "TF_IN_AUTOMATION", "TF_INPUT", "CHECKPOINT_DISABLE"),
        *("PWD", "OLDPWD", "SHLVL", "_"),
    }


def test_all_files_are_for_us_alone(ground: Ground) -> None:
    terraform = ground.ready(QUEUE)
    ground.planned(terraform)
    terraform.apply(ground.plan_file, started=ignore)
    made = (ground.plan_file, ground.module / "terraform.tfstate", *ground.workdir.spool.glob("*.std*"))
    assert {path.stat().st_mode & 0o077 for path in made} == {0}


def test_init_waits_for_its_turn_and_says_so_when_it_does_not_come(ground: Ground) -> None:
    ground.write(QUEUE)
    with ground.lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        error = refused(lambda: ground.terraform(timeout=0.3).init(lock=ground.lock))
    assert (type(error), error.reason) == (Transient, "InitBusy")
    ground.terraform().init(lock=ground.lock)


def test_a_turn_ends_with_its_block(tmp_path: Path) -> None:
    with turn(tmp_path / "lock", patience=1):
        pass
    with turn(tmp_path / "lock", patience=0):
        pass


def test_a_lock_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    error = refused(lambda: turn(tmp_path, patience=0).__enter__())
    assert (error.reason, str(tmp_path) in error.message) == ("InitLockUnusable", True)


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_an_engine_whose_init_knows_no_json_is_asked_again_in_text(tmp_path: Path) -> None:
    program = script(
        tmp_path / "old",
        'echo "$@" >> "$HOME/calls"\n'
        'case "$*" in *-json*) echo "flag provided but not defined: -json" >&2; exit 1;; esac\n'
        'printf "\\nError: Failed to download module\\n\\ngit exited with 128\\n" >&2; exit 1',
    )
    ground = Ground(Engine(kind="tofu", argv=(str(program),), version="1.6.0"), tmp_path)
    error = refused(lambda: ground.terraform().init(lock=ground.lock, upgrade=True))
    assert (error.reason, error.message) == (
        "ModuleUnavailable",
        "Failed to download module: git exited with 128",
    )
    assert (ground.workdir.home / "calls").read_text().splitlines() == [
        "init -json -input=false -no-color -lock-timeout=0s -upgrade",
        "init -input=false -no-color -lock-timeout=0s -upgrade",
    ]


def test_an_engine_that_says_well_and_writes_no_plan_is_not_believed(tmp_path: Path) -> None:
    program = script(tmp_path / "liar", "exit 2")
    ground = Ground(Engine(kind="terraform", argv=(str(program),), version="1.11.4"), tmp_path)
    assert refused(lambda: ground.planned(ground.terraform())).reason == "TerraformFailed"


def test_no_command_ever_turns_locking_off(tmp_path: Path) -> None:
    program = script(tmp_path / "spy", 'echo "$@" >> "$HOME/calls"; exit 1')
    ground = Ground(Engine(kind="terraform", argv=(str(program),), version="1.11.4"), tmp_path)
    terraform = ground.terraform(lock_timeout=30)
    for act in (
        lambda: terraform.init(lock=ground.lock, reconfigure=True),
        lambda: terraform.plan(ground.plan_file, var_files=(), destroy=True),
        lambda: terraform.show(ground.plan_file),
    ):
        refused(act)
    terraform.apply(ground.plan_file, started=ignore)
    calls = (ground.workdir.home / "calls").read_text().splitlines()
    assert calls == [
        "init -json -input=false -no-color -lock-timeout=30s -reconfigure",
        "plan -input=false -no-color -json -detailed-exitcode -lock-timeout=30s -destroy "
        f"-out={ground.plan_file}",
        f"show -no-color -json {ground.plan_file}",
        f"apply -input=false -no-color -json -lock-timeout=30s {ground.plan_file}",
    ]


def test_a_long_temporary_directory_is_replaced_by_one_with_room_for_sockets(tmp_path: Path) -> None:
    program = script(tmp_path / "spy", 'echo "$TMPDIR" > "$HOME/tmp"; test -d "$TMPDIR"')
    ground = Ground(Engine(kind="terraform", argv=(str(program),), version="1.11.4"), tmp_path)
    ground.workdir = replace(ground.workdir, temporary=tmp_path / ("x" * 100))
    ground.terraform().init(lock=ground.lock)
    used = Path((ground.workdir.home / "tmp").read_text().strip())
    assert len(str(used)) < 60
    assert not used.exists()


def variables(file: Path) -> Mapping[str, str]:
    return dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)


def test_each_engine_is_found_with_its_version(engines: Mapping[str, Engine], search_path: str) -> None:
    assert {choice: engine.kind for choice, engine in engines.items()} == {
        "terraform": "terraform",
        "embedded": "embedded",
    }
    assert find("auto", search_path) == engines["terraform"]
    assert find(engines["terraform"].argv[0], search_path) == engines["terraform"]
    assert all(engine.version[0].isdigit() for engine in engines.values())


def test_without_a_binary_auto_falls_back_to_the_embedded_engine(
    engines: Mapping[str, Engine], tmp_path: Path
) -> None:
    assert find("auto", str(tmp_path)) == engines["embedded"]


def test_auto_prefers_terraform_then_tofu(tmp_path: Path) -> None:
    script(tmp_path / "tofu", "echo OpenTofu v1.10.3")
    path = f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin"
    assert (find("auto", path).kind, find("auto", path).version) == ("tofu", "1.10.3")
    script(tmp_path / "terraform", "echo Terraform v1.11.4")
    assert find("auto", path).kind == "terraform"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param("echo Terraform v1.5.7", "EngineTooOld", id="too old"),
        pytest.param("echo hello", "EngineBroken", id="something else"),
        pytest.param("echo Terraform v1.11.4; exit 1", "EngineBroken", id="fails"),
    ],
)
def test_an_engine_that_cannot_be_used_is_not_passed_over(tmp_path: Path, answer: str, reason: str) -> None:
    script(tmp_path / "terraform", answer)
    assert refused(lambda: find("auto", str(tmp_path))).reason == reason


@pytest.mark.parametrize(
    "choice", ["terraform", "tofu", "opentofu", "/nowhere/terraform", "./terraform", "/"]
)
def test_an_engine_that_is_not_there_is_named_with_what_to_do(choice: str, tmp_path: Path) -> None:
    error = refused(lambda: find(choice, str(tmp_path)))
    assert (type(error), error.reason, choice in error.message) == (Stalled, "NoEngine", True)
