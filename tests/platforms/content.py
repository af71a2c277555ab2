"""The platforms' own pages: there until their removal, then gone in the platform's own way."""

import asyncio
import hashlib
import re

from aiohttp import web

from tests.platforms import addresses, markup
from tests.platforms.behaviour import Behaviour
from tests.platforms.ledger import Absence
from tests.platforms.world import World

HOP = re.compile(r"(?:^|&)_hop=(\d{1,3})")

GONE = "Sorry, this page isn't available"
GONE_TEXT = "The link you followed may be broken, or the page may have been removed."
SHAPES = (
    '<circle class="a" cx="90" cy="70" r="46"/><rect class="b" x="120" y="60" width="90" height="70"/>',
    '<path class="a" d="M30 140 100 30l70 110z"/><circle class="b" cx="215" cy="60" r="30"/>',
    '<rect class="a" x="40" y="35" width="80" height="80"/><path class="b" d="m130 140 50-90 50 90"/>',
)


class Content:
    """Answers for every page of every platform, by Host header or under `/site/<host>/`."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def by_host(self, request: web.BaseRequest, host: str, path: str, query: str) -> web.StreamResponse:
        """A page asked for under its own name."""
        return await self._serve(request, host, path or "/", query, "")

    async def by_path(self, request: web.BaseRequest, rest: str, query: str) -> web.StreamResponse:
        """A page asked for as `/site/<host>/<path>`."""
        host, _, path = rest.partition("/")
        host = host.lower().partition(":")[0]
        return await self._serve(request, host, f"/{path}", query, f"{addresses.SITE}{host}")

    async def _serve(
        self, request: web.BaseRequest, host: str, path: str, query: str, prefix: str
    ) -> web.StreamResponse:
        if request.method not in {"GET", "HEAD"}:
            return web.Response(status=405, headers={"Allow": "GET, HEAD"})
        path = "/" + path.lstrip("/")  # a redirect to //elsewhere would leave the host
        try:
            platform = self._world.directory.at_host(host)
            hops = HOP.search(query)
            query = HOP.sub("", query).strip("&")
            address = addresses.identity(f"https://{host}{path}" + (f"?{query}" if query else ""))
        except ValueError:
            return markup.answer("No such page", "<main><h1>No such page</h1></main>", 400)
        if platform.page_latency:
            await asyncio.sleep(platform.page_latency)
        hop = int(hops.group(1)) if hops else 0
        if hop < platform.redirect_hops:
            mark = f"{query}&" if query else ""
            return moved(f"{prefix}{path}?{mark}_hop={hop + 1}")
        absence = self._world.ledger.absence(address, self._world.clock())
        if absence is not None:
            return self._gone(absence, host, prefix)
        return self._there(platform, host, address)

    def _gone(self, absence: Absence, host: str, prefix: str) -> web.Response:
        behaviour = self._world.directory.of(absence.slug)
        if behaviour.gone_redirect:
            return moved(f"{prefix}/")
        status = 200 if behaviour.soft_404 else absence.status or behaviour.gone_status
        words = "This content is not available in your country." if status == 451 else GONE_TEXT
        return markup.answer(
            f"{GONE} – {host}",
            f'<header class="site"><p>{markup.text(host)}</p></header>'
            f'<main class="post"><h1>{GONE}</h1><p>{words}</p></main>',
            status,
        )

    @staticmethod
    def _there(platform: Behaviour, host: str, address: str) -> web.Response:
        if platform.page_status != 200:
            response = markup.answer(
                "Just a moment", "<main><h1>Just a moment</h1></main>", platform.page_status
            )
            if platform.page_status in {429, 503}:
                response.headers["Retry-After"] = str(platform.retry_after)
            return response
        shape = SHAPES[hashlib.blake2b(address.encode(), digest_size=1).digest()[0] % len(SHAPES)]
        return markup.answer(
            f"A post on {host}",
            f'<header class="site"><p>{markup.text(host)}</p></header><main class="post">'
            f"<h1>A post on {markup.text(host)}</h1>"
            f'<svg viewBox="0 0 260 160" role="img" aria-label="Shapes in place of a picture">{shape}</svg>'
            f'<p class="quiet">{markup.text(address)}</p></main>',
        )


def moved(address: str) -> web.Response:
    """A redirect inside the same host."""
    return web.Response(status=302, headers={"Location": address, "Cache-Control": "no-store"})
