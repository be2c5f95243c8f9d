"""What do tests of the doors to the clouds start from?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer
from support import crm
from support.crm import ResourceManager

CANARY = "EXAMPLE-SECRET-canary-0123456789"


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """Moto over real HTTP; its account is 123456789012."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws_env(moto_url: str) -> dict[str, str]:
    """The whole environment of a child that talks to moto."""
    return {
        "AWS_ENDPOINT_URL": moto_url,
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": CANARY,
        "AWS_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture
def manager() -> Iterator[ResourceManager]:
    """A fake Cloud Resource Manager over real HTTP."""
    with crm.running() as fake:
        yield fake
