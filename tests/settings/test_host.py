"""What does a host config say, and what is said about a wrong one?"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.classify.model import HazardKind
from tfreconcile.errors import Misconfigured, Place
from tfreconcile.gate.model import DriftPolicy, Requirement
from tfreconcile.gate.policy import DEFAULT_HAZARDS
from tfreconcile.settings.host import load, parse
from tfreconcile.settings.model import BackendDefault, Settings
from tfreconcile.source.model import StackName

FILE = "/etc/tfreconcile/config.yaml"
CONTRACT = b"""\
source:
  url: git@github.com:acme/infra.git
  branch: main
  path: stacks
  interval: 60s
  verify: none
state_dir: /var/lib/tfreconcile
database: sqlite:////var/lib/tfreconcile/tfreconcile.db
engine: auto
account: {aws: "123456789012", gcp: my-project}
workers: 2
backend: local
environment:
  pass: [AWS_*, GOOGLE_*, ARM_*, TF_CLI_CONFIG_FILE, HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE]
  set: {}
signers: /etc/tfreconcile/allowed_signers
gate:
  hazards: {destroy: approve, replace: approve, stateful: approve, cost: approve, empty-state: never}
  max_destroys: 10
  approvals: {required: 1, ttl: 24h, four_eyes: false, approvers: ["*"]}
  windows: []
defaults: {interval: 10m, timeout: 30m}
"""
SOURCE = "source: {url: https://git.example.com/infra.git}\n"


def _parsed(text: str, file: str = FILE) -> Settings:
    return parse(f"{SOURCE}{text}".encode(), file)


def test_the_contract_says_what_the_defaults_are() -> None:
    written = parse(CONTRACT, FILE)
    left_out = parse(b"source: {url: 'git@github.com:acme/infra.git'}", FILE)
    assert written.source == left_out.source
    assert written.floor.policy == left_out.floor.policy
    assert (written.state_dir, written.database) == (left_out.state_dir, left_out.database)
    assert (written.engine, written.workers) == (left_out.engine, left_out.workers)
    assert (written.backend, written.environment) == (left_out.backend, left_out.environment)
    assert written.defaults == left_out.defaults
    assert (written.account, left_out.account) == ({"aws": "123456789012", "gcp": "my-project"}, {})
    assert (written.signers, left_out.signers) == (Path("/etc/tfreconcile/allowed_signers"), None)
    assert written.key_file == Path("/var/lib/tfreconcile/fingerprint.key")


def test_a_hazard_that_is_not_detected_yet_is_accepted_and_named() -> None:
    settings_read = parse(CONTRACT, FILE)
    assert settings_read.unused_hazards == ("cost",)
    assert set(settings_read.floor.policy.hazards) == set(HazardKind)


def test_the_floor_is_what_the_gate_goes_by_with_places() -> None:
    text = """\
gate:
  hazards: {destroy: never}
  apply: approve
  drift: report
  prune: never
  max_destroys: 3
  max_destroy_percent: 20
  approvals: {required: 2, ttl: 1h, approvers: [ana, "*@example.com"]}
  stateful: [aws_foo_*]
"""
    settings_read = _parsed(text)
    policy = settings_read.floor.policy
    assert policy.hazards == {**DEFAULT_HAZARDS, HazardKind.DESTROY: Requirement.NEVER}
    assert (policy.apply, policy.prune) == (Requirement.APPROVE, Requirement.NEVER)
    assert policy.drift is DriftPolicy.REPORT
    assert (policy.max_destroys, policy.max_destroy_percent) == (3, 20)
    assert (policy.approvals.required, policy.approvals.ttl) == (2, timedelta(hours=1))
    assert policy.approvals.approvers == (("ana", "*@example.com"),)
    assert settings_read.stateful == frozenset({"aws_foo_*"})
    assert settings_read.floor.places["gate.hazards.destroy"] == Place(FILE, 3, 22)
    assert settings_read.floor.places["gate.approvals.ttl"] == Place(FILE, 9, 33)
    assert "source.url" not in settings_read.floor.places


def test_relative_paths_start_from_the_directory_of_the_config() -> None:
    text = "source: {url: ../repo}\nstate_dir: state\nsigners: ./keys/../signers\nkey_file: key\n"
    settings_read = parse(text.encode(), "/srv/team/tfreconcile/config.yaml")
    assert settings_read.source.url == "/srv/team/repo"
    assert settings_read.state_dir == Path("/srv/team/tfreconcile/state")
    assert settings_read.signers == Path("/srv/team/tfreconcile/signers")
    assert settings_read.key_file == Path("/srv/team/tfreconcile/key")
    assert settings_read.database == "sqlite:////srv/team/tfreconcile/state/tfreconcile.db"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("./repo", "/srv/repo"),
        ("repo", "/srv/repo"),
        ("/repo", "/repo"),
        ("a/b:c", "/srv/a/b:c"),
        ("git@example.com:acme/infra.git", "git@example.com:acme/infra.git"),
        ("host:infra", "host:infra"),
        ("file:///repo", "file:///repo"),
        ("ssh://git@example.com/infra", "ssh://git@example.com/infra"),
    ],
)
def test_an_address_is_a_path_only_where_git_takes_it_for_one(written: str, meant: str) -> None:
    assert parse(f"source: {{url: '{written}'}}".encode(), "/srv/c.yaml").source.url == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("sqlite:///a.db", "sqlite:////etc/tfreconcile/a.db"),
        ("sqlite:////a.db", "sqlite:////a.db"),
        ("postgresql+psycopg://u:EXAMPLE-SECRET-1@h/x", "postgresql+psycopg://u:EXAMPLE-SECRET-1@h/x"),
    ],
)
def test_a_database_is_sqlite_or_postgresql(written: str, meant: str) -> None:
    assert _parsed(f"database: {written}").database == meant


def test_an_s3_backend_always_locks_and_keeps_stacks_apart() -> None:
    backend = _parsed("backend: {s3: {bucket: states, region: eu-1, endpoints: {s3: 'x/{stack}'}}}").backend
    assert backend.kind == "s3"
    assert backend.settings_of(StackName("pay")) == {
        "bucket": "states",
        "key": "pay/terraform.tfstate",
        "use_lockfile": True,
        "region": "eu-1",
        "endpoints": {"s3": "x/pay"},
    }


def test_a_lock_table_takes_the_place_of_the_lock_file() -> None:
    backend = _parsed("backend: {s3: {bucket: states, key: 'a/{stack}', dynamodb_table: locks}}").backend
    assert backend.settings == {"bucket": "states", "key": "a/{stack}", "dynamodb_table": "locks"}


def test_a_backend_may_be_forbidden() -> None:
    assert _parsed("backend: none").backend == BackendDefault(kind="none")


WRONG = {
    "no source": ("state_dir: /x", "1:1: source: the key is missing"),
    "no address": ("source: {branch: main}", "1:9: source.url: the key is missing"),
    "an option for an address": ("source: {url: --upload-pack=x}", "1:15: source.url: it starts with a dash"),
    "a program for an address": ("source: {url: 'ext::sh -c x'}", "1:15: source.url: remote helpers are not"),
    "a home directory": (
        "source: {url: ~/repo}",
        "1:15: source.url: ~ is not resolved (write the whole path)",
    ),
    "an option for a branch": (
        "source: {url: x, branch: -f}",
        "1:26: source.branch: found '-f'; allowed: the",
    ),
    "a path that climbs": ("source: {url: x, path: ../y}", "1:24: source.path: '../y', seen from ., leaves"),
    "signed commits": (
        "source: {url: x, verify: head}",
        "1:26: source.verify: head needs signers: no commit could ever be trusted (name an allowed",
    ),
}
WRONG_BELOW = {
    "another database": (
        "database: mysql://u:hunter2@h/x",
        "11: database: found text of 21 characters (not shown); allowed: sqlite",
    ),
    "another driver": ("database: postgresql://u:hunter2@h/x", "11: database: found text of "),
    "a database in memory": ("database: 'sqlite:///:memory:'", "11: database: found text of "),
    "a database with options": ("database: sqlite:///a?mode=ro", "11: database: found text of "),
    "a number for a database": (
        "database: 424242",
        "11: database: found a number (not shown); allowed: text",
    ),
    "a home for the state": (
        "state_dir: ~/x",
        "12: state_dir: found '~/x'; allowed: a path, absolute or rel",
    ),
    "an unknown engine": ("engine: tofoo", "9: engine: found 'tofoo'; allowed: auto, terraform, tofu, embed"),
    "a relative engine": ("engine: ./terraform", "9: engine: found './terraform'; allowed: auto, terraform"),
    "an unquoted account": ("account: {aws: 123456789012}", "16: account.aws: found 123456789012 (a number)"),
    "an account that lost a zero": ("account: {aws: 012345678901}", "16: a number would lose its leading z"),
    "a short account": ('account: {aws: "123"}', "16: account.aws: found '123'; allowed: an AWS account id"),
    "an unknown cloud": ("account: {azure: x}", "11: account.azure: there is no such key; allowed: aws, gcp"),
    "no worker": ("workers: 0", "10: workers: found 0 (a number); allowed: 1 or more"),
    "an unknown backend": ("backend: s3", "10: backend: found 's3'; allowed: local, none, or a mapping such"),
    "a number for a backend": ("backend: 3", "10: backend: found 3 (a number); allowed: local, none, or"),
    "another backend": ("backend: {s3: {bucket: abc}, gcs: {}}", "30: backend.gcs: there is no such key"),
    "no bucket": ("backend: {s3: {region: x}}", "15: backend.s3.bucket: the key is missing"),
    "one state for all": ("backend: {s3: {bucket: abc, key: x}}", "34: backend.s3.key: found text of 1 char"),
    "no lock": (
        "backend: {s3: {bucket: abc, use_lockfile: false}}",
        "15: backend.s3: the state would have no",
    ),
    "another placeholder": ("backend: {s3: {bucket: abc, x: '{name}'}}", "15: backend.s3: x has braces; all"),
    "arguments for every command": ("environment: {pass: [TF_CLI_ARGS]}", "22: environment.pass.0: TF_CLI_A"),
    "all that begins with TF": (
        "environment: {pass: [TF_*]}",
        "22: environment.pass.0: TF_* is or covers TF_",
    ),
    "everything": (
        "environment: {pass: ['*']}",
        "22: environment.pass.0: * is or covers TF_CLI_ARGS*, which",
    ),
    "a log level": (
        "environment: {set: {TF_LOG: hunter2}}",
        "21: environment.set.TF_LOG: TF_LOG is or covers",
    ),
    "a number for a variable": (
        "environment: {set: {A: 424242}}",
        "24: environment.set.A: found a number (n",
    ),
    "an odd name": (
        "environment: {set: {'A=B': x}}",
        "21: environment.set.A=B: found 'A=B'; allowed: the na",
    ),
    "an unknown hazard": (
        "gate: {hazards: {destory: auto}}",
        "18: gate.hazards.destory: found 'destory'; al",
    ),
    "an unknown level": (
        "gate: {hazards: {iam: yes}}",
        "23: gate.hazards.iam: found 'yes'; allowed: auto, ap",
    ),
    "more people than there are": (
        "gate: {approvals: {required: 2, approvers: [ana]}}",
        "19: gate.approvals: 2 must say yes and 1 person could: nothing could ever be approved",
    ),
    "a quick interval": (
        "defaults: {interval: 1s}",
        "22: defaults.interval: found '1s'; allowed: 10s to 30d",
    ),
    "an unknown key": ("worker: 2", "1: worker: there is no such key; allowed: source, state_dir, database"),
}


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        *WRONG.values(),
        *((f"{SOURCE}{text}", f"2:{begins}") for text, begins in WRONG_BELOW.values()),
    ],
    ids=[*WRONG, *WRONG_BELOW],
)
def test_a_wrong_config_is_refused_with_its_place(text: str, begins: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        parse(f"{text}\n".encode(), FILE)
    assert str(refused.value).startswith(f"{FILE}:{begins}")
    assert len(refused.value.problems) == 1
    assert "hunter2" not in str(refused.value)
    assert "424242" not in str(refused.value)


def test_a_password_is_in_no_repr_and_named_in_a_warning() -> None:
    text = """\
source: {url: 'https://bob:EXAMPLE-SECRET-1@git.example.com/x'}
database: postgresql+psycopg://u:EXAMPLE-SECRET-2@h/x
environment: {set: {A_TOKEN: EXAMPLE-SECRET-3}}
backend: {s3: {bucket: abc, secret_key: EXAMPLE-SECRET-4}}
"""
    settings_read = parse(text.encode(), FILE)
    assert "EXAMPLE-SECRET" not in repr(settings_read)
    assert settings_read.warnings == (
        "source.url holds a password; use an SSH key or a credential helper instead",
        "backend.s3 holds secret_key; use the environment or a role instead",
    )


def test_a_config_is_loaded_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(CONTRACT)
    file.chmod(0o600)
    assert load(file) == parse(CONTRACT, str(file))
    assert load(file).warnings == ()
    assert load(file).source.path == PurePosixPath("stacks")


def test_a_config_that_others_can_write_is_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(CONTRACT)
    file.chmod(0o664)
    (warning,) = load(file).warnings
    assert warning == f"{file} can be changed by others (mode 0664); run chmod go-w on it"


def test_a_password_that_others_can_read_is_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"{SOURCE}database: postgresql+psycopg://u:EXAMPLE-SECRET-1@h/x\n")
    file.chmod(0o644)
    (warning,) = load(file).warnings
    assert warning == f"{file} holds a password and can be read by others; run chmod go-r on it"


def test_a_missing_config_says_how_to_name_another(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"there is no such file \(write it, or name another"):
        load(tmp_path / "none.yaml")


def test_what_is_no_file_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Misconfigured, match="this is not a regular file"):
        load(tmp_path / "pipe")
    with pytest.raises(Misconfigured, match=r"this is not a regular file|Is a directory"):
        load(tmp_path)
    with pytest.raises(Misconfigured, match="the file cannot be read: embedded null byte"):
        load(tmp_path / "a\0b")
    with pytest.raises(Misconfigured, match="the file cannot be read: File name too long"):
        load(tmp_path / ("a" * 300))


def test_a_huge_config_is_refused_without_reading_it_all(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    with file.open("wb") as out:
        out.truncate(10**9)
    with pytest.raises(Misconfigured, match=r"the file has \d+ bytes; allowed: up to 262144"):
        load(file)


@given(st.lists(st.sampled_from(CONTRACT.splitlines(keepends=True)), max_size=20).map(b"".join), st.data())
@settings(max_examples=100, deadline=None)
def test_no_torn_config_brings_another_exception(content: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(min_value=0, max_value=len(content)))
    torn = content[cut:] + data.draw(st.binary(max_size=6))
    with suppress(Misconfigured):
        assert parse(torn, FILE).file == FILE
