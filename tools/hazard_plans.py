"""Where do the plans under tests/plans/hazards come from?

From a real Terraform and a real AWS provider against moto: ``cases.toml`` there has, for each case, the code
as it was applied and as it is then planned. All cases are applied and planned at once, in one root module,
and the plan is taken apart by resource name, so that each file holds what concerns its case and nothing that
only this machine knows. Files that ``index.json`` calls hand-written are left alone.

Usage: ``hazard_plans.py PROVIDER_MIRROR [CASE...]``, with ``terraform`` on the PATH and an unpacked mirror.
Provider 3 (``make mirror``) makes the cases that ask for it; a mirror with provider 5 makes the others. With
names, only those are made again.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.server import ThreadedMotoServer

PLANS = Path(__file__).parents[1] / "tests" / "plans" / "hazards"
SERVICES = (
    *("autoscaling", "dynamodb", "ec2", "ecr", "ecs", "iam", "kinesis", "kms", "cloudwatchlogs", "rds", "s3"),
    *("secretsmanager", "sns", "sqs", "sts"),
)
KEPT = ("format_version", "terraform_version", "applyable", "complete", "errored")
"""What of the plan's envelope is the same for each of its parts."""
PROVIDER = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "EXAMPLE-ACCESS-KEY"
  secret_key                  = "EXAMPLE-SECRET-KEY"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  %s = true
  endpoints {
%s
  }
}
"""


@dataclass(frozen=True)
class Case:
    """One situation: ``before`` is applied, ``after`` is planned."""

    name: str
    before: str
    after: str

    def owns(self, entry: Mapping[str, Any]) -> bool:
        """Is this entry of a plan about a resource of the case?"""
        return str(entry["name"]).partition("__")[0] == self.name


@dataclass(frozen=True)
class Engine:
    """Terraform in one directory, with providers from the mirror alone."""

    place: Path
    mirror: Path

    def run(self, *arguments: str) -> str:
        """Standard output; SystemExit with all that was said when it fails."""
        rc = self.place.with_suffix(".rc")
        rc.write_text(f'provider_installation {{\n filesystem_mirror {{\n  path = "{self.mirror}"\n }}\n}}\n')
        given = {"PATH": os.environ["PATH"], "TF_CLI_CONFIG_FILE": str(rc), "CHECKPOINT_DISABLE": "1"}
        done = subprocess.run(
            ["terraform", *arguments], cwd=self.place, env=given, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"terraform {arguments[0]}:\n{done.stderr or done.stdout}")
        return done.stdout

    def write(self, code: Mapping[str, str]) -> None:
        """One file for each case, empty where it has no code."""
        for name, text in code.items():
            (self.place / f"{name}.tf").write_text(text)


def cases(major: int, names: list[str]) -> tuple[Case, ...]:
    """All that are for this major version of the provider, or those of them with these names."""
    table = tomllib.loads((PLANS / "cases.toml").read_text("utf-8"))
    return tuple(
        Case(name, _named(row["before"], name), _named(row["after"], name))
        for name, row in table.items()
        if row.get("provider", 5) == major and (not names or name in names)
    )


def _named(code: str, name: str) -> str:
    return code.replace("NA-ME", name.replace("_", "-")).replace("NAME", name)


def planned(chosen: tuple[Case, ...], mirror: Path, endpoint: str, *, major: int) -> dict[str, Any]:
    """The JSON of one plan of all cases."""
    style = "s3_force_path_style" if major < 4 else "s3_use_path_style"
    with tempfile.TemporaryDirectory() as place:
        engine = Engine(Path(place) / "root", mirror)
        engine.place.mkdir()
        endpoints = "\n".join(f'    {service} = "{endpoint}"' for service in SERVICES)
        engine.write({"provider": PROVIDER % (style, endpoints)})
        engine.write({case.name: case.before for case in chosen})
        engine.run("init", "-input=false", "-no-color")
        engine.run("apply", "-auto-approve", "-input=false", "-no-color")
        engine.write({case.name: case.after for case in chosen})
        engine.run("plan", "-input=false", "-no-color", "-out=plan")
        shown = engine.run("show", "-json", "plan").replace(endpoint, "http://127.0.0.1:5000")
        document: dict[str, Any] = json.loads(shown)
        return document


def part(document: Mapping[str, Any], case: Case) -> dict[str, Any]:
    """What of a plan is about one case."""
    blocks = document["configuration"]["root_module"].get("resources", ())
    return {
        **{key: document[key] for key in KEPT},
        "resource_changes": [entry for entry in document["resource_changes"] if case.owns(entry)],
        "resource_drift": [entry for entry in document.get("resource_drift", ()) if case.owns(entry)],
        "configuration": {"root_module": {"resources": [block for block in blocks if case.owns(block)]}},
    }


def keep(document: Mapping[str, Any], chosen: tuple[Case, ...], provider: str) -> Iterator[str]:
    """Write each part and the index; gives a line for each."""
    index_file = PLANS / "index.json"
    index = json.loads(index_file.read_text("utf-8")) if index_file.exists() else {}
    origin = f"Terraform {document['terraform_version']}, AWS provider {provider}, moto"
    for case in chosen:
        found = part(document, case)
        (PLANS / f"{case.name}.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", "utf-8")
        index[case.name] = {"origin": origin}
        yield f"{case.name}: {[one['change']['actions'] for one in found['resource_changes']]}"
    index_file.write_text(json.dumps(dict(sorted(index.items())), indent=1) + "\n", "utf-8")


def main(arguments: list[str]) -> int:
    """Make the plans; gives the exit code."""
    if not arguments:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    mirror = Path(arguments[0]).resolve()
    version = max(path.name for path in mirror.glob("*/hashicorp/aws/[1-9]*"))
    major = int(version.partition(".")[0])
    chosen = cases(major, arguments[1:])
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        document = planned(chosen, mirror, f"http://{host}:{port}", major=major)
    finally:
        server.stop()
    for line in keep(document, chosen, version):
        sys.stdout.write(f"{line}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
