"""POST /api/v1/reports/."""

import json
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.platforms.models import Platform
from reports import receipts
from reports.actions import open_by_code
from reports.models import Fingerprint, Link, Report
from reports.states import Circumstance, Kind
from tests.api.conftest import REPORT, Caller, problem


def stored(code: str) -> Report:
    found = open_by_code(receipts.normalise(code))
    assert isinstance(found, Report)
    return found


def test_a_report_is_stored_sealed_and_its_code_opens_it(call: Caller, chatter: Platform) -> None:
    # when
    response = call("POST", "/api/v1/reports/", REPORT)
    # then
    assert response.status_code == 201
    assert list(response.json()) == ["receipt_code"]
    code = response.json()["receipt_code"]
    assert [len(part) for part in code.split("-")] == [4, 4, 4, 4]
    report = stored(code)
    box = report.box_for_code(receipts.normalise(code))
    assert box.open(report, "story") == REPORT["story"]
    assert (report.kind, report.age_range, report.circumstances) == ("deepnude", "13-14", ["blackmail"])
    link = Link.objects.select_related("platform").get(report=report)
    assert (box.open(link, "url"), box.open(link, "account")) == ("https://chatter.example/p/1", "mean.one")
    assert link.platform == chatter
    assert link.reported_before is True
    prints = {row.algorithm: (box.open(row, "value"), row.quality) for row in Fingerprint.objects.all()}
    assert prints == {"pdq": ("ab" * 32, 88), "sha256": ("cd" * 32, None)}
    assert REPORT["story"].encode() not in bytes(report.story or b"")


def test_the_least_that_can_be_said_is_enough(call: Caller) -> None:
    response = call("POST", "/api/v1/reports/", {"who": "friend", "age_range": "unknown", "kind": "unsure"})
    assert response.status_code == 201
    report = stored(response.json()["receipt_code"])
    assert (report.channel, report.language, report.contact_via) == ("web", "fr", "none")


@pytest.mark.parametrize("spelling", ["real-image", "real_image"])
def test_both_spellings_of_a_word_are_taken(call: Caller, spelling: str) -> None:
    body = REPORT | {"kind": spelling, "circumstances": ["in_danger", "in-danger", "self-harm"], "links": []}
    response = call("POST", "/api/v1/reports/", body)
    report = stored(response.json()["receipt_code"])
    assert report.kind == Kind.REAL_IMAGE
    assert report.circumstances == [Circumstance.IN_DANGER, Circumstance.SELF_HARM]


def test_an_unknown_platform_is_any_other_site(call: Caller, chatter: Platform) -> None:
    links = [
        {"url": "https://somewhere.test/x", "platform": "nobody-knows"},
        {"account": "someone", "platform": "nobody-knows"},
        {"account": "someone", "platform": "chatter"},
        {"url": "https://chatter.example/p/9", "platform": "nobody-knows"},
    ]
    response = call("POST", "/api/v1/reports/", REPORT | {"links": links})
    rows = stored(response.json()["receipt_code"]).links.select_related("platform").order_by("position")
    assert [row.platform.slug for row in rows] == ["other", "other", "chatter", "chatter"]


def test_a_site_that_nobody_knows_keeps_its_name(call: Caller, chatter: Platform) -> None:
    links = [{"account": "someone", "site": " Kwik  zap"}, {"account": "other", "site": "Blabb"}]
    report = stored(call("POST", "/api/v1/reports/", REPORT | {"links": links}).json()["receipt_code"])
    assert report.box_for_staff().open_json(report, "answers") == {"site": "Kwik zap, Blabb"}


def test_the_address_knows_better_than_the_word_beside_it(
    call: Caller, chatter: Platform, pixboard: Platform
) -> None:
    """A notice must not go to a platform just because somebody named it."""
    links = [{"url": "https://chatter.example/p/9", "platform": "pixboard"}]
    response = call("POST", "/api/v1/reports/", REPORT | {"links": links})
    assert stored(response.json()["receipt_code"]).links.get().platform == chatter


def test_the_same_place_twice_is_one_link(call: Caller, chatter: Platform) -> None:
    links = [
        {"url": "https://chatter.example/p/9"},
        {"url": "chatter.example/p/9#top"},
        {"account": "x"},
        {"account": "X"},
    ]
    response = call("POST", "/api/v1/reports/", REPORT | {"links": links})
    assert stored(response.json()["receipt_code"]).links.count() == 2


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "who missing": ({"who": None}, "who"),
    "who unknown": ({"who": "nobody"}, "who"),
    "who a list": ({"who": ["self"]}, "who"),
    "age": ({"age_range": "12"}, "age_range"),
    "kind": ({"kind": {"deepnude": 1}}, "kind"),
    "channel": ({"channel": "fax"}, "channel"),
    "language": ({"language": "xx"}, "language"),
    "language odd": ({"language": []}, "language"),
    "circumstance": ({"circumstances": ["blackmail", "rain"]}, "circumstances[1]"),
    "circumstances": ({"circumstances": "blackmail"}, "circumstances"),
    "story too long": ({"story": "x" * (settings.STORY_MAX_CHARS + 1)}, "story"),
    "story a number": ({"story": 1}, "story"),
    "half a character": ({"story": "\ud800"}, "story"),
    "links no list": ({"links": {}}, "links"),
    "too many links": ({"links": [{"url": "https://a.test/"}] * 51}, "links"),
    "link malformed": ({"links": [{"url": "https://a.test/"}, {"url": "not a link"}]}, "links[1].url"),
    "link scheme": ({"links": [{"url": "javascript:alert(1)"}]}, "links[0].url"),
    "link empty": ({"links": [{}]}, "links[0].url"),
    "link blank": ({"links": [{"url": " "}]}, "links[0].url"),
    "link a text": ({"links": ["https://a.test/"]}, "links[0]"),
    "account without a name": ({"links": [{"account": "@"}]}, "links[0].account"),
    "account too long": ({"links": [{"account": "a" * 201}]}, "links[0].account"),
    "seen at": ({"links": [{"url": "https://a.test/", "seen_at": "yesterday"}]}, "links[0].seen_at"),
    "seen long ago": ({"links": [{"url": "https://a.test/", "seen_at": "0001-01-01"}]}, "links[0].seen_at"),
    "reported": (
        {"links": [{"url": "https://a.test/", "reported_before": "yes"}]},
        "links[0].reported_before",
    ),
    "pdq short": ({"fingerprints": [{"algorithm": "pdq", "value": "ab"}]}, "fingerprints[0].value"),
    "sha256 no hex": (
        {"fingerprints": [{"algorithm": "sha256", "value": "z" * 64}]},
        "fingerprints[0].value",
    ),
    "algorithm": ({"fingerprints": [{"algorithm": "crc", "value": "ab"}]}, "fingerprints[0].algorithm"),
    "quality": (
        {"fingerprints": [{"algorithm": "pdq", "value": "ab" * 32, "quality": 101}]},
        "fingerprints[0].quality",
    ),
    "quality true": (
        {"fingerprints": [{"algorithm": "pdq", "value": "ab" * 32, "quality": True}]},
        "fingerprints[0].quality",
    ),
    "contact via": ({"safe_contact": {"via": "pigeon"}}, "safe_contact.via"),
    "contact nowhere": ({"safe_contact": {"via": "email"}}, "safe_contact.address"),
    "contact hours": (
        {"safe_contact": {"via": "phone", "address": "0", "from_hour": 16}},
        "safe_contact.from_hour",
    ),
    "contact hours odd": (
        {"safe_contact": {"via": "phone", "address": "0", "from_hour": True, "to_hour": "20"}},
        "safe_contact.from_hour",
    ),
    "contact safe": (
        {"safe_contact": {"via": "phone", "address": "0", "is_safe": "yes"}},
        "safe_contact.is_safe",
    ),
    "contact safe nowhere": (
        {"safe_contact": {"via": "sms", "address": "01 99 00 12 34", "is_safe": True}},
        "safe_contact.address",
    ),
    "contact a text": ({"safe_contact": "none"}, "safe_contact"),
    "deadline": ({"deadline_at": 5}, "deadline_at"),
}


@pytest.mark.parametrize(("change", "field"), WRONG.values(), ids=list(WRONG))
def test_what_can_not_be_taken_is_named(call: Caller, change: dict[str, Any], field: str) -> None:
    # when
    raw = json.dumps(REPORT | change).encode()
    response = call("POST", "/api/v1/reports/", raw=raw)
    # then
    body = problem(response, 400, "invalid")
    assert list(body["errors"]) == [field]
    assert all(body["errors"][field])
    assert not Report.objects.exists()


def test_all_that_is_wrong_is_said_at_once(call: Caller) -> None:
    response = call("POST", "/api/v1/reports/", {"who": "x", "links": [{"url": "no"}], "story": 3})
    assert set(problem(response, 400, "invalid")["errors"]) == {
        "who",
        "age_range",
        "kind",
        "links[0].url",
        "story",
    }


def test_a_malformed_link_is_answered_in_the_language_of_the_report(call: Caller) -> None:
    def said(language: str) -> str:
        response = call(
            "POST", "/api/v1/reports/", REPORT | {"language": language, "links": [{"url": "x y"}]}
        )
        sentence: str = problem(response, 400, "invalid")["errors"]["links[0].url"][0]
        return sentence

    assert said("en").isascii()
    assert "not a link" not in said("en")


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b'"text"', b"null", b"[" * 5000, b'{"who": NaN}', b"\xff\xfe", b"1" * 5000]
)
def test_what_is_no_object_in_json_is_refused(call: Caller, raw: bytes) -> None:
    response = call("POST", "/api/v1/reports/", raw=raw)
    assert response.status_code == 400
    assert response.json()["code"] in {"malformed_json", "invalid"}


def test_ten_megabytes_are_refused_unread(call: Caller) -> None:
    response = call("POST", "/api/v1/reports/", REPORT | {"story": "x" * 10_000_000})
    problem(response, 413, "too_large")
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "image/png"]
)
def test_only_json_is_read(call: Caller, content_type: str) -> None:
    response = call("POST", "/api/v1/reports/", REPORT, content_type=content_type)
    problem(response, 415, "unsupported_media_type")


def test_a_picture_sent_along_is_not_taken(call: Caller) -> None:
    """Never take the image: what the intake does not know is left aside."""
    response = call("POST", "/api/v1/reports/", REPORT | {"picture": "aGVsbG8="})
    code = response.json()["receipt_code"]
    report = stored(code)
    assert report.box_for_code(receipts.normalise(code)).open_json(report, "answers") == {}


def test_the_intake_costs_the_same_few_queries(call: Caller, chatter: Platform) -> None:
    """Given one link or thirty, when they are reported, then as many queries are made; a key adds its own three."""
    call("POST", "/api/v1/reports/", REPORT)

    def queries(count: int, **more: Any) -> int:
        links = [{"url": f"https://chatter.example/p/{number}"} for number in range(count)]
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert call("POST", "/api/v1/reports/", REPORT | {"links": links}, **more).status_code == 201
        return len(seen)

    assert queries(1) == queries(30) <= 6
    assert queries(1, key="a-key") == queries(1) + 5  # a savepoint's two, the lock, the look, the answer


# --- partners -----------------------------------------------------------------------------------------


def test_a_partner_submits_as_partner(call: Caller, make_staff: Any) -> None:
    partner = make_staff("school-line", "partner")
    response = call("POST", "/api/v1/reports/", REPORT | {"channel": "partner"}, by=partner)
    assert response.status_code == 201
    assert stored(response.json()["receipt_code"]).channel == "partner"


def test_nobody_else_does(call: Caller, nour: Staff) -> None:
    body = REPORT | {"channel": "partner"}
    problem(call("POST", "/api/v1/reports/", body), 401, "not_authenticated")
    problem(call("POST", "/api/v1/reports/", body, by=nour), 403, "permission_denied")
    problem(call("POST", "/api/v1/reports/", body, token="hl_invented"), 401, "bad_token")


def test_a_scope_narrows_the_role(call: Caller, make_staff: Any) -> None:
    partner = make_staff("school-line", "partner")
    token = call.token(partner, scopes=[Permission.QUEUE_READ])
    response = call("POST", "/api/v1/reports/", REPORT | {"channel": "partner"}, token=token)
    problem(response, 403, "permission_denied")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (
            {"via": "email", "address": "me@example.org", "hours": "evenings"},
            {"via": "email", "address": "me@example.org", "hours": "evenings"},
        ),
        (
            {"via": "sms", "address": "06 12 34 56 78", "from_hour": 16, "to_hour": 20, "is_safe": True},
            {
                "via": "sms",
                "address": "+33612345678",
                "hours": "",
                "from_hour": 16,
                "to_hour": 20,
                "is_safe": True,
            },
        ),
        (
            {"via": "sms", "address": "06 12 34", "is_safe": False, "from_hour": None},
            {"via": "sms", "address": "06 12 34", "hours": "", "is_safe": False},
        ),
    ],
)
def test_how_they_may_be_reached(call: Caller, said: dict[str, Any], kept: dict[str, Any]) -> None:
    response = call("POST", "/api/v1/reports/", REPORT | {"safe_contact": said})

    assert response.status_code == 201
    report = Report.objects.get()
    assert report.contact_via == said["via"]
    assert report.box_for_staff().open_json(report, "contact") == kept
