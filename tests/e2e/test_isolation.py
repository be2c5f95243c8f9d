"""One stack's trouble stays its own, two runs never meet on one stack, and no secret stays behind."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread

import pytest
from support.team import DATA, CloudTeam, Team

pytestmark = pytest.mark.e2e


def test_one_broken_stack_among_ten_leaves_nine_working(team: Team) -> None:
    for number in range(9):
        team.stack(f"good-{number}", DATA % ("a", "1"))
    team.repository.write({"stacks/bad/stack.yaml": "name: bad\nintervall: 10m\n", "stacks/bad/main.tf": ""})
    stacks = team.commit().once(code=2)
    assert {name for name, stack in stacks.items() if stack["sync"] == "Synced"} == {
        f"good-{number}" for number in range(9)
    }
    assert stacks["bad"]["state"] == "Stalled"
    assert "stacks/bad/stack.yaml:2:1" in stacks["bad"]["message"]
    assert "interval" in stacks["bad"]["message"]


def test_invalid_terraform_in_one_stack_stalls_that_one_alone(team: Team) -> None:
    team.stack("good", DATA % ("a", "1")).stack(
        "bad", 'resource "terraform_data" "a" {\n  input = var.none\n}\n'
    )
    stacks = team.commit().once(code=1)
    assert stacks["good"]["sync"] == "Synced"
    assert (stacks["bad"]["state"], stacks["bad"]["reason"]) == ("Stalled", "InvalidConfiguration")


def test_a_stalled_stack_is_not_planned_again_until_git_or_a_person_moves(team: Team) -> None:
    team.stack("bad", 'resource "terraform_data" "a" {\n  input = var.none\n}\n').commit().once(code=1)
    again = team.run("once", "-o", "json")
    assert (again.code, again.json["passed"]) == (1, [])
    team.run("sync", "bad")
    assert team.run("once", "-o", "json").json["passed"] == ["bad"]
    team.stack("bad", DATA % ("a", "1")).commit()
    assert team.once()["bad"]["sync"] == "Synced"


def test_a_stack_waits_for_what_it_depends_on(team: Team) -> None:
    team.stack("network", DATA % ("a", "1"))
    team.stack("app", DATA % ("a", "1"), {"depends_on": ["network"]}).commit()
    stacks = team.once()
    assert {stack["sync"] for stack in stacks.values()} == {"Synced"}
    ends = [turn["stack"] for turn in reversed(team.run("history", "-o", "json").json["passes"])]
    assert ends == ["network", "network", "app", "app"]


def test_a_stack_whose_dependency_fails_waits_and_says_for_whom(team: Team) -> None:
    team.stack("network", 'resource "terraform_data" "a" {\n  input = var.none\n}\n')
    team.stack("app", DATA % ("a", "1"), {"depends_on": ["network"]}).commit()
    held = team.once(code=1)["app"]
    assert (held["state"], held["reason"]) == ("Held", "DependencyNotReady")
    assert "network" in held["message"]


def test_a_commit_elsewhere_does_not_plan_and_yet_speaks_for_the_stack(team: Team) -> None:
    team.stack("app", DATA % ("a", "1")).commit().once()
    team.repository.write({"README.md": "nothing that a plan reads\n"})
    revision = team.repository.commit("Docs")
    answer = team.run("once", "-o", "json")
    assert answer.json["passed"] == []
    stack = answer.json["stacks"][0]
    assert (stack["observed_revision"], stack["applied_revision"]) == (revision, revision)


def test_a_local_module_outside_the_stack_is_one_of_its_inputs(team: Team) -> None:
    team.repository.write({"modules/m/main.tf": DATA % ("inner", "1")})
    team.stack("app", 'module "m" {\n  source = "../../modules/m"\n}\n').commit().once()
    team.repository.write({"modules/m/main.tf": DATA % ("inner", "2")})
    team.commit()
    assert team.run("once", "-o", "json").json["passed"] == ["app"]


def test_two_runs_at_the_same_time_never_work_on_one_stack_together(team: Team) -> None:
    slow = (
        'resource "terraform_data" "slow" {\n  triggers_replace = ["%s"]\n'
        '  provisioner "local-exec" {\n    command = "sleep 0.3"\n  }\n}\n'
    )
    team.configure(gate={"hazards": {"replace": "auto", "blast-radius": "auto"}})
    for name in ("a", "b", "c"):
        team.stack(name, slow % 0)
    team.commit()
    for number in range(1, 4):
        runs = [team.start("once", "--all") for _ in range(3)]
        codes = {process.wait(timeout=120) for process in runs}
        for process in runs:
            process.communicate()
        assert codes <= {0, 3}, codes
        for name in ("a", "b", "c"):
            team.stack(name, slow % number)
        team.commit()
    passes = team.run("history", "-n", "1000", "-o", "json").json["passes"]
    assert len(passes) >= 9
    for name in ("a", "b", "c"):
        turns = sorted(
            (turn["id"], turn["started_at"], turn["ended_at"]) for turn in passes if turn["stack"] == name
        )
        assert all(earlier[2] <= later[1] for earlier, later in pairwise(turns)), turns
        assert all(turn[2] is not None for turn in turns)
    applies = team.run("history", "-n", "1000", "-o", "json").json["applies"]
    assert {done["status"] for done in applies} == {"succeeded"}, (
        "a stale plan or a held lock would show here"
    )


SECRETS = ("EXAMPLE-SECRET-VARIABLE", "EXAMPLE-SECRET-SSM", "EXAMPLE-SECRET-NESTED", "EXAMPLE-SECRET-FILE")
HIDING = (
    'variable "pw" {\n  type      = string\n  sensitive = true\n}\n'
    'variable "file_pw" {\n  type      = string\n  sensitive = true\n}\n'
    'variable "nested" {\n  type      = map(string)\n  sensitive = true\n}\n'
    'resource "aws_ssm_parameter" "p" {\n  name  = "/made"\n  type  = "SecureString"\n  value = var.pw\n}\n'
    'resource "terraform_data" "d" {\n  input = { user = "u", pw = var.file_pw, more = var.nested }\n}\n'
    'resource "terraform_data" "copy" {\n  input = terraform_data.d.output\n}\n'
    'output "pw" {\n  sensitive = true\n  value     = var.pw\n}\n'
    'data "aws_ssm_parameter" "given" {\n  name = "/given"\n}\n'
    'resource "aws_sqs_queue" "q" {\n  name = "q"\n'
    "  tags = { token = nonsensitive(sha256(data.aws_ssm_parameter.given.value)) }\n}\n"
    'resource "aws_iam_user" "u" {\n  name = "robot"\n}\n'
    'resource "aws_iam_access_key" "made" {\n  user = aws_iam_user.u.name\n}\n'
    'resource "terraform_data" "key" {\n  input = aws_iam_access_key.made.secret\n}\n'
    'resource "terraform_data" "from_cloud" {\n  input = data.aws_ssm_parameter.given.value\n}\n'
)


def test_no_secret_is_left_anywhere_but_in_terraforms_state(cloud: CloudTeam) -> None:
    cloud.aws.client("ssm").put_parameter(Name="/given", Value="EXAMPLE-SECRET-SSM", Type="SecureString")
    cloud.aws.client("ssm").put_parameter(Name="/pw", Value="EXAMPLE-SECRET-VARIABLE", Type="SecureString")
    definition = {
        "variables": {"nested": {"a": "EXAMPLE-SECRET-NESTED"}},
        "variables_from": [{"ssm": "/pw", "as": "pw"}],
        "var_files": ["secret.tfvars"],
    }
    cloud.repository.write({"stacks/app/secret.tfvars": 'file_pw = "EXAMPLE-SECRET-FILE"\n'})
    cloud.aws_stack("app", HIDING, definition).commit()
    said = [cloud.run("once"), cloud.run("once", "--all", "-o", "json")]
    cloud.aws.client("ssm").put_parameter(
        Name="/pw", Value="EXAMPLE-SECRET-VARIABLE-2", Type="SecureString", Overwrite=True
    )
    cloud.aws_stack(
        "app",
        HIDING
        + 'resource "aws_ssm_parameter" "taken" {\n  name  = "/given"\n'
        + '  type  = "String"\n  value = var.pw\n}\n',
        definition,
    ).commit()
    said += [
        cloud.run("once"),
        cloud.run("history", "-o", "json"),
        cloud.run("status", "-o", "json"),
        cloud.run("diff", "app"),
    ]
    assert [one.code for one in said[:3]] == [0, 0, 1], said[2].text
    generated = _generated(cloud)
    assert_silent(b"\n".join(one.text.encode() for one in said), "output", generated)
    left = [
        path for path in sorted(cloud.state.rglob("*")) if path.is_file() and "mirror.git" not in path.parts
    ]
    for path in left:
        if "tfstate" not in path.relative_to(cloud.state).parts:
            assert_silent(path.read_bytes(), str(path), generated)
        assert path.stat().st_mode & 0o077 == 0, f"{path} can be read by others"
    assert list((cloud.state / "passes" / "app").iterdir()) == []


def _generated(cloud: CloudTeam) -> tuple[str, ...]:
    """Secrets that the cloud made up during the apply: nobody ever wrote them down."""
    state = json.loads((cloud.state / "tfstate" / "app" / "terraform.tfstate").read_text())
    keys = next(one for one in state["resources"] if one["type"] == "aws_iam_access_key")
    found = keys["instances"][0]["attributes"]
    assert len(found["secret"]) > 20
    return found["secret"], found["ses_smtp_password_v4"]


def assert_silent(content: bytes, where: str, generated: tuple[str, ...]) -> None:
    for secret in (*SECRETS, "EXAMPLE-SECRET-KEY", *generated):
        assert secret.encode() not in content, f"{secret} in {where}"


def test_terraform_sees_only_the_environment_that_the_host_allows(team: Team) -> None:
    team.environment |= {"LEAKED": "EXAMPLE-SECRET-ENV", "TF_CLI_ARGS": "-lock=false", "AWS_ALLOWED": "yes"}
    seen = team.home / "seen"
    hcl = 'resource "terraform_data" "e" {\n  provisioner "local-exec" {\n    command = "env > %s"\n  }\n}\n'
    team.stack("app", hcl % seen).commit().once()
    names = {line.split("=", 1)[0] for line in seen.read_text().splitlines()}
    assert "AWS_ALLOWED" in names
    assert not names & {"LEAKED", "TF_CLI_ARGS", "TFRECONCILE_CONFIG"}


class _Site(BaseHTTPRequestHandler):
    status = 503

    def do_GET(self) -> None:
        self.send_response(type(self).status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def site() -> Iterator[tuple[str, type[_Site]]]:
    kind = type("Site", (_Site,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/healthz", kind
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_stack_is_progressing_until_its_health_check_answers(
    team: Team, site: tuple[str, type[_Site]]
) -> None:
    url, server = site
    team.stack("app", DATA % ("a", "1"), {"health": [{"http": url, "within": "10m"}]}).commit()
    assert team.once(code=3)["app"]["health"] == "Progressing"
    server.status = 200
    assert team.once("--all")["app"]["health"] == "Healthy"


def test_a_stack_is_degraded_when_its_time_is_over(team: Team) -> None:
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))
        closed = f"127.0.0.1:{nobody.getsockname()[1]}"
        team.stack("app", DATA % ("a", "1"), {"health": [{"tcp": closed, "within": "1s"}]}).commit()
        team.run("once")
        seen = ""
        while seen != "Degraded":  # each turn is a whole process: it ends after one second
            seen = team.run("once", "--all", "-o", "json").json["stacks"][0]["health"]
    assert team.run("once").code == 1


def test_the_engine_that_a_wheel_brings_is_used_when_there_is_no_other(team: Team, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("git", "env", "sh"):
        found = subprocess.run(["which", name], capture_output=True, text=True, check=True).stdout.strip()
        (tools / name).symlink_to(found)
    team.environment["PATH"] = os.fspath(tools)
    team.engine = "auto"
    team.configure(engine="auto").stack("app", DATA % ("a", "1")).commit().once()
    plan = team.run("history", "-o", "json").json["plans"][0]
    assert plan["engine"] == "embedded"


def test_git_over_the_network_is_as_good_as_a_path(team: Team) -> None:
    team.stack("app", DATA % ("a", "1")).commit()
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    daemon = subprocess.Popen(
        [
            "git",
            "daemon",
            "--export-all",
            "--listen=127.0.0.1",
            f"--port={port}",
            f"--base-path={team.repository.path}",
            "--reuseaddr",
        ],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        team.configure(source={"url": f"git://127.0.0.1:{port}/", "branch": "main", "path": "stacks"})
        assert team.once()["app"]["sync"] == "Synced"
    finally:
        os.killpg(daemon.pid, 15)
        daemon.wait(10)


def test_a_full_disk_is_told_and_nothing_is_lost(team: Team) -> None:
    """A real file system of 3 MiB, in a mount namespace of its own."""
    team.stack("app", DATA % ("a", "1")).commit()
    team.repository.write({"stacks/app/large.bin": os.urandom(6 << 20)})
    team.commit()
    team.state.mkdir(mode=0o700)
    script = (
        f'mount -t tmpfs -o size=3m tmpfs "{team.state}" && exec "{sys.executable}" -m tfreconcile.cli once'
    )
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script],
        env=team.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (1, 2), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "space" in done.stderr, done.stderr
    assert team.once()["app"]["sync"] == "Synced", "with room again all is well"


def test_a_database_from_a_newer_version_is_refused_with_words(team: Team) -> None:
    import sqlite3

    team.stack("app", DATA % ("a", "1")).commit().once()
    with closing(sqlite3.connect(team.state / "tfreconcile.db")) as database:
        database.execute("update alembic_version set version_num = '9999'")
        database.commit()
    answer = team.run("status")
    assert answer.code == 2
    assert "newer" in answer.stderr
    assert "9999" in answer.stderr


def test_state_files_hold_what_json_says(team: Team) -> None:
    team.stack("app", DATA % ("a", "1")).commit().once()
    state = json.loads((team.state / "tfstate" / "app" / "terraform.tfstate").read_text())
    assert state["resources"][0]["type"] == "terraform_data"
