"""What may be done to a channel, by whom, and what it leaves in the trail."""

from datetime import datetime, timedelta

import pytest
from django.utils import translation

from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.crypto.box import settings_box
from helpline.platforms import actions
from helpline.platforms.actions import ChannelRefused
from helpline.platforms.layout import BadLayout
from helpline.platforms.models import Channel, ChannelKind, Platform
from tests.cast import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def fresh() -> Channel:
    """A contact that nobody has approved or verified."""
    place = Platform.objects.create(slug="place", name="Place")
    return Channel.objects.create(
        platform=place, slug="place-mail", kind=ChannelKind.EMAIL, address="abuse@place.example"
    )


def trail() -> list[str]:
    return list(AuditRow.objects.filter(object_type="channel").order_by("id").values_list("verb", flat=True))


def test_approving_brings_a_channel_into_use(fresh: Channel, maud: Staff, noon: datetime) -> None:
    actions.approve_channel(channel=fresh, by=maud, at=noon)
    fresh.refresh_from_db()
    assert (fresh.enabled, fresh.approved_by, fresh.approved_at) == (True, maud, noon)
    assert trail() == ["channel.approved"]


def test_approving_twice_changes_nothing(fresh: Channel, maud: Staff, anouk: Staff, noon: datetime) -> None:
    actions.approve_channel(channel=fresh, by=maud, at=noon)
    actions.approve_channel(channel=fresh, by=anouk, at=noon + timedelta(hours=1))
    fresh.refresh_from_db()
    assert (fresh.approved_by, fresh.approved_at) == (maud, noon)
    assert trail() == ["channel.approved"]


def test_nobody_approves_their_own_change(fresh: Channel, maud: Staff, anouk: Staff, noon: datetime) -> None:
    actions.change_channel(channel=fresh, values={"address": "new@place.example"}, by=anouk, at=noon)
    assert not actions.can_approve(fresh, anouk)
    assert actions.can_approve(fresh, maud)
    with pytest.raises(ChannelRefused) as refused:
        actions.approve_channel(channel=fresh, by=anouk, at=noon)
    assert refused.value.code == "same_person"
    fresh.refresh_from_db()
    assert not fresh.enabled


def test_the_row_decides_not_what_the_caller_still_holds(
    fresh: Channel, anouk: Staff, noon: datetime
) -> None:
    held = Channel.objects.get(pk=fresh.pk)
    actions.change_channel(channel=fresh, values={"address": "new@place.example"}, by=anouk, at=noon)
    with pytest.raises(ChannelRefused):
        actions.approve_channel(channel=held, by=anouk, at=noon)


def test_a_contact_without_address_is_neither_approved_nor_verified(
    fresh: Channel, maud: Staff, noon: datetime
) -> None:
    Channel.objects.update(address="")
    for act in (actions.approve_channel, actions.verify_channel):
        with pytest.raises(ChannelRefused) as refused:
            act(channel=fresh, by=maud, at=noon)
        assert refused.value.code == "no_address"
    assert trail() == []


def test_verifying_is_remembered(fresh: Channel, maud: Staff, noon: datetime) -> None:
    actions.verify_channel(channel=fresh, by=maud, at=noon)
    fresh.refresh_from_db()
    assert (fresh.verified_by, fresh.verified_at) == (maud, noon)
    assert trail() == ["channel.verified"]


def test_another_contact_is_out_of_use_until_approved(
    fresh: Channel, maud: Staff, anouk: Staff, noon: datetime
) -> None:
    actions.approve_channel(channel=fresh, by=anouk, at=noon)
    actions.verify_channel(channel=fresh, by=anouk, at=noon)
    actions.note_bounce(channel=fresh, at=noon)
    actions.change_channel(channel=fresh, values={"address": "new@place.example"}, by=anouk, at=noon)
    fresh.refresh_from_db()
    assert (fresh.enabled, fresh.approved_at, fresh.verified_at, fresh.last_bounce_at) == (
        False,
        None,
        None,
        None,
    )
    assert (fresh.changed_by, fresh.changed_at) == (anouk, noon)
    actions.approve_channel(channel=fresh, by=maud, at=noon)
    fresh.refresh_from_db()
    assert fresh.enabled


def test_another_field_leaves_the_contact_approved(
    fresh: Channel, maud: Staff, anouk: Staff, noon: datetime
) -> None:
    actions.approve_channel(channel=fresh, by=maud, at=noon)
    actions.change_channel(
        channel=fresh, values={"promised_hours": 24, "languages": ["fr"]}, by=anouk, at=noon
    )
    fresh.refresh_from_db()
    assert (fresh.enabled, fresh.promised_hours, fresh.languages) == (True, 24, ["fr"])
    assert AuditRow.objects.get(verb="channel.changed").detail == {"channel": "place-mail", "contact": False}


def test_the_same_values_again_leave_no_line(fresh: Channel, anouk: Staff, noon: datetime) -> None:
    actions.change_channel(channel=fresh, values={"address": "abuse@place.example"}, by=anouk, at=noon)
    assert trail() == []


def test_a_secret_is_sealed_and_counts_as_contact(
    fresh: Channel, maud: Staff, anouk: Staff, noon: datetime
) -> None:
    actions.approve_channel(channel=fresh, by=maud, at=noon)
    actions.change_channel(channel=fresh, values={"inbound_secret": "drum-and-kettle"}, by=anouk, at=noon)
    fresh.refresh_from_db()
    assert not fresh.enabled
    assert b"drum-and-kettle" not in bytes(fresh.inbound_secret_sealed)
    assert settings_box().open(fresh, "inbound_secret_sealed") == "drum-and-kettle"
    assert "drum-and-kettle" not in str(AuditRow.objects.values_list("detail"))


def test_a_wrong_change_names_every_field_and_writes_none(
    fresh: Channel, anouk: Staff, noon: datetime
) -> None:
    wrong = {"address": "not an address", "max_items": 0, "speed": "high", "languages": ["fr"], "token": 5}
    with pytest.raises(BadLayout) as refused:
        actions.change_channel(channel=fresh, values=wrong, by=anouk, at=noon)
    assert {problem.field for problem in refused.value.problems} == {"address", "max_items", "speed", "token"}
    fresh.refresh_from_db()
    assert fresh.languages == []


def test_an_address_fits_its_kind(fresh: Channel, anouk: Staff, noon: datetime) -> None:
    with pytest.raises(BadLayout, match="must be a web address"):
        actions.change_channel(channel=fresh, values={"kind": "http_api"}, by=anouk, at=noon)


def test_a_channel_is_switched_off_and_on(fresh: Channel, maud: Staff, noon: datetime) -> None:
    with pytest.raises(ChannelRefused) as refused:
        actions.switch_channel(channel=fresh, enabled=True, by=maud, at=noon)
    assert refused.value.code == "not_approved"
    actions.approve_channel(channel=fresh, by=maud, at=noon)
    actions.switch_channel(channel=fresh, enabled=False, by=maud, at=noon)
    actions.switch_channel(channel=fresh, enabled=False, by=maud, at=noon)
    assert not Channel.objects.get().enabled
    actions.switch_channel(channel=fresh, enabled=True, by=maud, at=noon)
    assert Channel.objects.get().enabled
    assert trail() == ["channel.approved", "channel.switched", "channel.switched"]


def test_the_breaker_pauses_and_resumes(fresh: Channel, noon: datetime) -> None:
    actions.pause_channel(channel=fresh, until=noon + timedelta(minutes=5), at=noon)
    fresh.refresh_from_db()
    assert fresh.is_paused(noon)
    actions.resume_channel(channel=fresh, at=noon)
    actions.resume_channel(channel=fresh, at=noon)
    fresh.refresh_from_db()
    assert fresh.paused_until is None
    assert trail() == ["channel.paused", "channel.resumed"]
    assert AuditRow.objects.get(verb="channel.paused").detail == {"channel": "place-mail", "seconds": 300}


def test_every_refusal_has_a_sentence() -> None:
    with translation.override("en"):
        assert all(ChannelRefused(code).sentence.endswith(".") for code in actions.REFUSALS)


def test_parted_again_each_keeps_what_was_its_own(anouk: Staff) -> None:
    """Given a host that both had, then it stays with the one that the other became part of."""
    into = Platform.objects.create(slug="place", name="Place", domains=["place.example", "both.example"])
    other = Platform.objects.create(slug="spot", name="Spot", domains=["both.example", "spot.example"])
    actions.merge_platform(platform=other, into=into, by=anouk, at=NOON)
    into.refresh_from_db()
    assert into.domains == ["place.example", "both.example", "spot.example"]
    actions.part_platform(platform=other, by=anouk, at=NOON)
    for one in (into, other):
        one.refresh_from_db()
    assert (into.domains, other.domains) == (["place.example", "both.example"], ["spot.example"])
