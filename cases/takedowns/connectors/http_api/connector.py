"""The Takedown Notice API, version 1 (docs/notice-api.md): signed JSON out, signed callbacks in, and a status query."""

import json
from dataclasses import fields
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

import aiohttp

from cases.takedowns.connectors.base import Answer, Connector, Lines, Route, Sent, beginning, storable
from cases.takedowns.connectors.http_api.signing import HEADER, sign
from cases.takedowns.notices import Item, NoticeContent
from cases.takedowns.states import Result

REFUSED_FOR_GOOD = frozenset({400, 401, 403, 404, 410, 413, 415, 422})
NOT_NOW = frozenset({429, 503})
ANSWER_LIMIT = 256 * 1024  # bytes read of any answer
LONGEST_WAIT = timedelta(hours=6)
ITEM_FIELDS = tuple(field.name for field in fields(Item))


class HttpApiConnector(Connector):
    """A timeout, a connection broken after the body left, another 5xx, an unreadable 2xx: unknown, never resent blindly."""

    can_ask: ClassVar[bool] = True
    needs_url: ClassVar[bool] = True

    def compose(self, content: NoticeContent, route: Route, *, at: datetime) -> bytes:
        items = [
            {name: value for name in ITEM_FIELDS if (value := getattr(item, name)) != ""}
            for item in content.items
        ]
        notice: dict[str, Any] = {
            "schema": "takedown-notice/1",
            "notice_id": content.notice_id,
            "sent_at": at.isoformat(timespec="seconds"),
            "notifier": content.notifier,
            "regimes": content.regimes,
            "category": content.category,
            "keywords": content.keywords,
            "depicts_minor": content.depicts_minor,
            "explanation": content.explanation,
            "good_faith": content.good_faith,
            "signature": content.signed,
            "items": items,
            "callback_url": route.callback_url,
        }
        return json.dumps(notice, ensure_ascii=False).encode()

    async def send(
        self, body: bytes, content: NoticeContent, route: Route, lines: Lines, *, at: datetime
    ) -> Sent:
        headers = {
            "Authorization": f"Bearer {route.token}",
            "Idempotency-Key": content.notice_id,
            "Content-Type": "application/json",
            HEADER: sign(body, secret=route.secret, at=at),
        }
        try:
            async with lines.http.post(
                f"{route.address}/notices", data=body, headers=headers, allow_redirects=False
            ) as answer:
                return classify(
                    answer.status,
                    await beginning(answer, ANSWER_LIMIT),
                    answer.headers.get("Retry-After", ""),
                    now=at,
                )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            # Nothing left: there never was a connection.
            return Sent(Result.RETRY, detail=f"no connection: {type(error).__name__}")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Sent(Result.UNKNOWN, detail=f"no answer: {type(error).__name__}")

    async def ask(self, notice_id: str, route: Route, lines: Lines, *, at: datetime) -> Answer:
        headers = {"Authorization": f"Bearer {route.token}"}
        try:
            async with lines.http.get(
                f"{route.address}/notices/{notice_id}", headers=headers, allow_redirects=False
            ) as answer:
                if answer.status == 404:
                    return Answer(arrived=False)
                if answer.status != 200:
                    return Answer(arrived=None)
                state = json.loads(await beginning(answer, ANSWER_LIMIT))
                items = tuple(item for item in state["items"] if isinstance(item, dict))
                return Answer(arrived=True, reference=storable(state.get("reference"), 200), items=items)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError, RecursionError):
            return Answer(arrived=None)


def classify(status: int, body: bytes, retry_after: str, *, now: datetime) -> Sent:
    """What an answer means. Pure; the table of docs/notice-api.md."""
    if status in NOT_NOW:
        return Sent(
            Result.RETRY, http_status=status, detail=f"HTTP {status}", retry_after=wait_of(retry_after, now)
        )
    if status in REFUSED_FOR_GOOD:
        return Sent(Result.REFUSED, http_status=status, detail=_code_of(body) or f"HTTP {status}")
    if status in {200, 202}:
        try:
            said = json.loads(body)
            reference = storable(said["reference"], 200)
            if reference:
                return Sent(Result.ACCEPTED, http_status=status, reference=reference)
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
        return Sent(Result.UNKNOWN, http_status=status, detail="an answer that is not the schema's")
    return Sent(Result.UNKNOWN, http_status=status, detail=f"HTTP {status}")


def _code_of(body: bytes) -> str:
    try:
        code = json.loads(body)["code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return storable(code, 100)


def wait_of(retry_after: str, now: datetime) -> timedelta | None:
    """Seconds or an HTTP date (RFC 9110, 10.2.3), never more than LONGEST_WAIT; None when it says nothing."""
    try:
        wait = timedelta(seconds=int(retry_after))
    except ValueError:
        try:
            wait = parsedate_to_datetime(retry_after) - now
        except (ValueError, TypeError):
            return None
    except OverflowError:
        wait = LONGEST_WAIT
    return max(timedelta(0), min(wait, LONGEST_WAIT))
