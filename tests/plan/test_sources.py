"""Do comments and layout make no difference, and does everything else?"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfreconcile.errors import Stalled
from tfreconcile.plan import hcl
from tfreconcile.plan.sources import MAX_FILES, Sources, read, sources

MAIN = """
# who may read
resource "aws_s3_bucket" "logs" {
  bucket   = "logs" // the name
  tags     = { a = 1 }

  provisioner "local-exec" {
    command = "echo ${var.pw} # not a comment ${ lookup(m, "}") }"
  }
}

provider "aws" { region = upper("eu") }
provider "aws" {
  alias = "west"
}
"""
SAME = """
provider "aws" {   region=upper("eu")   }
/* moved
   up */
provider "aws" {

  alias = "west"  # west
}
resource   "aws_s3_bucket"   "logs" {
  bucket = "logs"
  tags = {a=1}


  # now quieter
  provisioner "local-exec" {
    command = "echo ${var.pw} # not a comment ${ lookup(m, "}") }"
  }
}
"""


def of(text: str, name: str = "main.tf", module: str = "") -> Sources:
    return sources({f"tfconfig/m-{module}/{name}": text.encode()})


def test_comments_layout_and_the_order_of_blocks_make_no_difference() -> None:
    assert of(MAIN).everything() == of(SAME).everything()


def test_the_file_a_block_stands_in_makes_no_difference() -> None:
    assert of(MAIN, "a.tf").everything() == of(MAIN, "b.tf").everything()


@pytest.mark.parametrize(
    ("name", "overrides"),
    [
        ("override.tf", True),
        ("a.b_override.tf", True),
        ("a.b_override.tf.json", True),
        ("a_override.tofu", True),
        ("a.override.tf", False),
        ("a_override.b.tf", False),
        ("a_override.tofu.tf", False),
    ],
)
def test_an_override_file_is_known_by_the_end_of_its_name(name: str, overrides: bool) -> None:
    assert of('{"locals": {}}', name).everything().startswith(f"[][{name}] ") is overrides


def test_the_module_and_an_override_file_make_a_difference() -> None:
    ways = {of(MAIN).everything(), of(MAIN, module="a").everything(), of(MAIN, "a_override.tf").everything()}
    assert len(ways) == 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# not a comment", "# not a comment at all"),
        ('"logs" // the', '"logs2" // the'),
        ("a = 1", "a = 2"),
        ("a = 1", "a = -1"),
        ('"}"', '"}}"'),
        ("var.pw", "var.pw2"),
        ('"west"', '"east"'),
    ],
    ids=["in-a-string", "a-value", "a-number", "a-sign", "in-a-template", "a-reference", "an-alias"],
)
def test_an_edit_of_what_counts_makes_a_difference(old: str, new: str) -> None:
    assert of(MAIN).everything() != of(MAIN.replace(old, new)).everything()


def test_blocks_are_found_by_their_header() -> None:
    found = of(MAIN)
    (bucket,) = found.blocks("resource", "aws_s3_bucket", "logs")
    assert bucket.startswith('[] resource "aws_s3_bucket" "logs" {')
    assert "who may read" not in bucket
    assert len(found.blocks("provider", "aws")) == 2
    assert found.blocks("provider", "google") == ()
    assert found.blocks("resource", "aws_s3_bucket", "other") == ()


HEREDOC = """resource "a" "b" {
  script = <<-EOT
    # kept
    ${ f("EOT") }
    /* kept */
    EOT
  after = 1 # dropped
}
"""


def test_a_heredoc_is_kept_as_it_is_and_ends_at_its_marker() -> None:
    (block,) = of(HEREDOC).blocks("resource", "a", "b")
    assert '    # kept\n    ${ f("EOT") }\n    /* kept */\n    EOT' in block
    assert "dropped" not in block
    assert of(HEREDOC).everything() != of(HEREDOC.replace("    # kept", "# kept")).everything()


@pytest.mark.parametrize(
    "body",
    [
        'x = "a\\"b # c"',
        'x = "$${ not open # c"',
        'x = "%%{ not open # c"',
        'x = "${ { a = "}" } } # c"',
        'x = "${ a /* } " */ } # c"',
        'x = "%{ if a }b # c%{ endif }"',
        "x = <<E\n$${ # c\nE\n",
        "x = <<E\nE\n",
        "x = <<E\n${ <<F\nE # c\nF\n}\nE\n",
    ],
    ids=[
        "quote",
        "escaped",
        "escaped-percent",
        "object",
        "comment",
        "directive",
        "heredoc",
        "empty",
        "nested",
    ],
)
def test_strings_end_where_they_end(body: str) -> None:
    comment = "# dropped {"
    (block,) = hcl.blocks(f'a "b" {{\n  {body}\n  y = 1 {comment}\n}}\n')
    assert block.words == ("a", "b")
    assert "dropped" not in block.text
    assert ("# c" in block.text) == ("# c" in body)


@pytest.mark.parametrize(
    "text",
    [
        'a "b" {',
        'a "b" { x = "',
        "a { x = <<E\nnever\n",
        'a "${b}" {}',
        "x = 1",
        "{}",
        'a { x = "${" }',
        '"${' * 500,
    ],
    ids=["brace", "string", "heredoc", "label", "attribute", "no-header", "template", "deep"],
)
def test_a_confusing_file_is_kept_whole_and_could_hold_any_block(text: str) -> None:
    assert hcl.blocks(text) == (hcl.Block((), text),)
    assert of(text).blocks("provider", "aws") == (f"[] {text}",)


def test_json_syntax_is_canonical_and_found_by_the_type_of_its_blocks() -> None:
    one, other = '{"provider": {"aws": {"a": 1, "b": 2}}}', '{"provider":{"aws":{"b":2,"a":1}}}'
    assert of(one, "x.tf.json").everything() == of(other, "x.tf.json").everything()
    assert of(one, "x.tf.json").blocks("provider", "google") == of(one, "x.tf.json").blocks("provider", "aws")
    assert of(one, "x.tf.json").blocks("resource", "a", "b") == ()


@pytest.mark.parametrize(
    "text", ['{"provider": 1, "provider": 2}', "{", "[1]"], ids=["a-member-twice", "broken", "list"]
)
def test_json_that_reads_in_two_ways_could_hold_any_block(text: str) -> None:
    assert len(of(text, "x.tf.json").blocks("resource", "a", "b")) == 1


def test_only_configuration_counts() -> None:
    assert sources({"tfplan": b"x", "tfconfig/modules.json": b"[]", "tfconfig/m-/a.txt": b"x"}) == Sources()
    assert Sources().everything() == ""
    assert Sources().blocks("provider", "aws") == ()


def archive(members: dict[str, bytes]) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return found.getvalue()


PACKED = archive({"tfplan": b"x" * 99, "tfconfig/m-/main.tf": MAIN.encode(), "tfconfig/m-a/x.tf": b"a {}"})


def written(content: bytes, place: Path) -> Path:
    file = place / "plan.bin"
    file.write_bytes(content)
    return file


def test_a_plan_file_gives_its_sources(tmp_path: Path) -> None:
    found = read(written(PACKED, tmp_path))
    assert [(source.module, source.file) for source in found.files] == [("", "main.tf"), ("a", "x.tf")]
    assert found.of_root().everything() == of(MAIN).everything()


@pytest.mark.parametrize("content", [b"", b"{}", PACKED[:-30]], ids=["empty", "json", "truncated"])
def test_what_is_no_plan_file_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(Stalled, match="expected a saved Terraform plan"):
        read(written(content, tmp_path))


def test_a_missing_plan_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Stalled, match="FileNotFoundError"):
        read(tmp_path / "plan.bin")


def test_a_plan_file_that_unpacks_to_far_too_much_is_refused(tmp_path: Path) -> None:
    bomb = archive({"tfconfig/m-/a.tf": b"#" * (65 * 1024 * 1024)})
    with pytest.raises(Stalled, match="holds over"):
        read(written(bomb, tmp_path))


def test_a_plan_file_of_far_too_many_files_is_refused(tmp_path: Path) -> None:
    many = archive({f"tfconfig/m-/{at}.tf": b"" for at in range(MAX_FILES + 1)})
    with pytest.raises(Stalled, match="holds over"):
        read(written(many, tmp_path))


def outcome(file: Path) -> str:
    try:
        read(file)
    except Stalled as error:
        return error.reason
    return "read"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, len(PACKED) - 1), byte=st.integers(0, 255))
def test_a_damaged_plan_file_is_read_or_refused(at: int, byte: int, tmp_path: Path) -> None:
    damaged = PACKED[:at] + bytes([byte]) + PACKED[at + 1 :]
    assert outcome(written(damaged, tmp_path)) in ("read", "UnreadablePlan")


PLAIN = st.sampled_from(["a", "b-c", "1", "1.5", '"s # t"', "=", "(", ",", '"${x}"'])
GAPS = st.sampled_from([" ", "\t", " /* { */ ", "  "])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(PLAIN | st.sampled_from(["{", "}"]), GAPS), max_size=12))
def test_the_lexer_loses_no_token_and_keeps_no_gap(pieces: list[tuple[str, str]]) -> None:
    text = "".join(word + gap for word, gap in pieces)
    assert hcl.tokens(text) == tuple(word for word, _ in pieces)


@settings(max_examples=200, deadline=None)
@given(st.lists(PLAIN, max_size=8), st.text(alphabet='ab{}"$', max_size=8))
def test_comments_at_the_ends_of_lines_make_no_difference(words: list[str], comment: str) -> None:
    bare = "a {\n" + "".join(f"{word}\n" for word in words) + "}\n"
    assert hcl.blocks(bare.replace("\n", f" # {comment}\n")) == hcl.blocks(bare)
    assert hcl.blocks(bare)[0].words == ("a",)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='ab{}"$%=\n\\<E- ', max_size=40))
def test_without_comments_no_character_but_layout_is_lost(text: str) -> None:
    found = "".join(block.text for block in hcl.blocks(text))
    assert "".join(found.split()) == "".join(text.split())


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40))
def test_any_text_gives_blocks(text: str) -> None:
    assert all(block.text for block in hcl.blocks(text) if block.words)
