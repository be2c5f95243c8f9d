"""Who made which commits, and who vouches for them? With real git."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePosixPath

import pytest
from support import signing
from support.repository import Repository
from support.trust import Keys, Place

from tfreconcile.errors import Stalled
from tfreconcile.source import history
from tfreconcile.source.model import Authorship, Revision
from tfreconcile.source.signers import Untrusted

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ABSENT = Revision("1" * 40)


def subjects(found: history.History) -> list[str]:
    return [one.subject for one in found.commits]


def newest(place: Place, head: Revision) -> Authorship:
    return history.since(place.mirror, None, head).commits[0]


def by(team: Repository, author: str, message: str) -> Revision:
    """A commit of everything, with another author."""
    team.git("add", "--all")
    team.git("commit", "--quiet", "--allow-empty", f"--author={author}", "-m", message)
    return team.head()


def raw(team: Repository, head: str, body: str = "words\n") -> Revision:
    """A commit object with these lines after those of tree and parent, as the new head."""
    start = f"tree {team.git('rev-parse', 'HEAD^{tree}')}\nparent {team.head()}\n"
    content = (start + head + "\n" + body).encode("utf-8", "surrogateescape")
    oid = team.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=content)
    team.git("update-ref", "refs/heads/main", oid)
    return Revision(oid)


def test_commits_are_told_newest_first_without_those_of_the_base(place: Place) -> None:
    base = place.team.head()
    for name in ("two", "three"):
        place.team.write({"main.tf": f"# {name}\n"}).commit(name)
    head = place.mirror.fetch()
    assert subjects(history.since(place.mirror, base, head)) == ["three", "two"]
    assert subjects(history.since(place.mirror, head, head)) == []


@pytest.mark.parametrize("base", [None, ABSENT], ids=["none", "not in the mirror"])
def test_without_a_base_the_whole_history_counts(place: Place, base: Revision | None) -> None:
    place.team.commit("Second")
    assert subjects(history.since(place.mirror, base, place.mirror.fetch())) == ["Second", "First"]


def test_a_commit_is_told_with_all_that_it_claims(place: Place) -> None:
    words = "Mend it\n\nBecause.\n\nSigned-off-by: Bo <bo@example.com>\nCo-authored-by: Cy <cy@example.com>"
    made = by(place.team, "Bo <bo@example.com>", words)
    assert newest(place, place.mirror.fetch()) == Authorship(
        revision=made,
        author="Bo",
        author_email="bo@example.com",
        committer="Ana Example",
        committer_email="ana@example.com",
        subject="Mend it",
        committed_at=WHEN,
        trailers=(("Signed-off-by", "Bo <bo@example.com>"), ("Co-authored-by", "Cy <cy@example.com>")),
    )


def test_a_commit_from_beyond_the_calendar_or_with_colours_is_still_described(place: Place) -> None:
    person = "Ana <ana@example.com> 99999999999999 +0000"
    made = raw(place.team, f"author {person}\ncommitter {person}\n", "\x1b[31mred\n")
    signing.git(place.path, "clone", "--quiet", "--mirror", ".", str(place.mirror.path))
    commit = newest(place, made)
    assert (commit.committed_at.year, commit.subject) == (9999, "[31mred")


def test_names_are_shown_in_print_and_compare_without_what_cannot_be_seen(place: Place) -> None:
    person = "\u202eA\x1bna <a\u200bna@example.com> 1 +0000"
    made = raw(place.team, f"author {person}\ncommitter {person}\n")
    signing.git(place.path, "clone", "--quiet", "--mirror", ".", str(place.mirror.path))
    commit = newest(place, made)
    assert (commit.author, commit.author_email) == ("Ana", "ana@example.com")


def test_a_mailmap_does_not_change_who_made_a_commit(place: Place) -> None:
    place.team.write({".mailmap": "Eve <eve@example.com> <ana@example.com>\n"}).commit("Map")
    found = history.since(place.mirror, None, place.mirror.fetch())
    assert {one.author_email for one in found.commits} == {"ana@example.com"}


@pytest.mark.parametrize(
    "head",
    [
        "author Ana\ncommitter Ana <ana@example.com> 1 +0000\n",
        "committer Ana <ana@example.com> 1 +0000\n",
        "author A <a@example.com> 1 +0000\nauthor B <b@example.com> 1 +0000\ncommitter C <c> 1 +0000\n",
    ],
    ids=["no address", "no author", "two authors"],
)
def test_a_commit_that_hides_its_author_makes_the_answer_incomplete(place: Place, head: str) -> None:
    made = raw(place.team, head)
    signing.git(place.path, "clone", "--quiet", "--mirror", ".", str(place.mirror.path))
    found = history.since(place.mirror, None, made)
    assert (subjects(found), found.complete) == (["First"], False)


def test_a_commit_that_is_too_large_to_read_makes_the_answer_incomplete(place: Place) -> None:
    place.team.git("commit", "--quiet", "--allow-empty", "-F", "-", stdin=b"x" * (history.LARGEST + 1))
    found = history.since(place.mirror, None, place.mirror.fetch())
    assert (subjects(found), found.complete) == (["First"], False)


def test_a_longer_history_than_is_looked_at_is_told_as_incomplete(place: Place) -> None:
    stream = "".join(
        f"commit refs/heads/main\ncommitter Ana <ana@example.com> {n} +0000\ndata 1\nx\n"
        for n in range(history.LONGEST)
    )
    head = f"from {place.team.head()}\n"
    first, rest = stream.split("data 1\nx\n", 1)
    place.team.git("fast-import", "--quiet", "--force", stdin=(first + "data 1\nx\n" + head + rest).encode())
    place.team.git("reset", "--quiet", "--hard")
    base, tip = place.team.git("rev-parse", "HEAD~" + str(history.LONGEST)), place.mirror.fetch()
    whole = history.since(place.mirror, Revision(base), tip)
    assert (len(whole.commits), whole.complete) == (history.LONGEST, True)
    more = history.since(place.mirror, None, tip)
    assert (len(more.commits), more.complete) == (history.LONGEST, False)


def merged(team: Repository) -> Revision:
    """main changes app and net; a side branch changes app, and is merged. Gives the base."""
    base = team.write({"app/main.tf": "1\n", "net/main.tf": "1\n"}).commit("Base")
    team.git("switch", "--quiet", "--create", "side")
    team.write({"app/main.tf": "2\n"})
    by(team, "Bo <bo@example.com>", "App")
    team.git("switch", "--quiet", "main")
    team.write({"net/main.tf": "2\n"})
    by(team, "Cy <cy@example.com>", "Net")
    team.git("merge", "--quiet", "--no-ff", "--no-edit", "-m", "Merge", "side")
    return base


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ((), {"Merge", "App", "Net"}),
        (("app",), {"Merge", "App"}),
        (("app/main.tf",), {"Merge", "App"}),
        (("net",), {"Merge", "Net"}),
        (("app", "net"), {"Merge", "App", "Net"}),
        (("other",), set()),
        (("app/*",), set()),
        ((".",), {"Merge", "App", "Net"}),
        (("x" * 100_001,), {"Merge", "App", "Net"}),
    ],
    ids=["all", "directory", "file", "other directory", "both", "none", "no pattern", "root", "too long"],
)
def test_paths_narrow_the_commits_to_those_that_changed_them(
    place: Place, paths: tuple[str, ...], expected: set[str]
) -> None:
    base = merged(place.team)
    found = history.since(place.mirror, base, place.mirror.fetch(), tuple(PurePosixPath(p) for p in paths))
    assert set(subjects(found)) == expected
    assert found.complete


def test_who_changed_something_and_took_it_back_is_told_too(place: Place) -> None:
    base = place.team.head()
    place.team.git("switch", "--quiet", "--create", "side")
    place.team.write({"main.tf": "# evil\n"}).commit("Evil")
    place.team.write({"main.tf": "# one\n"}).commit("Back")
    place.team.git("switch", "--quiet", "main")
    place.team.write({"other": "x"}).commit("Other")
    place.team.git("merge", "--quiet", "--no-ff", "--no-edit", "-m", "Merge", "side")
    found = history.since(place.mirror, base, place.mirror.fetch(), (PurePosixPath("main.tf"),))
    assert {"Evil", "Back"} <= set(subjects(found))


def test_names_of_files_are_never_taken_for_commits(place: Place) -> None:
    base = place.team.head()
    innocent = place.team.write({"other": "x"}).commit("Other")
    names = (str(innocent), f":{innocent}", f"a\n{innocent}")
    place.team.write(dict.fromkeys(names, "x")).commit("Odd")
    places = tuple(PurePosixPath(name) for name in names)
    found = history.since(place.mirror, base, place.mirror.fetch(), places)
    assert subjects(found) == ["Odd"]


def test_a_missing_head_is_told_as_such(place: Place) -> None:
    place.mirror.fetch()
    with pytest.raises(Stalled, match="RevisionMissing"):
        history.since(place.mirror, None, ABSENT)


def test_ancestors_are_known_and_what_is_not_there_is_nobodys(place: Place) -> None:
    first = place.team.head()
    second = place.team.commit("Second")
    place.mirror.fetch()
    assert history.is_ancestor(place.mirror, first, second)
    assert history.is_ancestor(place.mirror, second, second)
    assert not history.is_ancestor(place.mirror, second, first)
    assert not history.is_ancestor(place.mirror, ABSENT, second)
    assert not history.is_ancestor(place.mirror, second, ABSENT)


def test_who_signed_is_proven_and_the_rest_stays_a_claim(place: Place, keys: Keys) -> None:
    base = place.team.head()
    signing.trusted(place.host / "trusted.gpg", keys.bo)
    signers = place.trust(keys.ana.line())
    for message, key in (("ssh", keys.ana), ("gpg", keys.bo), ("stranger", keys.eve), ("plain", None)):
        signing.commit(place.path, message, key)
    found = history.since(place.mirror, base, place.mirror.fetch(), signers=signers)
    proven = {one.subject: one.signer for one in found.commits}
    assert proven == {"ssh": "ana@example.com", "gpg": "bo@example.com", "stranger": None, "plain": None}


def test_the_signature_of_a_commit_names_its_signer(place: Place, keys: Keys) -> None:
    signers = place.trust(keys.ana.line())
    made = Revision(signing.commit(place.path, "Caf\u00e9\n\nA: b\n", keys.ana))
    place.mirror.fetch()
    found = history.signer_of(place.mirror, made, signers)
    assert (found.kind, found.signer, found.tag) == ("ssh", "ana@example.com", None)


def test_a_commit_stays_good_when_the_key_of_its_signer_ends_but_not_when_it_is_revoked(
    place: Place, keys: Keys
) -> None:
    made = Revision(signing.commit(place.path, "Old", keys.ana, date="2025-06-01T00:00:00Z"))
    place.mirror.fetch()
    signers = place.trust(keys.ana.line('valid-before="20260101"'))
    assert history.signer_of(place.mirror, made, signers).signer == "ana@example.com"
    (place.host / "revoked_keys").write_text(f"{keys.ana.public}\n", encoding="ascii")
    with pytest.raises(Untrusted, match="is revoked"):
        history.signer_of(place.mirror, made, place.trust(keys.ana.line()))


@pytest.mark.parametrize(
    ("replace", "by", "reason"),
    [
        ("\nwords\n", "\nother words\n", "does not fit the text"),
        ("author Ana", "author Eve", "does not fit the text"),
        ("gpgsig ", "gpgsig-sha256 ", "more than one signature"),
        ("gpgsig ", "gpgsig x\n y\ngpgsig ", "more than one signature"),
        ("-----BEGIN SSH", "-----BEGIN PGP", "cannot be read"),
        ("-----END SSH SIGNATURE-----", "-----END SSH SIGNATURE-----\n more", "cannot be read"),
    ],
    ids=["message", "author", "other header", "two", "label", "tail"],
)
def test_a_commit_that_was_changed_after_signing_is_refused(
    place: Place, keys: Keys, replace: str, by: str, reason: str
) -> None:
    signing.commit(place.path, "title\n\nwords\n", keys.ana)
    content = signing.git_bytes(place.path, "cat-file", "commit", "HEAD").decode()
    assert replace in content
    forged = content.replace(replace, by, 1).encode()
    made = Revision(
        place.team.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=forged)
    )
    place.team.git("update-ref", "refs/heads/main", made)
    signing.git(place.path, "clone", "--quiet", "--mirror", ".", str(place.mirror.path))
    with pytest.raises(Untrusted, match=reason):
        history.signer_of(place.mirror, made, place.trust(keys.ana.line()))


def test_one_unsigned_commit_among_signed_ones_is_found_with_its_reason(place: Place, keys: Keys) -> None:
    base = place.team.head()
    signers = place.trust(keys.ana.line())
    signing.commit(place.path, "one", keys.ana)
    assert history.unsigned(place.mirror, base, place.mirror.fetch(), signers) is None
    plain = Revision(signing.commit(place.path, "two", None))
    signing.commit(place.path, "three", keys.ana)
    found = history.unsigned(place.mirror, base, place.mirror.fetch(), signers)
    assert found == history.Unproven(revision=plain, reason="it is not signed")
    assert history.unsigned(place.mirror, plain, place.team.head(), signers) is None
    assert history.unsigned(place.mirror, None, base, signers) is not None


def test_an_unsigned_side_branch_is_found_behind_a_signed_merge(place: Place, keys: Keys) -> None:
    base = place.team.head()
    signers = place.trust(keys.ana.line())
    place.team.git("switch", "--quiet", "--create", "side")
    plain = Revision(signing.commit(place.path, "side", None))
    place.team.git("switch", "--quiet", "main")
    signing.git(place.path, "merge", "--quiet", "--no-ff", "-S", "-m", "Merge", "side", key=keys.ana)
    found = history.unsigned(place.mirror, base, place.mirror.fetch(), signers)
    assert found == history.Unproven(revision=plain, reason="it is not signed")


def test_more_commits_than_may_be_verified_are_none_of_them_proven(place: Place, keys: Keys) -> None:
    base = place.team.head()
    for name in ("one", "two"):
        signing.commit(place.path, name, keys.ana)
    head = place.mirror.fetch()
    signers = place.trust(keys.ana.line())
    assert history.unsigned(place.mirror, base, head, signers, limit=2) is None
    found = history.unsigned(place.mirror, base, head, signers, limit=1)
    assert found == history.Unproven(revision=head, reason="more than 1 commits would have to be verified")
