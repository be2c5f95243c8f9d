"""Which variables of the host may Terraform get to see?"""

from __future__ import annotations

from functools import cache

ALWAYS_OURS = (
    "TF_CLI_ARGS*",
    "TF_DATA_DIR",
    "TF_INPUT",
    "TF_IN_AUTOMATION",
    "TF_LOG*",
    "TF_REATTACH_PROVIDERS",
    "TF_VAR_*",
    "TF_WORKSPACE",
)
"""What no operator passes on: ``TF_CLI_ARGS`` could say ``-lock=false``, ``TF_LOG`` prints secrets, and
``TF_WORKSPACE=typo`` plans everything anew without an error. The rest is set for each pass."""


def reserved_by(pattern: str) -> str | None:
    """The first reserved name or family that ``pattern`` (``*`` stands for any text) could let through."""
    return next((ours for ours in ALWAYS_OURS if _share_a_name(pattern, ours)), None)


@cache
def _share_a_name(one: str, other: str) -> bool:
    """Whether some text matches both patterns."""
    if not one or not other:
        return set(one + other) <= {"*"}
    if one[0] == "*":
        return _share_a_name(one[1:], other) or _share_a_name(one, other[1:])
    if other[0] == "*":
        return _share_a_name(other, one)
    return one[0] == other[0] and _share_a_name(one[1:], other[1:])
