"""Which variables may an operator hand on to Terraform?"""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.settings.environment import ALWAYS_OURS, reserved_by


@pytest.mark.parametrize(
    ("pattern", "ours"),
    [
        ("TF_CLI_ARGS", "TF_CLI_ARGS*"),
        ("TF_CLI_ARGS_apply", "TF_CLI_ARGS*"),
        ("TF_LOG_PROVIDER", "TF_LOG*"),
        ("TF_VAR_region", "TF_VAR_*"),
        ("TF_WORKSPACE", "TF_WORKSPACE"),
        ("TF_*", "TF_CLI_ARGS*"),
        ("*", "TF_CLI_ARGS*"),
        ("TF_W*", "TF_WORKSPACE"),
        ("*_PROVIDERS", "TF_CLI_ARGS*"),
        ("T*_DIR", "TF_CLI_ARGS*"),
        ("AWS_*", None),
        ("TF_CLI_CONFIG_FILE", None),
        ("TF_PLUGIN_CACHE_DIR", None),
        ("TF_TOKEN_*", None),
        ("TF_INPUTS", None),
        ("tf_log", None),
    ],
)
def test_a_pattern_that_covers_a_reserved_variable_is_known(pattern: str, ours: str | None) -> None:
    assert reserved_by(pattern) == ours


@given(
    st.text("TF_VARLOG*", max_size=10),
    st.sampled_from(ALWAYS_OURS),
    st.text("TF_VARLOG", max_size=4),
)
@settings(max_examples=300, deadline=None)
def test_a_pattern_that_passes_lets_no_reserved_name_through(pattern: str, ours: str, tail: str) -> None:
    name = ours.replace("*", tail)
    if reserved_by(pattern) is None:
        assert not fnmatchcase(name, pattern)
