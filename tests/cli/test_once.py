"""Which stacks does ``once`` look at, and what does it say when it cannot?"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.operator import Operator
from support.repository import Repository

MODULE = 'resource "terraform_data" "x" {\n  input = "%s"\n}\n'
HELD = "apply: approve\n"


@pytest.fixture
def host(
    operator: Operator, repository: Repository, search_path: str, monkeypatch: pytest.MonkeyPatch
) -> Operator:
    """A machine with a Terraform and a repository that holds nothing yet."""
    repository.commit("First")
    monkeypatch.setenv("PATH", search_path)
    monkeypatch.setenv("HOME", str(operator.home))
    monkeypatch.delenv("TF_CLI_CONFIG_FILE", raising=False)
    return operator.configure(source={"url": repository.url}, engine="terraform")


def _stack(repository: Repository, name: str, definition: str = "{}\n") -> None:
    repository.write({f"stacks/{name}/stack.yaml": definition, f"stacks/{name}/main.tf": MODULE % name})
    repository.commit(f"Add {name}")


def test_without_any_stack_it_says_where_it_looked(host: Operator, repository: Repository) -> None:
    told = host.types("once")
    commit = repository.head()[:7]
    assert told.code == 0
    assert told.stdout == (
        f"no stack.yaml in stacks/ of main at {commit}; source.path in the host config says where to look\n"
    )


def test_an_unknown_stack_is_refused_with_those_that_exist(host: Operator, repository: Repository) -> None:
    _stack(repository, "archive")
    told = host.types("once", "archiv", "nobody")
    assert (told.code, told.stdout) == (2, "")
    assert "once: no such stack: archiv, nobody (Git defines archive)" in told.stderr


def test_a_missing_branch_is_a_configuration_error(host: Operator, repository: Repository) -> None:
    told = host.configure(source={"url": repository.url, "branch": "production"}).types("once")
    assert (told.code, told.stdout) == (2, "")
    assert "BranchMissing" in told.stderr
    assert "has no branch 'production'; it has main" in told.stderr


def test_without_an_engine_nothing_begins(host: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    told = host.types("once")
    assert (told.code, told.stdout) == (2, "")
    assert "NoEngine: engine: terraform: nothing found on PATH" in told.stderr
    assert "install terraform or tofu" in told.stderr


@pytest.fixture
def remote(host: Operator, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository behind an SSH that works as long as this file is there."""
    up, ssh = host.home / "up", host.home / "ssh"
    ssh.write_text(
        f'#!/bin/sh\n[ -e "{up}" ] || {{ echo "ssh: Connection refused" >&2; exit 255; }}\n'
        f'exec git upload-pack "{repository.path}"\n'
    )
    ssh.chmod(0o755)
    up.touch()
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    host.configure(source={"url": "git@git.example.com:team/infra.git"})
    return up


def test_a_remote_that_was_never_reached_is_a_failure(host: Operator, remote: Path) -> None:
    remote.unlink()
    told = host.types("once")
    assert (told.code, told.stdout) == (1, "")
    assert "SourceUnreachable: git@git.example.com:team/infra.git" in told.stderr
    assert "Connection refused" in told.stderr


def test_a_remote_that_is_away_leaves_the_last_known_commit_and_exit_1(
    host: Operator, repository: Repository, remote: Path
) -> None:
    _stack(repository, "archive")
    assert host.types("once", "-q").code == 0
    remote.unlink()
    told = host.types("once", "--all", "-q", "-o", "json")
    assert told.code == 1
    assert told.json["passed"] == ["archive"]
    assert told.stderr.startswith(f"the remote was not reached, {repository.head()[:7]} was used: ")


def test_a_pass_tells_what_it_did_and_the_second_one_has_nothing_to_do(
    host: Operator, repository: Repository
) -> None:
    _stack(repository, "archive")
    first = host.types("once")
    assert first.code == 0
    assert first.stderr.startswith("fetching main\narchive: ")
    assert first.stderr.endswith("looked at archive\n")
    assert first.stdout.splitlines()[1].split()[:4] == ["archive", "Synced", "Healthy", "Idle"]
    second = host.types("once")
    assert (second.code, second.stdout.count("archive")) == (0, 1)
    assert second.stderr == "fetching main\nnothing was due; --all looks at every stack now\n"


def test_quiet_says_nothing_beside_the_answer(host: Operator, repository: Repository) -> None:
    _stack(repository, "archive", HELD)
    told = host.types("once", "--quiet")
    assert (told.code, told.stderr) == (3, "")
    assert "AwaitingApproval" in told.stdout


def test_what_waits_has_an_exit_code_that_can_be_chosen(
    host: Operator, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stack(repository, "archive", HELD)
    told = host.types("once")
    assert told.code == 3
    assert "next: tfreconcile diff archive, then tfreconcile approve archive\n" in told.stderr
    assert host.types("once", "--attention-exit-code", "0").code == 0
    assert host.types("once", "--attention-exit-code", "256").code == 2
    monkeypatch.setenv("TFRECONCILE_ONCE_ATTENTION_EXIT_CODE", "42")
    assert host.types("once").code == 42


def test_a_broken_definition_is_told_and_the_other_stacks_go_on(
    host: Operator, repository: Repository
) -> None:
    _stack(repository, "archive")
    _stack(repository, "broken", "intervall: 5m\n")
    told = host.types("once", "-q")
    assert told.code == 2
    assert told.stderr.startswith("broken: stacks/broken/stack.yaml:1:1: intervall: there is no such key")
    assert [line.split()[1] for line in told.stdout.splitlines()[1:3]] == ["Synced", "Unknown"]
    assert host.types("once", "archive", "-q").code == 0, "who means another stack is not troubled by it"
    assert host.types("once", "broken", "-q").code == 2


def test_a_suspended_stack_that_is_named_says_how_it_goes_on(host: Operator, repository: Repository) -> None:
    _stack(repository, "archive")
    host.types("once", "-q")
    host.types("suspend", "archive", "--reason", "restore")
    told = host.types("once", "archive")
    assert told.code == 0
    assert (
        "archive is suspended: nothing is done until somebody types: tfreconcile resume archive"
        in told.stderr
    )
    assert "looked at" not in told.stderr


def test_all_can_be_asked_for_in_the_environment(
    host: Operator, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stack(repository, "archive")
    host.types("once", "-q")
    monkeypatch.setenv("TFRECONCILE_ONCE_ALL", "1")
    assert host.types("once", "-q", "-o", "json").json["passed"] == ["archive"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_during_a_plan_ends_with_words_and_leaves_nothing(
    number: signal.Signals, host: Operator, repository: Repository
) -> None:
    _stack(repository, "archive")
    planning, engine = host.home / "planning", host.home / "engine"
    os.mkfifo(planning)
    engine.write_text(
        '#!/bin/sh\nfor word; do\n  case "$word" in\n'
        f'    plan) echo $$ > "{planning}"; exec sleep 60;;\n  esac\ndone\n'
        f'exec "{shutil.which("terraform", path=os.environ["PATH"])}" "$@"\n'
    )
    engine.chmod(0o755)
    host.configure(engine=str(engine))
    running = subprocess.Popen(
        [sys.executable, "-m", "tfreconcile.cli", "once"],
        env={**host.environment, "HOME": str(host.home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    child = planning.read_text().strip()
    running.send_signal(number)
    stdout, stderr = running.communicate(timeout=60)
    assert "tfreconcile: stopping; an apply that runs is waited for" in stderr
    assert "Traceback" not in stdout + stderr
    assert running.returncode == 1
    assert not Path("/proc", child).exists()
    assert list((host.state / "passes").glob("*/*")) == []
