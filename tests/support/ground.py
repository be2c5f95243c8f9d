"""What do tests with a real Terraform stand on? An engine, a provider mirror, and an AWS of their own."""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
from moto.server import ThreadedMotoServer

from tfreconcile.terraform import embedded
from tfreconcile.terraform.engine import Engine, find

MIRROR_VARIABLE = "TFRECONCILE_TEST_PROVIDER_MIRROR"
SERVICES = ("dynamodb", "ec2", "iam", "s3", "sqs", "ssm", "sts")
REGION = "us-east-1"


def mirror() -> Path:
    """The unpacked provider mirror: a newer one that the environment names, else the one from make."""
    named = os.environ.get(MIRROR_VARIABLE)
    return Path(named).absolute() if named else Path(__file__).parents[2] / ".cache" / "providers"


def provider_version(place: Path | None = None) -> str:
    """The newest AWS provider in the mirror."""
    versions = (place or mirror()) / "registry.terraform.io" / "hashicorp" / "aws"
    found = sorted((path.name for path in versions.glob("*.*.*")), key=_numbers)
    if not found:
        pytest.fail(f"no AWS provider under {versions}: run `make mirror`, or set {MIRROR_VARIABLE}")
    return found[-1]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def aws_provider(endpoint: str) -> str:
    """The HCL that pins the AWS provider of the mirror and points it at ``endpoint``."""
    version = provider_version()
    style = "s3_force_path_style" if _numbers(version) < (4,) else "s3_use_path_style"
    endpoints = "\n".join(f'    {service} = "{endpoint}"' for service in SERVICES)
    return f"""
terraform {{
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = "{version}"
    }}
  }}
}}

provider "aws" {{
  region                      = "{REGION}"
  access_key                  = "EXAMPLE-ACCESS-KEY"
  secret_key                  = "EXAMPLE-SECRET-KEY"
  max_retries                 = 2
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  {style} = true
  endpoints {{
{endpoints}
  }}
}}
"""


@dataclass(frozen=True)
class Moto:
    """An AWS in this process: one account, empty at the start of a test."""

    endpoint: str

    def client(self, service: str) -> Any:
        """A boto3 client of this AWS. Its methods are made from a model at run time, so it has no type."""
        make: Callable[..., Any] = _session().client
        return make(service, endpoint_url=self.endpoint)


def _session() -> boto3.session.Session:
    return boto3.session.Session(
        aws_access_key_id="EXAMPLE-ACCESS-KEY",
        aws_secret_access_key="EXAMPLE-SECRET-KEY",
        region_name=REGION,
    )


@pytest.fixture(scope="session")
def provider_mirror() -> Path:
    """A filesystem mirror with a real AWS provider. Never skips: fails until ``make mirror`` has run."""
    provider_version()
    return mirror()


@pytest.fixture(scope="session")
def terraform_rc(provider_mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Terraform CLI configuration that takes providers from the mirror and from nowhere else."""
    file = tmp_path_factory.mktemp("terraform") / "terraform.rc"
    file.write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{provider_mirror}"\n  }}\n}}\n'
    )
    return file


@pytest.fixture
def moto() -> Iterator[Moto]:
    """An AWS of its own for one test, on a free port."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    there = Moto(f"http://{host}:{port}")
    try:
        # The backends belong to the process, not to the server.
        urllib3.request("POST", f"{there.endpoint}/moto-api/reset").release_conn()
        yield there
    finally:
        server.stop()


@pytest.fixture(scope="session")
def search_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH on which there is a ``terraform``: the machine's, else one made of the embedded engine."""
    path = os.environ["PATH"]
    if shutil.which("terraform", path=path):
        return path
    place = tmp_path_factory.mktemp("bin")
    shim = place / "terraform"
    script = shlex.quote(str(embedded.__file__))
    shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -I {script} "$@"\n')
    shim.chmod(0o755)
    return f"{place}{os.pathsep}{path}"


@pytest.fixture(scope="session")
def engines(search_path: str) -> Mapping[str, Engine]:
    """Both engines, each asked for its version once."""
    return {choice: find(choice, search_path) for choice in ("terraform", "embedded")}


@pytest.fixture(params=["terraform", "embedded"])
def engine(request: pytest.FixtureRequest, engines: Mapping[str, Engine]) -> Engine:
    """Each test that asks for it runs with a Terraform binary and with the embedded engine."""
    return engines[request.param]
