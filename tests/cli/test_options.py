"""Where does the config come from, and do flags have twins in the environment?"""

from __future__ import annotations

from pathlib import Path

import pytest
from support.operator import Operator, a_stack


def _other(operator: Operator, name: str) -> str:
    """Another host config, whose database knows one stack of that name."""
    other = Operator(operator.home / name, operator.capsys)
    other.home.mkdir()
    other.configure().remember(a_stack(name))
    return str(other.config)


@pytest.mark.parametrize("flag_first", [True, False], ids=["before the verb", "after the verb"])
def test_the_flag_wins_over_the_environment_wherever_it_stands(flag_first: bool, operator: Operator) -> None:
    operator.remember(a_stack("of-the-environment"))
    flag = ("--config", _other(operator, "of-the-flag"))
    typed = (*flag, "status") if flag_first else ("status", *flag)
    told = operator.types(*typed)
    assert told.code == 0
    assert "of-the-flag" in told.stdout
    assert "of-the-environment" not in told.stdout


def test_without_a_flag_the_environment_names_the_config(operator: Operator) -> None:
    operator.remember(a_stack("of-the-environment"))
    assert "of-the-environment" in operator.types("status").stdout


def test_a_missing_config_exits_2_and_says_how_to_name_another(operator: Operator) -> None:
    told = operator.types("status", "--config", "/nonexistent/host.yaml")
    assert (told.code, told.stdout) == (2, "")
    assert "/nonexistent/host.yaml: there is no such file" in told.stderr
    assert "--config or TFRECONCILE_CONFIG" in told.stderr


def test_without_any_word_the_config_is_the_one_in_etc(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TFRECONCILE_CONFIG")
    told = operator.types("status")
    assert told.code == (0 if Path("/etc/tfreconcile/config.yaml").exists() else 2)
    assert "/etc/tfreconcile/config.yaml" in operator.types("status", "--help").stdout


@pytest.mark.parametrize(
    ("variable", "value", "typed", "expected"),
    [
        ("TFRECONCILE_STATUS_OUTPUT", "json", ("status",), '"stacks"'),
        ("TFRECONCILE_HISTORY_OUTPUT", "json", ("history",), '"passes"'),
        ("TFRECONCILE_APPROVALS_OUTPUT", "json", ("approvals",), '"approvals"'),
    ],
)
def test_a_flag_can_be_given_in_the_environment(
    variable: str,
    value: str,
    typed: tuple[str, ...],
    expected: str,
    *,
    operator: Operator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, value)
    told = operator.types(*typed)
    assert told.code == 0
    assert expected in told.stdout


def test_a_twin_with_a_wrong_value_is_refused_with_what_is_allowed(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFRECONCILE_HISTORY_LIMIT", "0")
    told = operator.types("history")
    assert told.code == 2
    assert "1<=x<=1000" in told.stderr
