"""Which verbs are there? The entry point: finds the verb, and turns every error into words and a code."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import click

from tfreconcile.cli import printing
from tfreconcile.cli.exits import Exit
from tfreconcile.errors import Misconfigured, ReconcileError

VERBS = {
    "once": ("once", "one pass over what is due (--all: over everything)"),
    "status": ("reading", "sync, health, state and reason of every stack"),
    "diff": ("reading", "the pending plan of a stack, masked"),
    "explain": ("explain", "what happens next to a stack, why, and what would change it"),
    "history": ("history", "passes, plans and applies"),
    "approvals": ("words", "who approved or rejected what"),
    "approve": ("approving", "say yes to exactly the pending plan of a stack"),
    "reject": ("approving", "say no to the pending plan of a stack"),
    "revoke": ("words", "take an approval or a rejection back"),
    "accept-rewrite": ("rewriting", "let a rewritten branch be followed again"),
    "suspend": ("operating", "pause a stack"),
    "resume": ("operating", "let a paused stack go on"),
    "sync": ("operating", "check a stack at the next pass, due or not"),
    "audit": ("audit", "the journal of every decision, and whether it is whole"),
    "validate": ("validate", "check stack definitions, without credentials or a database"),
    "policy": ("policy", "try policies out on a saved plan (policy test)"),
    "inspect": ("inspect", "read any Terraform plan, say what tfreconcile makes of it"),
    "hazards": ("hazards", "every kind of hazard, and what this host requires of it"),
    "doctor": ("doctor", "what is wrong with this installation, and how to mend it"),
    "db": ("database", "the database's schema"),
    "demo": ("demo", "the guided tour, in a sandbox"),
}
CONFIG_CODES = frozenset(
    {
        "BranchMissing",
        "EngineBroken",
        "EngineTooOld",
        "GitMissing",
        "GitTooOld",
        "NoEngine",
        "PolicyError",
        "StateDirectory",
        "UnknownPlanFormat",
        "UnreadablePlan",
    }
)
"""Reasons that the operator mends in a file, on the PATH or in the arguments, and no retry does."""


class Verbs(click.Group):
    """Verbs are imported when they are typed, so that reading verbs start at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the README, not of the alphabet."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb, or None when there is no such verb."""
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"tfreconcile.cli.{VERBS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of verbs, without importing any of them."""
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, line) for verb, (_, line) in VERBS.items()])


@click.command(
    cls=Verbs,
    context_settings={"auto_envvar_prefix": "TFRECONCILE", "help_option_names": ["-h", "--help"]},
    epilog="Every flag of a verb has a twin in the environment: `once --quiet` is TFRECONCILE_ONCE_QUIET=1. "
    "Exit codes: 0 all in sync or done, 1 something failed, 2 usage or configuration error, 3 something "
    "waits for a person or a time.",
)
@click.version_option(package_name="tfreconcile", prog_name="tfreconcile")
@click.option(
    "--config",
    metavar="FILE",
    default=None,
    help="Host config [env: TFRECONCILE_CONFIG; default: /etc/tfreconcile/config.yaml].",
)
@click.pass_context
def cli(context: click.Context, config: str | None) -> None:
    """Keep what Git says and what the cloud is the same: plans, sees drift, applies what is safe,
    and holds what is dangerous until a named person approves exactly that change."""
    context.obj = config
    if os.environ.get("NO_COLOR"):
        context.color = False


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a verb and exit with its code; never with a traceback for what people can mend."""
    os.umask(0o077)
    printing.prepare_streams()
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    try:
        given = None if arguments is None else list(arguments)
        answer = cli.main(args=given, prog_name="tfreconcile", standalone_mode=False)
    except click.exceptions.Abort:
        return _say(("stopped by you; nothing was changed",), Exit.FAILED)
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except Misconfigured as error:
        return _say(error.problems, Exit.USAGE)
    except ReconcileError as error:
        code = Exit.USAGE if error.reason in CONFIG_CODES else Exit.FAILED
        return _say((f"{error.reason}: {error.message}",), code)
    except OSError as error:
        printing.drop_what_cannot_be_written()
        return _say((f"{error.filename or 'the system'}: {error.strerror or error}",), Exit.FAILED)
    return int(answer or Exit.DONE)


def _say(lines: Sequence[object], code: Exit) -> int:
    for line in lines:
        printing.say(f"tfreconcile: {line}", 4000)
    return code
