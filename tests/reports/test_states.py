"""The arrows of a report and of a link: each tried, those that exist and those that do not."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from reports import actions, states
from reports.models import Report
from reports.states import ForbiddenMove, LinkStatus, News, Status

ARROWS = [(before, after) for before in Status for after in Status]


def test_every_status_says_where_it_leads() -> None:
    assert set(states.TRANSITIONS) == set(Status)
    assert set(states.LINK_STATUS_AFTER) == set(News)


@pytest.mark.parametrize(("before", "after"), ARROWS)
def test_a_report_moves_along_the_arrows_and_no_others(before: Status, after: Status) -> None:
    report = Report(status=before)

    if after in states.TRANSITIONS[before]:
        report.move(after)
        assert report.status == after
    else:
        with pytest.raises(ForbiddenMove):
            report.move(after)
        assert report.status == before


def test_nothing_leaves_erased() -> None:
    assert states.TRANSITIONS[Status.ERASED] == frozenset()
    assert all(Status.ERASED in states.TRANSITIONS[status] for status in Status if status != Status.ERASED)


@pytest.mark.django_db
@pytest.mark.parametrize("status", LinkStatus)
@pytest.mark.parametrize("what", News)
def test_each_news_on_each_link(
    tell: Callable[..., tuple[Report, str]], noon: datetime, what: News, status: LinkStatus
) -> None:
    report, _code = tell()
    link = report.links.get()
    report.links.update(status=status)
    later = noon + timedelta(hours=1)

    actions.post_update(report_id=report.pk, link_id=link.pk, what=what, at=later)

    link.refresh_from_db()
    follows = states.LINK_STATUS_AFTER[what]
    if status == LinkStatus.WITHDRAWN or follows is None:
        assert (link.status, link.status_at) == (status, noon)
    else:
        assert (link.status, link.status_at) == (follows, later)
    assert report.updates.get().what == what
