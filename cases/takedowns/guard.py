"""The one door through which a link is followed: what is not a public web address is not connected to.

A name is resolved here, once for each connection; every address it has must be public; the connection goes to one of
the addresses that were judged, never to the name again, so that a name that changes its mind in between (rebinding) gains
nothing. Only ports 80 and 443. With HELPLINE_EGRESS_PROXY the proxy is asked by CONNECT for the address that was judged,
not for the name: were it given the name, it would look it up once more, and where that leads would be its decision.
"""

import asyncio
import ipaddress
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import Any, Self

from django.conf import settings
from yarl import URL

from cases.takedowns.seeing import Why

PORTS = {"http": 80, "https": 443}
LONGEST_ADDRESS = 8000
CONNECT_WITHIN = 5.0  # seconds, for each address of a name
MOST_TRIED = 3  # of the addresses of a name
# How far a site may run ahead of us, by connection: a small window is all that a status line and its headers need.
WINDOW = 16 * 1024
NAMES_AT_ONCE = 64

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})
# Beside what Python calls private: what its versions disagree about, all of IPv6 that nobody was given (RFC 4291), the
# relays of 6to4, and a public number behind which a cloud's host answers its guests (learn.microsoft.com: 168.63.129.16).
_GIVEN_IPV6 = ipaddress.ip_network("2000::/3")
_NEVER = tuple(
    map(
        ipaddress.ip_network,
        ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "2001::/23", "2001:db8::/32", "3fff::/20"),
    )
)

Lookup = Callable[..., list[Any]]


class Refused(OSError):
    """The guard does not go there."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


def is_public(address: str) -> bool:
    """May the guard connect to this IP address? Addresses that carry another one inside are judged by both."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return all(_is_public(one) for one in [ip, *_carried(ip)])


def _is_public(ip: Any) -> bool:
    if ip.version == 6 and ip not in _GIVEN_IPV6 and ip not in _NAT64:
        return False
    # By is_reserved Python means the NAT64 prefix as well.
    is_special = ip.is_multicast or ip.is_loopback or (ip.version == 4 and ip.is_reserved)
    return (
        ip.is_global and not is_special and not any(ip in net for net in _NEVER if net.version == ip.version)
    )


def _carried(ip: Any) -> list[Any]:
    """The IPv4 addresses inside an IPv6 one: where a gateway or a tunnel on the way would lead."""
    if ip.version == 4:
        return []
    found = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
    number = int(ip)
    if ip in _NAT64 or (number >> 32) & 0xFFFFFFFF in _ISATAP:
        found.append(ipaddress.IPv4Address(number & 0xFFFFFFFF))
    return [one for one in found if one is not None]


def check_address(url: str) -> URL:
    """The address as it will be asked for, when the guard may follow it. Raises Refused.

    It is read by the same parser that connects, so that no spelling of a host means one thing here and another there.
    """
    if len(url) > LONGEST_ADDRESS or any(ord(one) < 32 or ord(one) == 127 for one in url):
        raise Refused(Why.NOT_WEB)
    try:
        parts = URL(url)
        port, host = parts.explicit_port, parts.raw_host or ""
        parts.raw_path_qs.encode("ascii")
        host.encode("ascii")
    except ValueError as error:
        raise Refused(Why.NOT_WEB) from error
    if parts.scheme not in PORTS or not host or parts.user or parts.password or "\\" in parts.raw_authority:
        raise Refused(Why.NOT_WEB)
    if port not in (None, PORTS[parts.scheme]):
        raise Refused(Why.PORT)
    if "%" in host:
        raise Refused(Why.NOT_WEB)  # an address of one network card
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        _check_name(host)
        return parts
    if not is_public(str(literal)):
        raise Refused(Why.NOT_PUBLIC)
    return parts


def _check_name(host: str) -> None:
    """127.1, 0x7f000001, 2130706433, 0177.0.0.1: other spellings of an IPv4 address, which a resolver would accept."""
    labels = host.removesuffix(".").lower().split(".")
    last = labels[-1]
    if len(labels) < 2 or len(host) > 254 or last.isdigit() or last.startswith("0x"):
        raise Refused(Why.NOT_WEB)
    if not all(0 < len(one) < 64 for one in labels):
        raise Refused(Why.NOT_WEB)
    if not all(one.isascii() and one.replace("-", "").replace("_", "").isalnum() for one in labels):
        raise Refused(Why.NOT_WEB)
    if last in {"localhost", "internal", "local"}:
        raise Refused(Why.NOT_PUBLIC)


def simulated(parts: URL) -> tuple[str, int] | None:
    """In the demo and in tests, names under .example lead to the simulator on this machine."""
    if settings.SIMULATOR and (parts.raw_host or "").endswith(".example"):
        host, _, port = settings.SIMULATOR.rpartition(":")
        return host, int(port)
    if settings.DEMO:
        raise Refused(Why.NOT_PUBLIC)  # the demo does not leave this machine
    return None


class Guard:
    """Opens connections to public addresses. Use as an async context manager."""

    def __init__(
        self,
        *,
        lookup: Lookup = socket.getaddrinfo,
        proxy: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._lookup = lookup
        self._proxy = URL(settings.EGRESS_PROXY if proxy is None else proxy)
        self._tls = tls or ssl.create_default_context()
        self._tls.set_alpn_protocols(["http/1.1"])
        # Names have threads of their own: a slow one must not hold up what else the loop hands to threads.
        self._threads = ThreadPoolExecutor(max_workers=NAMES_AT_ONCE, thread_name_prefix="names")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def open(self, parts: URL) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to where `parts` (of check_address) leads. Raises Refused, OSError, TimeoutError."""
        if (here := simulated(parts)) is not None:
            return await asyncio.open_connection(sock=await self._reach(*here), limit=WINDOW)
        host, port = parts.raw_host or "", PORTS[parts.scheme]
        pinned = await self._public_addresses(host, port)
        if self._proxy.host:
            line = await self._through_proxy(pinned[0], port)
        else:
            line = await self._reach_first(pinned[:MOST_TRIED], port)
        try:
            tls: dict[str, Any] = (
                {
                    "ssl": self._tls,
                    "server_hostname": host.removesuffix("."),
                    "ssl_handshake_timeout": CONNECT_WITHIN * 2,
                    "ssl_shutdown_timeout": 0.1,
                }
                if parts.scheme == "https"
                else {}
            )
            return await asyncio.open_connection(sock=line, limit=WINDOW, **tls)
        except BaseException:
            line.close()
            raise

    async def _public_addresses(self, host: str, port: int) -> list[str]:
        """What the name stands for now. One private address among them, and none is used."""
        ask = partial(self._lookup, host, port, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not addresses or not all(is_public(one) for one in addresses):
            raise Refused(Why.NOT_PUBLIC)
        return addresses

    async def _reach_first(self, addresses: list[str], port: int) -> socket.socket:
        for number, address in enumerate(addresses, start=1):
            try:
                return await self._reach(address, port)
            except (OSError, TimeoutError):
                if number == len(addresses):
                    raise
        raise Refused(Why.NOT_PUBLIC)

    async def _reach(self, address: str, port: int) -> socket.socket:
        """A socket connected to this very address: an IP, so nothing is looked up any more."""
        line = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            line.setblocking(False)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
            async with asyncio.timeout(CONNECT_WITHIN):
                await asyncio.get_running_loop().sock_connect(line, (address, port))
        except BaseException:
            line.close()
            raise
        return line

    async def _through_proxy(self, address: str, port: int) -> socket.socket:
        """A tunnel to the address that was judged. The proxy itself is the operator's, and may be private."""
        loop, proxy = asyncio.get_running_loop(), self._proxy
        found = await loop.run_in_executor(
            self._threads, partial(self._lookup, proxy.host, proxy.port, type=socket.SOCK_STREAM)
        )
        line = await self._reach(str(found[0][4][0]), proxy.port or 3128)
        try:
            async with asyncio.timeout(CONNECT_WITHIN * 2):
                await loop.sock_sendall(line, self._connect_line(address, port))
                head = b""
                # A byte at a time: what comes after the empty line belongs to the site.
                while not head.endswith(b"\r\n\r\n"):
                    one = await loop.sock_recv(line, 1)
                    if not one or len(head) > 4096:
                        raise ConnectionError("the proxy does not speak HTTP")
                    head += one
            if head.split(b" ", 2)[1:2] != [b"200"]:
                raise ConnectionError("the proxy refused")
        except BaseException:
            line.close()
            raise
        return line

    def _connect_line(self, address: str, port: int) -> bytes:
        where = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        said = [f"CONNECT {where} HTTP/1.1", f"Host: {where}"]
        if self._proxy.user:
            pair = b64encode(f"{self._proxy.user}:{self._proxy.password or ''}".encode()).decode()
            said.append(f"Proxy-Authorization: Basic {pair}")
        return ("\r\n".join(said) + "\r\n\r\n").encode()
