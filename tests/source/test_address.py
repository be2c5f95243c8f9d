from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.source.address import is_branch, refusal, shown


@pytest.mark.parametrize(
    "url",
    [
        "git@github.com:acme/infra.git",
        "ssh://git@git.example.com:2222/acme/infra.git",
        "https://git.example.com/acme/infra-live.git",
        "HTTPS://git.example.com/acme/infra.git",
        "git://git.example.com/infra",
        "file:///srv/git/infra.git",
        "/srv/git/infra",
        "../infra",
        "a-b/c",
    ],
)
def test_addresses_that_people_use_are_taken(url: str) -> None:
    assert refusal(url) is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "empty"),
        (" https://x/y", "blanks"),
        ("https://x/\ny", "control"),
        ("https://x/\x1by", "control"),
        ("-c", "dash"),
        ("--upload-pack=x", "dash"),
        ("ext::sh", "remote helpers"),
        ("fd::3", "remote helpers"),
        ("ext://sh", "ext:// is not allowed"),
        ("ftp://x/y", "ftp:// is not allowed"),
        ("ssh://-oProxyCommand=x/y", "host starts with a dash"),
        ("ssh://ana@-oProxyCommand=x/y", "host starts with a dash"),
        ("ana@-oProxyCommand=x:y", "host starts with a dash"),
    ],
)
def test_addresses_that_could_do_harm_are_refused_with_the_reason(url: str, why: str) -> None:
    assert why in (refusal(url) or "")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://ana:EXAMPLE-SECRET-1@x.example.com/r", "https://***@x.example.com/r"),
        ("https://EXAMPLE-SECRET-1@x.example.com/r", "https://***@x.example.com/r"),
        ("https://ana:EXAMPLE@SECRET@x.example.com/r", "https://***@x.example.com/r"),
        ("https://x.example.com/r?token=EXAMPLE-SECRET-1", "https://x.example.com/r?***"),
        ("git@github.com:acme/infra.git", "git@github.com:acme/infra.git"),
        ("fatal: unable to access 'https://a:b@x/': no", "fatal: unable to access 'https://***@x/': no"),
        ("what?ever", "what?ever"),
        ("remote: \x1b[31mred", "remote: [31mred"),
    ],
)
def test_what_is_shown_holds_no_password(text: str, clean: str) -> None:
    assert shown(text) == clean


@given(
    st.text(
        st.characters(exclude_characters="/ '\"\r\n\t\f\v\x1c\x1d\x1e\x1f\x85", codec="ascii"), min_size=1
    )
)
@settings(max_examples=100, deadline=None)
def test_no_password_is_ever_shown(password: str) -> None:
    marked = f"EXAMPLE{password}SECRET"
    assert shown(f"https://ana:{marked}@x.example.com/") == "https://***@x.example.com/"


@pytest.mark.parametrize("name", ["main", "release/1.2", "feature/a-b_c", "ä"])
def test_names_of_branches_are_known(name: str) -> None:
    assert is_branch(name)


@pytest.mark.parametrize(
    "name",
    ["", "-x", "/x", "x/", "a..b", "a b", "a:b", "a*", "a?", "a[", "a\\b", "a@{1}", "x.lock", ".x", "a\n"],
)
def test_names_that_no_branch_can_have_are_known(name: str) -> None:
    assert not is_branch(name)
