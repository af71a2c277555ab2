"""The page of the alerts, and the strip above others."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.alerts.models import Alert, Reader
from cases.alerts.states import RuleName, State
from cases.models import Case
from helpline.accounts.models import Staff
from helpline.health.models import Heartbeat
from tests.cast import NOON

pytestmark = pytest.mark.django_db
Desk = Callable[[Staff], Client]
PAGE = "/staff/alerts/"


@pytest.fixture(autouse=True)
def worker() -> Heartbeat:
    """One that lives: what a page raises where none does is in test_stopped."""
    return Heartbeat.objects.create(name="worker", beaten_at=timezone.now())


def alert(rule: RuleName = RuleName.WAIT, **facts: Any) -> Alert:
    """Something that stands."""
    now = timezone.now()
    return Alert.objects.create(
        **{"rule": rule, "state": State.STANDING, "seen_at": now, "raised_at": now} | facts
    )


def html(client: Client, address: str = PAGE, **said: Any) -> str:
    return str(client.get(address, **said).content.decode())


def test_an_empty_page_says_what_will_appear(desk: Desk, maud: Staff) -> None:
    client = desk(maud)
    assert "Nothing stands that nobody takes care of" in html(client)
    assert "Nobody has taken one on" in html(client, PAGE + "?tab=acknowledged")
    assert "Nothing was over lately" in html(client, PAGE + "?tab=over")
    assert client.get(PAGE + "?tab=x").status_code == 404


def test_every_rule_is_shown_in_words(desk: Desk, maud: Staff) -> None:
    since = timezone.now().isoformat()
    for rule in RuleName:
        alert(
            rule, subject="x", facts={"since": since, "until": since, "count": 2, "now_s": 90, "before_s": 30}
        )
    Alert.objects.filter(rule=RuleName.WINDOW).update(facts={"until": "2026-05-01"})
    found = html(desk(maud))
    assert found.count("alert-row") == len(RuleName)
    assert "May 1, 2026" in found and "2 wait" in found


def test_a_person_takes_care_and_takes_it_back(desk: Desk, maud: Staff) -> None:
    client, row = desk(maud), alert()
    answer = client.post(f"{PAGE}{row.pk}/acknowledge/", {"word": "I ask for help"}, follow=True)
    assert "Noted that you take care of it." in answer.content.decode()
    assert "I ask for help" in html(client, PAGE + "?tab=acknowledged")
    # Said twice: nothing twice, and it is said.
    again = client.post(f"{PAGE}{row.pk}/acknowledge/", follow=True).content.decode()
    assert "Nothing changed" in again
    client.post(f"{PAGE}{row.pk}/take-back/", {"tab": "acknowledged"}, follow=True)
    assert "alert-row" in html(client)
    assert "Nothing changed" in client.post(f"{PAGE}{row.pk}/take-back/", follow=True).content.decode()


def test_what_was_never_raised_is_not_there(desk: Desk, maud: Staff) -> None:
    seen = Alert.objects.create(rule=RuleName.WAIT, seen_at=NOON)
    for pk in (uuid4(), seen.pk):
        for verb in ("acknowledge", "take-back"):
            assert desk(maud).post(f"{PAGE}{pk}/{verb}/").status_code == 404


def test_an_auditor_reads_and_does_not_answer(desk: Desk, theo: Staff, maud: Staff) -> None:
    alert()
    found = html(desk(theo))
    assert "alert-row" in found and "I take care of it" not in found and "By mail" not in found


def test_mail_for_me(desk: Desk, maud: Staff) -> None:
    client = desk(maud)
    assert "no e-mail address" in client.post(PAGE + "mail/", {"wants": "yes"}, follow=True).content.decode()
    Staff.objects.filter(pk=maud.pk).update(email="maud@house.example")
    for _twice in range(2):
        client.post(PAGE + "mail/", {"wants": "yes"})
    assert Reader.objects.get().staff == maud
    client.post(PAGE + "mail/", {"wants": "no"})
    assert not Reader.objects.exists()


def test_a_long_list_has_pages_at_the_same_cost(
    desk: Desk, maud: Staff, open_case: Callable[..., Case]
) -> None:
    client, now = desk(maud), timezone.now()
    case = open_case()
    html(client)
    counts = []
    for size in (2, 60):
        Alert.objects.all().delete()
        for number in range(size):
            alert(
                RuleName.DEADLINE, subject=str(number), case=case, raised_at=now - timedelta(minutes=number)
            )
        with CaptureQueriesContext(connection) as found:
            page = html(client)
        counts.append(len(found))
    assert counts[0] == counts[1]
    assert page.count("alert-row") == 50
    assert case.ref in page
    after = page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert html(client, after).count("alert-row") == 10


def strip(staff: Staff) -> str:
    request = RequestFactory().get("/")
    request.user = staff
    return Template("{% load alerts %}{% alerts_strip %}").render(Context({"request": request})).strip()


def test_the_strip(maud: Staff, nour: Staff) -> None:
    assert strip(maud) == ""
    for number in range(4):
        alert(RuleName.STEPS_LATE, subject=str(number), facts={"since": NOON.isoformat(), "count": 1})
    alert(RuleName.DANGER, raised_at=NOON, urgent=True)
    found = strip(maud)
    assert "5 alerts nobody takes care of yet" in found and "and 2 more" in found
    assert found.index("Danger that waits") < found.index("Next steps are left lying")
    assert strip(nour) == ""
