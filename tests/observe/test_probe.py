"""Does an endpoint answer as it should? Against real local servers."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import certificate
from support.web import Reply, serving

from tfreconcile.clock import monotonic
from tfreconcile.observe.probe import forbidden, probe
from tfreconcile.source.model import HealthCheck

CANARY = "EXAMPLE-SECRET-canary-0123456789"


@contextmanager
def listening(*pieces: bytes, forever: bytes = b"") -> Iterator[int]:
    """A server that reads nothing and sends ``pieces``, then ``forever`` each 50 ms; gives its port."""
    stop = threading.Event()

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                for piece in pieces:
                    connection.sendall(piece)
                while not stop.wait(0.05):
                    connection.sendall(forever)
            except OSError:
                return  # the probe has hung up

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        stop.set()


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("reply", "expect", "ok", "detail"),
    [
        pytest.param(Reply(200), 200, True, "200 as expected", id="as-expected"),
        pytest.param(Reply(503), 200, False, "503, expected 200", id="another-status"),
        pytest.param(Reply(401), 401, True, "401 as expected", id="an-error-that-is-expected"),
        pytest.param(
            Reply(302, headers={"Location": "/elsewhere"}),
            200,
            False,
            "302 (redirects are not followed), expected 200",
            id="redirect",
        ),
        pytest.param(
            Reply(302, headers={"Location": "/elsewhere"}),
            302,
            True,
            "302 as expected",
            id="redirect-expected",
        ),
        pytest.param(Reply(200, b"x" * 20_000_000), 200, True, "200 as expected", id="huge-body"),
        pytest.param(Reply(500, CANARY.encode()), 200, False, "500, expected 200", id="a-body-is-not-shown"),
    ],
)
def test_a_status_speaks(reply: Reply, expect: int, ok: bool, detail: str) -> None:
    with serving(lambda _: reply) as web:
        found = probe(HealthCheck(http=f"{web.url}/healthz", expect=expect))
    assert (found.ok, found.detail) == (ok, detail)
    assert found.target == f"{web.url}/healthz"
    assert [asked.path for asked in web.asked] == ["/healthz"]
    assert 0 < found.seconds < 5


def test_a_request_is_what_the_url_says_and_the_target_shows_no_secret() -> None:
    with serving(lambda _: Reply()) as web:
        found = probe(HealthCheck(http=f"http://ana:{CANARY}@localhost:{web.port}/ü?token={CANARY}"))
    assert found.ok
    assert found.target == f"http://localhost:{web.port}/%C3%BC"
    assert web.asked[0].path == f"/%C3%BC?token={CANARY}"
    assert web.asked[0].headers["Host"] == f"localhost:{web.port}"
    assert web.asked[0].headers["Authorization"] is None


def test_a_port_that_listens_is_well() -> None:
    with listening() as port:
        found = probe(HealthCheck(tcp=f"localhost:{port}"))
    assert (found.ok, found.detail, found.target) == (True, "connected", f"localhost:{port}")


@pytest.mark.parametrize("scheme", ["http", "https", "tcp"])
def test_a_closed_port_is_refused(scheme: str) -> None:
    host = f"127.0.0.1:{closed_port()}"
    found = probe(HealthCheck(tcp=host) if scheme == "tcp" else HealthCheck(http=f"{scheme}://{host}"))
    assert (found.ok, found.detail) == (False, "connection refused")


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("pieces", "forever"),
    [
        pytest.param((), b"", id="silence"),
        pytest.param((b"HTTP/1.1 200 OK\r\n",), b"X-A: b\r\n", id="endless-headers"),
        pytest.param((b"\x16\x03\x03\x40\x00",), b"\x02", id="a-trickling-handshake"),
    ],
)
def test_an_endpoint_without_an_end_is_cut(scheme: str, pieces: tuple[bytes, ...], forever: bytes) -> None:
    start = monotonic()
    with listening(*pieces, forever=forever) as port:
        found = probe(HealthCheck(http=f"{scheme}://127.0.0.1:{port}/"), timeout=0.4)
    assert not found.ok
    assert monotonic() - start < 3


def test_silence_is_told_as_such() -> None:
    with listening() as port:
        found = probe(HealthCheck(http=f"http://127.0.0.1:{port}/"), timeout=0.3)
    assert found.detail == "no answer within 0.3 s"


def test_what_is_not_http_is_told_without_quoting_it() -> None:
    with listening(CANARY.encode() + b"\r\n\r\n") as port:
        found = probe(HealthCheck(http=f"http://127.0.0.1:{port}/"), timeout=2)
    assert (found.ok, found.detail) == (False, "not an HTTP answer (BadStatusLine)")


def test_a_certificate_must_be_one_that_is_trusted(tmp_path: Path) -> None:
    pem = certificate.localhost(tmp_path)
    with serving(lambda _: Reply(), tls=certificate.server(pem)) as web:
        stranger = probe(HealthCheck(http=web.url))
        friend = probe(HealthCheck(http=web.url), trust=ssl.create_default_context(cafile=pem))
        by_number = HealthCheck(http=f"https://127.0.0.1:{web.port}")
        elsewhere = probe(by_number, trust=ssl.create_default_context(cafile=pem))
    assert (stranger.ok, friend.ok, elsewhere.ok) == (False, True, False)
    assert stranger.detail.startswith("certificate not accepted: self")
    assert elsewhere.detail.startswith("certificate not accepted: IP address mismatch")


@pytest.mark.parametrize(
    ("check", "detail"),
    [
        pytest.param(HealthCheck(http="http://169.254.169.254/latest"), "metadata", id="aws"),
        pytest.param(HealthCheck(http="http://[::ffff:169.254.169.254]/"), "metadata", id="mapped"),
        pytest.param(HealthCheck(http="http://[fd00:ec2::254]/"), "metadata", id="aws-ipv6"),
        pytest.param(HealthCheck(http="http://0xa9fea9fe/"), "metadata", id="written-as-one-number"),
        pytest.param(HealthCheck(tcp="169.254.170.2:80"), "metadata", id="container-credentials"),
        pytest.param(HealthCheck(tcp="[fe80::1]:80"), "metadata", id="link-local-ipv6"),
        pytest.param(
            HealthCheck(http="http://no-such-host.invalid/"), "name not resolved", id="no-such-name"
        ),
        pytest.param(HealthCheck(http="ftp://127.0.0.1/"), "allowed are URLs", id="ftp"),
        pytest.param(HealthCheck(http="file:///etc/passwd"), "allowed are URLs", id="file"),
        pytest.param(HealthCheck(http="http://"), "allowed are URLs", id="no-host"),
        pytest.param(HealthCheck(http="http://[::1"), "not a usable address", id="broken-url"),
        pytest.param(HealthCheck(http="http://a:99999/"), "not a usable address", id="broken-port"),
        pytest.param(HealthCheck(http=f"http://{'a' * 70}.invalid/"), "UnicodeError", id="label-too-long"),
        pytest.param(HealthCheck(tcp="127.0.0.1"), "allowed is host:port", id="no-port"),
        pytest.param(HealthCheck(tcp="127.0.0.1:http"), "not a usable address", id="named-port"),
        pytest.param(HealthCheck(), "allowed is host:port", id="nothing"),
    ],
)
def test_what_cannot_or_may_not_be_probed_says_why(check: HealthCheck, detail: str) -> None:
    found = probe(check, timeout=2)
    assert not found.ok
    assert detail in found.detail


def test_a_name_that_does_not_exist_is_told_or_waited_for() -> None:
    """A machine without a network has a resolver that answers late, or never."""
    found = probe(HealthCheck(http="http://no-such-host.invalid/"), timeout=1)
    assert found.detail.startswith(("name not resolved: ", "no answer within 1 s"))


@pytest.mark.parametrize(
    ("address", "never"),
    [
        pytest.param("169.254.0.1", True, id="link-local"),
        pytest.param("64:ff9b::a9fe:a9fe", True, id="through-nat64"),
        pytest.param("2002:a9fe:a9fe::1", True, id="through-6to4"),
        pytest.param("fe80::1%eth0", True, id="with-a-zone"),
        pytest.param("fd00:ec2::23", True, id="pod-identity"),
        pytest.param("168.63.129.16", True, id="azure"),
        pytest.param("169.253.255.255", False, id="before"),
        pytest.param("169.255.0.0", False, id="after"),
        pytest.param("127.0.0.1", False, id="this-machine"),
        pytest.param("10.0.0.1", False, id="private"),
        pytest.param("::1", False, id="this-machine-ipv6"),
        pytest.param("64:ff9b::a00:1", False, id="private-through-nat64"),
    ],
)
def test_link_local_and_metadata_addresses_are_never_probed(address: str, never: bool) -> None:
    assert forbidden(address) is never


@settings(max_examples=50, deadline=None)
@given(st.ip_addresses(network="169.254.0.0/16"))
def test_no_spelling_of_a_link_local_address_is_probed(address: object) -> None:
    assert forbidden(str(address))
    assert forbidden(f"::ffff:{address}")


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_characters="0123456789"), max_size=30), st.booleans())
def test_no_definition_makes_a_probe_raise(text: str, tcp: bool) -> None:
    """Nobody is asked: what these texts name is on no network."""
    dead = f"{text}.invalid" if tcp else f"http://{text}@x.invalid:{text}/"
    found = probe(HealthCheck(tcp=dead) if tcp else HealthCheck(http=dead), timeout=0.2)
    assert not found.ok
    assert (found.target + found.detail).isprintable()
