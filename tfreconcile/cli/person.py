"""Who is typing? The person who logged in, also behind sudo."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

NOBODY = 4294967295
"""What the kernel says when no login stands behind a process."""


def person(environ: Mapping[str, str], login_uid: Path = Path("/proc/self/loginuid")) -> str:
    """The login name of the person at the terminal.

    The kernel's audit login uid comes first: it is set at login and survives sudo and su. Then what sudo
    says, but only to root, who could claim anything anyway. Then the real user id.
    """
    audited = _login_uid(login_uid)
    if audited is not None:
        return _name(audited)
    asked = environ.get("SUDO_UID", "")
    if os.getuid() == 0 and asked.isascii() and asked.isdigit():
        return _name(int(asked))
    return _name(os.getuid())


def _login_uid(path: Path) -> int | None:
    try:
        uid = int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return None if uid == NOBODY else uid


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"
