"""What did git mean when it failed?"""

from __future__ import annotations

import re
from enum import StrEnum

from tfreconcile.source.address import shown


class Complaint(StrEnum):
    """Why a git command failed, by what can be done about it."""

    BRANCH_MISSING = "branch-missing"
    DENIED = "denied"
    REFUSED = "refused"
    DAMAGED = "damaged"
    UNREACHABLE = "unreachable"


# The first row that matches wins. Texts from git 2.39 to 2.47 under LC_ALL=C, OpenSSH 9, GitHub, GitLab.
_SIGNS: tuple[tuple[Complaint, re.Pattern[str]], ...] = (
    (Complaint.BRANCH_MISSING, re.compile(r"couldn't find remote ref")),
    (
        Complaint.DENIED,
        re.compile(
            r"Permission denied \(|Authentication failed|could not read (Username|Password)|"
            r"terminal prompts disabled|returned error: 40[13]|Host key verification failed|"
            r"dubious ownership|access denied or repository not exported|transport '\S+' not allowed|"
            r"[Rr]epository '?\S* ?not found|does not appear to be a git repository|"
            r"repository '.*' (does not exist|not found)",
        ),
    ),
    (Complaint.REFUSED, re.compile(r"fsck error|mismatched algorithms")),
    (
        Complaint.DAMAGED,
        re.compile(
            r"not a git repository|is corrupt|bad object|inflate: |unable to unpack|unable to parse object|"
            r"object file .* is empty|index file .* is too small|bad index file|packfile .* "
            r"(cannot be accessed|is invalid|index unavailable|does not match index)|"
            r"did not send all necessary objects|missing (blob|tree|commit)|bad (config|ref)|broken ref|"
            r"unable to read (tree|sha1|object)|failed to read object|unable to resolve reference|"
            r"Could not read [0-9a-f]{40}|not a valid object|unresolved deltas|invalid index-pack output"
            r"|Not a valid object name",
        ),
    ),
)

_ADVICE = ("Please make sure you have the correct access rights", "and the repository exists.")


def complaint(stderr: str) -> Complaint:
    """The class of a failed command; what nobody has seen before counts as the network's fault."""
    ours = "\n".join(line for line in stderr.splitlines() if not line.startswith("remote: "))
    for found, sign in _SIGNS:
        if sign.search(ours):
            return found
    return Complaint.UNREACHABLE


def sentence(stderr: str) -> str:
    """The last few lines of what git said, in one, without secrets and control characters.

    The advice that git adds to every failure of SSH would take the place of what SSH said.
    """
    lines = [" ".join(line.split()) for line in shown(stderr).splitlines() if line.strip()]
    lines = [line for line in lines if line not in _ADVICE]
    return "; ".join(lines[-3:])[-600:] or "git said nothing"
