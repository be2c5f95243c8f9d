"""Which addresses do we fetch from, and how may they be shown?"""

from __future__ import annotations

import re

PROTOCOLS = ("file", "git", "http", "https", "ssh")

_USERINFO = re.compile(r"(?<=://)[^/\s'\"]*@")
_QUERY = re.compile(r"(://[^\s'\"?]*)\?[^\s'\"]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_REMOTE_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]*::")
_DASHED_HOST = re.compile(r"(?:[a-z]+://)?(?:[^/@]*@)?-")
_BRANCH = re.compile(r"(?![-/.])[^\x00-\x20\x7f~^:?*\[\\]+")


def shown(text: str) -> str:
    """The text (an address, or what git said) without passwords, tokens and control characters."""
    return _QUERY.sub(r"\1?***", _USERINFO.sub("***@", _CONTROL.sub("", text)))


def refusal(url: str) -> str | None:
    """Why git must not be given this address; None when it may.

    ``ext::`` and other remote helpers run a program of the address's choosing, and an address that
    starts with a dash would be read as an option (gitremote-helpers(7), CVE-2017-1000117).
    """
    if not url or url != url.strip() or _CONTROL.search(url) or "\n" in url:
        return "it is empty, or has control characters in it or blanks around it"
    if url.startswith("-"):
        return "it starts with a dash, as an option does"
    if _REMOTE_HELPER.match(url):
        return f"remote helpers are not allowed, only a path or {', '.join(PROTOCOLS)}"
    scheme = _SCHEME.match(url)
    if scheme and scheme[1].lower() not in PROTOCOLS:
        return f"{scheme[1]}:// is not allowed, only a path or {', '.join(PROTOCOLS)}"
    if _DASHED_HOST.match(url):
        return "its host starts with a dash, as an option does"
    return None


def is_branch(name: str) -> bool:
    """Can this be the name of a branch? (git-check-ref-format(1))"""
    forbidden = ("..", "@{", "//", "/.")
    ends = ("/", ".", ".lock")
    return bool(_BRANCH.fullmatch(name)) and not name.endswith(ends) and not any(f in name for f in forbidden)
