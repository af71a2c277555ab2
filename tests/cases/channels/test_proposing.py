"""Proposing a channel: nothing changes before a second person says yes, and one of the two keeps the platforms."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from cases.channels import approving
from cases.models import Case
from helpline.accounts.models import Staff
from helpline.approvals import actions as approvals
from helpline.approvals.handlers import CannotBeDone
from helpline.approvals.models import Approval
from helpline.platforms import directory
from helpline.platforms.models import Channel, Platform
from reports.actions import LinkFacts
from tests.cast import NOON

pytestmark = pytest.mark.django_db
Desk = Callable[[Staff], Client]


def said(**changes: Any) -> dict[str, Any]:
    """A form for a site with an abuse address."""
    values = {
        "channel-kind": "email",
        "channel-address": "abuse@snapnest.example",
        "channel-domains": "snapnest.example",
        "channel-languages": "fr en",
        "channel-max_items": "5",
        "channel-promised_hours": "24",
        "channel-text": "Their help page names it.",
    }
    return values | changes


def test_a_change_goes_the_old_way_until_the_yes(
    desk: Desk, anouk: Staff, maud: Staff, pixboard: Platform
) -> None:
    answer = desk(anouk).post(
        "/staff/platforms/pixboard/change/",
        said(**{"channel-address": "notice@pixboard.example", "channel-domains": "pixboard.example"}),
        follow=True,
    )
    assert "It is used once a second person says yes." in answer.content.decode()
    channel = Channel.objects.get(slug="pixboard")
    assert channel.enabled and channel.address == "abuse@pixboard.example"
    asked = Approval.objects.get()
    page = desk(maud).get(f"/staff/approvals/{asked.pk}/").content.decode()
    assert "abuse@pixboard.example" in page and "notice@pixboard.example" in page

    approvals.decide(approval=asked, granted=True, by=maud, at=NOON)
    channel.refresh_from_db()
    assert (channel.address, channel.enabled, channel.max_items) == ("notice@pixboard.example", True, 5)
    assert (channel.changed_by, channel.approved_by) == (anouk, maud)
    assert channel.verified_at is None  # nobody has checked the new one yet


def test_a_no_leaves_everything(desk: Desk, anouk: Staff, maud: Staff, pixboard: Platform) -> None:
    desk(anouk).post("/staff/platforms/pixboard/change/", said(**{"channel-domains": "pixboard.example"}))
    approvals.decide(approval=Approval.objects.get(), granted=False, by=maud, at=NOON)
    assert Channel.objects.get(slug="pixboard").address == "abuse@pixboard.example"


def test_what_was_changed_meanwhile_is_proposed_again(
    desk: Desk, anouk: Staff, maud: Staff, pixboard: Platform
) -> None:
    desk(anouk).post("/staff/platforms/pixboard/change/", said(**{"channel-domains": "pixboard.example"}))
    Channel.objects.filter(slug="pixboard").update(max_items=7)
    with pytest.raises(CannotBeDone):
        approvals.decide(approval=Approval.objects.get(), granted=True, by=maud, at=NOON)


def test_an_unknown_site_gets_a_platform_a_channel_and_its_links(
    desk: Desk, nour: Staff, anouk: Staff, open_case: Callable[..., Case]
) -> None:
    """Given a link on a site nobody knows, when a counsellor proposes a channel and it is approved, then it can be asked."""
    Platform.objects.catch_all()
    directory.forget()
    case = open_case(links=(LinkFacts(url="https://snapnest.example/p/9"),))
    client = desk(nour)
    blocked = client.get(f"/staff/cases/{case.ref}/takedowns/").content.decode()
    assert "/staff/platforms/new/?host=snapnest.example" in blocked
    form = client.get("/staff/platforms/new/?host=snapnest.example").content.decode()
    assert "snapnest.example" in form
    client.post("/staff/platforms/new/", said(**{"channel-name": "Snapnest"}))
    site = Platform.objects.get(name="Snapnest")
    assert (site.slug, site.domains) == ("snapnest", [])  # no link leads there yet
    assert directory.current().at_host("snapnest.example") in (None, directory.current().other)

    approvals.decide(approval=Approval.objects.get(), granted=True, by=anouk, at=NOON)
    page = client.get(f"/staff/cases/{case.ref}/takedowns/").content.decode()
    assert "abuse@snapnest.example" in page
    assert case.report.links.get().platform == site


def test_one_of_the_two_keeps_the_platforms(desk: Desk, nour: Staff, maud: Staff, pixboard: Platform) -> None:
    desk(nour).post("/staff/platforms/pixboard/change/", said(**{"channel-domains": "pixboard.example"}))
    with pytest.raises(CannotBeDone):
        approvals.decide(approval=Approval.objects.get(), granted=True, by=maud, at=NOON)


def test_another_channel_of_a_platform(desk: Desk, anouk: Staff, maud: Staff, pixboard: Platform) -> None:
    client = desk(anouk)
    form = {"channel-kind": "web_form", "channel-address": "https://pixboard.example/report"}
    client.post("/staff/platforms/pixboard/channel/", said(**form, **{"channel-domains": "pixboard.example"}))
    channel = Channel.objects.get(slug="pixboard-web-form")
    assert (channel.address, channel.enabled) == ("", False)
    assert "A change waits for a second person." in client.get("/staff/platforms/").content.decode()
    approvals.decide(approval=Approval.objects.get(), granted=True, by=maud, at=NOON)
    channel.refresh_from_db()
    assert (channel.address, channel.enabled) == ("https://pixboard.example/report", True)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("address", "not an address", "Write an e-mail address"),
        ("address", "https://x.example/form", "Write an e-mail address"),
        ("domains", "not a host", "is no host"),
        ("domains", "chatter.example", "belongs to Chatter already"),
        ("languages", "english", "no code of a language"),
        ("max_items", "0", "greater than or equal"),
        ("text", "", "This field is required."),
    ],
)
def test_what_the_importer_refuses_is_refused_here(
    field: str, value: str, sentence: str, desk: Desk, anouk: Staff, pixboard: Platform, chatter: Platform
) -> None:
    answer = desk(anouk).post("/staff/platforms/pixboard/change/", said(**{f"channel-{field}": value}))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Approval.objects.exists()


@pytest.mark.parametrize(
    # The demo's simulator is a `.example` and may be plain, so that one is asked of example.com, which nobody owns either.
    "address",
    ["http://site.example.com/form", "https://me:secret@site.example/", "ftp://site.example/"],
)
def test_a_form_is_reached_safely(address: str, desk: Desk, anouk: Staff, pixboard: Platform) -> None:
    form = said(**{"channel-kind": "web_form", "channel-address": address})
    answer = desk(anouk).post("/staff/platforms/pixboard/change/", form)
    assert answer.status_code == 422
    assert "begins with https:// and holds no user name" in answer.content.decode()


def test_the_same_again_proposes_nothing(desk: Desk, anouk: Staff, pixboard: Platform) -> None:
    channel = Channel.objects.get(slug="pixboard")
    now = approving.standing(channel)
    form = {f"channel-{name}": "" if value is None else value for name, value in now.items()}
    form |= {"channel-languages": "en fr", "channel-domains": "pixboard.example", "channel-text": "x"}
    answer = desk(anouk).post("/staff/platforms/pixboard/change/", form)
    assert "That is how it is already." in answer.content.decode()


def test_twice_says_that_one_waits(desk: Desk, anouk: Staff, maud: Staff, pixboard: Platform) -> None:
    client = desk(anouk)
    form = said(**{"channel-domains": "pixboard.example"})
    client.post("/staff/platforms/pixboard/change/", form)
    again = client.post("/staff/platforms/pixboard/change/", form, follow=True)
    assert "waits already" in again.content.decode()
    assert Approval.objects.count() == 1


def test_who_may_not_propose(desk: Desk, theo: Staff, pixboard: Platform) -> None:
    for path in ("new/", "pixboard/change/", "pixboard/channel/"):
        assert desk(theo).get(f"/staff/platforms/{path}").status_code == 403
