"""Are the files that the host config trusts there, and can nobody else change them?"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from tfreconcile.cli.told import Finding, Told
from tfreconcile.gate.approvals import tightened
from tfreconcile.gate.model import ApprovalRules
from tfreconcile.gate.policy import Floor, approvals_tightened
from tfreconcile.settings.model import Settings
from tfreconcile.source import programs, signers
from tfreconcile.source.signers import Signers, Untrusted

MOST = 1000
"""How many files of one directory of policies are looked at."""


def trusted_signers(settings: Settings) -> Iterator[Told]:
    """The signers file and what stands beside it; wrong ones stop what must be signed, commits or words."""
    if settings.signers is None:
        return
    beside = signers.signers_beside(settings.signers)
    needed = settings.source.verify != "none" or _asks_for_signatures(settings.floor)
    finding = Finding.WRONG if needed else Finding.WARNING
    for name in programs.missing("ssh-keygen", *(("gpg", "gpgv") if beside.keyring else ())):
        yield Told(
            "signers", finding, f"there is no {name} on the PATH", f"install {programs.PACKAGES[name]}"
        )
    try:
        count = _trusted(beside)
    except Untrusted as error:
        yield Told("signers", finding, error.reason, "until then no signature counts")
    else:
        others = [path.name for path in (beside.keyring, beside.revoked) if path is not None]
        also = f"; beside it: {', '.join(others)}" if others else ""
        yield Told("signers", Finding.GOOD, f"{settings.signers} names {count} keys{also}")
    files = (beside.file, beside.keyring, beside.revoked)
    yield from _exposed("signers", (path for path in files if path is not None))


def unproven_people(settings: Settings) -> Iterator[Told]:
    """Words by key and words by login side by side: nobody can know that ``asmith`` is ``ana.smith@...``."""
    if settings.signers is not None and any(map(_counts_people_by_name, _rules(settings.floor))):
        yield Told(
            "people",
            Finding.WARNING,
            "a quorum or four eyes go by names, and words count by key and by login: one person whose login"
            " is not the local part of the key's address is two",
            "set gate.approvals.signed: true, for all that asks for two people or four eyes",
        )


def _rules(floor: Floor) -> Iterator[ApprovalRules]:
    """What the host asks of approvals: of all, of stacks by name, and of each hazard among both."""
    rules = floor.policy.approvals
    for one in (rules, *(approvals_tightened(rules, named.asks) for named in floor.stacks)):
        yield from (one, *(tightened(one, (kind,)) for kind in rules.hazards))


def _counts_people_by_name(rules: ApprovalRules) -> bool:
    return (rules.required > 1 or rules.four_eyes) and not rules.signed


def policy_files(settings: Settings) -> Iterator[Told]:
    """Policies, their data, and the programs that evaluate them; what is missing blocks every plan."""
    rules = settings.policies
    for path in (*rules.rego, *rules.data):
        if not os.access(path, os.R_OK):
            what = f"{path} does not exist or cannot be read"
            yield Told("policy", Finding.WRONG, what, "write it, or take it out of gate.policy")
    programs = [
        path for path in (rules.checkov, Path(rules.engine)) if path is not None and path.is_absolute()
    ]
    for program in programs:
        if not (program.is_file() and os.access(program, os.X_OK)):
            remedy = "install it, or correct gate.policy"
            yield Told("policy", Finding.WRONG, f"{program} is no program that can be run", remedy)
    files = (file for path in (*rules.rego, *rules.data) for file in (path, *_below(path)))
    yield from _exposed("policy", (*files, *programs))


def _asks_for_signatures(floor: Floor) -> bool:
    """Does any rule of the host count signed words only?"""
    rules = floor.policy.approvals
    by_hazard = any(one.signed for one in rules.hazards.values())
    return rules.signed or by_hazard or any(one.asks.signed for one in floor.stacks)


def _trusted(beside: Signers) -> int:
    _, lines = signers.ssh_lines(beside)
    signers.revoked_keys(beside)
    if beside.keyring is not None:
        signers.keyring(beside)
    return len(lines)


def _below(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from islice((file for file in path.rglob("*.rego") if file.is_file()), MOST)


def _exposed(subject: str, paths: Iterable[Path]) -> Iterator[Told]:
    for place in dict.fromkeys(place for path in paths for place in (path, path.parent)):
        try:
            found = os.stat(place)
        except OSError:
            continue
        for what, remedy in exposure(place, mode=found.st_mode, owner=found.st_uid, ours=os.geteuid()):
            yield Told(subject, Finding.WARNING, what, remedy)


def exposure(place: Path, *, mode: int, owner: int, ours: int) -> Iterator[tuple[str, str]]:
    """What others could do to a file, or to the directory that it stands in, and the command that mends it.

    Whoever can write either decides what the file says. ``owner`` and ``ours`` are user ids.
    """
    sticky = stat.S_ISDIR(mode) and mode & stat.S_ISVTX
    if mode & 0o022 and not sticky:
        yield f"{place} can be changed by others (mode {stat.S_IMODE(mode):04o})", f"run chmod go-w {place}"
    if owner not in (0, ours):
        yield f"{place} belongs to another user (uid {owner})", f"run chown root {place}"
