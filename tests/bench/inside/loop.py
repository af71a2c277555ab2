"""`loop COUNT ADDRESS`: the limit of sending: ready-made, signed notices through a bare aiohttp loop; answers the rate.

No database, no sealing, nothing written down: what is left of a send when everything is taken away but the wire.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from uuid import uuid4

import aiohttp
from django.conf import settings
from django.utils import timezone

from cases.takedowns.connectors.http_api.signing import HEADER, sign
from cases.takedowns.notices import KEYWORDS, PROTECTION_OF_MINORS, explain
from reports.states import Kind
from tests.bench.dispatch import SLUG
from tests.bench.figures import middle_rate

Letter = tuple[dict[str, str], bytes]


def letters(count: int) -> Iterator[Letter]:
    """So many notices as they leave."""
    at = timezone.now()
    for _ in range(count):
        notice_id = str(uuid4())
        body = json.dumps(
            {
                "schema": "takedown-notice/1",
                "notice_id": notice_id,
                "sent_at": at.isoformat(timespec="seconds"),
                "notifier": settings.NOTIFIER,
                "regimes": ["eu-dsa-16"],
                "category": PROTECTION_OF_MINORS,
                "keywords": [KEYWORDS[Kind.DEEPNUDE]],
                "depicts_minor": True,
                "explanation": explain(Kind.DEEPNUDE, minor=True),
                "good_faith": "We have a good-faith belief that this notice is accurate and complete.",
                "signature": None,
                "items": [
                    {"item_id": str(uuid4()), "url": f"https://{SLUG}.example/p/{notice_id}", "kind": "post"}
                ],
                "callback_url": f"{settings.PUBLIC_URL}/api/v1/inbound/{SLUG}/",
            }
        ).encode()
        headers = {
            "Authorization": f"Bearer token-{SLUG}",
            "Idempotency-Key": notice_id,
            "Content-Type": "application/json",
            HEADER: sign(body, secret=f"out-secret-{SLUG}", at=at),
        }
        yield headers, body


async def send_all(ready: list[Letter], address: str) -> list[float]:
    """When each was answered, with as many in flight as the worker keeps."""
    answered: list[float] = []
    waiting = iter(ready)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=settings.SENDS_IN_FLIGHT), cookie_jar=aiohttp.DummyCookieJar()
    ) as http:

        async def line() -> None:
            for headers, body in waiting:
                async with http.post(f"{address}/notices", data=body, headers=headers) as answer:
                    await answer.read()
                    if answer.status not in {202, 503}:
                        raise SystemExit(f"the simulator answered {answer.status}: {await answer.text()}")
                answered.append(time.perf_counter())

        await asyncio.gather(*(line() for _ in range(settings.SENDS_IN_FLIGHT)))
    return answered


print(json.dumps({"rate": middle_rate(asyncio.run(send_all(list(letters(int(sys.argv[1]))), sys.argv[2])))}))
