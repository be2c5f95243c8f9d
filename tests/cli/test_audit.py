"""What does an operator, and an auditor without anything but a file, see of the journal?"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support import ledger
from support.operator import Operator, a_held_stack, a_plan_of
from support.remembered import NET, PAY

from tfreconcile.store import approvals


@pytest.fixture
def grown(operator: Operator) -> Operator:
    """A host on which something has happened."""
    with operator.store() as store:
        ledger.fill(store)
    return operator


def edit(operator: Operator, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(operator.database)) as connection, connection:
        connection.execute(statement, values)


def exported(operator: Operator) -> Path:
    file = operator.home / "journal.jsonl"
    answer = operator.types("audit", "export", "--output", str(file))
    assert (answer.code, answer.stdout) == (0, "")
    assert f"next: tfreconcile audit verify {file}" in answer.stderr
    return file


def test_the_newest_events_come_first(grown: Operator) -> None:
    lines = grown.types("audit", "list", "-n", "3").stdout.splitlines()
    assert [line.split()[2] for line in lines[1:]] == ["stack.sync", "stack.resumed", "stack.suspended"]


def test_the_events_of_one_stack_can_be_asked_for(grown: Operator) -> None:
    found = json.loads(grown.types("audit", "list", PAY, "-o", "json").stdout)["events"]
    assert {one["stack"] for one in found} == {PAY}
    assert {"id", "at", "event", "actor", "version", "body", "previous", "hash"} <= set(found[0])


def test_a_host_on_which_nothing_happened_says_so(operator: Operator) -> None:
    answer = operator.types("audit", "list")
    assert (answer.code, answer.stdout, answer.stderr) == (0, "", "nothing has happened yet\n")


def test_an_intact_journal_ends_with_0(grown: Operator) -> None:
    answer = grown.types("audit", "verify")
    assert answer.code == 0
    assert answer.stdout.startswith(f"{ledger.EVENTS} events, intact, head ")


@pytest.mark.parametrize("output", ["table", "json"])
def test_an_edited_journal_ends_with_1_and_every_finding(grown: Operator, output: str) -> None:
    edit(grown, "UPDATE journal SET actor = 'mallory' WHERE id = 2")
    edit(grown, "UPDATE approvals SET reason = 'other' WHERE id = 3")
    answer = grown.types("audit", "verify", "-o", output)
    assert answer.code == 1
    if output == "json":
        document = json.loads(answer.stdout)
        assert (document["intact"], document["events"]) == (False, ledger.EVENTS)
        assert {(one["kind"], one["first"]) for one in document["findings"]} == {
            ("event", 2),
            ("approval", 3),
            ("approval", 1),
        }
    else:
        assert "event 2 was changed" in answer.stdout
        assert "approval 3 was changed outside tfreconcile" in answer.stdout
        assert "NOT intact: 3 findings" in answer.stdout


def test_an_export_is_verified_without_database_key_and_config(
    grown: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = exported(grown)
    monkeypatch.delenv("TFRECONCILE_CONFIG")
    grown.database.unlink()
    answer = grown.types("audit", "verify", str(file))
    assert (answer.code, answer.stdout.split(",")[1]) == (0, " intact")
    assert "note: seals were not looked at (--key)" in answer.stderr
    file.write_bytes(file.read_bytes().replace(b'"actor":"bob"', b'"actor":"eve"'))
    assert grown.types("audit", "verify", str(file)).code == 1


def test_with_the_key_an_export_is_held_to_its_seals(grown: Operator) -> None:
    file, key = exported(grown), grown.state / "fingerprint.key"
    assert grown.types("audit", "verify", str(file), "--key", str(key)).code == 0
    key.write_text("ab" * 32)
    answer = grown.types("audit", "verify", str(file), "--key", str(key))
    assert (answer.code, "its seal does not fit" in answer.stdout) == (1, True)


def test_an_export_goes_to_standard_output_for_whoever_pipes_it(grown: Operator) -> None:
    answer = grown.types("audit", "export", "--stack", NET, "--since", "4")
    lines = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [next(iter(line)) for line in lines] == ["header", *["event"] * 4, "footer"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(("verify", "none.jsonl"), "cannot be read: No such file", id="no-file"),
        pytest.param(("verify", "--key", "k"), "--signers and --key go with a FILE", id="key-alone"),
        pytest.param(("verify", "{config}"), "this is not an exported journal", id="other-file"),
        pytest.param(("verify", "{config}", "--key", "none"), "there is no such key_file", id="no-key"),
        pytest.param(("verify", "{config}", "--signers", "none"), "the signers file none", id="no-signers"),
        pytest.param(("verify", "{config}", "--signers", "{config}"), "cannot be used", id="other-signers"),
        pytest.param(("export", "--output", "none/x"), "cannot be written: No such file", id="no-directory"),
        pytest.param(("export", "--stack", "nobody"), "no such stack", id="no-stack"),
        pytest.param(("list", "nobody"), "no such stack", id="list-no-stack"),
    ],
)
def test_wrong_usage_is_told_in_words(grown: Operator, arguments: tuple[str, ...], says: str) -> None:
    answer = grown.types("audit", *(one.format(config=grown.config) for one in arguments))
    assert (answer.code, says in answer.stderr) == (2, True)


def test_a_journal_that_cannot_be_read_is_not_exported_halfway(grown: Operator) -> None:
    edit(grown, "UPDATE journal SET body = 'x' WHERE id = 5")
    file = grown.home / "journal.jsonl"
    answer = grown.types("audit", "export", "--output", str(file))
    assert (answer.code, file.exists()) == (1, False)
    assert "event 5 cannot be exported" in answer.stderr


def test_an_edited_plan_is_shown_to_nobody(operator: Operator) -> None:
    operator.remember(a_held_stack(), a_plan_of())
    assert operator.types("diff", PAY).code == 0
    edit(operator, "UPDATE plans SET document = '{}'")
    for verb in ("diff", "approve", "reject"):
        answer = operator.types(verb, PAY)
        assert answer.code == 2
        assert "the stored plan 1 was changed outside tfreconcile" in answer.stderr
        assert f"tfreconcile sync {PAY}" in answer.stderr


def test_an_edited_word_is_named_wherever_words_are(operator: Operator) -> None:
    operator.remember(a_held_stack(), a_plan_of())
    mark = a_plan_of().fingerprint
    assert operator.types("reject", PAY, "--plan", mark, "--yes").code == 0
    edit(operator, "UPDATE approvals SET verdict = 'approve'")
    for verb in ("approvals", "status"):
        assert "approval 1 was changed outside tfreconcile" in operator.types(verb).stderr
    (named,) = json.loads(operator.types("approvals", "-o", "json").stdout)["tampered"]
    assert (named["id"], named["stack"]) == (1, PAY)
    answer = operator.types("revoke", PAY)
    assert (answer.code, "which was changed or removed outside tfreconcile" in answer.stdout) == (0, True)
    with operator.store() as store:
        assert approvals.lost(store, PAY) == ()
    assert operator.types("revoke", PAY).code == 1
