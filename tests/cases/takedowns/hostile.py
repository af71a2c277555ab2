"""A small hostile internet on loopback: a trap that counts who connects, sites that misbehave, and addresses that lie.

Nothing here leaves this machine: what the guard believes to be the public address 93.184.215.14 is a site on loopback,
and what is private leads to the trap.
"""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cases.takedowns import guard
from cases.takedowns.guard import Guard

PUBLIC = "93.184.215.14"


class Listener:
    """A socket on loopback. Every connection is counted and handed to `serve`, in a thread of its own."""

    def __init__(
        self, serve: Callable[[socket.socket], None] | None = None, *, tls: ssl.SSLContext | None = None
    ) -> None:
        self._serve, self._tls = serve, tls
        self._socket = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        self._threads: list[threading.Thread] = []
        self._ended = False
        self.port = int(self._socket.getsockname()[1])
        self.connections = 0
        self.asked: list[bytes] = []
        self.taken = 0  # bytes behind the headers that went out

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended = True
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=2).close()
        self._thread.join()
        self._socket.close()
        for one in self._threads:
            one.join(5)

    def _run(self) -> None:
        while True:
            line, _ = self._socket.accept()
            if self._ended:
                line.close()
                return
            self.connections += 1
            thread = threading.Thread(target=self._answer, args=(line,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _answer(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError):
            line.settimeout(5)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # what waits here was not taken
            if self._tls is not None:
                line = self._tls.wrap_socket(line, server_side=True)
            with line:
                if self._serve is not None:
                    self._serve(line)

    def asked_for(self, line: socket.socket) -> str:
        """Read a request's head; its method."""
        head = b""
        while b"\r\n\r\n" not in head and (piece := line.recv(4096)):
            head += piece
        self.asked.append(head)
        return head.split(b" ", 1)[0].decode()

    def pour(self, line: socket.socket, *, most: int, patience: float = 0.3) -> None:
        """Push bytes for as long as the other side takes them, and count what it took."""
        line.settimeout(patience)
        with contextlib.suppress(OSError):
            while self.taken < most and not left(line):
                self.taken += line.send(b"\xff" * 4096)


def left(line: socket.socket) -> bool:
    """Has the other side hung up?"""
    line.setblocking(False)
    try:
        return line.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        line.settimeout(0.3)


class Site(Listener):
    """Answers each request with these bytes, then pours more if told so."""

    def __init__(
        self,
        head: bytes,
        *,
        body: bytes = b"",
        pours: int = 0,
        drips: bool = False,
        waits: float = 0.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(self._say, tls=tls)
        self._head, self._body, self._pours, self._drips, self._waits = head, body, pours, drips, waits

    def _say(self, line: socket.socket) -> None:
        method = self.asked_for(line)
        if self._drips:
            with contextlib.suppress(OSError):
                for one in self._head:
                    if left(line):
                        return
                    line.send(bytes([one]))
                    time.sleep(0.05)
            return
        line.sendall(self._head)
        time.sleep(self._waits)
        if self._pours:
            self.pour(line, most=self._pours)
        elif method == "GET" and self._body:
            line.sendall(self._body)


class Internet(Guard):
    """The guard, above a wire on which PUBLIC is a site on loopback and any other address is itself, on the trap's port."""

    def __init__(self, *, lookup: guard.Lookup, site: int, trap: int, **more: Any) -> None:
        super().__init__(lookup=lookup, **more)
        self._site, self._trap = site, trap
        self.reached: list[str] = []

    async def _reach(self, address: str, port: int) -> socket.socket:
        self.reached.append(address)
        if address == PUBLIC:
            return await super()._reach("127.0.0.1", self._site)
        return await super()._reach(address, self._trap if port in (80, 443) else port)


def resolver(*answers: str | list[str]) -> guard.Lookup:
    """A lookup that answers these in turn, the last one for ever."""
    waiting = [[one] if isinstance(one, str) else one for one in answers]

    def lookup(host: Any, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
        found = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if not found:
            raise socket.gaierror(-2, "Name or service not known")
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port))
            for one in found
        ]

    return lookup


def certificate(folder: Path, name: str) -> ssl.SSLContext:
    """A server's side of TLS under a certificate that nobody but itself signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / f"{name}.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def trusting(folder: Path, name: str) -> ssl.SSLContext:
    """A client's side that trusts the certificate of `name`."""
    return ssl.create_default_context(cafile=str(folder / f"{name}.pem"))


# --- addresses ----------------------------------------------------------------------------------------

PRIVATE = (
    *("127.0.0.1", "127.1.2.3", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255"),
    *("172.16.5.4", "172.31.255.1", "192.168.0.1", "192.168.1.1", "169.254.0.1", "169.254.169.254"),
    *("169.254.170.2", "100.64.0.1", "100.100.100.200", "100.127.255.254", "192.0.0.192", "192.0.2.1"),
    *("198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1"),
    *("255.255.255.255", "168.63.129.16"),
    *("::1", "::", "::2", "fe80::1", "febf::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:7f00:1", "::ffff:0:127.0.0.1"),
    *("::127.0.0.1", "::7f00:1", "::a00:1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1"),
    *("64:ff9b:1::7f00:1", "64:ff9b:1::8.8.8.8", "2002:7f00:1::", "2002:c0a8:101::1", "2002:a9fe:a9fe::1"),
    *("2001:0:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:0:a00:1:0:0:80ff:fffe"),
    *("2606:4700::5efe:7f00:1", "2606:4700::200:5efe:a00:1", "fec0::1", "100::1", "2001:10::1", "4000::1"),
)
# Spellings of 127.0.0.1, 169.254.169.254 and 10.0.0.1 that one reader or another takes for an address.
SPELLINGS = (
    *("127.1", "127.0.1", "2130706433", "0x7f000001", "0x7F.0x0.0x0.0x1", "0177.0.0.1", "017700000001"),
    *("0x7f.1", "127.0x0.0.1", "0127.0.0.1", "127.000.000.001", "00000127.0.0.1", "2852039166"),
    *(
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "167772161",
        "012.0.0.1",
        "10.1",
        "0",
        "00",
        "0x0",
    ),
    *("127.0.0.1.", "127.1.", "2130706433.", "0x7f000001.", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1"),
    *("①②⑦.⓪.⓪.①", "１２７.０.０.１", "𝟏𝟐𝟕.𝟎.𝟎.𝟏", "127.0.0.1%2e", "127%2e0%2e0%2e1", "%31%32%37.0.0.1"),
    *(
        "127.0.0.1%00.site.test",
        "[::1]",
        "[::]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "[::1%25lo]",
    ),
    *("[fe80::1%25eth0]", "[fe80::1%eth0]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]"),
    *(
        "localhost",
        "LOCALHOST",
        "localhost.",
        "ｌｏｃａｌｈｏｓｔ",
        "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
        "loc\u00adalhost",
        "localh\u200bost",
    ),
    *(
        "app.localhost",
        "x.localhost.",
        "intranet",
        "router",
        "metadata",
        "metadata.google.internal",
        "nas.local",
    ),
    *("site..test", ".site.test", "site.test..", "-", "..", "a b.test", "a,b.test", "a$b.test", "a*b.test"),
)
WHOLE = (
    *("http://user:pass@site.test/", "http://user@site.test/", "http://:pass@site.test/"),
    *(
        "http://site.test@127.0.0.1/",
        "http://site.test:80@127.0.0.1/",
        "http://site.test%40127.0.0.1@10.0.0.1/",
    ),
    *("http://127.0.0.1\\@site.test/", "http://site.test\\@127.0.0.1/", "http://site.test\\.127.0.0.1/"),
    *("http://127.0.0.1#@site.test/", "http://127.0.0.1?@site.test/", "http://127.0.0.1;@site.test/"),
    *("http://site.test:8080/", "http://site.test:0/", "https://site.test:80/", "http://site.test:443/"),
    *("http://site.test:22/", "http://site.test:25/", "http://site.test:6379/", "http://site.test:5432/"),
    *("http://site.test:99999/", "http://site.test:-1/", "http://site.test:8 0/", "http://site.test:80a/"),
    *("http://127.0.0.1:80/", "https://127.0.0.1:443/", "http://[::1]:80/", "http://[::1]:6379/"),
    *("ftp://site.test/", "file:///etc/passwd", "file://site.test/etc/passwd", "gopher://site.test/_x"),
    *("dict://site.test:11211/stat", "ldap://site.test/", "tftp://site.test/", "data:text/html,x"),
    *("javascript:alert(1)", "jar:http://site.test!/", "netdoc:///x", "ws://site.test/", "wss://site.test/"),
    *("view-source:http://site.test/", "blob:http://site.test/x", "about:blank", "HTTP+UNIX://x/y"),
    *("//site.test/", "///site.test", "/etc/passwd", "site.test/x", "http:site.test", "http:///site.test"),
    *(
        "http://",
        "https://",
        "http:",
        "",
        " ",
        "http://[",
        "http://]",
        "http://[::1",
        "http://::1/",
        "http://[]/",
    ),
    *("http://[::1]x/", "http://[127.0.0.1]/", "http://[site.test]/", "http://?", "http://#", "http://@/"),
    *("http://site.test/\r\nHost: 127.0.0.1", "http://site.test\r\n.evil.test/", "http://site.test/a\tb"),
    *("http://site.test/\x00", "http://site\x00.test/", "\x01http://site.test/", "http://site.test/\x7f"),
    *(f"http://{'a' * 9000}.test/", f"http://site.test/{'a' * 9000}", f"http://{'a.' * 200}test/"),
)


def urls() -> Iterator[str]:
    """Every address that the guard must not follow."""
    for one in PRIVATE:
        host = f"[{one}]" if ":" in one else one
        yield f"http://{host}/x"
        yield f"https://{host}/x"
    for one in SPELLINGS:
        yield f"http://{one}/x"
    yield from WHOLE


HOSTILE = tuple(dict.fromkeys(urls()))
