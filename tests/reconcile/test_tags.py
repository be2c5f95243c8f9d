"""What becomes of signed tags, look after look? Real Git, real keys, a real database; no Terraform."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pytest
from sqlalchemy import delete
from sqlalchemy import text as sql
from support import signing
from support.operator import a_held_stack, a_plan_of
from support.remembered import HOUR, MARK, NOON, an_apply
from support.repository import Repository
from support.signing import Key, SshKey
from support.worlds import Clock, opened

from tfreconcile.gate import signed
from tfreconcile.gate.approvals import overrides
from tfreconcile.gate.model import Approval, Verdict
from tfreconcile.gate.signed import Said
from tfreconcile.plan.fingerprint import Fingerprint
from tfreconcile.reconcile import tags, turns, withdrawn
from tfreconcile.reconcile.trust import Trust
from tfreconcile.reconcile.world import World
from tfreconcile.source import tags as source
from tfreconcile.source.signers import signers_beside
from tfreconcile.store import applies, approvals, journal, plans, stacks
from tfreconcile.store import tags as judged
from tfreconcile.store.records import ApplyStatus
from tfreconcile.store.tables import TagRow

ANA = "ana@example.com"
NAME = f"tfreconcile/approve/archive/{MARK[:12]}"
SAID = Said(stack="archive", fingerprint=MARK)


@dataclass
class Office:
    """A repository with tags, and a tfreconcile for which the stack ``archive`` waits."""

    repository: Repository
    world: World
    ana: SshKey
    signers: Path
    clock: Clock
    told: list[str] = field(default_factory=list)

    def tag(self, name: str = NAME, key: Key | Literal["ana"] | None = "ana", said: Said = SAID) -> str:
        """A tag of Ana's, of another key, or (None) of nobody."""
        text = signed.text(said, Verdict.APPROVE)
        signer = self.ana if key == "ana" else key
        return signing.tag(self.repository.path, name, text, signer, date=self.clock.now)

    def look(self) -> None:
        """What a survey does after it has fetched."""
        tags.look(self.world, self.world.mirror.fetch())

    def words(self) -> tuple[Approval, ...]:
        """What was said."""
        return approvals.of(self.world.store, "archive")

    def refused(self) -> Mapping[str, str]:
        """What does not count, by name."""
        return {one.ref: one.refused or "" for one in judged.refused(self.world.store, limit=1000)}

    def trust(self, person: str) -> SshKey:
        """One more signer."""
        key = signing.ssh(self.repository.path.parent / "keys", person)
        signing.allowed(self.signers, self.ana.line(), key.line())
        return key

    def breaks(self) -> None:
        """Push a tag that git refuses, so that none is fetched."""
        content = f"object {self.repository.head()}\ntype commit\ntag x\ntagger nobody 1 +0000\n\nx\n"
        signing.forged(self.repository.path, "tfreconcile/zzz", content.encode())

    def forgets(self) -> None:
        """Somebody takes the rows of all tags away."""
        with self.world.store.write() as session:
            session.execute(delete(TagRow))

    def events(self) -> list[str]:
        """What the journal tells of words, oldest first."""
        found = [one.event for one in journal.history(self.world.store, limit=1000)][::-1]
        return [event for event in found if event.startswith("approval.")]

    def uses(self, word: Approval) -> int:
        """Apply on that word."""
        name = a_held_stack("archive").name
        number = applies.begin(self.world.store, replace(an_apply(name), approvals=(word.id,)))
        applies.finish(self.world.store, number, at=self.clock.now, status=ApplyStatus.SUCCEEDED)
        self.waits()
        return number

    def waits(self, fingerprint: Fingerprint = MARK) -> None:
        """Have a plan wait."""
        plan = replace(a_plan_of("archive"), fingerprint=fingerprint)
        number = plans.add(self.world.store, plan)
        stacks.save(self.world.store, replace(a_held_stack("archive"), pending_plan=number))


@pytest.fixture
def office(tmp_path: Path, repository: Repository) -> Iterator[Office]:
    """An office in which Ana's key is trusted, and nothing was tagged yet."""
    repository.write({"README": "x"}).commit()
    ana = signing.ssh(tmp_path / "keys", ANA)
    file = signing.allowed(tmp_path / "allowed_signers", ana.line())
    clock = Clock()
    with opened(tmp_path / "var", repository.url) as world:
        made = replace(world, clock=clock, trust=Trust(signers=signers_beside(file)))
        told: list[str] = []
        made = replace(made, progress=lambda _stack, sentence: told.append(sentence))
        here = Office(repository, made, ana, file, clock, told)
        here.waits()
        yield here


def test_a_good_tag_is_an_approval_of_everything_that_the_plan_shows(office: Office) -> None:
    made = office.tag(said=replace(SAID, reason="ticket 4711", expires_at=NOON + HOUR, override=True))
    office.look()
    (word,) = office.words()
    plan = a_plan_of("archive")
    assert (word.by, word.channel, word.reason, word.verdict) == (ANA, "tag", "ticket 4711", "approve")
    assert (word.at, word.expires_at) == (NOON, NOON + HOUR)
    assert word.changes == {one["digest"] for one in plan.classification}
    assert {kind for kind, _ in word.hazards} == {"destroy", "stateful", "window-override"}
    assert overrides(word)
    assert word.signature is not None
    assert (word.signature.signer, word.signature.tag, word.signature.object) == (ANA, NAME, made)
    assert office.refused() == {}


def test_a_tag_is_judged_once_and_for_all(office: Office) -> None:
    office.tag()
    stranger = signing.ssh(office.repository.path.parent / "keys", "bo@example.com")
    office.tag(f"{NAME}-bo", stranger)
    office.look()
    told = office.refused()
    assert "is of nobody in the signers file" in told[f"{NAME}-bo"]
    signing.allowed(office.signers, stranger.line())  # Bo is in now, and Ana is out
    office.look()
    assert office.refused() == told, "it stays refused: Bo must tag again"
    assert [word.by for word in office.words()] == [ANA]
    office.tag(f"{NAME}-bo-2", stranger)
    office.look()
    assert [word.by for word in office.words()] == [ANA, "bo@example.com"]


def test_an_approval_goes_with_its_tag(office: Office) -> None:
    office.tag()
    office.look()
    signing.delete(office.repository.path, NAME)
    office.clock.turn(minutes=1)
    office.look()
    (word,) = office.words()
    assert (word.revoked_by, word.revoked_at) == ("tag deleted", office.clock.now)


def test_a_tag_that_comes_back_stays_revoked(office: Office) -> None:
    made = office.tag()
    office.look()
    signing.delete(office.repository.path, NAME)
    office.look()
    office.repository.git("update-ref", f"refs/tags/{NAME}", made)
    office.look()
    assert [word.revoked_by for word in office.words()] == ["tag deleted"]


def test_a_rejection_outlives_its_tag(office: Office) -> None:
    name = NAME.replace("approve", "reject")
    office.tag(name)
    office.look()
    signing.delete(office.repository.path, name)
    office.look()
    (word,) = office.words()
    assert (word.verdict, word.revoked_at) == ("reject", None), "who may push does not lift a hold"


def test_a_tag_that_was_moved_before_its_use_counts_no_longer_and_not_anew(office: Office) -> None:
    office.tag()
    office.look()
    office.tag(said=replace(SAID, reason="another text"))
    office.look()
    assert [word.revoked_by for word in office.words()] == ["tag deleted"]
    assert "it was moved" in office.refused()[NAME]


def test_a_used_tag_says_so_once_when_its_plan_is_pending_again(office: Office) -> None:
    office.tag()
    office.look()
    number = office.uses(office.words()[0])
    office.look()
    office.look()
    why = f"already used by apply {number} at 2026-11-21T12:00:00Z; sign a new one with another label"
    assert office.refused() == {NAME: why}
    signing.delete(office.repository.path, NAME)
    office.look()
    assert [word.revoked_at for word in office.words()] == [None], "what was used is used"


def test_a_used_tag_is_not_told_of_while_something_else_waits(office: Office) -> None:
    office.tag()
    office.look()
    office.uses(office.words()[0])
    office.waits(Fingerprint("e" * 64))
    office.look()
    assert office.refused() == {}


def test_a_refused_tag_that_is_made_anew_is_judged_anew(office: Office) -> None:
    office.tag(said=replace(SAID, stack="orders"))
    office.look()
    assert len(office.refused()) == 1
    office.tag()
    office.look()
    assert [word.by for word in office.words()] == [ANA]


def test_what_this_host_cannot_verify_is_judged_when_it_can(office: Office) -> None:
    office.tag()
    content = office.signers.read_text(encoding="utf-8")
    office.signers.unlink()
    office.look()
    assert (office.words(), office.refused()) == ((), {})
    assert str(office.signers) in office.told[-1]
    office.signers.write_text(content, encoding="utf-8")
    office.look()
    assert [word.by for word in office.words()] == [ANA]


def test_without_signers_no_tag_is_even_looked_at(office: Office) -> None:
    office.tag()
    office.world = replace(office.world, trust=Trust())
    office.look()
    assert (office.words(), office.refused()) == ((), {})


def test_garbage_beside_a_good_tag_stops_nothing(office: Office) -> None:
    path = office.repository.path
    for number, target in enumerate(("HEAD^{tree}", "HEAD:README")):
        signing.tag(path, f"{NAME}-{number}", signed.text(SAID, Verdict.APPROVE), office.ana, commit=target)
    signing.lightweight(path, f"{NAME}-light", commit="HEAD:README")
    signing.lightweight(path, "tfreconcile/\N{SNOWMAN}/\N{RIGHT-TO-LEFT OVERRIDE}x")
    signing.tag(path, f"{NAME}-huge", "x" * 70_000, office.ana)
    office.tag()
    office.tag("tfreconcile/other/archive/x")
    office.look()
    assert [word.by for word in office.words()] == [ANA]
    assert len(office.refused()) == 6
    assert all(name.isprintable() and why.isprintable() for name, why in office.refused().items())


FORGED = "-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n"


def _forged(key: SshKey) -> str:
    """What a signature of that key looks like at a glance."""
    blob = b64decode(key.public.split()[1])
    parts = (blob, b"git", b"", b"sha512", b"x" * 64)
    packed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return FORGED.format(b64encode(b"SSHSIG\0\0\0\1" + packed).decode())


def _junk(text: str, count: int) -> Mapping[str, str]:
    return {f"{NAME}-a{number}": text for number in range(count)}


def test_an_approval_goes_with_its_tag_also_while_a_broken_tag_is_kept(office: Office) -> None:
    office.tag()
    office.tag(f"{NAME}-bo", office.trust("bo@example.com"))
    office.look()
    signing.delete(office.repository.path, NAME)
    office.breaks()
    office.look()
    assert [word.revoked_by for word in office.words()] == ["tag deleted", None]
    assert "TagsRefused" in office.told[-1]


def test_an_approval_goes_with_its_tag_also_while_there_are_too_many(office: Office) -> None:
    office.tag()
    office.tag(f"{NAME}-bo", office.trust("bo@example.com"))
    office.look()
    signing.delete(office.repository.path, NAME)
    head = office.repository.head()
    flood = "".join(f"create refs/tags/tfreconcile/a{number} {head}\n" for number in range(source.MOST))
    office.repository.git("update-ref", "--stdin", stdin=flood.encode())
    office.look()
    assert [word.revoked_by for word in office.words()] == ["tag deleted", None]
    assert "TooManyTags" in office.told[-1]


def test_a_tag_that_was_moved_behind_a_broken_one_takes_its_approval_along(office: Office) -> None:
    office.tag()
    office.look()
    office.tag(said=replace(SAID, reason="another text"))
    office.breaks()
    office.look()
    assert [word.revoked_by for word in office.words()] == ["tag deleted"]


def test_approvals_by_tag_do_not_count_while_nobody_can_tell_which_were_deleted(office: Office) -> None:
    office.tag()
    office.tag(f"{NAME.replace('approve', 'reject')}-bo", office.trust("bo@example.com"))
    office.look()
    mirror, given = office.world.mirror, office.words()
    assert withdrawn.counting(mirror, given) == (given, None)
    office.breaks()
    head = mirror.fetch()
    away = office.repository.path.rename(office.repository.path.with_name("away"))
    tags.look(office.world, head)
    counting, why = withdrawn.counting(mirror, given)
    assert [word.verdict for word in counting] == [Verdict.REJECT]
    assert why is not None
    assert "nobody can tell which tags were deleted: SourceUnreachable" in why
    assert [word.revoked_by for word in office.words()] == [None, None]
    away.rename(office.repository.path)
    office.look()
    assert withdrawn.counting(mirror, given) == (given, None)


def test_an_approval_goes_with_its_tag_also_when_nobody_is_a_signer_any_more(office: Office) -> None:
    office.tag()
    office.look()
    office.world = replace(office.world, trust=Trust())
    signing.delete(office.repository.path, NAME)
    office.look()
    assert [word.revoked_by for word in office.words()] == ["tag deleted"]


def test_an_approval_goes_with_its_tag_also_when_the_row_of_the_tag_is_gone(office: Office) -> None:
    office.tag()
    office.look()
    office.forgets()
    signing.delete(office.repository.path, NAME)
    office.look()
    assert [word.revoked_by for word in office.words()] == ["tag deleted"]


def test_a_refused_tag_stays_refused_when_its_row_is_taken_away(office: Office) -> None:
    office.tag(f"{NAME}-bo", signing.ssh(office.repository.path.parent / "keys", "bo@example.com"))
    office.tag(f"{NAME}-light", None)
    office.look()
    told = office.refused()
    office.forgets()
    office.look()
    assert (office.refused(), office.words()) == (told, ())


def test_a_tag_that_was_refused_is_no_word_later_when_its_row_is_taken_away(office: Office) -> None:
    bo = signing.ssh(office.repository.path.parent / "keys", "bo@example.com")
    office.tag(f"{NAME}-bo", bo)
    office.look()
    told = office.refused()
    office.forgets()
    signing.allowed(office.signers, bo.line())
    office.look()
    assert (office.refused(), office.words()) == (told, ())


def test_one_of_many_refused_tags_is_no_word_later_when_its_row_is_taken_away(office: Office) -> None:
    bo = signing.ssh(office.repository.path.parent / "keys", "bo@example.com")
    names = [f"{NAME}-bo-{number}" for number in range(judged.TOLD + 3)]
    for name in names:
        office.tag(name, bo)
    office.look()
    assert set(office.refused()) == set(names)
    assert office.events() == ["approval.refused"] * (judged.TOLD + 1)
    office.forgets()
    signing.allowed(office.signers, bo.line())
    office.look()
    assert set(office.refused()) == set(names)
    assert office.words() == ()


@pytest.mark.parametrize("kind", ["lightweight", "unsigned", "unreadable"])
def test_tags_that_nobody_signed_never_delay_a_good_one_and_are_told_of_at_once(
    office: Office, kind: str
) -> None:
    office.tag(f"{NAME}-zoe")
    head, count = office.repository.head(), turns.VERIFIED + 5
    if kind == "lightweight":
        flood = "".join(f"create refs/tags/{name} {head}\n" for name in _junk("", count))
        office.repository.git("update-ref", "--stdin", stdin=flood.encode())
    else:
        text = {"unsigned": "x", "unreadable": _forged(office.ana) * 2}[kind]
        signing.many(office.repository.path, _junk(text, count))
    office.look()
    assert [word.by for word in office.words()] == [ANA]
    assert len(office.refused()) == count
    assert office.events() == ["approval.given", *["approval.refused"] * (judged.TOLD + 1)]
    last = journal.history(office.world.store, limit=1)[0].body
    assert (last["refused"], last["tags"]) == (count - judged.TOLD, [])


def test_tags_of_strangers_do_not_delay_one_of_a_known_key(office: Office) -> None:
    stranger = signing.ssh(office.repository.path.parent / "keys", "eve@example.com")
    signing.many(office.repository.path, _junk(_forged(stranger), turns.VERIFIED + 5))
    office.tag(f"{NAME}-zoe")
    office.look()
    assert [word.by for word in office.words()] == [ANA]
    assert len(office.refused()) == turns.VERIFIED - 1
    assert office.events() == ["approval.given", *["approval.refused"] * (judged.TOLD + 1)]
    office.look()
    assert len(office.refused()) == turns.VERIFIED + 5


def test_no_more_than_so_many_unsigned_tags_are_refused_after_one_fetch(office: Office) -> None:
    head, count = office.repository.head(), turns.UNSIGNED + 5
    flood = "".join(f"create refs/tags/tfreconcile/a{number} {head}\n" for number in range(count))
    office.repository.git("update-ref", "--stdin", stdin=flood.encode())
    office.look()
    assert len(judged.known(office.world.store)) == turns.UNSIGNED
    office.look()
    assert len(judged.known(office.world.store)) == count


def _edit(office: Office, statement: str) -> None:
    """What somebody with the database's file and no key does."""
    with office.world.store.write() as session:
        session.execute(sql(statement))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE plans SET classification = json_insert(classification, '$[#]', json('{\"digest\": \"x\"}'))",
        "UPDATE plans SET decision = json_set(decision, '$.verdict', 'refuse')",
    ],
    ids=["more effects", "another verdict"],
)
def test_a_tag_on_a_plan_that_was_edited_is_judged_when_the_plan_is_made_anew(
    office: Office, change: str
) -> None:
    office.tag()
    _edit(office, change)
    office.look()
    assert (office.words(), office.refused()) == ((), {})
    assert "PlanEdited" in office.told[-1]
    office.waits()
    office.look()
    (word,) = office.words()
    assert word.changes == {one["digest"] for one in a_plan_of("archive").classification}


def test_no_tag_is_judged_while_the_journal_is_broken(office: Office) -> None:
    office.tag()
    office.look()
    approvals.revoke(office.world.store, office.words()[0].id, by="ana", at=NOON)
    _edit(office, "DELETE FROM tags")
    _edit(office, "DELETE FROM approvals")
    _edit(office, "UPDATE journal SET stack = 'x' WHERE event = 'approval.given'")
    office.look()
    assert (office.words(), office.refused()) == ((), {})
    assert "JournalBroken" in office.told[-1]


def test_a_tag_about_a_plan_whose_word_is_gone_is_an_approval(office: Office) -> None:
    plan = a_plan_of("archive")
    proceeds = replace(plan, decision={**plan.decision, "verdict": "proceed"})
    record = replace(a_held_stack("archive"), pending_plan=plans.add(office.world.store, proceeds))
    stacks.save(office.world.store, replace(record, reason="ApprovalGone"))
    office.tag()
    office.look()
    assert [word.by for word in office.words()] == [ANA]
