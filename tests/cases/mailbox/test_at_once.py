"""Two colleagues decide about the same mail at the same moment."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cases.mailbox import actions
from cases.mailbox.models import Mail
from cases.mailbox.states import ForbiddenMove, State
from cases.takedowns.models import Event, Takedown
from cases.takedowns.states import Outcome, Source, Status
from helpline.accounts.models import Staff
from reports.models import Update
from reports.states import News
from tests.at_once import at_once
from tests.cases.mailbox.mails import bounce, mail

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

Send = Callable[..., Takedown]


def take(raw: bytes, at: datetime) -> Mail:
    found = actions.take_in(raw, at=at)
    assert found is not None
    return found


def recorded(takedown: Takedown) -> int:
    return Event.objects.filter(takedown=takedown, source=Source.MAIL).count()


def test_a_mail_confirmed_by_two_counts_once_and_the_other_is_told(
    sent: Send, nour: Staff, maud: Staff
) -> None:
    takedown, now = sent(), timezone.now()
    found = take(mail(takedown.notice), now)

    def confirm(by: Staff) -> int:
        return actions.confirm(
            mail=found, outcomes={takedown.pk: Outcome.REMOVED}, redress_until=None, by=by, at=now
        )

    answers = at_once(lambda: confirm(nour), lambda: confirm(maud))
    assert sorted(type(one) for one in answers if not isinstance(one, int)) == [ForbiddenMove]
    assert [one for one in answers if isinstance(one, int)] == [1]
    assert recorded(takedown) == 1


def test_confirmed_by_one_and_put_aside_by_the_other_is_one_of_them(
    sent: Send, nour: Staff, maud: Staff
) -> None:
    takedown, now = sent(), timezone.now()
    found = take(mail(takedown.notice), now)
    answers = at_once(
        lambda: actions.confirm(
            mail=found, outcomes={takedown.pk: Outcome.REMOVED}, redress_until=None, by=nour, at=now
        ),
        lambda: actions.dismiss(mail=found, by=maud, at=now),
    )
    assert [type(one) for one in answers].count(ForbiddenMove) == 1
    found.refresh_from_db()
    takedown.refresh_from_db()
    assert (
        (found.state == State.CONFIRMED) == (takedown.status == Status.REMOVED) == (recorded(takedown) == 1)
    )


def test_a_bounce_confirmed_by_two_is_told_once(sent: Send, nour: Staff, maud: Staff) -> None:
    takedown, now = sent(), timezone.now()
    found = take(bounce(takedown.notice), now)
    answers = at_once(
        *(lambda by=by: actions.confirm_undelivered(mail=found, by=by, at=now) for by in (nour, maud))  # type: ignore[misc]
    )
    assert [type(one) for one in answers].count(ForbiddenMove) == 1
    assert Update.objects.filter(link=takedown.link_id, what=News.NOT_DELIVERED).count() == 1


def test_two_browsers_press_confirm(
    sent: Send, desk: Callable[[Staff], Client], nour: Staff, maud: Staff
) -> None:
    takedown = sent()
    found = take(mail(takedown.notice), timezone.now())
    clients = [desk(nour), desk(maud)]
    address = f"/staff/mailbox/{found.pk}/"

    def press(client: Client) -> str:
        fields: dict[str, Any] = {f"mail-outcome-{takedown.pk}": Outcome.REMOVED.value}
        return client.post(f"{address}confirm/", fields, follow=True).content.decode()

    pages = [str(one) for one in at_once(*(lambda c=c: press(c) for c in clients))]  # type: ignore[misc]
    assert sum("meanwhile" in one for one in pages) == 1
    assert recorded(takedown) == 1
