"""What does it feel like? ``demo``: the whole story in a sandbox, with real Terraform and a local AWS."""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from tfreconcile.cli import sandbox
from tfreconcile.cli.exits import Exit
from tfreconcile.cli.sandbox import Sandbox
from tfreconcile.errors import Misconfigured


@click.command()
@click.option(
    "--provider-mirror",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    help="Unpacked filesystem mirror of providers [default: the engine's own way to find them].",
)
@click.option(
    "--engine", default="auto", show_default=True, help="auto, terraform, tofu, embedded, or a path."
)
def demo(provider_mirror: Path | None, engine: str) -> int:
    """The guided tour: drift healed, a deletion held, approved and applied. Nothing is left behind."""
    if importlib.util.find_spec("moto") is None:
        raise Misconfigured.at(
            "demo", "the local AWS of the demo is not installed", "pip install 'tfreconcile[demo]'"
        )
    with (
        tempfile.TemporaryDirectory(prefix="tfreconcile-demo-", ignore_cleanup_errors=True) as home,
        sandbox.aws(Path(home)) as endpoint,
    ):
        _story(sandbox.build(Path(home), endpoint, mirror=provider_mirror, engine=engine))
    _tell("That was the demo. The sandbox is gone; nothing is left behind.")
    return Exit.DONE


def _story(place: Sandbox) -> None:
    _tell("A team keeps its stacks in Git. tfreconcile is told where, and what it may do by itself:")
    click.echo(place.config.read_text(encoding="utf-8"))
    _tell("First pass: everything that Git wants is missing, creating is safe, so it is created.")
    _run(place, "once", expect=0)
    _tell("Second pass: nothing is due, nothing is planned.")
    _run(place, "once", expect=0)
    _drift(place)
    _deletion(place)


def _drift(place: Sandbox) -> None:
    _tell("Somebody deletes the queue `refunds` by hand, retunes `orders`, and edits a setting.")
    sqs, ssm = place.client("sqs"), place.client("ssm")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="refunds")["QueueUrl"])
    sqs.set_queue_attributes(
        QueueUrl=sqs.get_queue_url(QueueName="orders")["QueueUrl"], Attributes={"VisibilityTimeout": "5"}
    )
    ssm.put_parameter(Name="/orders/support-hours", Value="00-24", Type="String", Overwrite=True)
    _tell("`orders` says drift: heal, so it is put back. `settings` says drift: report, so it is only told.")
    _run(place, "once", "--all", expect=0)
    _run(place, "status", "settings", expect=0)
    found = sqs.get_queue_attributes(
        QueueUrl=sqs.get_queue_url(QueueName="orders")["QueueUrl"], AttributeNames=["VisibilityTimeout"]
    )
    seconds = found["Attributes"]["VisibilityTimeout"]
    _tell(f"AWS itself: refunds exists again, orders waits {seconds} seconds again.")


def _deletion(place: Sandbox) -> None:
    _tell("A commit removes the bucket `exports` from the code. Buckets hold data: it is held (exit code 3).")
    place.remove_bucket()
    _run(place, "once", expect=3)
    _buckets(place)
    _run(place, "diff", "archive", expect=0)
    _run(place, "explain", "archive", expect=0)
    _tell("A person who has read that approves exactly this plan, and nothing else.")
    _run(
        place,
        "approve",
        "archive",
        "--plan",
        _pending(place),
        "--reason",
        "exports moved to the lake",
        "--yes",
        expect=0,
    )
    _run(place, "once", expect=0)
    _buckets(place)
    _tell("Who did what, on whose word:")
    _run(place, "approvals", expect=0)
    _run(place, "history", "archive", expect=0)
    _run(place, "status", expect=0)


def _tell(sentence: str) -> None:
    click.secho(f"\n# {sentence}", bold=True)


def _buckets(place: Sandbox) -> None:
    names = sorted(bucket["Name"] for bucket in place.client("s3").list_buckets()["Buckets"])
    _tell(f"AWS itself: the buckets are {', '.join(names)}.")


def _pending(place: Sandbox) -> str:
    done = _start(place, "status", "archive", "-o", "json", capture=True)
    found: str = json.loads(done.stdout)["stacks"][0]["pending"]["fingerprint"]
    return found[:12]


def _run(place: Sandbox, *arguments: str, expect: int) -> None:
    click.secho(f"\n$ tfreconcile {shlex.join(arguments)}", fg="cyan")
    done = _start(place, *arguments)
    if done.returncode != expect:
        raise Misconfigured.at(
            "demo", f"{arguments[0]} ended with {done.returncode}, the story needs {expect}"
        )


def _start(place: Sandbox, *arguments: str, capture: bool = False) -> subprocess.CompletedProcess[bytes]:
    sys.stdout.flush()
    return subprocess.run(
        [sys.executable, "-m", "tfreconcile.cli", *arguments],
        env={**os.environ, **place.environment},
        stdout=subprocess.PIPE if capture else None,
        check=False,
    )
