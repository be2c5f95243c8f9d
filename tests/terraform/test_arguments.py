"""Is a command line spelt as Terraform reads it, and is nothing started on the way?"""

from __future__ import annotations

import pytest

from tfreconcile.terraform.arguments import FLAG, Spelling, argv


def test_options_are_spelt_in_their_order_before_the_positionals() -> None:
    spelt = argv(
        ("/opt/python", "-I", "embedded.py"),
        "plan",
        "a.tfplan",
        input=False,
        no_color=FLAG,
        lock_timeout="30s",
        var_file=["/spool/a.tfvars", "/spool/b with space.tfvars"],
        destroy=None,
    )
    assert spelt == (
        *("/opt/python", "-I", "embedded.py"),
        *("plan", "-input=false", "-no-color", "-lock-timeout=30s"),
        *("-var-file=/spool/a.tfvars", "-var-file=/spool/b with space.tfvars"),
        "a.tfplan",
    )


def test_a_misspelt_attribute_is_an_error_and_not_a_command() -> None:
    with pytest.raises(AttributeError):
        Spelling().aply  # noqa: B018  reading it is what the library turns into a command


def test_the_library_starts_nothing() -> None:
    with pytest.raises(NotImplementedError):
        Spelling().cmd("version")
