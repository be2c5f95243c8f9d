"""What does a team that uses tfreconcile have? A repository, a host config, and the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support.ground import Moto, aws_provider
from support.repository import Repository

from tfreconcile.terraform.engine import Engine

ACCOUNT = "123456789012"
DATA = 'resource "terraform_data" "%s" {\n  input = "%s"\n}\n'
QUEUE = 'resource "aws_sqs_queue" "%s" {\n  name = "%s"\n%s}\n'


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.stdout)

    @property
    def text(self) -> str:
        """Everything that a person would have seen."""
        return self.stdout + self.stderr


@dataclass
class Team:
    """A team's repository and machine. ``environment`` is all that the command gets to see."""

    home: Path
    repository: Repository
    environment: dict[str, str]
    engine: str = "auto"
    settings: dict[str, object] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        """The state directory."""
        return self.home / "state"

    @property
    def config(self) -> Path:
        """The host config; JSON is YAML."""
        return self.home / "config.yaml"

    def configure(self, **settings: object) -> Team:
        """Write the host config, with these top-level keys beside those that every test needs."""
        self.settings |= settings
        document: dict[str, object] = {
            "source": {"url": self.repository.url, "branch": "main", "path": "stacks"},
            "state_dir": str(self.state),
            "engine": self.engine,
            "account": {"aws": ACCOUNT},
            "defaults": {"interval": "10m", "timeout": "5m"},
            **self.settings,
        }
        self.config.write_text(json.dumps(document, indent=1))
        return self

    def stack(self, name: str, hcl: str, definition: Mapping[str, object] | None = None) -> Team:
        """Write a stack into the work tree; ``commit`` makes it known."""
        self.repository.write(
            {
                f"stacks/{name}/main.tf": hcl,
                f"stacks/{name}/stack.yaml": json.dumps({"name": name, **(definition or {})}),
            }
        )
        return self

    def commit(self, message: str = "Change") -> Team:
        """Commit what was written."""
        self.repository.commit(message)
        return self

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command and do not wait for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "tfreconcile.cli", *arguments],
            env=self.environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> Answer:
        """Run a command as a user would."""
        process = self.start(*arguments)
        stdout, stderr = process.communicate(timeout=240)
        return Answer(process.returncode, stdout, stderr)

    def once(self, *arguments: str, code: int = 0) -> Any:
        """Run ``once -o json`` and insist on its exit code; gives the stacks by name."""
        answer = self.run("once", *arguments, "-o", "json")
        assert answer.code == code, answer.text
        return {stack["name"]: stack for stack in answer.json["stacks"]}

    def status(self, name: str) -> Any:
        """The status document of one stack."""
        answer = self.run("status", name, "-o", "json")
        assert answer.code == 0, answer.text
        return answer.json["stacks"][0]

    def approve(self, name: str, *arguments: str) -> Answer:
        """Approve the pending plan."""
        mark = self.status(name)["pending"]["fingerprint"]
        answer = self.run("approve", name, "--plan", mark[:12], "--yes", *arguments)
        assert answer.code == 0, answer.text
        return answer

    def addresses(self, name: str) -> set[str]:
        """What Terraform's own state of a stack with the local default backend holds."""
        state = json.loads((self.state / "tfstate" / name / "terraform.tfstate").read_text())
        return {f"{one['type']}.{one['name']}" for one in state["resources"] if one["instances"]}


@pytest.fixture
def team(
    tmp_path: Path, repository: Repository, engine: Engine, terraform_rc: Path, search_path: str
) -> Team:
    """A team without a cloud: enough for stacks of ``terraform_data``. Runs with each engine."""
    environment = {
        "PATH": search_path,
        "HOME": str(tmp_path / "home"),
        "TF_CLI_CONFIG_FILE": str(terraform_rc),
        "TFRECONCILE_CONFIG": str(tmp_path / "config.yaml"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONWARNINGS": "error",
        "LANG": "C.UTF-8",
    }
    coverage = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    made = Team(tmp_path, repository, {**environment, **coverage}, engine=engine.kind)
    return made.configure(account={})


@dataclass
class CloudTeam(Team):
    """A team with an AWS account of its own."""

    aws: Moto = field(kw_only=True)

    def aws_stack(self, name: str, hcl: str, definition: Mapping[str, object] | None = None) -> CloudTeam:
        """A stack that has the AWS provider configured."""
        self.stack(name, aws_provider(self.aws.endpoint) + hcl, definition)
        return self


@pytest.fixture
def cloud(team: Team, moto: Moto) -> CloudTeam:
    """A team with an AWS account, empty at the start. Runs with each engine."""
    environment = {
        **team.environment,
        "AWS_ENDPOINT_URL": moto.endpoint,
        "AWS_ACCESS_KEY_ID": "EXAMPLE-ACCESS-KEY",
        "AWS_SECRET_ACCESS_KEY": "EXAMPLE-SECRET-KEY",
        "AWS_REGION": "us-east-1",
    }
    made = CloudTeam(team.home, team.repository, environment, engine=team.engine, aws=moto)
    made.configure(account={"aws": ACCOUNT})
    return made
