"""GET /api/v1/statistics/."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from cases.dashboards.folding import fold
from cases.models import Case
from cases.takedowns import actions
from cases.takedowns.states import Outcome, Source, Status
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from reports.actions import LinkFacts
from tests.api.conftest import Caller, problem
from tests.cast import NOON


def test_the_figures_of_a_period(
    call: Caller, maud: Staff, theo: Staff, nour: Staff, open_case: Callable[..., Case], chatter: Platform
) -> None:
    # given one takedown of two that the platform says it removed, a quarter of an hour after it was sent
    for acted in (True, False):
        case = open_case(links=(LinkFacts(url=f"https://chatter.example/p/{acted}"),))
        row = actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=NOON)[0]
        row.move(Status.SENDING, at=NOON)
        actions.mark_sent(row, at=NOON)
        row.save()
        if acted:
            later = NOON + timedelta(minutes=15)
            actions.record_outcome(
                takedown=row, outcome=Outcome.REMOVED, source=Source.CALLBACK, at=later, recorded_at=later
            )
    # when
    fold(now=NOON + timedelta(hours=1))
    path = "/api/v1/statistics/?since=2026-03-01T00:00:00+01:00&until=2026-04-01T00:00:00+02:00"
    body = call("GET", path, by=theo).json()
    # then
    counts = body["takedowns"]
    assert (counts["total"], counts["sent"], counts["acted_on"], counts["said_removed"]) == (2, 2, 1, 1)
    assert (counts["seen_gone"], counts["stayed_gone"]) == (0, 0)
    assert body["time_to_action_s"] == pytest.approx({"p50": 900.0, "p90": 900.0}, rel=0.025)
    assert [one["slug"] for one in body["platforms"]] == ["chatter"]
    assert call("GET", path, by=maud).json() == body
    assert call("GET", f"{path}&platform=chatter", by=maud).json()["takedowns"] == counts
    assert (
        call("GET", "/api/v1/statistics/?since=2025-01-01&until=2025-02-01", by=maud).json()["takedowns"][
            "total"
        ]
        == 0
    )


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=x", "since"),
        ("until=0001-01-01", "until"),
        ("since=2026-03-02&until=2026-03-01", "since"),
        ("since=2001-01-01", "since"),
        ("platform=nobody", "platform"),
        ("platform=%00", "platform"),
    ],
)
def test_a_period_that_is_none_is_named(call: Caller, maud: Staff, query: str, field: str) -> None:
    assert list(problem(call("GET", f"/api/v1/statistics/?{query}", by=maud), 400, "invalid")["errors"]) == [
        field
    ]


def test_figures_are_not_for_everyone(call: Caller, nour: Staff, anouk: Staff) -> None:
    for staff in (nour, anouk):
        problem(call("GET", "/api/v1/statistics/", by=staff), 403, "permission_denied")


def test_who_does_not_see_every_case_gets_whole_months(
    call: Caller, maud: Staff, theo: Staff, nour: Staff, open_case: Callable[..., Case], chatter: Platform
) -> None:
    case = open_case(links=(LinkFacts(url="https://chatter.example/p/1"),))
    actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=NOON)
    fold(now=NOON)

    def asked(by: Staff, since: str, until: str) -> tuple[str, str, int]:
        body = call("GET", f"/api/v1/statistics/?since={since}&until={until}", by=by).json()
        return body["period"]["since"], body["period"]["until"], body["takedowns"]["total"]

    # a second in which nothing was asked, and the months around a few hours, in Paris
    second = ("2026-03-20T12:00:00+00:00", "2026-03-20T12:00:01+00:00")
    whole = ("2026-03-01T00:00:00+01:00", "2026-04-01T00:00:00+02:00")
    assert asked(maud, *second) == (*second, 0)
    assert asked(theo, *second) == (*whole, 1)
    assert asked(theo, "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z") == (*whole, 1)
    assert asked(theo, "2026-02-28T22:59:59Z", "2026-03-31T22:00:01Z") == (
        "2026-02-01T00:00:00+01:00",
        "2026-05-01T00:00:00+02:00",
        1,
    )
