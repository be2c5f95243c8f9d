"""What does a cloud say, asked by a child process with exactly the environment that Terraform gets?

Terraform may hold other credentials than this process, and the answer must be about Terraform's. A child
also keeps the SDKs (boto3: 40 MB, Google's: 70 MB) out of a daemon that lives for months.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_random_exponential

from tfreconcile import clock
from tfreconcile.cloud.answer import Trouble
from tfreconcile.errors import ReconcileError, Stalled, Transient

LONGEST_REQUEST = 60_000
"""Bytes: what an empty pipe of Linux (64 KiB) takes at once, so that writing never blocks."""
LONGEST_ANSWER = 1 << 20
"""Bytes of stdout, and of stderr, that are read before the child is ended."""
_LONGEST_MESSAGE = 400

_MEANING: Mapping[Trouble, tuple[type[ReconcileError], str, str]] = {
    Trouble.DENIED: (Stalled, "AccessDenied", "grant the permission, or give other credentials"),
    Trouble.UNREACHABLE: (Transient, "CloudUnreachable", "it is tried again"),
    Trouble.NO_CREDENTIALS: (
        Stalled,
        "CredentialsMissing",
        "give the service credentials, and let them through with `environment.pass` in the host config",
    ),
    Trouble.EXPIRED: (Stalled, "CredentialsExpired", "renew the credentials of the service"),
    Trouble.THROTTLED: (Transient, "Throttled", "it is tried again"),
    Trouble.NOT_FOUND: (Stalled, "NotFound", "correct the name in the stack definition or the host config"),
    Trouble.BAD_REQUEST: (Stalled, "CloudRequestInvalid", "correct the stack definition or the host config"),
}
"""Error class, reason and next step. NOT_INSTALLED is missing here: its reason names the cloud."""

_SECRET_NAME = re.compile(r"SECRET|TOKEN|PASSW|CREDENTIAL|KEYFILE|_KEY$", re.IGNORECASE)
_PATH_NAME = re.compile(r"(_FILE|_URI|APPLICATION_CREDENTIALS)$", re.IGNORECASE)
_ERROR_CLASS = re.compile(r"^(?:[A-Za-z_]\w{0,60}\.){0,8}([A-Z][A-Za-z]{0,60}(?:Error|Exception))(?::|$)")


@dataclass(frozen=True, kw_only=True)
class _Ended:
    """A child that is over: ``code`` is negative when a signal ended it. Its output may be secrets."""

    code: int
    out: bytes = field(repr=False)
    err: bytes = field(repr=False)


def ask(
    cloud: str, verb: str, arguments: Sequence[str], env: Mapping[str, str], *, timeout: float
) -> Mapping[str, str]:
    """The answer of ``tfreconcile.cloud.<cloud>_sdk`` to one idempotent question.

    ``env`` is the whole environment of the child; ``timeout`` is in seconds and covers all of up to three
    attempts. Raises Transient (CloudUnreachable, Throttled, CloudChildFailed) or Stalled (AccessDenied,
    CredentialsMissing, CredentialsExpired, NotFound, CloudRequestInvalid, GcpSupportMissing). No message
    holds a value of a variable of ``env`` that is named like a secret.
    """
    until = clock.monotonic() + timeout
    patient = Retrying(
        retry=retry_if_exception_type(Transient),
        stop=stop_after_attempt(3) | stop_before_delay(timeout),
        wait=wait_random_exponential(multiplier=0.25, max=2),
        reraise=True,
    )
    return patient(_once, cloud, verb, arguments, env, until)


def failure(cloud: str, verb: str, trouble: Trouble, message: str) -> ReconcileError:
    """What a child's trouble means for the loop."""
    said = f"{cloud.upper()} {verb}: {message}"
    if trouble is Trouble.NOT_INSTALLED:
        hint = f"pip install 'tfreconcile[{cloud}]'"
        return Stalled(f"{cloud.capitalize()}SupportMissing", f"{said}; {hint}")
    error, reason, hint = _MEANING[trouble]
    return error(reason, f"{said}; {hint}")


def scrubbed(message: str, env: Mapping[str, str]) -> str:
    """``message`` on one line, bounded, without the values of variables that are named like a secret."""
    secrets = {
        line
        for name, value in env.items()
        if _SECRET_NAME.search(name) and not _PATH_NAME.search(name)
        for line in (value, *value.splitlines())
        if len(line.strip()) >= 8
    }
    for secret in sorted(secrets, key=len, reverse=True):
        message = message.replace(secret, "***")
    printable = "".join(c if c.isprintable() else " " for c in message)
    return " ".join(printable.split())[:_LONGEST_MESSAGE]


def _once(
    cloud: str, verb: str, arguments: Sequence[str], env: Mapping[str, str], until: float
) -> Mapping[str, str]:
    left = max(until - clock.monotonic(), 0.1)
    request = json.dumps({"arguments": list(arguments), "timeout": left}).encode("ascii")
    if len(request) > LONGEST_REQUEST:
        size = f"the request has {len(request)} bytes, at most {LONGEST_REQUEST} are allowed"
        raise failure(cloud, verb, Trouble.BAD_REQUEST, size)
    try:
        ended = _run(f"tfreconcile.cloud.{cloud}_sdk", verb, request, env, until)
    except (TimeoutError, subprocess.TimeoutExpired):
        raise failure(cloud, verb, Trouble.UNREACHABLE, f"no answer within {left:.0f} s") from None
    except OverflowError:
        raise _broken(cloud, verb, f"wrote more than {LONGEST_ANSWER} bytes") from None
    except OSError as error:
        raise _broken(cloud, verb, f"could not start: {error.strerror}") from error
    return _understood(cloud, verb, ended, env)


def _understood(cloud: str, verb: str, ended: _Ended, env: Mapping[str, str]) -> Mapping[str, str]:
    if ended.code != 0:
        raise _broken(cloud, verb, f"ended with exit code {ended.code}{_class_of(ended.err)}")
    try:
        answer = json.loads(ended.out)
        match answer:
            case {"ok": dict(values)}:
                return {str(name): str(value) for name, value in values.items()}
            case {"error": {"kind": str(kind), "message": str(message)}}:
                raise failure(cloud, verb, Trouble(kind), scrubbed(message, env))
    except ValueError:
        # The text of a JSON error quotes nothing, but its ``doc`` holds the whole answer.
        raise _broken(cloud, verb, "gave an answer that cannot be read") from None
    raise _broken(cloud, verb, "gave an answer of an unknown form")


def _broken(cloud: str, verb: str, what: str) -> Transient:
    return Transient("CloudChildFailed", f"the child process for {cloud.upper()} {verb} {what}")


def _class_of(err: bytes) -> str:
    """`` (KeyError)`` for a traceback; nothing else of stderr is shown, for it may hold secrets."""
    lines = err.decode("utf-8", "replace").strip().splitlines()
    named = _ERROR_CLASS.match(lines[-1]) if lines else None
    return f" ({named[1]})" if named else ""


def _run(module: str, verb: str, request: bytes, env: Mapping[str, str], until: float) -> _Ended:
    """Raises TimeoutError or TimeoutExpired past ``until`` (monotonic), OverflowError, OSError."""
    argv = [sys.executable, "-I", "-m", module, verb]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        argv, env=dict(env), cwd="/", bufsize=0, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
    ) as child:
        try:
            _tell(child.stdin, request)
            out, err = _heard((child.stdout, child.stderr), until)
            return _Ended(code=child.wait(max(until - clock.monotonic(), 0)), out=out, err=err)
        except BaseException:
            # Nobody has waited for it, so its id is still its own, and that of its group.
            os.killpg(child.pid, signal.SIGKILL)
            raise


def _tell(stdin: IO[bytes] | None, request: bytes) -> None:
    if stdin is None:
        return
    with suppress(BrokenPipeError):  # it is over already: its exit code says why
        stdin.write(request)
    stdin.close()


def _heard(ends: Iterable[IO[bytes] | None], until: float) -> Iterable[bytes]:
    """What was written to each end, read side by side so that none can block another."""
    heard = {end.fileno(): bytearray() for end in ends if end}
    with selectors.DefaultSelector() as still_open:
        for end in heard:
            still_open.register(end, selectors.EVENT_READ)
        while still_open.get_map():
            if clock.monotonic() >= until:
                raise TimeoutError
            for key, _ in still_open.select(until - clock.monotonic()):
                if not _hear(key.fd, heard[key.fd]):
                    still_open.unregister(key.fd)
    return [bytes(text) for text in heard.values()]


def _hear(end: int, heard: bytearray) -> bool:
    """Adds what there is to ``heard``; false at the end. Raises OverflowError past the limit."""
    piece = os.read(end, 65_536)
    heard += piece
    if len(heard) > LONGEST_ANSWER:
        raise OverflowError
    return bool(piece)
