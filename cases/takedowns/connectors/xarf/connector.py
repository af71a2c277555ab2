"""To a host's abuse contact, as X-ARF v4: by e-mail (the address is a mailbox) or over HTTPS (it is an address on the web).

By e-mail a person reads the notice and a machine the JSON beside it: multipart/report as RFC 6522 lays it out, with the
feedback type `xarf`. Over HTTPS one report is one request, so such a channel takes one item in each notice.

What is unknown: neither way has a status query. A broken connection after the text left, a timeout, or a 5xx other than
503 is settled by the host's answer, by a bounce, or by a person, never by sending again; the report keeps its
`report_id`, so a host recognises a copy (docs/mail.md).
"""

import json
from datetime import datetime
from typing import ClassVar

import aiohttp

from cases.takedowns.connectors.base import Connector, Lines, Route, Sent
from cases.takedowns.connectors.email.connector import envelope_of
from cases.takedowns.connectors.email.conversation import deliver
from cases.takedowns.connectors.email.letter import attached, head, written, written_in_parts
from cases.takedowns.connectors.http_api.connector import NOT_NOW, REFUSED_FOR_GOOD, wait_of
from cases.takedowns.connectors.text import subject, text
from cases.takedowns.connectors.xarf.report import reports_of
from cases.takedowns.notices import NoticeContent
from cases.takedowns.states import Result

FEEDBACK = b"Content-Type: message/feedback-report\r\n\r\nFeedback-Type: xarf\r\nUser-Agent: helpline/1\r\nVersion: 1\r\n"
NO_ADDRESS = Sent(Result.REFUSED, detail="no address that an X-ARF report can name")
TOO_MANY = Sent(Result.REFUSED, detail="over HTTPS an X-ARF report names one item; set this channel to one")


def over_http(address: str) -> bool:
    """Does this channel take reports on the web?"""
    return address.startswith(("https://", "http://"))


class XarfConnector(Connector):
    """Needs an address: a host can do nothing with an account name."""

    needs_url: ClassVar[bool] = True

    def compose(self, content: NoticeContent, route: Route, *, at: datetime) -> bytes:
        reports = reports_of(content, at=at)
        if over_http(route.address):
            return json.dumps(reports[0] if len(reports) == 1 else reports, ensure_ascii=False).encode(
                errors="ignore"
            )
        headers = head(
            envelope_of(content, route), subject=subject(content), at=at, language=content.language
        )
        files = [
            attached(
                f"xarf-{number + 1}.json" if number else "xarf.json",
                "application/json",
                json.dumps(report, ensure_ascii=False, indent=1).encode(errors="ignore"),
            )
            for number, report in enumerate(reports)
        ]
        parts = [written({}, text(content)), FEEDBACK, *files]
        return written_in_parts(headers, "multipart/report; report-type=feedback-report", parts)

    async def send(
        self, body: bytes, content: NoticeContent, route: Route, lines: Lines, *, at: datetime
    ) -> Sent:
        count = len(reports_of(content, at=at))
        if not count:
            return NO_ADDRESS
        if not over_http(route.address):
            return await lines.in_mail_thread(lambda: deliver(body, envelope_of(content, route), lines))
        return TOO_MANY if count > 1 else await _post(body, route, lines, at=at)


async def _post(body: bytes, route: Route, lines: Lines, *, at: datetime) -> Sent:
    headers = {"Content-Type": "application/json"}
    if route.token:
        headers["Authorization"] = f"Bearer {route.token}"
    try:
        async with lines.http.post(
            route.address, data=body, headers=headers, allow_redirects=False
        ) as answer:
            return classify(answer.status, answer.headers.get("Retry-After", ""), now=at)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
        # Nothing left: there never was a connection.
        return Sent(Result.RETRY, detail=f"no connection: {type(error).__name__}")
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return Sent(Result.UNKNOWN, detail=f"no answer: {type(error).__name__}")


def classify(status: int, retry_after: str, *, now: datetime) -> Sent:
    """What a host's answer means. Pure. Hosts answer as they like, so only the status counts."""
    said = f"HTTP {status}"
    if status in NOT_NOW:
        return Sent(Result.RETRY, http_status=status, detail=said, retry_after=wait_of(retry_after, now))
    if status in REFUSED_FOR_GOOD or 300 <= status < 400:
        return Sent(Result.REFUSED, http_status=status, detail=said)
    if 200 <= status < 300:
        return Sent(Result.ACCEPTED, http_status=status, detail=said)
    return Sent(Result.UNKNOWN, http_status=status, detail=said)
