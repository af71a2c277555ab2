"""Whatever is sent, the answer is one that the description promises, and never a fault of ours."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.models import Case, Incident
from cases.takedowns.actions import request_takedown
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from reports.actions import LinkFacts
from tests.api.conftest import REPORT, Caller, description
from tests.cast import NOON

fuzz = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
odd_text = st.text(max_size=30) | st.sampled_from(
    [
        "\0",
        "\ud800",
        "a\0b",
        "𝕏" * 50,
        "x" * 20_001,
        "https://chatter.example/p/1",
        "2026-03-02",
        "' OR 1=1 --",
        "{{7*7}}",
    ]
)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats(allow_nan=False, allow_infinity=False)
    | odd_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(odd_text, inner, max_size=4),
    max_leaves=10,
)
link = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("url", "account", "platform", "seen_at", "reported_before"), anything)
)
fingerprint = st.fixed_dictionaries({}, optional=dict.fromkeys(("algorithm", "value", "quality"), anything))
report = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(REPORT, anything)
    | {
        "links": st.lists(link, max_size=3),
        "fingerprints": st.lists(fingerprint, max_size=3),
        "school": odd_text,
        "deadline_at": odd_text,
        "story": odd_text,
    },
).map(lambda changes: REPORT | changes)


@fuzz
@given(body=anything | report)
def test_no_report_breaks_the_intake(call: Caller, body: Any) -> None:
    raw = json.dumps(body).encode()
    assert call("POST", "/api/v1/reports/", raw=raw).status_code in {201, 400, 413}


@fuzz
@given(raw=st.binary(max_size=200))
def test_no_bytes_break_the_intake(call: Caller, raw: bytes) -> None:
    assert call("POST", "/api/v1/reports/", raw=raw).status_code in {201, 400}


def writes() -> list[tuple[str, list[str]]]:
    """Every POST that takes a body, with the names of its fields."""
    found = []
    for path, operations in description()["paths"].items():
        body = operations.get("post", {}).get("requestBody")
        if body and path not in {"/api/v1/reports/", "/api/v1/inbound/{channel}/"}:
            schema = body["content"]["application/json"]["schema"]
            if reference := schema.get("$ref"):
                schema = description()["components"]["schemas"][reference.rpartition("/")[2]]
            found.append((path, list(schema["properties"])))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("path", "names"), writes(), ids=[path for path, _names in writes()])
def test_no_body_breaks_a_call(
    call: Caller, maud: Staff, chatter: Platform, open_case: Callable[..., Case], path: str, names: list[str]
) -> None:
    links = (LinkFacts(url="https://chatter.example/p/1"), LinkFacts(url="https://chatter.example/p/2"))
    case, _other = open_case(links=links, by=maud), open_case(links=links)
    takedown = request_takedown(case=case, links=list(case.report.links.all()[:1]), by=maud, at=NOON)[0]
    code = call("POST", "/api/v1/reports/", REPORT).json()["receipt_code"]
    samples = {
        "/cases/{ref}": f"/cases/{case.ref}",
        "/incidents/{ref}": f"/incidents/{Incident.objects.get().ref}",
        "/takedowns/{id}": f"/takedowns/{takedown.pk}",
    }
    address = path
    for written, sample in samples.items():
        address = address.replace(written, sample)
    assert "{" not in address
    known: dict[str, Any] = {
        "link": str(case.report.links.all()[1].pk),
        "links": [str(one.pk) for one in case.report.links.all()],
        "channel": "chatter",
        "outcome": "removed",
        "to": "maud",
        "case": case.ref,
        "text": "x",
    }
    field = anything | odd_text
    bodies = anything | st.fixed_dictionaries(
        {}, optional={name: field | st.just(known[name]) if name in known else field for name in names}
    )

    @settings(fuzz, max_examples=50)
    @given(body=bodies)
    def answers(body: Any) -> None:
        raw = json.dumps(body).encode()
        who: dict[str, Any] = {"code": code} if "/follow/" in path else {"by": maud}
        assert call("POST", address, raw=raw, **who).status_code < 500

    answers()
