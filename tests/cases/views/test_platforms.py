"""The directory page: read by those who send, changed by administrators, with the second person where it matters."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from helpline.accounts.models import Staff
from helpline.platforms.models import Channel, ChannelKind, Platform
from tests.cast import make_platform

Desk = Callable[[Staff], Client]
pytestmark = pytest.mark.django_db


@pytest.fixture
def fresh(chatter: Platform) -> Channel:
    """A contact nobody has vouched for yet."""
    return Channel.objects.create(
        platform=chatter, slug="chatter-mail", kind=ChannelKind.EMAIL, address="abuse@chatter.example"
    )


@pytest.mark.parametrize(("who", "status"), [("nour", 200), ("maud", 200), ("anouk", 200), ("theo", 403)])
def test_who_reads_it(who: str, status: int, desk: Desk, request: pytest.FixtureRequest) -> None:
    assert desk(request.getfixturevalue(who)).get("/staff/platforms/").status_code == status


def test_it_warns_about_contacts_nobody_vouched_for(desk: Desk, nour: Staff, fresh: Channel) -> None:
    page = desk(nour).get("/staff/platforms/").content.decode()
    assert "/staff/platforms/chatter/" in page
    assert "Nobody has approved this contact yet." in page
    assert "Nobody has checked yet that this contact works." in page
    assert "Waits for approval" in page
    assert "/approve/" not in page  # a counsellor reads only


def test_an_administrator_verifies_approves_and_switches(desk: Desk, anouk: Staff, fresh: Channel) -> None:
    client = desk(anouk)

    client.post("/staff/platforms/chatter-mail/verify/")
    answer = client.post("/staff/platforms/chatter-mail/approve/", follow=True)
    fresh.refresh_from_db()
    assert (fresh.verified_by, fresh.approved_by, fresh.enabled) == (anouk, anouk, True)
    assert answer.redirect_chain == [("/staff/platforms/chatter/", 302)]
    assert "Approved." in answer.content.decode()

    client.post("/staff/platforms/chatter-mail/switch/", {"enabled": "no"})
    fresh.refresh_from_db()
    assert not fresh.enabled
    client.post("/staff/platforms/chatter-mail/switch/", {"enabled": "yes"})
    fresh.refresh_from_db()
    assert fresh.enabled


def test_whoever_changed_a_contact_does_not_approve_it(desk: Desk, anouk: Staff, fresh: Channel) -> None:
    Channel.objects.filter(pk=fresh.pk).update(changed_by=anouk)
    client = desk(anouk)

    assert "Somebody else has to approve it" in client.get("/staff/platforms/chatter/").content.decode()
    answer = client.post("/staff/platforms/chatter-mail/approve/", follow=True)

    assert "Somebody else has to approve a contact that you changed." in answer.content.decode()
    fresh.refresh_from_db()
    assert fresh.approved_at is None


@pytest.mark.parametrize("what", ["verify", "approve", "switch"])
@pytest.mark.parametrize("who", ["nour", "maud", "theo"])
def test_nobody_else_changes_it(
    who: str, what: str, desk: Desk, fresh: Channel, request: pytest.FixtureRequest
) -> None:
    answer = desk(request.getfixturevalue(who)).post(f"/staff/platforms/chatter-mail/{what}/")
    assert answer.status_code == 403
    fresh.refresh_from_db()
    assert (fresh.verified_at, fresh.approved_at, fresh.enabled) == (None, None, False)


def test_a_channel_that_is_not_there(desk: Desk, anouk: Staff) -> None:
    assert desk(anouk).post("/staff/platforms/nowhere/verify/").status_code == 404


def test_no_secret_is_on_the_page(desk: Desk, anouk: Staff, chatter: Platform) -> None:
    page = desk(anouk).get("/staff/platforms/").content.decode()
    assert "token-chatter" not in page
    assert "secret-chatter" not in page


def test_it_costs_the_same_for_two_platforms_and_for_ten(desk: Desk, anouk: Staff) -> None:
    client = desk(anouk)

    def cost() -> int:
        client.get("/staff/platforms/")
        with CaptureQueriesContext(connection) as asked:
            client.get("/staff/platforms/")
        return len(asked)

    for number in range(2):
        make_platform(f"site{number}", ChannelKind.EMAIL, "a@site.example", by=anouk)
    few = cost()
    for number in range(2, 10):
        make_platform(f"site{number}", ChannelKind.EMAIL, "a@site.example", by=anouk)
    assert cost() == few
