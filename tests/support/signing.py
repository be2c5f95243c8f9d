"""Who signs what, and how is a signed tag forged? Real keys of ssh-keygen and gpg, real tags of git.

Nothing of the machine's own keys, agents and configuration reaches it, and no agent stays behind.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from support.repository import environment


class Key(Protocol):
    """What signs tags and commits."""

    @property
    def options(self) -> tuple[str, ...]:
        """The ``-c name=value`` options by which git signs with this key."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables by which git finds this key."""

    def close(self) -> None:
        """End what signing has left running."""


@dataclass(frozen=True)
class SshKey:
    """A key of one person; ``path`` is the private half, ``public`` is ``ssh-ed25519 AAAA...``."""

    principal: str
    path: Path
    public: str

    def line(self, options: str = 'namespaces="git,tfreconcile"', *, principals: str = "") -> str:
        """The line of a signers file that trusts this key; ``options`` are comma-separated, "" for none."""
        return " ".join(part for part in (principals or self.principal, options, self.public) if part)

    @property
    def options(self) -> tuple[str, ...]:
        return ("-c", "gpg.format=ssh", "-c", f"user.signingKey={self.path}")

    @property
    def environment(self) -> Mapping[str, str]:
        return {}

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class GpgKey:
    """A key of one person, alone in a home of its own; ``fingerprint`` has 40 hex digits."""

    email: str
    home: Path
    fingerprint: str

    @property
    def options(self) -> tuple[str, ...]:
        return ("-c", "gpg.format=openpgp", "-c", f"user.signingKey={self.fingerprint}")

    @property
    def environment(self) -> Mapping[str, str]:
        return {"GNUPGHOME": str(self.home)}

    def close(self) -> None:
        _gpg_ends(self.home)

    def export(self, *, armour: bool = False) -> bytes:
        """The public key, as an approver sends it to the operator."""
        return gpg_said(self.home, *(("--armor",) if armour else ()), "--export", self.fingerprint)

    def configure(self, *lines: str) -> GpgKey:
        """Options of gpg that hold from now on, such as ``faked-system-time 20200101T000000``."""
        (self.home / "gpg.conf").write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
        return self

    def revoke(self) -> GpgKey:
        """Withdraw the key, as its owner would when it is stolen."""
        certificate = self.home / "openpgp-revocs.d" / f"{self.fingerprint}.rev"
        text = certificate.read_text(encoding="utf-8").replace(":-----BEGIN", "-----BEGIN")
        gpg_said(self.home, "--import", stdin=text.encode())
        return self


def ssh(directory: Path, principal: str, *, passphrase: str = "", kind: str = "ed25519") -> SshKey:
    """A new SSH key of a person, in files of its own below ``directory``."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"id-{principal.replace('/', '_')}-{len(list(directory.glob('id-*.pub')))}"
    _said("ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", principal, "-f", str(path))
    public = " ".join(path.with_name(f"{path.name}.pub").read_text(encoding="ascii").split()[:2])
    return SshKey(principal, path, public)


def gpg(directory: Path, email: str, *, expire: str = "never", since: str = "") -> GpgKey:
    """A new GPG key of a person; ``since`` is when it claims to be made (``20200101T000000``).

    Its home has a short path of its own, whatever ``directory`` is: the agent's socket wants one.
    """
    directory.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="k", dir=_homes()))
    past = ("--faked-system-time", since) if since else ()
    name = email.partition("@")[0].capitalize()
    gpg_said(home, *past, "--quick-gen-key", f"{name} Example <{email}>", "ed25519", "sign", expire)
    rows = gpg_said(home, "--with-colons", "--list-keys").decode().splitlines()
    return GpgKey(email, home, next(row.split(":")[9] for row in rows if row.startswith("fpr:")))


def allowed(path: Path, *lines: str) -> Path:
    """A signers file of these lines (see ``SshKey.line``)."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def trusted(path: Path, *keys: GpgKey, armour: bool = False) -> Path:
    """A file of exported public keys, as it stands beside the signers file (``trusted.gpg``)."""
    path.write_bytes(b"".join(key.export(armour=armour) for key in keys))
    return path


def tag(
    repository: Path,
    name: str,
    message: str,
    key: Key | None,
    *,
    commit: str = "HEAD",
    date: datetime | str | None = None,
) -> str:
    """An annotated tag, signed by ``key`` or by nobody; gives its object id.

    A tag of that name is replaced. ``commit`` may name any object: ``HEAD^{tree}``, ``HEAD:main.tf``,
    ``refs/tags/other``. ``date`` is what the tagger claims, the present when it is None.
    """
    kind = ("-a",) if key is None else ("-s",)
    made = ("tag", "--force", *kind, "--cleanup=verbatim", "-F", "-", name, commit)
    git(repository, *made, key=key, date=date, stdin=message.encode())
    return git(repository, "rev-parse", f"refs/tags/{name}")


def lightweight(repository: Path, name: str, *, commit: str = "HEAD") -> str:
    """A tag that is no object of its own; gives the id of what it points at."""
    git(repository, "tag", "--force", name, commit)
    return git(repository, "rev-parse", f"refs/tags/{name}")


def renamed(repository: Path, name: str, *, to: str) -> str:
    """The object of one tag under the name of another, as a replay does it; gives its id."""
    git(repository, "update-ref", f"refs/tags/{to}", f"refs/tags/{name}")
    return git(repository, "rev-parse", f"refs/tags/{to}")


def tampered(repository: Path, name: str, *, replace: str, by: str) -> str:
    """The same tag with other words under the old signature; gives the new object's id."""
    was = raw(repository, name)
    assert replace.encode() in was
    return forged(repository, name, was.replace(replace.encode(), by.encode(), 1))


def forged(repository: Path, name: str, content: bytes) -> str:
    """A tag object of these very bytes under a name; gives its id."""
    made = git(repository, "hash-object", "-t", "tag", "-w", "--literally", "--stdin", stdin=content)
    git(repository, "update-ref", f"refs/tags/{name}", made)
    return made


def many(repository: Path, messages: Mapping[str, str]) -> None:
    """Annotated tags of these messages by name, made by one program; a signature may be part of a message."""
    head = git(repository, "rev-parse", "HEAD")
    texts = {name: message.encode() for name, message in messages.items()}
    rows = [
        f"tag {name}\nfrom {head}\ntagger Eve <eve@example.com> 1767323045 +0000\ndata {len(text)}\n".encode()
        + text
        + b"\n"
        for name, text in texts.items()
    ]
    git(repository, "fast-import", "--quiet", "--force", stdin=b"".join(rows))


def raw(repository: Path, name: str) -> bytes:
    """The bytes of a tag object."""
    return git_bytes(repository, "cat-file", "tag", f"refs/tags/{name}")


def delete(repository: Path, name: str) -> None:
    """Take a tag away."""
    git(repository, "tag", "--delete", name)


def commit(repository: Path, message: str, key: Key | None, *, date: datetime | str | None = None) -> str:
    """An empty commit on what is checked out, signed by ``key`` or by nobody; gives its id."""
    sign = "--no-gpg-sign" if key is None else "--gpg-sign"
    made = ("commit", "--quiet", "--allow-empty", "--cleanup=verbatim", sign, "-F", "-")
    git(repository, *made, key=key, date=date, stdin=message.encode())
    return git(repository, "rev-parse", "HEAD")


def git(
    repository: Path,
    *arguments: str,
    key: Key | None = None,
    date: datetime | str | None = None,
    stdin: bytes = b"",
) -> str:
    """Run git in a work tree or a bare repository, with a key at hand; gives what it printed."""
    return git_bytes(repository, *arguments, key=key, date=date, stdin=stdin).decode().rstrip("\n")


def git_bytes(
    repository: Path,
    *arguments: str,
    key: Key | None = None,
    date: datetime | str | None = None,
    stdin: bytes = b"",
) -> bytes:
    """As ``git``, undecoded."""
    variables = environment() | (dict(key.environment) if key else {})
    when = date.isoformat() if isinstance(date, datetime) else date
    variables = {name: value for name, value in variables.items() if not name.endswith("_DATE")}
    variables |= {"GIT_COMMITTER_DATE": when, "GIT_AUTHOR_DATE": when} if when else {}
    try:
        return _said(
            "git", *(key.options if key else ()), *arguments, cwd=repository, env=variables, stdin=stdin
        )
    finally:
        if key:
            key.close()


def gpg_said(home: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """Run gpg in a home of its own, without questions; its agent is ended."""
    quiet = ("--quiet", "--batch", "--yes", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", "")
    try:
        return _said("gpg", "--homedir", str(home), *quiet, *arguments, stdin=stdin)
    finally:
        _gpg_ends(home)


def _gpg_ends(home: Path) -> None:
    _said("gpgconf", "--homedir", str(home), "--kill", "all")


def _homes() -> Path:
    """Where GPG homes are, as long as this process lives."""
    if not _made:
        _made.append(Path(tempfile.mkdtemp(prefix="tfr")))
        atexit.register(shutil.rmtree, _made[0], ignore_errors=True)
    return _made[0]


_made: list[Path] = []


def _said(
    *argv: str, cwd: Path | None = None, env: Mapping[str, str] | None = None, stdin: bytes = b""
) -> bytes:
    done = subprocess.run(
        argv,
        cwd=cwd,
        input=stdin,
        env=dict(env or {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C"}),
        capture_output=True,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout
