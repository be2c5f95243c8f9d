"""What does a person see when the branch must be signed, and was rewritten?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import signing
from support.operator import Operator
from support.repository import Repository
from support.signing import SshKey

HCL = 'resource "terraform_data" "x" {\n  input = "%s"\n}\n'


@pytest.fixture
def ana(tmp_path: Path) -> SshKey:
    """Whom the host trusts."""
    return signing.ssh(tmp_path / "keys", "ana@example.com")


@pytest.fixture
def host(
    operator: Operator,
    repository: Repository,
    ana: SshKey,
    search_path: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Operator:
    """A machine that follows signed commits only; two of them are there and in effect."""
    monkeypatch.setenv("PATH", search_path)
    monkeypatch.setenv("HOME", str(operator.home))
    monkeypatch.delenv("TF_CLI_CONFIG_FILE", raising=False)
    signers = signing.allowed(tmp_path / "allowed_signers", ana.line())
    operator.configure(
        source={"url": repository.url, "verify": "head"}, signers=str(signers), engine="terraform"
    )
    _commit(repository, ana, "v1")
    _commit(repository, ana, "v2")
    assert operator.types("once", "-q").code == 0
    return operator


def _commit(repository: Repository, key: SshKey | None, value: str) -> str:
    repository.write({"stacks/app/stack.yaml": "{}\n", "stacks/app/main.tf": HCL % value})
    repository.git("add", "--all", "--force")
    return signing.commit(repository.path, f"Set {value}", key)


def _rewrite(repository: Repository, key: SshKey | None) -> str:
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    return _commit(repository, key, "v3")


def _input(host: Operator) -> object:
    state = json.loads((host.state / "tfstate" / "app" / "terraform.tfstate").read_text())
    return state["resources"][0]["instances"][0]["attributes"]["input"]["value"]


def test_a_rewritten_branch_changes_nothing_until_a_person_accepts_its_head(
    host: Operator, repository: Repository, ana: SshKey
) -> None:
    head = _rewrite(repository, ana)
    told = host.types("once")
    assert told.code == 3
    assert "the head of the branch is refused" in told.stderr
    assert f"tfreconcile accept-rewrite {head[:12]} --reason" in told.stderr
    assert _input(host) == "v2"
    accepted = host.types("accept-rewrite", head[:12], "--reason", "a secret was taken out", "--yes")
    assert (accepted.code, accepted.stderr) == (0, "next: tfreconcile once, or wait for the next pass\n")
    held = host.types("once", "-q")
    assert (
        held.code == 3
    )  # who set the branch back is not known, so that its changes need a word of their own
    mark = host.types("diff", "app", "-o", "json").json["fingerprint"]
    assert host.types("approve", "app", "--plan", mark, "--yes").code == 0
    assert host.types("once", "-q").code == 0
    assert _input(host) == "v3"
    listed = host.types("audit", "list", "-o", "json").json["events"]
    (event,) = [one for one in listed if one["event"] == "source.rewrite-accepted"]
    assert (event["body"]["revision"], event["body"]["reason"]) == (head, "a secret was taken out")


def test_an_unsigned_commit_changes_nothing_and_status_says_why(
    host: Operator, repository: Repository
) -> None:
    head = _commit(repository, None, "v3")
    told = host.types("once")
    assert told.code == 1
    assert f"commit {head[:12]} is not trusted: it is not signed" in told.stderr
    assert _input(host) == "v2"
    (stack,) = host.types("status", "-o", "json").json["stacks"]
    (found,) = [one for one in stack["conditions"] if one["type"] == "SourceVerified"]
    assert (found["status"], found["reason"]) == ("False", "SourceUntrusted")


def test_drift_is_still_looked_for_while_the_head_is_refused(host: Operator, repository: Repository) -> None:
    _commit(repository, None, "v3")
    told = host.types("once", "--all", "-o", "json")
    assert told.json["passed"] == ["app"]
    assert told.json["stacks"][0]["sync"] == "Synced"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("abc" * 4, "--reason", "x", "--yes"), "is not the head that was refused", id="another"),
        pytest.param(("abc", "--reason", "x", "--yes"), "needs 12 digits or more, found 3", id="too short"),
        pytest.param(("abc" * 4, "--reason", "x"), "without a terminal --yes is required", id="unasked"),
        pytest.param(("abc", "--yes"), "Missing option '--reason'", id="without a reason"),
    ],
)
def test_what_is_not_meant_is_not_accepted(
    host: Operator, repository: Repository, ana: SshKey, arguments: tuple[str, ...], said: str
) -> None:
    _rewrite(repository, ana)
    host.types("once", "-q")
    told = host.types("accept-rewrite", *arguments)
    assert told.code == 2
    assert said in told.stderr


def test_an_unsigned_rewrite_cannot_be_accepted(host: Operator, repository: Repository) -> None:
    head = _rewrite(repository, None)
    host.types("once", "-q")
    told = host.types("accept-rewrite", head[:12], "--reason", "x", "--yes")
    assert told.code == 1
    assert "is not trusted: it is not signed" in told.stderr
    assert host.types("once", "-q").code == 3
    assert _input(host) == "v2"
