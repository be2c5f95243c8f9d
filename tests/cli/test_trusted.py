"""Does ``doctor`` look at the files that the host config trusts, and at who else can change them?"""

from __future__ import annotations

from pathlib import Path

import pytest

from tfreconcile.cli.told import Finding
from tfreconcile.cli.trusted import exposure, policy_files, trusted_signers, unproven_people
from tfreconcile.settings.host import parse
from tfreconcile.settings.model import Settings

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBUZ3sq8kz7Q0nQ2l3bJ6gq0lEXAMPLEKEYEXAMPLEKEYEX1"


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """A directory that its owner alone can write."""
    made = tmp_path / "etc"
    made.mkdir(mode=0o755)
    return made


def _settings(etc: Path, text: str = "", *, verify: str = "none") -> Settings:
    head = f"source: {{url: x, verify: {verify}}}\nsigners: allowed_signers\n"
    return parse(f"{head}{text}".encode(), str(etc / "config.yaml"))


def _written(path: Path, content: str = "", mode: int = 0o644) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    path.chmod(mode)
    return path


def _signers(etc: Path, *, verify: str = "none") -> list[tuple[Finding, str]]:
    return [(one.finding, one.what) for one in trusted_signers(_settings(etc, verify=verify))]


def _policies(etc: Path, policy: str) -> list[tuple[Finding, str]]:
    told = policy_files(_settings(etc, f"gate: {{policy: {policy}}}\n"))
    return [(one.finding, one.what) for one in told]


def test_signers_that_can_be_read_are_counted(etc: Path) -> None:
    file = _written(etc / "allowed_signers", f"# people\nana@example.com {KEY}\n\nbo@example.com {KEY}\n")
    assert _signers(etc) == [(Finding.GOOD, f"{file} names 2 keys")]


@pytest.mark.parametrize(("verify", "finding"), [("none", Finding.WARNING), ("head", Finding.WRONG)])
def test_signers_that_are_missing_stop_passes_only_if_commits_must_be_signed(
    verify: str, finding: Finding, etc: Path
) -> None:
    ((found, what),) = _signers(etc, verify=verify)
    assert found is finding
    assert f"{etc}/allowed_signers cannot be read: No such file or directory" in what


@pytest.mark.parametrize(
    "gate",
    [
        pytest.param("approvals: {signed: true}", id="every word must be signed"),
        pytest.param("approvals: {hazards: {destroy: {signed: true}}}", id="of one hazard"),
        pytest.param("approvals: {stacks: {pay-*: {signed: true}}}", id="of some stacks"),
    ],
)
def test_signers_that_are_missing_are_wrong_where_only_signed_words_count(gate: str, etc: Path) -> None:
    (told,) = trusted_signers(_settings(etc, f"gate: {{{gate}}}\n"))
    assert told.finding is Finding.WRONG


def test_what_stands_beside_the_signers_is_named(etc: Path) -> None:
    _written(etc / "allowed_signers", f"ana@example.com {KEY}\n")
    _written(etc / "revoked_keys", f"{KEY}\n")
    ((finding, what),) = _signers(etc)
    assert finding is Finding.GOOD
    assert what.endswith("names 1 keys; beside it: revoked_keys")


def test_a_line_of_the_signers_that_is_none_is_told(etc: Path) -> None:
    _written(etc / "allowed_signers", f"ana@example.com {KEY}\nbo@example.com\n")
    ((finding, what),) = _signers(etc)
    assert finding is Finding.WARNING
    assert "line 2" in what


def test_programs_that_verify_are_missed_when_they_are_needed(
    etc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _written(etc / "allowed_signers", f"ana@example.com {KEY}\n")
    monkeypatch.setenv("PATH", str(etc))
    found = [(Finding.WARNING, "there is no ssh-keygen on the PATH"), (Finding.GOOD, f"{file} names 1 keys")]
    assert _signers(etc) == found
    _written(etc / "trusted.gpg", "keys")
    names = [what.split()[3] for finding, what in _signers(etc, verify="head") if finding is Finding.WRONG]
    assert names == ["ssh-keygen", "gpg", "gpgv"]


@pytest.mark.parametrize(
    ("approvals", "warned"),
    [
        pytest.param("{}", False, id="one person"),
        pytest.param("{required: 2}", True, id="a quorum"),
        pytest.param("{four_eyes: true}", True, id="four eyes"),
        pytest.param("{required: 2, four_eyes: true, signed: true}", False, id="signed"),
        pytest.param("{hazards: {iam: {required: 2}}}", True, id="a quorum for a hazard"),
        pytest.param("{hazards: {iam: {required: 2, signed: true}}}", False, id="signed for that hazard"),
        pytest.param("{stacks: {'pay-*': {four_eyes: true}}}", True, id="four eyes for some stacks"),
        pytest.param("{stacks: {'pay-*': {four_eyes: true, signed: true}}}", False, id="signed for those"),
    ],
)
def test_people_who_are_counted_by_login_and_by_key_are_a_warning(
    approvals: str, warned: bool, etc: Path
) -> None:
    found = list(unproven_people(_settings(etc, f"gate: {{approvals: {approvals}}}\n")))
    assert [one.finding for one in found] == ([Finding.WARNING] if warned else [])
    assert all("signed: true" in one.remedy for one in found)


def test_people_who_are_counted_by_login_alone_are_not(etc: Path) -> None:
    alone = parse(b"source: {url: x}\ngate: {approvals: {required: 2}}\n", str(etc / "config.yaml"))
    assert list(unproven_people(alone)) == []


def test_whatever_others_can_change_is_a_warning_with_the_command_that_mends_it(etc: Path) -> None:
    _written(etc / "allowed_signers", f"ana@example.com {KEY}\n", mode=0o664)
    _written(etc / "trusted.gpg", "keys", mode=0o646)
    _written(etc / "revoked_keys", f"{KEY}\n", mode=0o666)
    told = [one for one in trusted_signers(_settings(etc)) if one.finding is not Finding.GOOD]
    assert {one.finding for one in told} == {Finding.WARNING}
    assert [(one.what, one.remedy) for one in told] == [
        (f"{etc / name} can be changed by others (mode {mode})", f"run chmod go-w {etc / name}")
        for name, mode in (("allowed_signers", "0664"), ("trusted.gpg", "0646"), ("revoked_keys", "0666"))
    ]


def test_a_directory_that_others_can_write_is_a_warning(etc: Path) -> None:
    _written(etc / "allowed_signers", f"ana@example.com {KEY}\n")
    etc.chmod(0o777)
    assert (Finding.WARNING, f"{etc} can be changed by others (mode 0777)") in _signers(etc)
    etc.chmod(0o1777)
    assert [finding for finding, _ in _signers(etc)] == [Finding.GOOD]


@pytest.mark.parametrize(("owner", "told"), [(0, 0), (1000, 0), (1001, 1)])
def test_a_file_of_another_user_is_a_warning_unless_that_is_root(owner: int, told: int) -> None:
    found = list(exposure(Path("/etc/signers"), mode=0o100644, owner=owner, ours=1000))
    assert len(found) == told
    assert all("belongs to another user (uid 1001)" in what for what, _ in found)


def test_policies_that_are_there_are_not_spoken_of(etc: Path) -> None:
    _written(etc / "policies" / "a.rego")
    _written(etc / "data.yaml")
    assert _policies(etc, "{rego: [policies], data: [data.yaml]}") == []


def test_policies_that_are_missing_are_wrong(etc: Path) -> None:
    found = _policies(etc, "{rego: [policies], data: [data.yaml], engine: /none/opa, checkov: checkov}")
    assert found == [
        (Finding.WRONG, f"{etc}/policies does not exist or cannot be read"),
        (Finding.WRONG, f"{etc}/data.yaml does not exist or cannot be read"),
        (Finding.WRONG, f"{etc}/checkov is no program that can be run"),
        (Finding.WRONG, "/none/opa is no program that can be run"),
    ]


def test_a_policy_that_others_can_change_is_a_warning_once(etc: Path) -> None:
    loose = _written(etc / "policies" / "deep.rego", mode=0o666)
    _written(etc / "policies" / "other.rego")
    program = _written(etc / "checkov", "#!/bin/sh\n", mode=0o777)
    found = _policies(etc, "{rego: [policies, policies/deep.rego], checkov: checkov}")
    assert sorted(found) == [
        (Finding.WARNING, f"{program} can be changed by others (mode 0777)"),
        (Finding.WARNING, f"{loose} can be changed by others (mode 0666)"),
    ]
