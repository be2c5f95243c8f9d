"""Which commit is reconciled when the branch must be signed? Real Git, real ssh-keygen, real SQLite."""

from __future__ import annotations

import shutil
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update
from support import signing
from support.remembered import NOON
from support.signing import SshKey
from support.worlds import Shop

from tfreconcile.errors import Misconfigured, Stalled, Waiting
from tfreconcile.reconcile import status, survey, trust
from tfreconcile.reconcile.trust import REWRITTEN, UNTRUSTED, Trust
from tfreconcile.source.model import Revision, StackName
from tfreconcile.source.signers import signers_beside
from tfreconcile.store import sources, stacks
from tfreconcile.store.tables import JournalRow, SourceRow

HCL = 'resource "terraform_data" "one" {\n  input = "%s"\n}\n'


@pytest.fixture
def ana(tmp_path: Path) -> SshKey:
    """Whom the host trusts."""
    return signing.ssh(tmp_path / "keys", "ana@example.com")


@pytest.fixture
def signers(tmp_path: Path, ana: SshKey) -> Path:
    """The operator's file."""
    return signing.allowed(tmp_path / "allowed_signers", ana.line())


def _verifying(team: Shop, signers: Path, verify: str, since: Revision | None = None) -> Shop:
    match verify:
        case "head":
            how = Trust(verify="head", signers=signers_beside(signers))
        case _:
            how = Trust(verify="history", since=since, signers=signers_beside(signers))
    return replace(team, world=replace(team.world, trust=how))


def _committed(team: Shop, key: SshKey | None, value: str = "v1") -> Revision:
    definition = {"stacks/one/main.tf": HCL % value, "stacks/one/stack.yaml": "name: one\n"}
    team.repository.write(definition)
    team.repository.git("add", "--all", "--force")
    return Revision(signing.commit(team.repository.path, f"Set {value}", key))


def _set_back(team: Shop) -> None:
    team.repository.git("reset", "--quiet", "--hard", "HEAD~1")


def _condition(team: Shop) -> tuple[object, object]:
    record = stacks.get(team.world.store, StackName("one"))
    assert record is not None
    found = status.documents(team.world.store, [record], NOON)[0]["conditions"]
    assert isinstance(found, list)
    told = next(one for one in found if one["type"] == "SourceVerified")
    return told["status"], told["reason"]


def _events(team: Shop) -> list[str]:
    with team.world.store.read() as session:
        told = session.scalars(select(JournalRow.event).order_by(JournalRow.id))
        return [event for event in told if event.startswith("source.")]


@pytest.mark.parametrize("verify", ["head", "history"])
def test_a_branch_of_signed_commits_is_followed(team: Shop, ana: SshKey, signers: Path, verify: str) -> None:
    team = _verifying(team, signers, verify)
    _committed(team, ana)
    seen = survey.survey(team.world)
    assert (seen.revision, seen.stale) == (team.repository.head(), None)
    newer = _committed(team, ana, "v2")
    assert survey.survey(team.world).revision == newer
    assert _condition(team) == ("True", "SourceVerified")
    assert _events(team) == ["source.accepted", "source.accepted"]


@pytest.mark.parametrize("verify", ["head", "history"])
def test_an_unsigned_head_leaves_the_last_accepted_commit_in_force(
    team: Shop, ana: SshKey, signers: Path, verify: str
) -> None:
    team = _verifying(team, signers, verify)
    accepted = _committed(team, ana)
    survey.survey(team.world)
    _committed(team, None, "v2")
    for _ in range(3):
        seen = survey.survey(team.world)
        assert seen.revision == accepted
        assert seen.stale is not None
        assert seen.stale.reason == UNTRUSTED
        assert "it is not signed" in seen.stale.message
    assert _condition(team) == ("False", UNTRUSTED)
    assert _events(team) == ["source.accepted", "source.refused"]


def test_a_head_signed_by_a_stranger_is_refused(
    team: Shop, tmp_path: Path, ana: SshKey, signers: Path
) -> None:
    team = _verifying(team, signers, "head")
    accepted = _committed(team, ana)
    survey.survey(team.world)
    _committed(team, signing.ssh(tmp_path / "keys", "mallory@example.com"), "v2")
    seen = survey.survey(team.world)
    assert seen.revision == accepted


def test_nothing_is_reconciled_before_anything_was_accepted(team: Shop, signers: Path) -> None:
    team = _verifying(team, signers, "head")
    _committed(team, None)
    with pytest.raises(Stalled, match="is not trusted"):
        survey.survey(team.world)
    assert stacks.all(team.world.store) == ()


def test_history_looks_below_the_head_and_head_does_not(team: Shop, ana: SshKey, signers: Path) -> None:
    head, history = _verifying(team, signers, "head"), _verifying(team, signers, "history")
    accepted = _committed(team, ana)
    survey.survey(history.world)
    hidden = _committed(team, None, "v2")
    signed = _committed(team, ana, "v3")
    seen = survey.survey(history.world)
    assert seen.revision == accepted
    assert seen.stale is not None
    assert hidden[:12] in seen.stale.message
    assert survey.survey(head.world).revision == signed


def test_history_begins_after_the_commit_that_the_operator_names(
    team: Shop, ana: SshKey, signers: Path
) -> None:
    old = _committed(team, None)
    signed = _committed(team, ana, "v2")
    with pytest.raises(Stalled, match=old[:12]):
        survey.survey(_verifying(team, signers, "history").world)
    since = _verifying(team, signers, "history", since=old)
    assert survey.survey(since.world).revision == signed


@pytest.mark.parametrize("verify", ["head", "history"])
def test_a_rewritten_branch_waits_for_a_person(team: Shop, ana: SshKey, signers: Path, verify: str) -> None:
    team = _verifying(team, signers, verify)
    _committed(team, ana)
    accepted = _committed(team, ana, "v2")
    survey.survey(team.world)
    _set_back(team)
    rewritten = _committed(team, ana, "v3")
    seen = survey.survey(team.world)
    assert seen.revision == accepted
    assert seen.stale is not None
    assert seen.stale.reason == REWRITTEN
    assert f"accept-rewrite {rewritten[:12]}" in seen.stale.message
    assert _condition(team) == ("False", REWRITTEN)
    _accept(team, rewritten[:12])
    seen = survey.survey(team.world)
    assert (seen.revision, seen.stale) == (rewritten, None)
    assert _events(team)[-2:] == ["source.refused", "source.rewrite-accepted"]


def test_a_branch_that_was_only_set_back_is_rewritten_too(team: Shop, ana: SshKey, signers: Path) -> None:
    team = _verifying(team, signers, "head")
    _committed(team, ana)
    accepted = _committed(team, ana, "v2")
    survey.survey(team.world)
    _set_back(team)
    assert survey.survey(team.world).revision == accepted


@pytest.mark.parametrize("verify", ["head", "history"])
def test_accepting_a_rewrite_does_not_make_an_unsigned_commit_trusted(
    team: Shop, ana: SshKey, signers: Path, verify: str
) -> None:
    team = _verifying(team, signers, verify)
    _committed(team, ana)
    accepted = _committed(team, ana, "v2")
    survey.survey(team.world)
    _set_back(team)
    rewritten = _committed(team, None, "v3")
    survey.survey(team.world)
    with pytest.raises(Stalled, match="is not trusted"):
        _accept(team, rewritten[:12])
    assert survey.survey(team.world).revision == accepted


@pytest.mark.parametrize("typed", ["", "abc", "0123456789ab"])
def test_only_the_head_that_was_refused_can_be_accepted(
    team: Shop, ana: SshKey, signers: Path, typed: str
) -> None:
    team = _verifying(team, signers, "head")
    _committed(team, ana)
    _committed(team, ana, "v2")
    survey.survey(team.world)
    with pytest.raises(Misconfigured, match="no rewritten branch waits"):
        _accept(team, typed)
    _set_back(team)
    survey.survey(team.world)
    with pytest.raises(Misconfigured, match="is not the head that was refused"):
        _accept(team, typed)


def test_a_rewrite_that_moved_on_must_be_looked_at_again(team: Shop, ana: SshKey, signers: Path) -> None:
    team = _verifying(team, signers, "head")
    _committed(team, ana)
    _committed(team, ana, "v2")
    survey.survey(team.world)
    _set_back(team)
    first = _committed(team, ana, "v3")
    survey.survey(team.world)
    _committed(team, ana, "v4")
    survey.survey(team.world)
    with pytest.raises(Misconfigured, match="is not the head that was refused"):
        _accept(team, first[:12])


def test_the_accepted_commit_outlives_the_rewriting_of_its_branch(
    team: Shop, ana: SshKey, signers: Path
) -> None:
    team = _verifying(team, signers, "head")
    _committed(team, ana)
    accepted = _committed(team, ana, "v2")
    survey.survey(team.world)
    _set_back(team)
    survey.survey(team.world)
    signing.git(team.world.mirror.path, "reflog", "expire", "--expire=now", "--all")
    signing.git(team.world.mirror.path, "gc", "--quiet", "--prune=now")
    assert survey.survey(team.world).revision == accepted


def test_a_row_that_somebody_took_out_does_not_let_a_rewritten_branch_pass(
    team: Shop, ana: SshKey, signers: Path
) -> None:
    team = _verifying(team, signers, "head")
    _committed(team, ana)
    accepted = _committed(team, ana, "v2")
    survey.survey(team.world)
    with team.world.store.write() as session:
        session.execute(delete(SourceRow))
    _set_back(team)
    _committed(team, ana, "v3")
    seen = survey.survey(team.world)
    assert seen.revision == accepted
    assert seen.stale is not None
    assert seen.stale.reason == REWRITTEN


@pytest.mark.parametrize("verify", ["head", "history"])
@pytest.mark.parametrize("forgets", [True, False], ids=["a new mirror", "the same mirror"])
def test_a_row_that_names_an_unsigned_commit_does_not_put_it_in_force(
    team: Shop, ana: SshKey, signers: Path, verify: str, forgets: bool
) -> None:
    team = _verifying(team, signers, verify)
    _committed(team, ana)
    survey.survey(team.world)
    unsigned = _committed(team, None, "v2")
    survey.survey(team.world)
    if forgets:
        shutil.rmtree(team.world.mirror.path)
    _edit(team, accepted=unsigned)
    with pytest.raises((Stalled, Waiting)) if forgets else nullcontext():
        assert survey.survey(team.world).revision != unsigned
    assert stacks.all(team.world.store)[0].desired_revision != unsigned


def test_a_row_does_not_hide_unsigned_commits_below_a_signed_one(
    team: Shop, ana: SshKey, signers: Path
) -> None:
    team = _verifying(team, signers, "history")
    accepted = _committed(team, ana)
    survey.survey(team.world)
    hidden = _committed(team, None, "v2")
    _committed(team, ana, "v3")
    _edit(team, accepted=hidden)
    assert survey.survey(team.world).revision == accepted


def test_a_commit_of_a_key_that_was_revoked_does_not_stay_in_force(
    team: Shop, ana: SshKey, signers: Path
) -> None:
    team = _verifying(team, signers, "head")
    _committed(team, ana)
    survey.survey(team.world)
    (signers.parent / "revoked_keys").write_text(f"{ana.public}\n", encoding="ascii")
    team = _verifying(team, signers, "head")
    with pytest.raises(Stalled, match="is not trusted any more"):
        survey.survey(team.world)


def test_nothing_is_told_of_signatures_that_nobody_asked_for(team: Shop, ana: SshKey, signers: Path) -> None:
    verifying = _verifying(team, signers, "head")
    _committed(team, ana)
    survey.survey(verifying.world)
    assert _condition(team) == ("True", "SourceVerified")
    survey.survey(team.world)
    assert _condition(team) == ("Unknown", "NotAsked")
    assert sources.newest(team.world.store) is None


def _edit(team: Shop, **columns: object) -> None:
    with team.world.store.write() as session:
        session.execute(update(SourceRow).values(columns))


def _accept(team: Shop, typed: str) -> Revision:
    return trust.accept_rewrite(
        team.world.store,
        team.world.mirror,
        team.world.trust,
        typed,
        by="ana",
        reason="a secret was taken out",
        now=NOON,
    )
