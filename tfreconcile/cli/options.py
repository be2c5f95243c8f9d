"""Which flags do many verbs share?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from tfreconcile.settings.host import load
from tfreconcile.settings.model import Settings

DEFAULT_CONFIG = "/etc/tfreconcile/config.yaml"
Command = TypeVar("Command", bound=Callable[..., object])


def settings_of(context: click.Context, named: str | None) -> Settings:
    """The host config that was named after the verb, before it or in the environment, or the default one."""
    return load(Path(named or context.find_root().obj or DEFAULT_CONFIG))


def _chosen(context: click.Context, _parameter: click.Parameter, value: str | None) -> Settings:
    return settings_of(context, value)


def _chosen_if_any(context: click.Context, _parameter: click.Parameter, value: str | None) -> Settings | None:
    named = value or context.find_root().obj
    return load(Path(named)) if named else None


def with_settings(command: Command) -> Command:
    """``--config``, read and checked: the verb gets ``settings``.

    TFRECONCILE_CONFIG is read by the root, so that a flag wins over it before the verb as well as after.
    """
    return click.option(
        "--config",
        "settings",
        callback=_chosen,
        allow_from_autoenv=False,
        metavar="FILE",
        help=f"Host config [env: TFRECONCILE_CONFIG; default: {DEFAULT_CONFIG}].",
    )(command)


def with_optional_settings(command: Command) -> Command:
    """``--config`` for verbs that work without one: the verb gets ``settings`` or None."""
    return click.option(
        "--config",
        "settings",
        callback=_chosen_if_any,
        allow_from_autoenv=False,
        metavar="FILE",
        help="Host config whose floor counts [env: TFRECONCILE_CONFIG; default: the built-in one].",
    )(command)


def with_output(command: Command) -> Command:
    """``-o table|json``: the verb gets ``output``."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(["table", "json"]),
        default="table",
        show_default=True,
        help="A table for people, JSON for programs.",
    )(command)
