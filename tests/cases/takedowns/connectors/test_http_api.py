"""What comes back over the wire, as wires are: in pieces, without an end."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from cases.takedowns.connectors.base import beginning

LIMIT = 4096


async def _get(answer: Callable[[web.StreamResponse], Any]) -> bytes:
    async def serve(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await answer(response)
        return response

    app = web.Application()
    app.router.add_get("/", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    try:
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/") as found:
            return await beginning(found, LIMIT)
    finally:
        await runner.cleanup()


def test_an_answer_in_several_packets_is_read_whole() -> None:
    """Given a good answer cut in two on its way, then it is not taken for one that can't be read."""

    async def answer(response: web.StreamResponse) -> None:
        await response.write(b'{"refer')
        await asyncio.sleep(0.05)
        await response.write(b'ence": "1"}')

    assert asyncio.run(_get(answer)) == b'{"reference": "1"}'


@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1, 50 * 1024 * 1024])
def test_of_an_answer_without_measure_only_the_beginning_is_read(size: int) -> None:
    taken = 0

    async def answer(response: web.StreamResponse) -> None:
        nonlocal taken
        for _ in range(0, size, LIMIT):
            try:
                await response.write(b"x" * LIMIT)
            except ConnectionError:
                return
            taken += LIMIT

    assert asyncio.run(_get(answer)) == b"x" * LIMIT
    assert taken <= 8 * 1024 * 1024  # what stood in buffers on both sides
