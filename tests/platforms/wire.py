"""The Takedown Notice API as a platform speaks it: notices in, state out."""

import asyncio
import hmac
import json
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

from aiohttp import web

from tests.platforms import addresses, dice, outcomes, schema, signatures
from tests.platforms.behaviour import ACCEPTING, LATER, REFUSALS, BadBehaviour, Behaviour
from tests.platforms.journal import fingerprint
from tests.platforms.ledger import Item, Notice
from tests.platforms.world import World

HTML_INSTEAD = (
    "<!doctype html><title>Just a moment</title><h1>Just a moment</h1><p>Checking your browser.</p>"
)

REFUSAL_TEXTS = {
    "400": ("malformed", "The request could not be understood."),
    "401": ("unauthorised", "This token is not known any more."),
    "403": ("forbidden", "This notifier may not file notices here."),
    "404": ("no_such_endpoint", "There is no such endpoint."),
    "410": ("endpoint_closed", "This endpoint was closed. Please use our form."),
    "413": ("too_large", "The notice is too large."),
    "415": ("not_json", "Only application/json is taken."),
    "422": ("not_processable", "The notice cannot be processed: the address is outside our service."),
}


class Wire:
    """Answers `POST /api/<slug>/notices` and `GET /api/<slug>/notices/<notice_id>`."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def answer(self, request: web.BaseRequest, rest: str) -> web.StreamResponse:
        """`rest` is the path after `/api/`."""
        slug, _, path = rest.partition("/")
        try:
            behaviour = self._world.directory.of(slug)
        except BadBehaviour as error:
            return refused(404, "no_such_platform", str(error))
        if behaviour.silent:
            return await self._hold(request, behaviour)
        if path.rstrip("/") == "notices":
            if request.method != "POST":
                return refused(405, "method_not_allowed", "Notices are filed with POST.", {"Allow": "POST"})
            return await self._file(request, behaviour)
        if path.startswith("notices/") and request.method in {"GET", "HEAD"}:
            return await self._state(request, behaviour, path.removeprefix("notices/").rstrip("/"))
        return refused(404, "no_such_endpoint", "There is no such endpoint.")

    # --- Filing ---------------------------------------------------------------------------------------

    async def _file(self, request: web.BaseRequest, behaviour: Behaviour) -> web.StreamResponse:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return refused(413, "too_large", "A notice may have one megabyte.")
        sent = self._read(request.headers, body, behaviour)
        if isinstance(sent, web.Response):
            self._world.note("turned_away", behaviour.slug, notice_id="", answer=str(sent.status))
            return sent
        world, slug, notice_id = self._world, behaviour.slug, sent["notice_id"].lower()
        known = world.ledger.find(slug, notice_id)
        number = world.next_try(slug, notice_id)
        latency = dice.between(behaviour.latency, world.seed, "latency", slug, notice_id, number)
        facts = {"notice_id": notice_id, "key": request.headers["Idempotency-Key"], "number": number}
        if known is not None and behaviour.honours_keys:
            world.note("replay", slug, sha256=fingerprint(body), **facts)
            await asyncio.sleep(latency)
            return accepted(known, 200)
        answer = "accepted"
        if behaviour.answers:
            drawn = dice.fraction(world.seed, "answer", slug, notice_id, number)
            answer = dice.pick(behaviour.answers, drawn, "accepted")
        if answer in ACCEPTING:
            notice = world.take(
                "notice",
                behaviour,
                notice_id=notice_id,
                items=[Item(one["item_id"], one["url"], one.get("account")) for one in sent["items"]],
                body=body,
                callback_url=sent.get("callback_url"),
                key=facts["key"],
                number=number,
                answer=answer,
            )
            await asyncio.sleep(latency)
            if answer == "accepted":
                return accepted(notice, 202)
        else:
            world.note("turned_away", slug, answer=answer, **facts)
            await asyncio.sleep(latency)
        return await self._misbehave(request, behaviour, answer)

    def _read(
        self, headers: Mapping[str, str], body: bytes, behaviour: Behaviour
    ) -> "dict[str, Any] | web.Response":
        """The notice, or the refusal that a correct platform gives."""
        if (unauthorised := self._stranger(headers, behaviour)) is not None:
            return unauthorised
        code = signatures.refusal(
            behaviour.notice_secret, headers.get(signatures.HEADER), body, self._world.clock()
        )
        if code is not None:
            return refused(401, code, "The signature was not taken.")
        if headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
            return refused(415, "not_json", "Only application/json is taken.")
        try:
            sent = json.loads(body)
        except (ValueError, RecursionError):
            return refused(400, "malformed", "The body is not JSON.")
        if (found := schema.problem(sent)) is not None:
            return refused(422, "not_the_schema", found)
        key = headers.get("Idempotency-Key", "")
        if key.lower() != sent["notice_id"].lower():
            return refused(422, "key_is_not_the_notice", "Idempotency-Key must be the notice_id.")
        for number, one in enumerate(sent["items"]):
            if not addresses.is_page(one["url"]):
                return refused(422, "not_the_schema", f"/items/{number}/url: is no address of a page")
        return dict(sent)

    def _stranger(self, headers: Mapping[str, str], behaviour: Behaviour) -> web.Response | None:
        offered = headers.get("Authorization", "").encode(errors="surrogateescape")
        if hmac.compare_digest(offered, f"Bearer {behaviour.token}".encode()):
            return None
        return refused(
            401, "unauthorised", "The token is missing or not known.", {"WWW-Authenticate": "Bearer"}
        )

    async def _misbehave(
        self, request: web.BaseRequest, behaviour: Behaviour, answer: str
    ) -> web.StreamResponse:
        if answer in LATER:
            after = str(behaviour.retry_after)
            if behaviour.retry_after_as_date:
                after = formatdate(self._world.clock() + behaviour.retry_after, usegmt=True)
            return refused(int(answer), "try_later", "Not now. Please try later.", {"Retry-After": after})
        if answer in REFUSALS:
            return refused(int(answer), *REFUSAL_TEXTS[answer])
        if answer in {"500", "accept_then_500"}:
            return web.Response(status=500, text="Internal Server Error")
        if answer in {"html", "accept_then_html"}:
            return web.Response(text=HTML_INSTEAD, content_type="text/html")
        if answer in {"drop", "accept_then_drop"}:
            return drop(request)
        return await self._hold(request, behaviour)

    async def _hold(self, request: web.BaseRequest, behaviour: Behaviour) -> web.StreamResponse:
        """Keep the connection open without a word until the caller gives up, then close it."""
        until = self._world.clock() + behaviour.hold
        while request.transport is not None and self._world.clock() < until:
            await asyncio.sleep(min(0.2, behaviour.hold))
        return drop(request)

    # --- State ----------------------------------------------------------------------------------------

    async def _state(
        self, request: web.BaseRequest, behaviour: Behaviour, notice_id: str
    ) -> web.StreamResponse:
        answer = self._stranger(request.headers, behaviour) or self._state_answer(
            behaviour, notice_id.lower()
        )
        self._world.note("status_query", behaviour.slug, notice_id=notice_id, status=answer.status)
        await asyncio.sleep(dice.between(behaviour.latency, self._world.seed, "query", notice_id))
        return answer

    def _state_answer(self, behaviour: Behaviour, notice_id: str) -> web.Response:
        if behaviour.status_queries == "unsupported":
            return refused(405, "not_supported", "This platform answers no questions about notices.")
        notice = self._world.ledger.find(behaviour.slug, notice_id)
        if notice is None or behaviour.status_queries == "denied":
            return refused(404, "unknown_notice", "No such notice was received.")
        return as_json(outcomes.status_object(notice, self._world.clock()))


def as_json(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON answer."""
    body = json.dumps(content).encode()
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


def accepted(notice: Notice, status: int) -> web.Response:
    """The answer that says a notice was taken."""
    return as_json({"reference": notice.reference, "status": "received"}, status)


def refused(status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer with a stable code and a sentence."""
    return as_json({"code": code, "detail": detail}, status, headers)


def drop(request: web.BaseRequest) -> web.Response:
    """Break the connection; what is returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
