"""Does a real Terraform's plan file tell what its JSON leaves out?"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tfreconcile.plan.document import Plan
from tfreconcile.plan.fingerprint import Digests, Scope, digests
from tfreconcile.plan.parse import parse
from tfreconcile.plan.sources import Sources, read
from tfreconcile.terraform.engine import Engine

COMMAND = "echo ${var.pw}"
MAIN = f"""
variable "pw" {{
  default   = "EXAMPLE-SECRET-1"
  sensitive = true
}}

resource "terraform_data" "hooked" {{
  provisioner "local-exec" {{
    command = "{COMMAND}"
  }}
}}

resource "terraform_data" "plain" {{
  input = 1
}}
"""


def planned(engine: Engine, text: str, place: Path) -> tuple[Plan, Sources]:
    place.mkdir()
    (place / "main.tf").write_text(text)
    (place / "terraform.rc").write_text("")
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(place),
        "CHECKPOINT_DISABLE": "1",
        "TF_CLI_CONFIG_FILE": str(place / "terraform.rc"),
    }

    def run(*argv: str) -> bytes:
        done = subprocess.run([*engine.argv, *argv], cwd=place, env=env, capture_output=True, check=True)
        return done.stdout

    run("init", "-input=false")
    run("plan", "-input=false", "-out=plan.bin")
    return parse(run("show", "-json", "plan.bin")), read(place / "plan.bin")


def of(found: tuple[Plan, Sources]) -> Digests:
    return digests(found[0], b"EXAMPLE-KEY", Scope(stack="s"), found[1])


@pytest.mark.parametrize(
    ("old", "new", "alike"),
    [
        (COMMAND, f"{COMMAND} again", (False, True)),
        ("EXAMPLE-SECRET-1", "EXAMPLE-SECRET-2", (False, True)),
        ("input = 1", "input = 2", (True, False)),
        ("  input = 1", "\n\n  # why\n  input   =   1", (True, True)),
    ],
    ids=["command", "secret", "attribute", "comment"],
)
def test_an_edit_changes_the_digests_that_it_concerns(
    engine: Engine, tmp_path: Path, old: str, new: str, alike: tuple[bool, bool]
) -> None:
    before = of(planned(engine, MAIN, tmp_path / "before"))
    after = of(planned(engine, MAIN.replace(old, new), tmp_path / "after"))
    pairs = zip(before.changes, after.changes, strict=True)
    assert tuple(one == other for one, other in pairs) == alike
    assert (before.fingerprint == after.fingerprint) == all(alike)


CHAINED = """
resource "terraform_data" "bucket" {
  input = 1
}

resource "terraform_data" "policy" {
  input = "principal=admin bucket=${terraform_data.bucket.id}"
}
"""


@pytest.mark.parametrize(
    ("old", "new", "alike"),
    [
        ("principal=admin", "principal=EVERYBODY", (True, False)),
        ("  input = 1", "  # why\n  input = 1", (True, True)),
    ],
    ids=["value", "comment"],
)
def test_an_edit_of_a_value_that_is_known_after_the_apply_changes_its_digest(
    engine: Engine, tmp_path: Path, old: str, new: str, alike: tuple[bool, bool]
) -> None:
    first = planned(engine, CHAINED, tmp_path / "before")
    second = planned(engine, CHAINED.replace(old, new), tmp_path / "after")
    assert [change.name for change in first[0].changes] == ["bucket", "policy"]
    pairs = zip(of(first).changes, of(second).changes, strict=True)
    assert tuple(one == other for one, other in pairs) == alike
