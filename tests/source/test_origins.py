"""Which module sources may there be?"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.source.model import Scalar
from tfreconcile.source.origins import is_of_host, is_plain, written


@pytest.mark.parametrize(
    "source",
    [
        "",
        "./sub",
        "../../modules/größe",
        "acme/vpc/aws//modules/x",
        "git::https://git.example.com/acme/vpc.git//sub?ref=v1.2.3&depth=1",
        "git::ssh://git@git.example.com:22/acme/vpc.git",
        "git@github.com:acme/vpc.git",
        "s3::https://s3.eu-west-1.amazonaws.com/bucket/vpc%20net.zip",
        "var.example/vpc/aws",
    ],
)
def test_an_address_is_plain_and_not_of_the_host(source: str) -> None:
    assert is_plain(source)
    assert not is_of_host(source)


@pytest.mark.parametrize(
    "source",
    [
        '["./sub"][0]',
        'true ? "./sub" : "x"',
        '{a="./sub"}.a',
        '("./sub")',
        "lower(x)",
        "./${x}",
        "./%{if true}sub",
        "var.x",
        "each.value",
        "./a b",
        "./sub\n",
        "a<b",
    ],
)
def test_an_expression_is_not_plain(source: str) -> None:
    assert not is_plain(source)


@pytest.mark.parametrize(
    "source",
    [
        "/etc",
        "~/x",
        "file:///etc",
        "FILE:///etc",
        "File:/etc",
        "file::/etc",
        "git::file:///srv/repo.git//sub?ref=x",
        "git::FILE:///srv/repo.git",
        "git::/srv/repo.git",
        "git::./sub",
        "git::../sub",
        "git::hg::file:///x",
        "GIT::~/x",
        "C:\\x",
        "\\\\host\\x",
        "git::C:/x",
    ],
)
def test_the_disk_of_the_host_is_known_in_any_spelling(source: str) -> None:
    assert is_of_host(source)


@pytest.mark.parametrize("source", [["./sub"], {"a": "./sub"}, None, 5, True])
def test_what_is_no_text_is_not_plain(source: Scalar) -> None:
    assert not is_plain(written({"source": source}))


def test_a_block_without_a_source_has_none() -> None:
    assert written({"version": "1.0.0"}) == ""


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=12),
    st.sampled_from(["", "git::", "hg::git::"]),
    st.sampled_from(["file:", "FILE:", "fIlE:"]),
)
def test_no_getter_and_no_case_hides_a_file(rest: str, getter: str, scheme: str) -> None:
    assert is_of_host(f"{getter}{scheme}{rest}")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=8), st.sampled_from(list(" \n\t\"'`()[]{}<>|")), st.text(max_size=8))
def test_no_text_with_a_sign_of_an_expression_is_plain(before: str, sign: str, after: str) -> None:
    assert not is_plain(f"{before}{sign}{after}")
