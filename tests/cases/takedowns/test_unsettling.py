"""What did not arrive, by a slip, is taken back while it has not left again. Both stay written; nothing is sent twice."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from cases.models import Case
from cases.takedowns import actions, dispatch
from cases.takedowns.connectors import Sent
from cases.takedowns.models import Attempt, Notice, Takedown
from cases.takedowns.states import ForbiddenMove, Result, Status
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.platforms.models import Platform
from reports.actions import LinkFacts
from tests.at_once import at_once
from tests.cases.takedowns.standing import standing

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def unknown(open_case: Callable[..., Case], chatter: Platform, nour: Staff) -> Takedown:
    """Sent an hour ago; nobody knows whether it arrived."""
    at = timezone.now() - HOUR
    return standing(Status.UNKNOWN, case=open_case(at=at), by=nour, at=at)


def resend(row: Takedown, by: Staff, *, waits: timedelta = actions.SECOND_THOUGHTS) -> None:
    actions.resolve_unknown(takedown=row, was_sent=False, by=by, at=timezone.now(), waits=waits)


def claim() -> list[dispatch.Claim]:
    """As the worker does. A test's transaction began a while ago."""
    now = timezone.now()
    Notice.objects.filter(due_at__lte=now).update(due_at=now - HOUR)
    return dispatch.claim(dispatch.routes(["http_api"], now=now), limit=10, now=now)


def test_it_waits_a_minute_and_is_taken_back(unknown: Takedown, nour: Staff) -> None:
    resend(unknown, nour)
    assert claim() == []
    actions.undo_resend(takedown=unknown, by=nour, at=timezone.now())
    notice = Notice.objects.get()
    assert (unknown.status, notice.due_at) == (Status.UNKNOWN, None)
    assert notice.ask_at is not None  # the machine asks again
    kept = list(unknown.events.order_by("recorded_at").values_list("what", flat=True))
    assert kept[-3:] == ["unknown", "queued", "unknown"]
    assert AuditRow.objects.filter(verb="takedown.unknown", actor=f"staff:{nour.pk}").count() == 1
    # And it can be settled once more, either way.
    actions.resolve_unknown(takedown=unknown, was_sent=True, by=nour, at=timezone.now())
    assert unknown.status == Status.SENT


def test_what_left_meanwhile_is_not_taken_back(unknown: Takedown, nour: Staff) -> None:
    resend(unknown, nour, waits=timedelta())
    [leaving] = claim()
    with pytest.raises(ForbiddenMove):
        actions.undo_resend(takedown=unknown, by=nour, at=timezone.now())
    dispatch.finish([(leaving, Sent(Result.ACCEPTED))], now=timezone.now())
    with pytest.raises(ForbiddenMove):
        actions.undo_resend(takedown=unknown, by=nour, at=timezone.now())
    unknown.refresh_from_db()
    assert unknown.status == Status.SENT


def test_nor_what_was_turned_away_at_the_door(unknown: Takedown, nour: Staff) -> None:
    """It waits again, and what the platform said to the second try is known by now."""
    resend(unknown, nour, waits=timedelta())
    [leaving] = claim()
    dispatch.finish([(leaving, Sent(Result.RETRY, http_status=503))], now=timezone.now())
    unknown.refresh_from_db()
    assert unknown.status == Status.QUEUED
    with pytest.raises(ForbiddenMove):
        actions.undo_resend(takedown=unknown, by=nour, at=timezone.now())


def test_a_worker_that_took_it_and_has_not_looked_yet_finds_it_gone(unknown: Takedown, nour: Staff) -> None:
    resend(unknown, nour, waits=timedelta())
    now = timezone.now()
    Notice.objects.update(due_at=now - HOUR)
    taken = dispatch.take(list(dispatch.routes(["http_api"], now=now)), limit=10)
    assert len(taken) == 1
    actions.undo_resend(takedown=unknown, by=nour, at=timezone.now())
    assert dispatch.prepare(taken, now=timezone.now()) == []
    assert (unknown.status, Attempt.objects.count()) == (Status.UNKNOWN, 0)


@pytest.mark.django_db(transaction=True)
def test_taken_back_and_claimed_at_once_it_leaves_or_it_does_not(
    open_case: Callable[..., Case], chatter: Platform, nour: Staff
) -> None:
    for number in range(6):
        at = timezone.now() - HOUR
        row = standing(Status.UNKNOWN, case=open_case(at=at, links=_link(number)), by=nour, at=at)
        resend(row, nour, waits=timedelta())
        back, claims = at_once(
            lambda row=row: actions.undo_resend(takedown=row, by=nour, at=timezone.now()), claim
        )
        row = Takedown.objects.get(pk=row.pk)
        if isinstance(back, ForbiddenMove):
            assert len(claims) == 1 and row.status == Status.SENDING
        else:
            assert claims == [] and row.status == Status.UNKNOWN
            assert not Attempt.objects.filter(notice=row.notice_id).exists()


def _link(number: int) -> tuple[LinkFacts, ...]:
    return (LinkFacts(url=f"https://chatter.example/p/back{number}"),)


def test_only_what_a_person_settled_so(unknown: Takedown, nour: Staff, sacha: Staff) -> None:
    with pytest.raises(ForbiddenMove):
        actions.undo_resend(takedown=unknown, by=nour, at=timezone.now())
    actions.resolve_unknown(takedown=unknown, was_sent=False, by=None, at=timezone.now())
    with pytest.raises(ForbiddenMove):
        actions.undo_resend(takedown=unknown, by=nour, at=timezone.now())
    with pytest.raises(PermissionDenied):
        actions.undo_resend(takedown=unknown, by=sacha, at=timezone.now())


def test_on_the_desk(unknown: Takedown, nour: Staff, sacha: Staff, desk: Callable[[Staff], Client]) -> None:
    client, here = desk(nour), f"/staff/takedowns/{unknown.pk}/"
    said = client.post(f"{here}settle/", {"was_sent": "no"}, follow=True).content.decode()
    assert f'action="{here}settle/undo/"' in said
    assert "It may have arrived after all" in said
    assert desk(sacha).post(f"{here}settle/undo/").status_code == 404
    back = client.post(f"{here}settle/undo/", follow=True).content.decode()
    assert "Taken back." in back and "It did not arrive" in back
    assert "Taken back: nobody knows whether it arrived" in back
    again = client.post(f"{here}settle/undo/", follow=True).content.decode()
    assert "Nothing was done twice." in again
    # Once it left, that is said.
    client.post(f"{here}settle/", {"was_sent": "no"})
    Notice.objects.update(due_at=timezone.now() - HOUR)
    dispatch.finish([(one, Sent(Result.ACCEPTED)) for one in claim()], now=timezone.now())
    late = client.post(f"{here}settle/undo/", follow=True).content.decode()
    assert "It changed meanwhile: it is “Sent” now." in late
