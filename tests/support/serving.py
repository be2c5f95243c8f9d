"""What does a real Git server of a test look like?"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.repository import environment


@contextmanager
def git_daemon(base: Path) -> Iterator[str]:
    """A real git:// server on a free port of the loopback; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["git", "daemon", "--listen=127.0.0.1", f"--port={port}", "--export-all", "--verbose"]
    with subprocess.Popen(
        [*command, "--log-destination=stderr", f"--base-path={base}", str(base)],
        env=environment(),
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as daemon:
        try:
            assert daemon.stderr is not None
            assert b"Ready to rumble" in daemon.stderr.readline()
            yield f"git://127.0.0.1:{port}"
        finally:
            daemon.terminate()
