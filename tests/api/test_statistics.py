"""GET /api/v1/statistics/."""

from collections.abc import Callable
from datetime import timedelta

import pytest

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
    path = "/api/v1/statistics/?since=2026-03-01&until=2026-03-03T00:00:00+01:00"
    body = call("GET", path, by=theo).json()
    # then
    counts = body["takedowns"]
    assert (counts["total"], counts["sent"], counts["acted_on"], counts["said_removed"]) == (2, 2, 1, 1)
    assert (counts["seen_gone"], counts["stayed_gone"]) == (0, 0)
    assert body["time_to_action_s"] == {"p50": 900.0, "p90": 900.0}
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
