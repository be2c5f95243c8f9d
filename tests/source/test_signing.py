"""How is a word signed by hand, with a key of one's own?"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import signing
from support.terminal import run_at_terminal
from support.trust import NAME, NOW, WORDS, Keys, Place

from tfreconcile.errors import Misconfigured, Stalled
from tfreconcile.source import signatures
from tfreconcile.source.signers import Untrusted


def test_a_word_signed_by_hand_is_of_its_signer(keys: Keys, place: Place) -> None:
    signers = place.trust(keys.ana.line())
    made = signatures.sign(keys.ana.path, WORDS, "tfreconcile")
    assert signatures.verify(WORDS, made, signers, "tfreconcile", NOW).signer == "ana@example.com"
    with pytest.raises(Untrusted, match="does not fit the text"):
        signatures.verify(WORDS + " ", made, signers, "tfreconcile", NOW)
    with pytest.raises(Untrusted, match="namespace 'tfreconcile', not for 'git'"):
        signatures.verify(WORDS, made, signers, "git", NOW)


def test_a_gpg_signature_is_no_word_because_it_has_no_namespace(keys: Keys, place: Place) -> None:
    signing.tag(place.path, NAME, WORDS, keys.bo)
    signing.trusted(place.host / "trusted.gpg", keys.bo)
    signers = place.trust()
    tag = place.judged(signers)
    with pytest.raises(Untrusted, match="has no namespace"):
        signatures.verify(tag.payload, tag.text, signers, "tfreconcile", NOW)


@contextmanager
def agent(key: Path) -> Iterator[str]:
    """An ssh-agent that holds one key; gives the path of its socket."""
    with tempfile.TemporaryDirectory(prefix="tfr") as short:
        socket = f"{short}/s"
        running = subprocess.Popen(
            ["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            assert running.stdout is not None
            running.stdout.readline()
            subprocess.run(
                ["ssh-add", "-q", str(key)],
                env={**os.environ, "SSH_AUTH_SOCK": socket},
                check=True,
                capture_output=True,
            )
            yield socket
        finally:
            running.terminate()
            running.communicate()


def test_a_key_in_an_agent_signs_through_its_public_half(
    keys: Keys, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = tmp_path / "ana.pub"
    public.write_text(f"{keys.ana.public}\n", encoding="ascii")
    with agent(keys.ana.path) as socket:
        monkeypatch.setenv("SSH_AUTH_SOCK", socket)
        made = signatures.sign(public, WORDS, "tfreconcile")
    signers = place.trust(keys.ana.line())
    assert signatures.verify(WORDS, made, signers, "tfreconcile", NOW).signer == "ana@example.com"


def missing(folder: Path) -> Path:
    return folder / "missing"


def without_its_private_half(folder: Path) -> Path:
    key = signing.ssh(folder, "ana@example.com")
    key.path.unlink()
    return key.path.with_name(f"{key.path.name}.pub")


def readable_for_all(folder: Path) -> Path:
    key = signing.ssh(folder, "ana@example.com")
    key.path.chmod(0o644)
    return key.path


def with_a_passphrase(folder: Path) -> Path:
    return signing.ssh(folder, "ana@example.com", passphrase="EXAMPLE-SECRET-PHRASE").path


def no_key(folder: Path) -> Path:
    (folder / "notes").write_text("no key\n", encoding="ascii")
    return folder / "notes"


def test_a_file_that_is_no_key_is_not_called_missing(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as caught:
        signatures.sign(no_key(tmp_path), WORDS, "tfreconcile")
    assert "this is no private key of SSH" in str(caught.value)
    assert "No such file" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "hint"),
    [
        (missing, "give the private key"),
        (without_its_private_half, "ssh-add the key, or give the private half"),
        (readable_for_all, "chmod 600"),
        (with_a_passphrase, "sign at a terminal, or ssh-add the key"),
        (no_key, "give the private key, or the .pub file"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_key_that_cannot_sign_is_told_with_what_to_do(
    make: Callable[[Path], Path], hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    key = make(tmp_path)
    with pytest.raises(Misconfigured) as caught:
        signatures.sign(key, WORDS, "tfreconcile")
    problem = caught.value.problems[0]
    assert problem.place.file == str(key)
    assert hint in problem.hint
    assert "EXAMPLE-SECRET" not in str(problem)


@pytest.mark.parametrize("tool", ["ssh-keygen", "gpgv"])
def test_a_missing_program_is_named_with_its_package(
    place: Place, keys: Keys, tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    signing.tag(place.path, NAME, WORDS, keys.ana if tool == "ssh-keygen" else keys.bo)
    signing.trusted(place.host / "trusted.gpg", keys.bo)
    tag, signers = place.read(), place.trust(keys.ana.line())
    monkeypatch.setenv("PATH", str(place.host))
    with pytest.raises(Stalled, match="SignatureToolMissing") as caught:
        signatures.of_tag(tag, signers, NOW)
    assert f"there is no {tool} on the PATH: install" in caught.value.message


def test_at_a_terminal_the_passphrase_is_asked_for_and_not_shown(tmp_path: Path, place: Place) -> None:
    key = signing.ssh(tmp_path, "ana@example.com", passphrase="EXAMPLE-SECRET-PHRASE")
    script = (
        "import pathlib, sys; from tfreconcile.source import signatures;"
        "made = signatures.sign(pathlib.Path(sys.argv[1]), 'words', 'tfreconcile');"
        "pathlib.Path(sys.argv[2]).write_text(made)"
    )
    made = tmp_path / "made"
    seen = run_at_terminal(
        sys.executable, "-c", script, str(key.path), str(made),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)},
        answers={"passphrase": "EXAMPLE-SECRET-PHRASE\n"},
    )  # fmt: skip
    assert (seen.code, "EXAMPLE-SECRET" in seen.screen) == (0, False)
    signers = place.trust(key.line())
    text = made.read_text(encoding="ascii")
    assert signatures.verify("words", text, signers, "tfreconcile", NOW).signer == "ana@example.com"
