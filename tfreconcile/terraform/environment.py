"""What does Terraform get to see of the environment? An allow-list, and what the door itself sets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import urlsplit

ALWAYS = ("PATH", "LANG", "TZ")
NEVER = ("TF_CLI_ARGS*", "TF_LOG*", "TF_WORKSPACE", "TF_REATTACH_PROVIDERS")
"""What would change Terraform's meaning behind our back, or print secrets; no setting lets it in."""
INPUT = "TF_VAR_*"
"""Variables of a stack come from its definition; from the environment only if the operator sets them."""

SHORTEST_SECRET = 8
"""Characters; shorter ones are the words that stand-ins are given, such as ``test``, and no keys."""
SHORTEST_LINE = 16
"""Characters from which one line of a secret of several lines (a key file) is a secret itself."""

_SECRET_NAME = re.compile(r"secret|token|password|passwd|private|credential|_key$", re.IGNORECASE)
_PATH_NAME = re.compile(r"_FILE$|^GOOGLE_APPLICATION_CREDENTIALS$")


def allowed(
    environ: Mapping[str, str], patterns: tuple[str, ...], fixed: Mapping[str, str]
) -> dict[str, str]:
    """The part of ``environ`` whose names match, case-sensitively, then what the operator fixed."""
    chosen = (*ALWAYS, *patterns)
    kept = {name: value for name, value in environ.items() if _matches(name, chosen)}
    kept = {name: value for name, value in kept.items() if not _matches(name, (*NEVER, INPUT))}
    return {**kept, **{name: value for name, value in fixed.items() if not _matches(name, NEVER)}}


def of_terraform(
    base: Mapping[str, str],
    *,
    home: Path,
    temporary: Path,
    data: Path,
    workspace: str,
    variables: Mapping[str, str],
) -> dict[str, str]:
    """The whole environment of one Terraform process.

    ``base`` comes from :func:`allowed`; a HOME in it is the operator's word and stays. ``variables`` are
    input variables by name. TF_WORKSPACE is set for any workspace but the default one: Terraform starts an
    empty workspace for a misspelt name, so it never comes from anywhere else.
    """
    kept = {name: value for name, value in base.items() if not _matches(name, NEVER)}
    ours = {
        "TMPDIR": str(temporary),
        "TF_DATA_DIR": str(data),
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
    }
    selected = {} if workspace == "default" else {"TF_WORKSPACE": workspace}
    inputs = {f"TF_VAR_{name}": value for name, value in variables.items()}
    return {"HOME": str(home), **kept, **ours, **selected, **inputs}


def secret_values(env: Mapping[str, str]) -> frozenset[str]:
    """The values that no message may show: those of variables named like a secret, and passwords in URLs."""
    return frozenset(_secrets(env))


def _secrets(env: Mapping[str, str]) -> Iterator[str]:
    for name, value in env.items():
        password = _password(value)
        if len(password) >= SHORTEST_SECRET:
            yield password
        if not _SECRET_NAME.search(name) or _PATH_NAME.search(name) or len(value) < SHORTEST_SECRET:
            continue
        yield value
        yield from (line for line in value.splitlines() if len(line.strip()) >= SHORTEST_LINE)


def _password(value: str) -> str:
    try:
        return urlsplit(value).password or ""
    except ValueError:
        return ""


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
