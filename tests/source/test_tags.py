"""What do the tags of a repository say, and which of them are no such tags at all?"""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import signing
from support.repository import environment
from support.trust import NAME, WORDS, Keys, Place

from tfreconcile.errors import Stalled, Transient
from tfreconcile.source import tags
from tfreconcile.source.git import Mirror
from tfreconcile.source.signers import Untrusted

OBJECT = "object {head}\ntype commit\n"
TAGGER = "tagger Ana <ana@example.com> 1767323045 +0000\n"


def raw(place: Place, text: str | bytes) -> None:
    """A tag object of this text, with the head of the repository in the place of {head}."""
    content = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    signing.forged(place.path, NAME, content.replace(b"{head}", place.team.head().encode()))


def refused(place: Place) -> str:
    with pytest.raises(Untrusted) as caught:
        place.read()
    return caught.value.reason


def test_a_tag_is_read_with_all_that_it_claims(place: Place) -> None:
    made = signing.tag(place.path, NAME, WORDS, None, date="2026-02-03T04:05:06+01:00")
    tag = place.read()
    assert (tag.name, tag.inner_name, tag.object) == (NAME, NAME, made)
    assert (tag.target, tag.target_type) == (place.team.head(), "commit")
    assert tag.tagger == "Ana Example <ana@example.com>"
    assert tag.tagged_at == datetime(2026, 2, 3, 3, 5, 6, tzinfo=UTC)
    assert tag.message == WORDS
    assert tag.trailers == (("Tfreconcile-Stack", "pay"), ("Tfreconcile-Plan", "0" * 64))
    assert tag.signature is None


def test_the_signature_is_no_part_of_the_message(place: Place, keys: Keys) -> None:
    signing.tag(place.path, NAME, WORDS, keys.ana)
    tag = place.read()
    assert tag.message == WORDS
    assert tag.signature is not None
    assert tag.payload + tag.signature.encode() == signing.raw(place.path, NAME)


@pytest.mark.parametrize(
    ("target", "kind"),
    [("HEAD^{tree}", "tree"), ("HEAD:main.tf", "blob"), ("refs/tags/tfreconcile/inner", "tag")],
)
def test_what_a_tag_points_at_is_told_by_its_kind(place: Place, target: str, kind: str) -> None:
    signing.tag(place.path, "tfreconcile/inner", WORDS, None)
    signing.tag(place.path, NAME, WORDS, None, commit=target)
    assert place.read().target_type == kind


def test_a_renamed_tag_still_holds_its_first_name(place: Place) -> None:
    signing.tag(place.path, "tfreconcile/approve/net/0123456789ab", WORDS, None)
    signing.renamed(place.path, "tfreconcile/approve/net/0123456789ab", to=NAME)
    tag = place.read()
    assert (tag.name, tag.inner_name) == (NAME, "tfreconcile/approve/net/0123456789ab")


def test_only_tags_of_ours_are_listed_each_with_its_kind(place: Place) -> None:
    assert tags.listed(fetched(place)) == ()
    signing.tag(place.path, "v1", WORDS, None)
    light = signing.lightweight(place.path, "tfreconcile/light")
    full = signing.tag(place.path, NAME, WORDS, None)
    found = {ref.name: (ref.object, ref.kind) for ref in tags.listed(fetched(place))}
    assert found == {NAME: (full, "tag"), "tfreconcile/light": (light, "commit")}


def fetched(place: Place) -> Mirror:
    place.mirror.fetch()
    return place.mirror


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (OBJECT + "tag x\n\nno tagger\n", "it is not of the form that git writes"),
        (OBJECT + "tag x\n" + TAGGER + "gpgsig-sha256 x\n\nwords\n", "it is not of the form that git writes"),
        (OBJECT + "tag x\n" + TAGGER + "\nnul \0 here\n", "its text has control characters in it"),
        (OBJECT + "tag x\n" + TAGGER + "\n\x1b[2J cleared\n", "its text has control characters in it"),
        (OBJECT + "tag a\x1b[31m\n" + TAGGER + "\nwords\n", "its text has control characters in it"),
        (OBJECT + "tag x\n" + TAGGER + "\nlatin \udce9\n", "its text is not UTF-8"),
        (OBJECT + "tag x\n" + TAGGER + "\n" + "long " * 20_000, "bytes; a tag may have 65536"),
    ],
    ids=["no tagger", "header", "nul", "escape", "name", "latin", "huge"],
)
def test_what_is_no_plain_tag_is_refused(place: Place, text: str, reason: str) -> None:
    raw(place, text)
    assert reason in refused(place)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a b..c", "-x", "tfreconcile/approve/net/x", "\u202eevil"]
)
def test_a_hostile_name_inside_a_tag_is_mere_text(place: Place, name: str) -> None:
    raw(place, OBJECT + f"tag {name}\n" + TAGGER + "\nwords\n")
    assert place.read().inner_name == name


@pytest.mark.parametrize("name", [b"\xff\xfe", "\u202eevil".encode(), b"$(id)", b"a'b;c"])
def test_a_hostile_name_of_a_ref_is_listed_in_print(place: Place, name: bytes) -> None:
    made = signing.tag(place.path, NAME, WORDS, None)
    ref = b"refs/tags/tfreconcile/" + name
    command: list[str | bytes] = ["git", "update-ref", ref, made]
    subprocess.run(command, cwd=place.path, env=environment(), check=True)
    found = next(ref for ref in tags.listed(fetched(place)) if ref.name != NAME)
    assert found.ref.isprintable()
    assert found.ref.encode("utf-8")
    assert tags.read(place.mirror, found).inner_name == NAME


def test_many_tags_are_read_through_one_program(place: Place) -> None:
    for number in range(3):
        signing.tag(place.path, f"tfreconcile/{number}", f"{number}\n", None)
    refs = tags.listed(fetched(place))
    with tags.reading(place.mirror) as read:
        assert [read(ref).message for ref in refs] == ["0\n", "1\n", "2\n"]


def test_a_tag_that_was_moved_is_read_as_it_was_listed(place: Place) -> None:
    signing.tag(place.path, NAME, "one\n", None)
    ref = tags.listed(fetched(place))[0]
    signing.tag(place.path, NAME, "two\n", None)
    place.mirror.fetch()
    assert tags.read(place.mirror, ref).message == "one\n"


def test_a_tag_that_is_gone_is_told_as_such(place: Place) -> None:
    signing.tag(place.path, NAME, "one\n", None)
    ref = tags.listed(fetched(place))[0]
    gone = tags.TagRef(ref=ref.ref, object="1" * 40, kind="tag", size=ref.size)
    with pytest.raises(Untrusted, match="it is gone, or cannot be read"):
        tags.read(place.mirror, gone)


def test_more_tags_than_anybody_needs_are_too_many(place: Place) -> None:
    place.mirror.fetch()
    names = sorted(f"refs/tags/tfreconcile/{number}" for number in range(tags.MOST))
    head = place.team.head()
    rows = "".join(f"{head} {name}\n" for name in names)
    header = "# pack-refs with: peeled fully-peeled sorted \n"
    (place.mirror.path / "packed-refs").write_text(header + rows, encoding="ascii")
    assert len(tags.listed(place.mirror)) == tags.MOST
    signing.git(place.mirror.path, "update-ref", "refs/tags/tfreconcile/more", place.team.head())
    with pytest.raises(Stalled, match="TooManyTags"):
        tags.listed(place.mirror)


def test_a_broken_tag_stops_the_tags_and_not_the_branch(place: Place) -> None:
    signing.tag(place.path, "tfreconcile/good", "one\n", None)
    place.mirror.fetch()
    raw(place, OBJECT + "tag x\ntagger garbage\n\nwords\n")
    second = place.team.write({"main.tf": "# two\n"}).commit("Second")
    assert place.mirror.fetch() == second
    with pytest.raises(Stalled, match=r"TagsRefused: .* until a broken one is deleted: .*missingEmail"):
        tags.listed(place.mirror)
    signing.delete(place.path, NAME)
    place.mirror.fetch()
    assert [ref.name for ref in tags.listed(place.mirror)] == ["tfreconcile/good"]


@pytest.mark.parametrize("broken", [False, True], ids=["as fetched", "while git takes no tags"])
def test_tags_are_asked_for_by_name_whatever_else_is_there(place: Place, broken: bool) -> None:
    made = signing.tag(place.path, "tfreconcile/one", "one\n", None)
    signing.tag(place.path, "tfreconcile/two", "two\n", None)
    signing.git(place.path, "update-ref", "refs/heads/refs/tags/tfreconcile/one", "HEAD")
    if broken:
        place.mirror.fetch()
        signing.delete(place.path, "tfreconcile/two")
        raw(place, OBJECT + "tag x\ntagger garbage\n\nwords\n")
    place.mirror.fetch()
    names = ("tfreconcile/one", "tfreconcile/three", *(("tfreconcile/two",) if broken else ()))
    assert tags.there(place.mirror, names) == {("tfreconcile/one", made)}
    assert tags.there(place.mirror, ()) == frozenset()


def test_a_repository_that_is_away_cannot_be_asked_for_its_tags(place: Place) -> None:
    raw(place, OBJECT + "tag x\ntagger garbage\n\nwords\n")
    place.mirror.fetch()
    place.path.rename(place.path.with_name("away"))
    with pytest.raises(Transient, match="SourceUnreachable: the tags cannot be asked for"):
        tags.there(place.mirror, ("tfreconcile/one",))


def test_doubts_about_tags_last_until_they_are_cleared_away(place: Place) -> None:
    place.mirror.fetch()
    assert tags.doubted(place.mirror) is None
    tags.doubt(place.mirror, "away \udce9")
    assert tags.doubted(place.mirror) == "away \\udce9"
    tags.believe(place.mirror)
    tags.believe(place.mirror)
    assert tags.doubted(place.mirror) is None


def test_doubts_that_cannot_be_kept_are_told(place: Place) -> None:
    with pytest.raises(Transient, match="MirrorUnwritable"):
        tags.doubt(place.mirror, "nothing was fetched yet")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_tag_or_refused(content: bytes) -> None:
    for beginning in (b"", b"object " + b"0" * 40 + b"\ntype commit\ntag x\n" + TAGGER.encode() + b"\n"):
        ref = tags.TagRef(ref=f"refs/tags/{NAME}", object="0" * 40, kind="tag", size=len(content))
        try:
            tag = tags.parse(ref, beginning + content)
        except Untrusted:
            continue
        assert tag.payload + (tag.signature or "").encode() == beginning + content
