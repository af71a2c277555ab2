"""Changing and asking the simulator while it runs: JSON under `/_control/`, for tests and the demo."""

import json
from typing import Any

from aiohttp import web

from tests.platforms import addresses, moments, outcomes
from tests.platforms.behaviour import OUTCOMES, BadBehaviour
from tests.platforms.wire import as_json, refused
from tests.platforms.world import World


class Control:
    """Answers everything under `/_control/`."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def answer(self, request: web.BaseRequest, rest: str) -> web.StreamResponse:
        """`rest` is the path after `/_control/`."""
        what, _, which = rest.strip("/").partition("/")
        try:
            if request.method == "GET":
                return self._ask(what, which)
            if request.method != "POST":
                return refused(405, "method_not_allowed", "GET asks, POST changes.", {"Allow": "GET, POST"})
            sent = json.loads(await request.read() or b"{}")
            if not isinstance(sent, dict):
                return refused(422, "not_an_object", "The body must be a JSON object.")
            return self._change(what, which, sent)
        except BadBehaviour as error:
            return refused(422, "bad_behaviour", str(error))
        except ValueError as error:
            return refused(400, "malformed", str(error))

    def _ask(self, what: str, which: str) -> web.Response:
        world, now = self._world, self._world.clock()
        if what == "platforms" and which:
            return as_json(world.directory.of(which).as_json())
        if what == "platforms":
            return as_json({one.slug: one.as_json() for one in world.directory.named()})
        if what == "notices":
            return as_json(
                [
                    {
                        "slug": one.slug,
                        "notice_id": one.notice_id,
                        "delivery": one.delivery,
                        "channel": one.channel,
                        "accepted_at": moments.rfc3339(one.accepted_at),
                        "told": one.told,
                        **outcomes.status_object(one, now),
                    }
                    for one in world.ledger.notices.values()
                    if which in ("", one.slug)
                ]
            )
        if what == "pages":
            gone = {page: moments.rfc3339(absence.since) for page, absence in world.ledger.gone(now)}
            again = [{"old": one.old, "new": one.new} for one in world.ledger.reuploads if one.at <= now]
            return as_json({"gone": gone, "reuploaded": again})
        if what == "mails":
            return as_json(
                [
                    {
                        "number": one.number,
                        "at": moments.rfc3339(one.at),
                        "sender": one.sender,
                        "recipients": one.recipients,
                        "message_id": one.message_id,
                        "raw": one.raw,
                    }
                    for one in world.mailbox.mails
                ]
            )
        if what == "replies":
            return as_json([{"from": str(one["from"]), "raw": one.as_string()} for one in world.replies()])
        return refused(404, "no_such_control", "There is nothing to ask here.")

    def _change(self, what: str, which: str, sent: dict[str, Any]) -> web.Response:
        world = self._world
        if what == "platforms" and which:
            return as_json(world.directory.change(which, sent).as_json())
        if what == "notices":
            slug, _, notice_id = which.partition("/")
            notice = world.ledger.find(slug, notice_id.lower())
            outcome = sent.get("outcome", "removed")
            if notice is None:
                return refused(404, "unknown_notice", "This platform took no such notice.")
            if outcome not in OUTCOMES - {"never"}:
                return refused(422, "no_such_outcome", f"{outcome!r} is no decision.")
            world.decide(notice, outcome)
            return as_json(outcomes.status_object(notice, world.clock()))
        if what == "pages":
            page = addresses.identity(str(sent.get("url", "")))
            world.put_page(page, gone=bool(sent.get("gone", True)))
            return as_json({"page": page})
        if what == "reset":
            world.reset()
            return as_json({})
        return refused(404, "no_such_control", "There is nothing to change here.")
