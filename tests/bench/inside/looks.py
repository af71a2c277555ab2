"""`looks COUNT`: looks at links through the guard, and the same loop bare; answers both rates.

Bare is what is left when the guard is taken away: the same 400 in flight over aiohttp, HEAD, a connection for each, to an
address that nobody has to look up or to judge.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable

import aiohttp

from cases.takedowns.looks import look
from cases.takedowns.seeing import Seen
from tests.bench.figures import middle_rate
from tests.bench.inside.wire import Far, sites
from tests.bench.recheck import HOSTS, IN_FLIGHT


async def rate(count: int, one: Callable[[int], Awaitable[None]]) -> float:
    """So many of these, IN_FLIGHT at once: how many a second."""
    ended: list[float] = []
    waiting = iter(range(count))

    async def line() -> None:
        for number in waiting:
            await one(number)
            ended.append(time.perf_counter())

    await asyncio.gather(*(line() for _ in range(IN_FLIGHT)))
    return middle_rate(ended)


async def guarded(count: int) -> float:
    async with Far() as guard:

        async def one(number: int) -> None:
            seen = await look(f"http://www.site{number % HOSTS}.test/p/{number}", guard)
            if seen.seen != Seen.THERE:
                raise SystemExit(f"a look ended {seen}")

        return await rate(count, one)


async def bare(count: int, port: int) -> float:
    connector = aiohttp.TCPConnector(limit=IN_FLIGHT, force_close=True)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http:

        async def one(number: int) -> None:
            async with http.head(f"http://127.0.0.1:{port}/p/{number}") as answer:
                if answer.status != 200:
                    raise SystemExit(f"the site answered {answer.status}")

        return await rate(count, one)


def main(count: int) -> dict[str, float]:
    with sites() as port:
        return {"bare": asyncio.run(bare(count, port)), "guarded": asyncio.run(guarded(count))}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
