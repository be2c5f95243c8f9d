"""What does an approver get to type elsewhere, and does it make exactly the tag that is meant?"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support import signing
from support.operator import RULES, Operator, a_held_stack, a_plan_of, a_stack
from support.remembered import MARK, NOON
from support.repository import Repository, environment
from support.signing import Key

from tfreconcile import clock
from tfreconcile.cli import tagging
from tfreconcile.gate import signed
from tfreconcile.gate.model import ApprovalRules, Verdict
from tfreconcile.gate.signed import Said
from tfreconcile.source import trailers
from tfreconcile.source.model import Revision
from tfreconcile.store import tags
from tfreconcile.store.records import PlanRecord, TagRecord

SHORT = MARK[:12]
PLAIN = f"tfreconcile/approve/archive/{SHORT}"
QUORUM = replace(RULES, required=2)


def _held(operator: Operator, rules: ApprovalRules = RULES, revision: str = "a" * 40) -> Operator:
    plan = replace(a_plan_of("archive", rules=rules), revision=Revision(revision))
    return operator.remember(a_held_stack("archive"), plan)


@pytest.fixture
def held(operator: Operator) -> Operator:
    """A machine on which the stack ``archive`` waits: its plan would delete a table."""
    return _held(operator)


def _tag(printed: str) -> str:
    """The name of the tag that is pushed at the end."""
    *_, last = printed.splitlines()
    return last.removeprefix("git push origin refs/tags/")


def _message(printed: str) -> str:
    return printed.partition("<<'TFRECONCILE' &&\n")[2].partition("TFRECONCILE\n")[0]


def _said(printed: str) -> Said:
    return signed.read(trailers.strict(_message(printed)), tag=True)


def test_the_commands_name_the_plan_the_commit_and_the_branch(held: Operator) -> None:
    held.configure(source={"url": "https://git.example.com/infra.git", "branch": "release/1"})
    told = held.types("approve", "archive", "--as-tag")
    assert told.code == 0
    assert _said(told.stdout) == Said(stack="archive", fingerprint=MARK)
    lines = told.stdout.splitlines()
    assert f"git tag -s --cleanup=verbatim -F - {PLAIN} {'a' * 40} <<'TFRECONCILE' &&" in lines
    assert "git fetch origin release/1 &&" in lines
    assert lines[-1] == f"git push origin refs/tags/{PLAIN}"
    assert f"# plan     {MARK}" in lines, "what to compare"
    assert any("tfreconcile diff archive" in line for line in lines)
    assert "6h" in told.stdout, "how long it counts"


def test_nothing_is_said_by_printing_it(held: Operator) -> None:
    held.types("approve", "archive", "--as-tag", "--reason", "x")
    assert held.types("approvals", "-o", "json").json == {"approvals": [], "refused": [], "tampered": []}


def test_every_flag_becomes_a_line_of_the_message(held: Operator) -> None:
    before = clock.now()
    flags = ("--reason", "ticket 4711", "--expires", "4h", "--override-window", "--plan", SHORT)
    said = _said(held.types("approve", "archive", "--as-tag", *flags).stdout)
    assert (said.reason, said.override) == ("ticket 4711", True)
    assert said.expires_at is not None
    assert (
        timedelta(0)
        <= said.expires_at - before.replace(microsecond=0) - timedelta(hours=4)
        < timedelta(minutes=1)
    )


def test_a_rejection_is_printed_alike(held: Operator) -> None:
    told = held.types("reject", "archive", "--as-tag", "--reason", "not now")
    assert told.code == 0
    assert _tag(told.stdout) == f"tfreconcile/reject/archive/{SHORT}"
    assert "# A rejection stands until somebody revokes it on the host." in told.stdout
    assert _said(told.stdout).reason == "not now"
    assert _message(told.stdout).startswith(f"Reject plan {SHORT} of archive\n")


@pytest.mark.parametrize("verb", ["approve", "reject"])
@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (("--label", "x"), "needs --as-tag"),
        (("--as-tag", "--sign", "key"), "has no --sign"),
        (("--as-tag", "--label", "a b"), "--label a b: allowed are letters"),
        (("--as-tag", "--label", "x.lock"), "allowed are letters"),
        (("--as-tag", "--label", "a..b"), "allowed are letters"),
        (("--as-tag", "--label", "-x"), "allowed are letters"),
        (("--as-tag", "--label", "x" * 41), "allowed are letters"),
        (("--as-tag", "--plan", "0" * 12), f"the pending plan is {SHORT}, not 000000000000"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_does(
    verb: str, flags: tuple[str, ...], why: str, held: Operator
) -> None:
    told = held.types(verb, "archive", *flags)
    assert (told.code, told.stdout) == (2, "")
    assert why in " ".join(told.stderr.split())


@pytest.mark.parametrize("typed", ["4", "59s", "tomorrow", "-1h", ""])
def test_a_span_is_a_minute_or_more_with_its_unit(typed: str, held: Operator) -> None:
    told = held.types("approve", "archive", "--as-tag", f"--expires={typed}")
    assert told.code == 2
    assert "allowed: a span from 1m on" in told.stderr


def test_a_stack_without_a_waiting_plan_has_no_commands(operator: Operator) -> None:
    operator.remember(a_stack("archive"))
    assert operator.types("approve", "archive", "--as-tag").code == 2


RANDOM = re.compile(rf"{PLAIN}-[0-9a-f]{{6}}")


def test_several_approvers_get_labels_that_no_two_of_them_share(operator: Operator) -> None:
    _held(operator, QUORUM)
    told = [operator.types("approve", "archive", "--as-tag").stdout for _ in range(2)]
    names = {_tag(one) for one in told}
    assert len(names) == 2, "who uses the same login gets another name all the same"
    assert all(RANDOM.fullmatch(name) for name in names)
    assert "# The name of the tag ends at random, unlike anybody else's; --label chooses" in told[0]
    own = operator.types("approve", "archive", "--as-tag", "--label", "bo.1").stdout
    assert _tag(own) == f"{PLAIN}-bo.1"
    assert "at random" not in own
    assert _tag(operator.types("reject", "archive", "--as-tag").stdout).endswith(f"/reject/archive/{SHORT}")


def test_a_name_that_was_looked_at_before_is_not_proposed_again(held: Operator) -> None:
    with held.store() as store:
        tags.refuse(store, TagRecord(ref=PLAIN, object="a" * 40, stack="archive", at=NOON, refused="x"))
    assert RANDOM.fullmatch(_tag(held.types("approve", "archive", "--as-tag").stdout))
    with held.store() as store:
        ref = f"{PLAIN}-bo"
        tags.refuse(store, TagRecord(ref=ref, object="a" * 40, stack="archive", at=NOON, refused="x"))
    told = held.types("approve", "archive", "--as-tag", "--label", "bo")
    assert told.code == 2
    assert "was looked at before" in told.stderr


@pytest.fixture(params=["ssh", "gpg"])
def key(request: pytest.FixtureRequest, tmp_path: Path) -> Key:
    """An approver's own key, of either kind."""
    make = signing.ssh if request.param == "ssh" else signing.gpg
    made: Key = make(tmp_path / "keys", "ana@example.com")
    return made


HOSTILE = (
    'it\'s "fine" $(touch pwned) `touch pwned` ; touch pwned\n\n'
    "Tfreconcile-Window: override\nTFRECONCILE\ntouch pwned\n# x"
)


def test_the_commands_make_the_tag_in_a_clone_whatever_the_reason_says(
    operator: Operator, repository: Repository, key: Key, tmp_path: Path
) -> None:
    head = repository.write({"README": "x"}).commit()
    operator.configure(source={"url": repository.url})
    _held(operator, revision=head)
    printed = operator.types("approve", "archive", "--as-tag", "--reason", HOSTILE).stdout
    clone = tmp_path / "clone"
    _run(("git", "clone", "--quiet", repository.url, str(clone)), tmp_path)
    for setting in (option for option in key.options if option != "-c"):
        _run(("git", "config", *setting.split("=", 1)), clone)
    _run(("sh", "-e"), clone, printed, key.environment)
    key.close()
    assert list(clone.glob("pwned")) == []
    content = signing.raw(repository.path, PLAIN).decode()
    assert f"object {head}\n" in content
    assert "-----BEGIN" in content
    message = content.partition("\n\n")[2].partition("-----BEGIN")[0]
    said = signed.read(trailers.strict(message), tag=True)
    assert said == Said(stack="archive", fingerprint=MARK, reason=signed.one_line(HOSTILE))


def _run(argv: tuple[str, ...], cwd: Path, stdin: str = "", more: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        argv,
        cwd=cwd,
        input=stdin,
        env={**environment(), **(more or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_effects_to_compare_are_named(held: Operator) -> None:
    lines = held.types("approve", "archive", "--as-tag").stdout.splitlines()
    assert "# effects  1 delete (hazards: destroy, stateful)" in lines


def _plan() -> PlanRecord:
    return a_plan_of("archive")


def test_a_hostile_branch_name_is_quoted() -> None:
    said = Said(stack="archive", fingerprint=MARK)
    lines = tuple(tagging.commands(_plan(), said, Verdict.APPROVE, tag=PLAIN, branch="a;touch pwned"))
    assert "git fetch origin 'a;touch pwned' &&" in lines
