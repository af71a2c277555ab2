"""Lists page by page."""

import base64
import contextlib
import json
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases import queue
from cases.models import Case
from helpline.accounts.models import Staff
from helpline.web import keyset
from helpline.web.keyset import BadCursor
from tests.api.conftest import Caller, problem
from tests.cast import NOON

OpenCase = Callable[..., Case]


@pytest.fixture
def cases(open_case: OpenCase) -> list[Case]:
    """Seven cases, some changed at the same moment."""
    return [open_case(at=NOON + timedelta(hours=number // 3)) for number in range(7)]


def walk(call: Caller, path: str, by: Staff) -> list[list[str]]:
    """Every page, following `next`."""
    pages = []
    address: str | None = path
    while address is not None:
        body = call("GET", address, by=by).json()
        pages.append([row.get("ref") or row["id"] for row in body["results"]])
        parts = urlsplit(body["next"] or "")
        address = f"{parts.path}?{parts.query}" if body["next"] else None
    return pages


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_pages_hold_every_row_once_in_order(call: Caller, nour: Staff, cases: list[Case], limit: int) -> None:
    pages = walk(call, f"/api/v1/cases/?limit={limit}", nour)
    wanted = [case.ref for case in sorted(cases, key=lambda case: (case.changed_at, case.pk), reverse=True)]
    assert [ref for page in pages for ref in page] == wanted
    assert {len(page) for page in pages[:-1]} <= {limit}


def test_the_queue_is_paged_too(call: Caller, nour: Staff, tell: Callable[..., object]) -> None:
    for _one in range(5):
        tell()
    queue.add_new_reports(at=NOON)
    assert [len(page) for page in walk(call, "/api/v1/reports/?limit=2", nour)] == [2, 2, 1]


def test_next_is_an_address_that_keeps_the_filters(call: Caller, nour: Staff, cases: list[Case]) -> None:
    following = call("GET", "/api/v1/cases/?limit=2&status=open&mine=1", by=nour).json()["next"]
    assert following.startswith("http://testserver/api/v1/cases/?")
    assert {"limit=2", "status=open", "mine=1"} < set(urlsplit(following).query.split("&"))


def test_what_changes_meanwhile_is_neither_shown_twice_nor_skips_another(
    call: Caller, nour: Staff, cases: list[Case], open_case: OpenCase
) -> None:
    first = call("GET", "/api/v1/cases/?limit=3", by=nour).json()
    open_case(at=NOON + timedelta(days=1))
    parts = urlsplit(first["next"])
    second = call("GET", f"{parts.path}?{parts.query}", by=nour).json()
    assert not {row["ref"] for row in first["results"]} & {row["ref"] for row in second["results"]}
    assert len(second["results"]) == 3


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("", None),
        ("0", None),
        ("-1", None),
        ("x", None),
        ("²", None),
        ("1.5", None),
        ("200", 200),
        ("5000", 200),
    ],
)
def test_the_limit_is_a_number_and_at_most_two_hundred(
    call: Caller, nour: Staff, cases: list[Case], text: str, limit: int | None
) -> None:
    response = call("GET", f"/api/v1/cases/?limit={text}", by=nour)
    if limit is None:
        assert list(problem(response, 400, "invalid")["errors"]) == ["limit"]
    else:
        assert len(response.json()["results"]) == 7


def cursor(*words: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(words).encode()).decode().rstrip("=")


BAD = [
    "x",
    "é",
    "%00",
    cursor(),
    cursor("2026-03-02T12:00:00+00:00"),
    cursor("2026-03-02T12:00:00+00:00", "1", "2"),
    cursor("2026-03-02T12:00:00", "1"),
    cursor("2026-13-02T12:00:00+00:00", "1"),
    cursor("0001-01-01T00:00:00+14:00", "1"),
    cursor("9999-12-31T23:59:59-14:00", "1"),
    cursor("2026-03-02T12:00:00+00:00", "one"),
    cursor("2026-03-02T12:00:00+00:00", None),
    cursor("2026-03-02T12:00:00+00:00", ["1"]),
    cursor("2026-03-02T12:00:00+00:00", "\0"),
    base64.urlsafe_b64encode(b"[" * 5000).decode(),
    cursor(True, "2026-03-02T12:00:00+00:00", "x"),
    cursor(True, "2026-03-02T12:00:00", "00000000-0000-0000-0000-000000000000"),
    cursor(1, "2026-03-02T12:00:00+00:00", "00000000-0000-0000-0000-000000000000"),
    cursor(True, 5, None),
]


@pytest.mark.parametrize("text", BAD)
@pytest.mark.parametrize("path", ["cases", "takedowns", "incidents", "reports"])
def test_a_bad_cursor_is_refused(call: Caller, nour: Staff, path: str, text: str) -> None:
    problem(call("GET", f"/api/v1/{path}/?cursor={text}", by=nour), 400, "bad_cursor")


def test_a_number_beyond_the_database_finds_nothing(call: Caller, nour: Staff, cases: list[Case]) -> None:
    text = cursor("2000-01-01T00:00:00+00:00", "9" * 30)
    assert call("GET", f"/api/v1/cases/?cursor={text}", by=nour).status_code in {200, 400}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.text(max_size=60), st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
    )
)
def test_whatever_stands_in_a_cursor_it_is_a_page_or_refused(db: None, text: str) -> None:
    with contextlib.suppress(BadCursor):
        keyset.page(Case.objects.all(), by=("-changed_at", "-id"), cursor=text, limit=1)


def test_a_page_enters_the_index_at_its_place(db: None) -> None:
    """At any depth the same work: the condition bounds the first column from one side, and is no bare OR."""
    place = cursor("2026-03-02T12:00:00+00:00", "5")
    with CaptureQueriesContext(connection) as seen:
        keyset.page(Case.objects.all(), by=("-changed_at", "-id"), cursor=place, limit=50)
    where = seen[0]["sql"].partition("WHERE")[2]
    assert '"changed_at" <= ' in where.partition("OR")[0]
    assert "OFFSET" not in seen[0]["sql"] and "COUNT" not in seen[0]["sql"]
