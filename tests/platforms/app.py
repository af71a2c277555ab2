"""One process: the API, the pages, the mail sink and the callbacks, on this machine only."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import web

from tests.platforms import addresses, markup
from tests.platforms.callbacks import Caller
from tests.platforms.content import Content
from tests.platforms.control import Control
from tests.platforms.forms import Forms
from tests.platforms.pages import Pages
from tests.platforms.smtp import server_of
from tests.platforms.wire import Wire
from tests.platforms.world import World

HOST = "127.0.0.1"
SAVE_EVERY = 0.5
"""Seconds between looks at whether the state changed; a save that took long stretches the next wait."""


class Router:
    """Sends each request to its part. By hand, because a routing table costs more than the answers."""

    def __init__(self, world: World) -> None:
        self._wire = Wire(world)
        self._content = Content(world)
        self._forms = Forms(world)
        self._pages = Pages(world)
        self._control = Control(world)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer any request."""
        path, _, query = request.raw_path.partition("?")
        host = request.headers.get("Host", "").lower()
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        if name.endswith((".example", ".test")):
            if path == markup.STYLE_PATH:
                return markup.style()
            return await self._content.by_host(request, name, path, query)
        if path.startswith("/api/"):
            return await self._wire.answer(request, path[5:])
        if path.startswith(addresses.SITE):
            return await self._content.by_path(request, path[len(addresses.SITE) :], query)
        if path.startswith("/_control/"):
            if name.strip("[]") not in addresses.LOOPBACK:
                return markup.page(
                    "Not from here", "<p>Only this machine may change the simulator.</p>", status=403
                )
            return await self._control.answer(request, path[10:])
        return await self._page(request, path)

    async def _page(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        if path == "/healthz":
            return web.json_response({"status": "ok"})
        if path == markup.STYLE_PATH:
            return markup.style()
        if path == "/favicon.ico":
            return web.Response(status=204)
        if path == "/forms" or path.startswith("/forms/"):
            return await self._forms.answer(request, path[7:])
        if path == "/notices" and request.method == "POST":
            return await self._pages.decide(request)
        if request.method not in {"GET", "HEAD"}:
            return web.Response(status=405, headers={"Allow": "GET, HEAD"})
        if path == "/":
            return self._pages.overview()
        if path == "/notices":
            return self._pages.notices()
        if path == "/mail":
            return self._pages.inbox()
        if path.startswith("/mail/"):
            return self._pages.mail(path[6:])
        return markup.page("Nothing here", "<p>There is no page at this address.</p>", status=404)


@dataclass(slots=True)
class Running:
    """The ports that were taken."""

    port: int
    mail_port: int

    def as_line(self) -> str:
        """What is printed once everything answers."""
        return json.dumps(
            {"url": f"http://{HOST}:{self.port}", "port": self.port, "mail_port": self.mail_port}
        )


@contextlib.asynccontextmanager
async def running(
    world: World, *, port: int, mail_port: int, callback_base: str | None
) -> AsyncIterator[Running]:
    """Serve while the block lasts; port 0 takes a free one. Raises OSError when a port is taken."""
    loop = asyncio.get_running_loop()
    caller = Caller(world, callback_base)
    server = web.Server(Router(world).handle, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    saver: asyncio.Task[None] | None = None
    try:
        await web.TCPSite(runner, HOST, port, backlog=1024).start()
        mail = await loop.create_server(lambda: server_of(world), HOST, mail_port)
        await caller.start()
        saver = loop.create_task(keep_saving(world))
        yield Running(port=runner.addresses[0][1], mail_port=mail.sockets[0].getsockname()[1])
        mail.close()
    finally:
        if saver is not None:
            saver.cancel()
        await caller.stop()
        await runner.cleanup()
        world.save()
        world.journal.close()


async def keep_saving(world: World) -> None:
    """Save what changed, and spend no more than a twentieth of the time on it."""
    while True:
        spent = world.save()
        await asyncio.sleep(max(SAVE_EVERY, 20 * spent))
