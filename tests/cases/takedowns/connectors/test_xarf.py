"""X-ARF reports: valid against the published schema whatever stands in the notice, and never a picture."""

import asyncio
import email
import email.policy
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from xarf import schema_validator

from cases.takedowns.connectors import Lines, connector
from cases.takedowns.connectors.xarf.connector import classify
from cases.takedowns.connectors.xarf.report import reports_of
from cases.takedowns.notices import NoticeContent
from cases.takedowns.states import Result
from helpline.platforms.models import ChannelKind
from tests.cases.takedowns.connectors.notices import content, contents, route

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
XARF = connector(ChannelKind.XARF)


@given(contents)
def test_every_report_is_valid_against_the_published_schema(made: NoticeContent) -> None:
    reports = reports_of(made, at=AT)
    for report in reports:
        assert schema_validator.validate(report) == []
        assert "evidence" not in report
    assert len({report["report_id"] for report in reports}) == len(reports)


def test_hashes_go_and_accounts_stay() -> None:
    prints = (
        {"algorithm": "sha256", "value": "ab" * 32},
        {"algorithm": "pdq", "value": "cd" * 32, "quality": 100},
    )
    item = replace(content().items[0], account="@somebody", fingerprints=prints)
    [report] = reports_of(content(items=(item,)), at=AT)
    assert report["hash_values"] == {"sha256": "ab" * 32}
    assert "somebody" not in json.dumps(report)


def test_the_validator_would_say_so() -> None:
    [report] = reports_of(content(), at=AT)
    assert schema_validator.validate({**report, "classification": "Z9"})


@pytest.mark.parametrize(
    ("minor", "keyword", "kind"),
    [
        (True, "KEYWORD_NON_CONSENSUAL_MATERIAL_DEEPFAKE", "csam"),
        (True, "KEYWORD_CYBER_BULLYING_INTIMIDATION", "csem"),
        (False, "KEYWORD_NON_CONSENSUAL_IMAGE_SHARING", "exposed_data"),
        (False, "KEYWORD_CYBER_BULLYING_INTIMIDATION", "exposed_data"),
    ],
)
def test_the_type_nearest_to_what_happened(minor: bool, keyword: str, kind: str) -> None:
    [report] = reports_of(content(depicts_minor=minor, keywords=(keyword,)), at=AT)
    assert report["type"] == kind


def test_a_mail_is_read_by_people_and_by_machines() -> None:
    body = XARF.compose(content(), route("abuse@host.example", "xarf"), at=AT)
    mail = email.message_from_bytes(body, policy=email.policy.default)
    assert mail.get_content_type() == "multipart/report"
    assert mail["Content-Type"].params["report-type"] == "feedback-report"
    text, feedback, machine = mail.iter_parts()
    assert "https://chatter.example/p/1" in text.get_content()
    assert feedback.get_content_type() == "message/feedback-report"
    assert b"Feedback-Type: xarf" in feedback.as_bytes()
    assert machine.get_filename() == "xarf.json"
    assert schema_validator.validate(json.loads(machine.get_content())) == []


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, Result.ACCEPTED),
        (202, Result.ACCEPTED),
        (302, Result.REFUSED),
        (404, Result.REFUSED),
        (422, Result.REFUSED),
        (429, Result.RETRY),
        (503, Result.RETRY),
        (500, Result.UNKNOWN),
        (418, Result.UNKNOWN),
    ],
)
def test_what_a_host_answers(status: int, result: Result) -> None:
    assert classify(status, "", now=AT).result == result


def send(made: NoticeContent, answer: int) -> tuple[Any, list[tuple[Any, Any]]]:
    """One real request to a host of our own on loopback; what it took."""
    taken: list[tuple[Any, Any]] = []

    async def take(request: web.Request) -> web.Response:
        taken.append((request.headers.get("Authorization"), await request.json()))
        return web.Response(status=answer)

    async def converse() -> Any:
        app = web.Application()
        app.router.add_post("/xarf", take)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        try:
            to = route(f"http://127.0.0.1:{port}/xarf", "xarf")
            async with Lines(in_flight=2) as lines:
                return await XARF.send(XARF.compose(made, to, at=AT), made, to, lines, at=AT)
        finally:
            await runner.cleanup()

    return asyncio.run(converse()), taken


def test_over_the_web_one_report_is_one_request() -> None:
    sent, [(authorization, report)] = send(content(), 202)
    assert (sent.result, sent.http_status, authorization) == (Result.ACCEPTED, 202, None)
    assert schema_validator.validate(report) == []


def test_several_items_over_the_web_do_not_leave_and_it_says_why() -> None:
    item = content().items[0]
    sent, taken = send(content(items=(item, replace(item, item_id="0" * 31 + "8"))), 202)
    assert (sent.result, taken) == (Result.REFUSED, [])
    assert "one item" in sent.detail


def test_what_has_no_address_does_not_leave() -> None:
    sent, taken = send(content(items=(replace(content().items[0], url="", account="@x"),)), 202)
    assert (sent.result, taken) == (Result.REFUSED, [])
