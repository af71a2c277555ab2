"""`page_weight`: bytes over the wire of every public page, as a phone gets them in production.

Style sheets, scripts and drawings come as `collectstatic` and WhiteNoise serve them, with hashed names and brotli. Pages
are packed as the proxy of the compose file packs them (gzip). A phone keeps what may be kept, so each asset counts once.
"""

import http.client
import re
import zlib
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from tests.bench.figures import Figure, median
from tests.bench.house import Broken, House, say
from tests.walker import Person, forms_of, links_of

FIRST, NEXT = 40_000, 10_000
ASSET_RELS = {"stylesheet", "icon", "preload", "modulepreload", "manifest", "apple-touch-icon", "shortcut"}
PAPERS = {"/follow/proof/"}  # loaded down when it is asked for, not a page
PACKED_BY_PROXY = 5  # gzip's level in Caddy
INSIDE = re.compile(r"url\(\s*[\"']?([^\"')]+)|(?:^|\s)(?:import|from)\s+[\"']([^\"']+)", re.MULTILINE)


class _Loads(HTMLParser):
    """What a page loads by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "link" and ASSET_RELS & set(has.get("rel", "").split()):
            self.found.append(has["href"])
        elif tag in {"script", "img", "source", "iframe", "embed", "audio", "video", "use"}:
            self.found += [has[name] for name in ("src", "href") if has.get(name)]


class Phone(Person):
    """Somebody who walks, and whose phone loads what the pages name and keeps it."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.kept: set[str] = set()
        self.foreign: set[str] = set()
        self.weights: list[tuple[str, int]] = []

    def weigh(self) -> None:
        """The page that is open, with whatever was not loaded before."""
        packer = zlib.compressobj(PACKED_BY_PROXY, wbits=31)
        weight = len(packer.compress(self.page.encode()) + packer.flush()) + self.head
        loads = _Loads()
        loads.feed(self.page)
        weight += sum(self._load(urljoin(self.place, one)) for one in loads.found)
        self.weights.append((self.place, weight))

    def _load(self, address: str) -> int:
        parts = urlsplit(address)
        if parts.scheme == "data":
            return 0
        if parts.netloc:
            self.foreign.add(parts.netloc)
            return 0
        if parts.path in self.kept:
            return 0
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        line.request("GET", parts.path, headers={"Accept-Encoding": "br"})
        answer = line.getresponse()
        body, packed = answer.read(), answer.headers.get("Content-Encoding", "")
        line.close()
        if answer.status != 200:
            raise Broken(f"{address} answered {answer.status}")
        if "max-age" in answer.headers.get("Cache-Control", ""):
            self.kept.add(parts.path)
        weight = len(body) + len(str(answer.headers))
        if parts.path.endswith((".css", ".js")):
            weight += sum(self._load(urljoin(parts.path, one)) for one in _named_inside(body, packed))
        return weight


def _named_inside(body: bytes, packed: str) -> list[str]:
    """Files that a style sheet or a module names and that are loaded with it."""
    if packed == "br":
        import brotli

        body = brotli.decompress(body)
    found = INSIDE.findall(body.decode())
    return [one for pair in found for one in pair if one and not one.startswith(("data:", "#"))]


def bench(house: House) -> list[Figure]:
    """The first page with all it loads, the heaviest of the next, and hosts that are not ours."""
    database = house.database("bench_weight")
    switched = {"HELPLINE_FACE": "public", "HELPLINE_PUBLIC_STATISTICS": "true"}
    public = house.environment(database, DJANGO_SETTINGS_MODULE="tests.bench.served", **switched)
    say("page_weight: collecting what is served")
    house.run("collectstatic", public)
    with house.web("helpline.wsgi", public) as port:
        phone = Phone(port)
        phone.go("/")
        phone.weigh()
        for place in ("/help/", "/privacy/", "/statistics/", "/follow/"):
            phone.go(place)
            phone.weigh()
        _walk(phone)
        ways = links_of(phone.go("/follow/"))
        phone.weigh()
        for way in sorted(
            {one.partition("#")[0] for one in ways if one.startswith(("/follow/", "/report/"))}
        ):
            if way not in PAPERS:
                phone.go(way)
                phone.weigh()
    first, *others = phone.weights
    for place, weight in sorted(others, key=lambda one: -one[1])[:5]:
        say(f"page_weight: {place} weighs {weight:,} bytes")
    return [
        Figure("page_weight", first[1] / 1000, "kB", FIRST / 1000, at_most=1),
        Figure(
            "page_weight.next", max(weight for _place, weight in others) / 1000, "kB", NEXT / 1000, at_most=1
        ),
        Figure(
            "page_weight.next.median", median([weight for _place, weight in others]) / 1000, "kB", NEXT / 1000
        ),
        Figure("page_weight.foreign", len(phone.foreign), "hosts", 0, at_most=0),
    ]


def _walk(phone: Phone) -> Any:
    """Every question, up to the code."""
    phone.go("/report/")
    for _page in range(30):
        phone.weigh()
        if 'id="code"' in phone.page:
            return
        form = next(form for form in forms_of(phone.page) if form.method == "post")
        before = phone.place
        phone.send(press=None)
        if phone.place == before:
            names = {name for name, _value in form.buttons}
            phone.send(press=next(name for name in ("skip", "finish") if name in names))
    raise Broken(f"the interview does not end; it stands at {phone.place}")
