"""Does ``doctor`` find each thing that is wrong, and say how to mend it?"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from support.ground import Moto
from support.operator import Operator, a_plan_of, a_stack
from support.repository import Repository
from support.team import ACCOUNT

UNREACHABLE = "http://127.0.0.1:1/infra.git"


@pytest.fixture
def host(
    operator: Operator, repository: Repository, search_path: str, monkeypatch: pytest.MonkeyPatch
) -> Operator:
    """A machine on which everything is well."""
    repository.commit("First")
    monkeypatch.setenv("PATH", search_path)
    monkeypatch.setenv("HOME", str(operator.home))
    monkeypatch.delenv("TF_CLI_CONFIG_FILE", raising=False)
    return operator.configure(source={"url": repository.url}, backend="none", engine="terraform")


def _found(host: Operator, code: int) -> dict[tuple[str, str], str]:
    """(subject, finding) to what was found and what to do."""
    told = host.types("doctor", "-o", "json")
    assert (told.code, told.stderr) == (code, "")
    findings = told.json["findings"]
    assert all(one.keys() == {"subject", "finding", "what", "remedy"} for one in findings)
    return {(one["subject"], one["finding"]): f"{one['what']}; {one['remedy']}" for one in findings}


def test_when_all_is_well_every_look_says_what_it_saw(host: Operator, repository: Repository) -> None:
    found = _found(host, 0)
    good = {subject for subject, finding in found if finding == "ok"}
    assert good == {"host config", "state_dir", "engine", "git", "database", "disk"}
    assert found["git", "ok"].startswith(f"main is at {repository.head()[:7]}")
    assert found["engine", "ok"].startswith("terraform 1.")
    assert {finding for _, finding in found} <= {"ok", "warning"}


def test_people_get_a_table(host: Operator) -> None:
    told = host.types("doctor")
    assert told.code == 0
    assert told.stdout.splitlines()[0].split() == ["WHAT", "FINDING", "DETAIL"]
    assert str(host.config) in told.stdout


def test_a_wrong_thing_exits_1_and_the_other_looks_are_made_all_the_same(host: Operator) -> None:
    host.configure(engine="/nonexistent/terraform")
    found = _found(host, 1)
    assert "/nonexistent/terraform is no program that can be run" in found["engine", "wrong"]
    assert ("git", "ok") in found
    assert ("database", "ok") in found


def test_an_engine_that_is_not_installed_is_told_with_what_to_install(
    host: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    bin_ = host.home / "bin"
    bin_.mkdir()
    (bin_ / "git").symlink_to(str(shutil.which("git")))
    monkeypatch.setenv("PATH", str(bin_))
    found = _found(host.configure(engine="tofu"), 1)
    assert "engine: tofu: nothing found on PATH" in found["engine", "wrong"]
    assert "install terraform or tofu" in found["engine", "wrong"]


@pytest.mark.parametrize(
    ("says", "said"),
    [("echo Terraform v1.5.7", "is version 1.5.7; 1.6 or newer is needed"), ("exit 3", "does not answer")],
    ids=["too old", "no engine at all"],
)
def test_a_program_that_is_no_usable_engine_is_told(says: str, said: str, host: Operator) -> None:
    program = host.home / "engine"
    program.write_text(f"#!/bin/sh\n{says}\n")
    program.chmod(0o755)
    assert said in _found(host.configure(engine=str(program)), 1)["engine", "wrong"]


def test_a_repository_that_cannot_be_reached_is_told(host: Operator) -> None:
    found = _found(host.configure(source={"url": UNREACHABLE}), 1)
    assert UNREACHABLE in found["git", "wrong"]


def test_a_branch_that_is_missing_is_told_with_those_that_exist(
    host: Operator, repository: Repository
) -> None:
    found = _found(host.configure(source={"url": repository.url, "branch": "production"}), 1)
    assert "has no branch 'production'; it has main" in found["git", "wrong"]


def test_a_missing_git_is_told(host: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = host.home / "bin"
    empty.mkdir()
    engine = shutil.which("terraform", path=os.environ["PATH"])
    monkeypatch.setenv("PATH", str(empty))
    assert "no git on the PATH" in _found(host.configure(engine=str(engine)), 1)["git", "wrong"]


def test_a_newer_database_is_told_and_left_alone(host: Operator) -> None:
    host.remember(a_stack())
    with closing(sqlite3.connect(host.database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "from a newer tfreconcile (schema 9999)" in _found(host, 1)["database", "wrong"]
    with closing(sqlite3.connect(host.database)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def test_a_state_directory_that_cannot_be_made_is_told(host: Operator) -> None:
    (host.home / "file").write_text("")
    found = _found(host.configure(state_dir=str(host.home / "file" / "state")), 1)
    assert "state_dir cannot be made" in found["state_dir", "wrong"]


WITHOUT_OVERRIDE = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
"""Takes from root what lets it write everywhere."""


@pytest.mark.parametrize(("verb", "code"), [("doctor", 1), ("once", 2)])
def test_a_read_only_state_directory_is_told(verb: str, code: int, host: Operator) -> None:
    host.state.mkdir(mode=0o500)
    done = subprocess.run(
        [*(WITHOUT_OVERRIDE if os.getuid() == 0 else ()), sys.executable, "-m", "tfreconcile.cli", verb],
        env=host.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert "state_dir cannot be written by this user" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_that_others_can_read_is_told_with_the_command_that_mends_it(host: Operator) -> None:
    host.state.mkdir()
    key = host.state / "fingerprint.key"
    key.write_text("ab" * 32)
    key.chmod(0o644)
    assert f"chmod 600 {key}" in _found(host, 1)["key_file", "wrong"]
    key.chmod(0o600)
    assert ("key_file", "ok") in _found(host, 0)


def test_a_cli_config_file_that_does_not_exist_is_a_warning(
    host: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", "/nonexistent/terraform.rc")
    assert "/nonexistent/terraform.rc, which does not exist" in _found(host, 0)["engine", "warning"]


def test_what_is_unwise_in_the_host_config_is_a_warning(host: Operator) -> None:
    host.configure(backend="local", signers="/nonexistent/signers", gate={"hazards": {"cost": "approve"}})
    found = _found(host, 0)
    assert "on this machine alone" in found["backend", "warning"]
    assert "/nonexistent/signers cannot be read: No such file" in found["signers", "warning"]
    assert "not detected by this version: cost" in found["gate", "warning"]
    assert "`account` is not set" in found["identity", "warning"]


@pytest.fixture
def in_aws(host: Operator, moto: Moto, monkeypatch: pytest.MonkeyPatch) -> Operator:
    """A machine with credentials of account 123456789012."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "EXAMPLE-ACCESS-KEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "EXAMPLE-SECRET-KEY")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return host


def test_the_right_account_is_told(in_aws: Operator) -> None:
    assert f"aws: {ACCOUNT}" in _found(in_aws.configure(account={"aws": ACCOUNT}), 0)["identity", "ok"]


def test_a_wrong_account_is_told_with_both_accounts(in_aws: Operator) -> None:
    wrong = _found(in_aws.configure(account={"aws": "999999999999"}), 1)["identity", "wrong"]
    assert ACCOUNT in wrong
    assert "999999999999" in wrong
    assert "EXAMPLE-SECRET-KEY" not in wrong


def test_a_head_of_the_journal_that_was_edited_is_told(host: Operator) -> None:
    host.remember(a_stack(), a_plan_of())
    head = host.state / "journal.head"
    assert _found(host, 0)["journal.head", "ok"].startswith(str(head))
    head.write_text("{}")
    assert "was changed outside tfreconcile" in _found(host, 1)["journal.head", "wrong"]


@pytest.mark.parametrize("name", ["journal.head", "fingerprint.key"])
def test_a_file_that_the_service_cannot_read_is_told_with_the_command_that_mends_it(
    host: Operator, name: str
) -> None:
    host.remember(a_stack(), a_plan_of())
    (host.state / name).chmod(0o200)
    done = subprocess.run(
        [*(WITHOUT_OVERRIDE if os.getuid() == 0 else ()), sys.executable, "-m", "tfreconcile.cli", "doctor"],
        env=host.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"{name} cannot be read" in done.stdout
    assert f"chown {os.getuid()}:{os.getgid()} {host.state / name}" in done.stdout
