"""Does a health endpoint answer as it should? The only module that connects to what Git asks for.

A definition from Git may name any address, so that link-local and metadata addresses are refused, after
resolution, and the connection goes to the very address that was looked at: a name that resolves anew
(DNS rebinding) changes nothing. Redirects are not followed, bodies not read, proxies not used.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError
from urllib3.util import Url, parse_url

from tfreconcile import clock
from tfreconcile.observe.health import Probe
from tfreconcile.source.model import HealthCheck

_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        "169.254.0.0/16",  # link-local: metadata of every large cloud, credentials of containers
        "fe80::/10",
        "fd00:ec2::/32",  # AWS over IPv6, with the pod identity agent
        "fd20:ce::254/128",  # Google over IPv6
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure
        "192.0.0.192/32",  # Oracle
    )
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LONGEST_TEXT = 200

_Address: TypeAlias = "tuple[int, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]"
"""A family of sockets and an address in its form."""


@dataclass(frozen=True, kw_only=True)
class _Target:
    """Where to connect and, for HTTP, what to ask; ``shown`` has no credentials and no query."""

    shown: str
    host: str
    port: int
    url: Url | None = None


class _Unprobed(Exception):
    """The check cannot or may not be done; the text says why."""


def probe(check: HealthCheck, timeout: float = 5, *, trust: ssl.SSLContext | None = None) -> Probe:
    """Ask one endpoint once; ``timeout`` (seconds) covers resolution, connection, TLS and answer.

    Never raises for a failing or malformed target. ``trust`` replaces the system's certificates.
    """
    start = clock.monotonic()
    shown = check.tcp or "malformed URL"
    try:
        target = _http(check.http) if check.http else _tcp(check.tcp or "")
        shown = target.shown
        ok, detail = _asked(target, check.expect, start + timeout, trust)
    except (_Unprobed, OSError, HTTPError, http.client.HTTPException, ValueError) as error:
        late = isinstance(error, TimeoutError) or clock.monotonic() - start >= timeout
        ok, detail = False, f"no answer within {timeout:g} s" if late else _why(error)
    took = clock.monotonic() - start
    return Probe(target=_plain(shown), ok=ok, detail=_plain(detail), seconds=took, within=check.within)


def forbidden(address: str) -> bool:
    """Is this a link-local or metadata address, written as IPv4, IPv6, or one inside the other?"""
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = _inner(ip) if isinstance(ip, ipaddress.IPv6Address) else None
    return any(one in network for one in (ip, inner) if one for network in _NEVER)


def _inner(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour


def _http(text: str) -> _Target:
    url = parse_url(text)
    if url.scheme not in ("http", "https") or not url.host:
        raise _Unprobed("allowed are URLs that start with http:// or https:// and name a host")
    port = url.port or (443 if url.scheme == "https" else 80)
    shown = f"{url.scheme}://{url.netloc}{url.path or '/'}"
    return _Target(shown=shown, host=url.host.strip("[]"), port=port, url=url)


def _tcp(text: str) -> _Target:
    parts = urlsplit(f"//{text}")
    if not parts.hostname or not parts.port:
        raise _Unprobed("allowed is host:port")
    return _Target(shown=text.rpartition("@")[2], host=parts.hostname, port=parts.port)


def _asked(target: _Target, expect: int, until: float, trust: ssl.SSLContext | None) -> tuple[bool, str]:
    with _line(target, until) as line:
        if target.url is None:
            return True, "connected"
        status = _status(line, target.host, target.url, trust)
    if clock.monotonic() >= until:
        raise TimeoutError  # a cut connection reads like one that has said all
    if status == expect:
        return True, f"{status} as expected"
    hint = " (redirects are not followed)" if 300 <= status < 400 else ""
    return False, f"{status}{hint}, expected {expect}"


@contextmanager
def _line(target: _Target, until: float) -> Iterator[socket.socket]:
    """A connection that is cut at ``until``: each read has its timeout, but a trickle has no end."""
    with _connected(target, until) as line, line.dup() as same:
        alarm = threading.Timer(_left(until), _cut, (same,))
        alarm.daemon = True
        alarm.start()
        try:
            yield line
        finally:
            alarm.cancel()


def _cut(line: socket.socket) -> None:
    with suppress(OSError):  # it has ended by itself
        line.shutdown(socket.SHUT_RDWR)


def _connected(target: _Target, until: float) -> socket.socket:
    addresses = _resolved(target.host, target.port, until)
    for _, address in addresses:
        if forbidden(str(address[0])):
            raise _Unprobed(f"{address[0]} is a link-local or metadata address, which is never probed")
    refusal: OSError = OSError(0, "the name has no address")
    for behind, (family, address) in enumerate(addresses):
        line = socket.socket(family, socket.SOCK_STREAM)
        try:
            line.settimeout(_left(until) / (len(addresses) - behind))
            line.connect(address)
            line.settimeout(_left(until))
            return line
        except OSError as error:
            line.close()
            refusal = error
    raise refusal


def _resolved(host: str, port: int, until: float) -> Sequence[_Address]:
    """Families and addresses. The system's resolver knows no deadline, so a thread waits for it."""
    found: Future[Sequence[_Address]] = Future()

    def resolve() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.set_result([(family, address) for family, _, _, _, address in answers])
        except Exception as error:
            found.set_exception(error)

    threading.Thread(target=resolve, name="resolve", daemon=True).start()
    return found.result(_left(until))


def _status(line: socket.socket, host: str, url: Url, trust: ssl.SSLContext | None) -> int:
    if url.scheme == "https":
        line = (trust or ssl.create_default_context()).wrap_socket(line, server_hostname=host.rstrip("."))
    connection = HTTPConnection(host, timeout=line.gettimeout())
    connection.sock = line
    headers = {"Host": url.netloc or host, "User-Agent": "tfreconcile", "Connection": "close"}
    with closing(connection):
        connection.request("GET", url.request_uri, headers=headers, preload_content=False)
        with closing(connection.getresponse()) as response:
            return response.status


def _plain(text: str) -> str:
    """For a terminal: what Git or a certificate says may hold control characters."""
    return "".join(c if c.isprintable() else "?" for c in text)[:_LONGEST_TEXT]


def _left(until: float) -> float:
    return max(until - clock.monotonic(), 0.001)


def _why(error: Exception) -> str:
    """A phrase in our words: an endpoint's own could be anything, and could be long."""
    match error:
        case _Unprobed():
            return str(error)
        case ssl.SSLCertVerificationError():
            return f"certificate not accepted: {error.verify_message}"
        case ssl.SSLError():
            return f"TLS failed: {error.reason}"
        case socket.gaierror():
            return f"name not resolved: {error.strerror}"
        case OSError():
            return (error.strerror or type(error).__name__).lower()
        case HTTPError() | ValueError():
            return f"not a usable address ({type(error).__name__})"
    return f"not an HTTP answer ({type(error).__name__})"
