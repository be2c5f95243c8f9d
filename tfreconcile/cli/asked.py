"""How does a person want to say a word? The flags that ``approve`` and ``reject`` share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import click
from pydantic import TypeAdapter, ValidationError

from tfreconcile.settings.model import Settings
from tfreconcile.source.shapes import Duration


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What was typed. ``expires`` is None, and ``override_window`` False, for a rejection."""

    plan: str | None
    reason: str
    yes: bool
    as_tag: bool
    label: str | None
    sign: Path | None
    expires: timedelta | None = None
    override_window: bool = False


class Span(click.ParamType[timedelta]):
    """A span of time such as ``4h`` or ``1h30m``, from a minute on."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The span. Refuses anything else with what is allowed."""
        try:
            found = TypeAdapter(Duration).validate_python(value)
        except ValidationError:
            found = timedelta(0)
        if found < timedelta(minutes=1):
            self.fail(f"{value!r}; allowed: a span from 1m on, such as 30m, 4h or 1d12h")
        return found


_OF_BOTH = (
    click.option(
        "--plan", metavar="FP", help="The plan that is meant: 12 or more digits of its fingerprint."
    ),
    click.option("--reason", default="", help="Why; kept for ever with what was said."),
    click.option("--yes", is_flag=True, help="Do not ask; needs --plan."),
    click.option(
        "--sign",
        metavar="KEY",
        type=click.Path(path_type=Path),
        help="Sign with this SSH key (or the .pub of one in ssh-agent): its owner says it, not the login.",
    ),
    click.option("--as-tag", is_flag=True, help="Say nothing yet: print the git commands for a signed tag."),
    click.option("--label", help="With --as-tag: what the tag's name ends with, to tell it from others."),
)
_OF_APPROVE = (
    click.option(
        "--expires",
        type=Span(),
        metavar="SPAN",
        help="Ends after this span, such as 4h [default: the policy's].",
    ),
    click.option(
        "--override-window", is_flag=True, help="The plan may also be applied while a window is closed."
    ),
)
Command = Callable[[Settings, str, Asked], None]


def with_words(*, approving: bool) -> Callable[[Command], Callable[..., None]]:
    """The flags of a verb: it gets ``settings``, ``name`` and what was ``asked``."""

    def decorated(command: Command) -> Callable[..., None]:
        @functools.wraps(command)
        def typed(settings: Settings, name: str, **flags: object) -> None:
            if flags["label"] is not None and not flags["as_tag"]:
                raise click.UsageError("--label names a tag: it needs --as-tag")
            if flags["sign"] is not None and flags["as_tag"]:
                raise click.UsageError("--as-tag prints what git is to sign elsewhere: it has no --sign")
            make: Callable[..., Asked] = Asked
            command(settings, name, make(**flags))

        for option in reversed((*_OF_BOTH, *(_OF_APPROVE if approving else ()))):
            typed = option(typed)
        return typed

    return decorated
