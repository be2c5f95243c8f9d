"""Do whole passes leave an intact journal, and does an edited database get nothing applied?"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text
from support.worlds import Shop

from tfreconcile.gate.model import Verdict
from tfreconcile.observe.conditions import State
from tfreconcile.reconcile.one import reconcile
from tfreconcile.store import accepting, approvals, audit, export, exported, journal, plans
from tfreconcile.store.database import Store
from tfreconcile.store.export import Part

ONE = 'resource "terraform_data" "one" {\n  input = "EXAMPLE-SECRET-%d"\n}\n'


def edit(store: Store, statement: str) -> None:
    with store.write() as session:
        session.execute(text(statement))


def held(team: Shop, number: int = 1) -> None:
    """A stack whose change waits for a person."""
    team.stack("pay", ONE % number, apply="approve")
    assert team.once("pay").conclusion.state is State.AWAITING_APPROVAL


def events(team: Shop) -> list[str]:
    return [one.event for one in reversed(journal.history(team.world.store, limit=99))]


def test_from_plan_to_apply_every_step_is_in_the_journal(team: Shop, tmp_path: Path) -> None:
    held(team)
    team.approve("pay")
    assert team.once("pay").again
    store = team.world.store
    assert events(team) == [
        "plan.decided",
        "approval.given",
        "plan.decided",
        "apply.begun",
        "apply.ended",
        "approval.used",
    ]
    assert audit.verify(store).findings == ()
    file = tmp_path / "journal.jsonl"
    file.write_bytes(b"".join(export.lines(store, Part())))
    assert exported.verify(file, key=team.world.key).findings == ()


def test_a_used_approval_that_was_written_back_applies_nothing(team: Shop) -> None:
    held(team)
    team.approve("pay")
    team.once("pay")
    before = team.state_file("pay").read_bytes()
    held(team, 2)
    word = team.approve("pay")
    store = team.world.store
    edit(store, f"CREATE TABLE was AS SELECT * FROM approvals WHERE id = {word.id}")  # noqa: S608
    errand = team.errand("pay")
    reconcile(team.world, errand)
    team.state_file("pay").write_bytes(before)  # as it was before: the same plan, the same effects
    edit(
        store,
        "UPDATE approvals SET (consumed_at, seal) = (SELECT consumed_at, seal FROM was)"
        " WHERE id IN (SELECT id FROM was)",
    )
    assert word in approvals.of(store)
    again = reconcile(team.world, errand)
    assert (again.conclusion.reason, team.state_file("pay").read_bytes()) == ("ApprovalGone", before)


def test_a_rejection_that_was_deleted_still_stands(team: Shop) -> None:
    held(team)
    team.approve("pay")
    team.approve("pay", by="bob", verdict=Verdict.REJECT)
    edit(team.world.store, "DELETE FROM approvals WHERE \"by\" = 'bob'")
    assert team.once("pay").conclusion.reason == "RejectionGone"
    assert not team.state_file("pay").exists()


def test_an_edited_plan_is_made_anew(team: Shop) -> None:
    held(team)
    store, before = team.world.store, team.pending("pay")
    team.once("pay")
    assert team.pending("pay").id == before.id, "the same plan is kept once"
    edit(store, "UPDATE plans SET document = '{}'")
    team.once("pay")
    after = team.pending("pay")
    assert (after.id > before.id, after.document) == (True, before.document)
    assert plans.is_as_decided(store, after)


def test_no_secret_reaches_the_journal_or_an_export(team: Shop) -> None:
    secret = "EXAMPLE-SECRET-of-the-journal"
    hcl = (
        f'locals {{\n  word = sensitive("{secret}")\n}}\n'
        'resource "terraform_data" "one" {\n  input = local.word\n'
        '  provisioner "local-exec" {\n    command = "echo ${nonsensitive(local.word)}; exit 3"\n  }\n}\n'
    )
    team.stack("pay", hcl, apply="approve")
    team.once("pay")
    team.approve("pay")
    assert team.once("pay").failed
    lines = list(export.lines(team.world.store, Part()))
    assert [line for line in lines if secret.encode() in line] == []
    assert any(b'"status":"failed"' in line for line in lines)


AB, B = (ONE % 1).replace("one", "a") + (ONE % 2).replace("one", "b"), (ONE % 2).replace("one", "b")


def test_a_rejection_that_was_deleted_with_its_event_still_stops_the_apply(team: Shop) -> None:
    team.stack("app", AB).once("app")
    team.stack("app", B).once("app")
    team.approve("app", by="bo", verdict=Verdict.REJECT)
    team.approve("app", by="ana")
    before = team.state_file("app").read_text()
    edit(team.world.store, "DELETE FROM approvals WHERE \"by\" = 'bo'")
    edit(
        team.world.store,
        "UPDATE journal SET stack = 'x'"
        " WHERE event = 'approval.given' AND json_extract(body, '$.verdict') = 'reject'",
    )
    held_back = team.once("app").conclusion
    assert (held_back.state, held_back.reason) == (State.HELD, "JournalBroken")
    assert "tfreconcile audit accept" in held_back.message
    assert team.state_file("app").read_text() == before


def test_not_even_what_asks_for_nobody_is_applied_while_the_journal_is_broken(team: Shop) -> None:
    team.stack("app", B).once("app")
    edit(team.world.store, "UPDATE journal SET actor = 'x' WHERE id = 1")
    team.stack("app", AB)
    assert team.once("app").conclusion.reason == "JournalBroken"
    accepting.accept(team.world.store, by="zoe", reason="looked", at=team.clock.now)
    assert team.once("app").again
    assert audit.verify(team.world.store).findings == ()


def test_after_an_acceptance_what_people_had_approved_is_asked_for_again(team: Shop) -> None:
    team.stack("app", AB).once("app")
    team.stack("app", B).once("app")
    team.approve("app")
    edit(team.world.store, "UPDATE journal SET actor = 'x' WHERE event = 'approval.given'")
    assert team.once("app").conclusion.reason == "JournalBroken"
    accepting.accept(team.world.store, by="zoe", reason="looked", at=team.clock.now)
    assert team.once("app").conclusion.reason == "AwaitingApproval"
    team.approve("app", by="zoe")
    assert team.once("app").again
