"""What does the demo play in? A Git repository of example stacks, a local AWS, and a host config."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import git
import urllib3
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from tfreconcile.errors import Stalled

ACCOUNT = "123456789012"
SERVICES = ("dynamodb", "ec2", "iam", "s3", "sqs", "ssm", "sts")
CONFIG = """\
source: {{url: {repository}, branch: main, path: stacks}}
state_dir: {home}/state
database: sqlite:///{home}/state/tfreconcile.db
engine: {engine}
account: {{aws: "{account}"}}          # refuse to act anywhere else
backend: local
gate:
  hazards: {{destroy: approve, stateful: approve, empty-state: never}}
  approvals: {{required: 1, ttl: 24h}}
defaults: {{interval: 10m, timeout: 5m}}
"""
PROVIDER = """\
provider "aws" {{
  access_key                  = "sandbox"
  secret_key                  = "sandbox"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  {path_style} = true
  endpoints {{
{endpoints}
  }}
}}
"""


@dataclass(frozen=True)
class Sandbox:
    """A repository, a host config, and the environment that leads everything to the local AWS."""

    repository: Path
    config: Path
    endpoint: str
    environment: Mapping[str, str]

    def client(self, service: str) -> Any:
        """A boto3 client of the local AWS; boto3 makes its clients' methods at run time."""
        import boto3

        client: Callable[..., Any] = boto3.client  # its overloads want literals
        keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
        return client(service, endpoint_url=self.endpoint, region_name="us-east-1", **keys)

    def remove_bucket(self) -> None:
        """Commit the removal of ``aws_s3_bucket.exports``."""
        main = self.repository / "stacks/archive/main.tf"
        text = main.read_text(encoding="utf-8")
        main.write_text(
            re.sub(r'resource "aws_s3_bucket" "exports" \{.*?\n\}\n\n', "", text, flags=re.S),
            encoding="utf-8",
        )
        _commit(self.repository, "Drop the exports bucket")


@contextmanager
def aws(home: Path) -> Iterator[str]:
    """A local AWS on a free port of the loopback interface; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (home / "aws.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        endpoint = f"http://127.0.0.1:{port}"
        _wait_for(endpoint)
        yield endpoint
    finally:
        server.terminate()
        server.wait(10)


@retry(
    retry=retry_if_exception_type(urllib3.exceptions.HTTPError),
    stop=stop_after_delay(30),
    wait=wait_fixed(0.1),
    reraise=True,
)
def _wait_for(endpoint: str) -> None:
    with urllib3.PoolManager(retries=False, timeout=2) as pool:
        pool.request("GET", f"{endpoint}/moto-api/")


def build(home: Path, endpoint: str, *, mirror: Path | None, engine: str) -> Sandbox:
    """The example stacks in a repository of their own, and a host config that knows of it."""
    repository, config = home / "infra", home / "config.yaml"
    with as_file(files("tfreconcile.cli").joinpath("stacks")) as examples:
        shutil.copytree(examples, repository / "stacks", symlinks=False)
    for definition in (repository / "stacks").glob("**/stack.yaml"):
        provider = definition.with_name("sandbox_override.tf")
        provider.write_text(_provider(endpoint, mirror), encoding="utf-8")
    git.Repo.init(repository, initial_branch="main").close()
    _commit(repository, "First stacks")
    config.write_text(
        CONFIG.format(repository=repository, home=home, engine=engine, account=ACCOUNT), encoding="utf-8"
    )
    return Sandbox(repository, config, endpoint, _environment(home, config, endpoint, mirror))


def _environment(home: Path, config: Path, endpoint: str, mirror: Path | None) -> dict[str, str]:
    found = {
        "TFRECONCILE_CONFIG": str(config),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    if mirror is not None:
        rc = home / "terraform.rc"
        rc.write_text(
            f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror.resolve()}"\n  }}\n}}\n',
            encoding="utf-8",
        )
        found["TF_CLI_CONFIG_FILE"] = str(rc)
    return found


def _provider(endpoint: str, mirror: Path | None) -> str:
    endpoints = "\n".join(f'    {service} = "{endpoint}"' for service in SERVICES)
    style = "s3_force_path_style        " if _is_old(mirror) else "s3_use_path_style          "
    return PROVIDER.format(endpoints=endpoints, path_style=style)


def _is_old(mirror: Path | None) -> bool:
    """Was the argument for path-style addresses still called what it was called before version 4?"""
    versions = sorted(path.name for path in mirror.glob("*/hashicorp/aws/*")) if mirror else []
    if mirror is not None and not versions:
        raise Stalled("NoProvider", f"{mirror} holds no version of hashicorp/aws")
    return bool(versions) and int(versions[-1].split(".")[0]) < 4


def _commit(repository: Path, message: str) -> None:
    with git.Repo(repository) as repo:
        repo.git.add("--all")
        repo.git.execute(
            [
                "git",
                "-c",
                "user.name=Ana",
                "-c",
                "user.email=ana@example.com",
                "-c",
                "commit.gpgsign=false",
                "-c",
                "core.hooksPath=/dev/null",
                "commit",
                "-q",
                "-m",
                message,
            ]
        )
