from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.source.complaints import Complaint, complaint, sentence


@pytest.mark.parametrize(
    ("stderr", "found"),
    [
        ("fatal: couldn't find remote ref refs/heads/mian", Complaint.BRANCH_MISSING),
        (
            "git@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository.",
            Complaint.DENIED,
        ),
        ("fatal: could not read Username for 'https://x': terminal prompts disabled", Complaint.DENIED),
        ("remote: Invalid login\nfatal: Authentication failed for 'https://x/'", Complaint.DENIED),
        ("fatal: unable to access 'https://x/': The requested URL returned error: 403", Complaint.DENIED),
        ("Host key verification failed.\nfatal: Could not read from remote", Complaint.DENIED),
        ("fatal: detected dubious ownership in repository at '/srv/x'", Complaint.DENIED),
        ("ERROR: Repository not found.\nfatal: Could not read from remote", Complaint.DENIED),
        ("fatal: repository 'https://x/y/' not found", Complaint.DENIED),
        ("fatal: '/srv/x' does not appear to be a git repository", Complaint.DENIED),
        ("fatal: remote error: access denied or repository not exported: /x", Complaint.DENIED),
        ("fatal: transport 'ext' not allowed", Complaint.DENIED),
        (
            "error: object 1: hasDotgit: contains '.git'\nfatal: fsck error in packed object",
            Complaint.REFUSED,
        ),
        ("fatal: not a git repository: '/var/lib/x/mirror.git'", Complaint.DAMAGED),
        ("error: inflate: data stream error (incorrect header check)", Complaint.DAMAGED),
        ("fatal: loose object 12 (stored in x) is corrupt", Complaint.DAMAGED),
        ("fatal: bad config line 1 in file config", Complaint.DAMAGED),
        ("remote: fatal: loose object 12 is corrupt\nfatal: early EOF", Complaint.UNREACHABLE),
        ("ssh: connect to host x port 22: Connection refused", Complaint.UNREACHABLE),
        ("ssh: Could not resolve hostname x: Name or service not known", Complaint.UNREACHABLE),
        (
            "fatal: unable to access 'https://x/': The requested URL returned error: 503",
            Complaint.UNREACHABLE,
        ),
        ("fatal: the remote end hung up unexpectedly", Complaint.UNREACHABLE),
        ("", Complaint.UNREACHABLE),
    ],
)
def test_what_git_says_is_classed_by_what_can_be_done(stderr: str, found: Complaint) -> None:
    assert complaint(stderr) is found


def test_the_last_lines_make_one_sentence() -> None:
    assert sentence("one\ntwo\n\n three \nfour\n") == "two; three; four"


def test_silence_is_said_to_be_silence() -> None:
    assert sentence(" \n") == "git said nothing"


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_a_sentence_is_one_short_line_whatever_a_server_sends(stderr: str) -> None:
    said = sentence(stderr)
    assert len(said) <= 600
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in said)


def test_what_ssh_said_is_not_lost_behind_the_advice_of_git() -> None:
    stderr = (
        "ssh: connect to host x port 22: Connection refused\nfatal: Could not read from remote repository.\n"
        "\nPlease make sure you have the correct access rights\nand the repository exists.\n"
    )
    said = "ssh: connect to host x port 22: Connection refused; fatal: Could not read from remote repository."
    assert sentence(stderr) == said
