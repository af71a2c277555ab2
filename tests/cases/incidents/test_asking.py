"""Removal asked for all the cases of an incident at once: as it was shown, once, or with the reason why not."""

from collections.abc import Callable

import pytest
from django.test import Client

from cases.incidents import actions as incidents
from cases.models import Case, Incident
from cases.takedowns import notices
from cases.takedowns.models import Takedown
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from tests.cast import NOON

OpenCase = Callable[..., Case]
Desk = Callable[[Staff], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


def test_asking_for_all_sends_what_was_shown(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    cases = [open_case(), open_case()]
    incident, client = Incident.objects.get(), desk(nour)
    incidents.join_proposed(incident=incident, cases=cases, by=nour, at=NOON)
    address = f"/staff/incidents/{incident.ref}/ask/chatter/"
    page = client.get(address)
    assert "One item harms 2 of them: asked for once" in page.content.decode()
    links = [str(link.pk) for link in page.context["draft"].links]

    answer = client.post(address, {"link": links}, follow=True).content.decode()

    assert "Asked for 2 links." in answer
    assert Takedown.objects.values("item_id").distinct().count() == 1
    assert "Nothing was sent twice" in client.post(address, {"link": links}, follow=True).content.decode()
    assert "Nothing to ask for" in client.get(address).content.decode()
    assert Takedown.objects.count() == 2


def test_what_is_added_for_the_platform_is_read_before_it_leaves(
    open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    cases = [open_case(), open_case()]
    incident, client = Incident.objects.get(), desk(nour)
    incidents.join_proposed(incident=incident, cases=cases, by=nour, at=NOON)
    address = f"/staff/incidents/{incident.ref}/ask/chatter/"
    said = {"link": [str(link.pk) for link in client.get(address).context["draft"].links]}
    stopped = client.post(address, said | {"facts-chatter": f"Case {cases[1].ref}."})
    assert (
        stopped.status_code == 422
        and "What you added holds the case’s reference." in stopped.content.decode()
    )
    shown = client.post(address, said | {"facts-chatter": "At 0:42.", "look": "facts"})
    assert shown.status_code == 200 and "What helps to find it: At 0:42." in shown.content.decode()
    assert not Takedown.objects.exists()
    client.post(address, said | {"facts-chatter": "At 0:42."})
    assert notices.content_of(Takedown.objects.all()[0].notice).facts == "At 0:42."


def test_without_a_channel_it_says_so(
    open_case: OpenCase, desk: Desk, nour: Staff, chatter: Platform
) -> None:
    cases = [open_case(), open_case()]
    incident, client = Incident.objects.get(), desk(nour)
    incidents.join_proposed(incident=incident, cases=cases, by=nour, at=NOON)
    chatter.channels.update(enabled=False)
    address = f"/staff/incidents/{incident.ref}/ask/chatter/"
    page = client.get(address)
    assert "can’t be reached yet" in page.content.decode()
    links = [str(link.pk) for link in page.context["draft"].links]
    assert client.post(address, {"link": links}).status_code == 422
    assert not Takedown.objects.exists()
