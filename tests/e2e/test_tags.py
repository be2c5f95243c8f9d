"""Which signed tags delete a bucket? Those of two approvers who did not write it, and no other ones."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support import signing
from support.repository import environment
from support.signing import GpgKey, Key, SshKey
from support.team import CloudTeam

from tfreconcile import clock
from tfreconcile.gate import signed
from tfreconcile.gate.model import Verdict
from tfreconcile.gate.signed import Said
from tfreconcile.plan.fingerprint import Fingerprint

pytestmark = pytest.mark.e2e

BUCKET = 'resource "aws_s3_bucket" "archive" {\n  bucket = "archive"\n}\n'
KEEPER = 'resource "terraform_data" "keeper" {}\n'
LONG_OVER = 'valid-before="20200101Z"'
ANA, BO, CY, FAY, GIL = (f"{name}@example.com" for name in ("ana", "bo", "cy", "fay", "gil"))
OTHER = "0" * 64


@dataclass(frozen=True)
class Approvers:
    """A team with keys. Ana, who writes the code, is an approver; so are Bo, Fay and Gil. Cy is none."""

    team: CloudTeam
    ana: SshKey
    bo: SshKey
    cy: SshKey
    fay: SshKey
    gil: GpgKey
    stranger: SshKey
    usurper: SshKey

    @property
    def path(self) -> Path:
        """The tracked repository."""
        return self.team.repository.path

    def refused(self) -> Mapping[str, str]:
        """Why each refused tag does not count, by the end of its name."""
        told = self.team.run("approvals", "-o", "json").json["refused"]
        return {one["tag"].rpartition("/")[2].partition("-")[2] or one["tag"]: one["reason"] for one in told}

    def buckets(self) -> list[str]:
        """What is in the cloud."""
        return [one["Name"] for one in self.team.aws.client("s3").list_buckets()["Buckets"]]

    def pending(self) -> Fingerprint:
        """The fingerprint of the plan that waits, which would delete the bucket."""
        found = self.team.once(code=3)["archive"]["pending"]
        assert found["delete"] == 1
        return Fingerprint(found["fingerprint"])

    def deletes(self) -> Fingerprint:
        """Have the code without its bucket."""
        self.team.aws_stack("archive", KEEPER).commit()
        return self.pending()

    def creates(self) -> None:
        """Have the code with its bucket, and the bucket."""
        self.team.aws_stack("archive", BUCKET + KEEPER).commit().once()
        assert self.buckets() == ["archive"]


@pytest.fixture
def approvers(cloud: CloudTeam, tmp_path: Path) -> Approvers:
    """A repository whose approvals need two people, none of them an author."""
    keys = tmp_path / "keys"
    ssh = {name: signing.ssh(keys, name) for name in (ANA, BO, CY, FAY)}
    gil = signing.gpg(keys, GIL)
    lines = [*(ssh[name].line() for name in (ANA, BO, CY)), ssh[FAY].line(f'namespaces="git",{LONG_OVER}')]
    cloud.configure(
        signers=str(signing.allowed(tmp_path / "allowed_signers", *lines)),
        gate={"approvals": {"required": 2, "four_eyes": True, "approvers": [ANA, BO, FAY, GIL]}},
    )
    signing.trusted(tmp_path / "trusted.gpg", gil)
    return Approvers(
        team=cloud,
        ana=ssh[ANA],
        bo=ssh[BO],
        cy=ssh[CY],
        fay=ssh[FAY],
        gil=gil,
        stranger=signing.ssh(keys, "stranger@example.com"),
        usurper=signing.ssh(keys, "usurper@example.com"),
    )


def _bad_tags(they: Approvers, mark: Fingerprint) -> Mapping[str, str]:
    """Make every kind of tag that must not count; gives what is said of each, by the end of its name."""
    said, name = Said(stack="archive", fingerprint=mark), f"tfreconcile/approve/archive/{mark[:12]}"
    yesterday = clock.now() - timedelta(hours=25)

    def tag(
        label: str, key: Key | None, *, of: Said = said, commit: str = "HEAD", date: datetime | None = None
    ) -> None:
        text = signed.text(of, Verdict.APPROVE)
        signing.tag(they.path, f"{name}-{label}", text, key, commit=commit, date=date)

    signing.lightweight(they.path, f"{name}-lightweight")
    tag("unsigned", None)
    tag("tampered", they.bo, of=replace(said, reason="looked at it"))
    signing.tampered(they.path, f"{name}-tampered", replace="looked", by="nodded")
    tag("unknown", they.stranger)
    tag("no-approver", they.cy)
    tag("key-is-over", they.fay)
    tag("too-old", they.bo, date=yesterday)
    tag("short-trailer", they.bo, of=replace(said, fingerprint=Fingerprint(mark[:12])))
    tag("disagrees", they.bo, of=replace(said, fingerprint=Fingerprint(OTHER)))
    tag("elsewhere", they.bo, commit=they.team.repository.git("commit-tree", "HEAD^{tree}", "-m", "aside"))
    tag("author", they.ana)
    tag("usurper", they.usurper)
    tag("bo-1", they.bo)
    tag("bo-2", they.bo)
    other = signed.text(replace(said, stack="nowhere"), Verdict.APPROVE)
    signing.tag(they.path, f"tfreconcile/approve/nowhere/{mark[:12]}-other-stack", other, they.bo)
    short = signed.text(said, Verdict.APPROVE)
    signing.tag(they.path, f"tfreconcile/approve/archive/{mark[:11]}-short-name", short, they.bo)
    another = signed.text(replace(said, fingerprint=Fingerprint(OTHER)), Verdict.APPROVE)
    signing.tag(they.path, f"tfreconcile/approve/archive/{OTHER[:12]}-other-plan", another, they.bo)
    return {
        "lightweight": "it is a lightweight tag",
        "unsigned": "it is not signed",
        "tampered": "does not fit the text",
        "unknown": "is of nobody in the signers file",
        "no-approver": f"{CY} is not among the approvers",
        "key-is-over": "not valid at",
        "too-old": "it expired at",
        "short-trailer": "must hold all 64 hex digits",
        "disagrees": f"its name speaks of plan {mark[:12]}, its trailer Tfreconcile-Plan of {OTHER[:12]}",
        "elsewhere": "it points at no commit of the tracked branch",
        "author": f"{ANA} wrote or committed what the plan would do",
        "usurper": "is of nobody in the signers file",
        "bo-2": f"{BO} already approved this plan",
        "other-stack": "there is no stack nowhere",
        "short-name": "must hold the first 12 digits of the fingerprint, found 11",
        "other-plan": f"the pending plan of archive is {mark[:12]}, not {OTHER[:12]}",
    }


def _types_what_is_printed(they: Approvers, key: Key, *flags: str) -> str:
    """Ask for the commands, and run them in a clone on the approver's machine; gives the tag's label."""
    printed = they.team.run("approve", "archive", "--as-tag", *flags)
    assert printed.code == 0, printed.text
    clone = they.team.home / f"clone-{len(list(they.team.home.glob('clone-*')))}"
    subprocess.run(
        ["git", "clone", "--quiet", they.team.repository.url, str(clone)], env=environment(), check=True
    )
    for setting in (option for option in key.options if option != "-c"):
        subprocess.run(["git", "config", *setting.split("=", 1)], cwd=clone, env=environment(), check=True)
    mine = {name: value for name, value in environment().items() if not name.endswith("_DATE")}
    done = subprocess.run(
        ["sh", "-e"],
        input=printed.stdout,
        cwd=clone,
        env={**mine, **key.environment, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    key.close()
    assert done.returncode == 0, done.stderr
    return printed.stdout.splitlines()[-1].rpartition("/")[2].partition("-")[2]


@pytest.mark.parametrize("engine", ["terraform"], indirect=True)
def test_no_tag_but_those_of_two_approvers_deletes_a_bucket(approvers: Approvers) -> None:
    they, team = approvers, approvers.team
    they.creates()
    mine = they.usurper.line(principals=BO)
    team.repository.write({"allowed_signers": mine, "stacks/archive/allowed_signers": mine})
    mark = they.deletes()
    expected = _bad_tags(they, mark)
    held = team.once(code=3)["archive"]
    assert they.buckets() == ["archive"]
    found = they.refused()
    assert held["pending"]["approvals"]["given"] == 1, "Bo's first tag"
    assert set(found) == set(expected)
    assert {label for label, why in expected.items() if why not in found[label]} == set(), found
    assert len(set(found.values())) >= 15, "a sentence of its own for each"

    second = _types_what_is_printed(
        they, they.gil, "--reason", 'it\'s "agreed" $(reboot) `reboot`\n# twice', "--expires", "4h"
    )
    team.once()
    assert they.buckets() == []
    (done, *_) = team.run("history", "archive", "-o", "json").json["applies"]
    assert done["on_word_of"] == [BO, GIL]
    listed = team.run("approvals", "archive", "-o", "json").json["approvals"]
    assert [(one["by"], one["channel"], one["signature"]["kind"]) for one in listed] == [
        (BO, "tag", "ssh"),
        (GIL, "tag", "gpg"),
    ]
    assert listed[1]["reason"] == 'it\'s "agreed" $(reboot) `reboot` # twice'

    they.creates()
    assert they.deletes() == mark, "the same deletion once more"
    moved = f"tfreconcile/approve/archive/{mark[:12]}-bo-1"
    signing.tag(
        they.path, moved, signed.text(Said(stack="archive", fingerprint=mark), Verdict.APPROVE), they.bo
    )
    team.once(code=3)
    found = they.refused()
    assert found["bo-1"] == "it was moved: approval 1 was given under this name; use another label"
    assert found[second].startswith(f"already used by apply {done['id']} at ")
    assert they.buckets() == ["archive"]
