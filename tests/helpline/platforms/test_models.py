"""What the tables refuse, what a channel warns of, and which channel is chosen."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from helpline.accounts.models import Staff
from helpline.platforms.models import STALE_AFTER, Channel, ChannelKind, ChannelWarning, Platform, Regime

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Platform:
    return Platform.objects.create(slug="place", name="Place")


def approved(by: Staff, at: datetime) -> dict[str, Any]:
    return {"approved_by": by, "approved_at": at, "enabled": True, "address": "a@place.example"}


def channel(place: Platform, slug: str, by: Staff, at: datetime, **values: Any) -> Channel:
    facts = {"kind": ChannelKind.EMAIL} | approved(by, at) | values
    return Channel.objects.create(platform=place, slug=slug, **facts)


@pytest.mark.parametrize(
    ("constraint", "values"),
    [
        ("channel_known_kind", {"kind": "pigeon"}),
        ("channel_known_regimes", {"regimes": ["eu-dsa-16", "moon-1"]}),
        ("channel_enabled_has_address", {"address": ""}),
        ("channel_enabled_is_approved", {"approved_at": None, "approved_by": None}),
        ("channel_takes_an_item", {"max_items": 0}),
        ("channel_promise_positive", {"promised_hours": 0}),
        ("channel_verified_both", {"verified_at": "noon"}),
        ("channel_verified_both", {"verified_by": "by"}),
        ("channel_approved_both", {"approved_by": None}),
        ("channel_approved_both", {"enabled": False, "approved_at": None}),
        ("channel_second_person", {"changed_by": "by"}),
        ("unique constraint", {"slug": "place"}),
    ],
)
def test_the_database_refuses(
    constraint: str, values: dict[str, Any], place: Platform, anouk: Staff, noon: datetime
) -> None:
    channel(place, "place", anouk, noon)
    known = {"by": anouk, "noon": noon}
    facts: dict[str, Any] = {"slug": "another"} | {
        name: known.get(value, value) if isinstance(value, str) else value for name, value in values.items()
    }
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        channel(place, facts.pop("slug"), anouk, noon, **facts)


def test_there_is_one_catch_all() -> None:
    Platform.objects.create(slug="other", name="Other", is_other=True)
    with pytest.raises(IntegrityError, match="platform_one_other"), transaction.atomic():
        Platform.objects.create(slug="more", name="More", is_other=True)


def test_a_hash_scheme_is_one_we_know() -> None:
    with pytest.raises(IntegrityError, match="platform_known_hash_schemes"), transaction.atomic():
        Platform.objects.create(slug="place", name="Place", hash_schemes=["stopncii", "magic"])


@pytest.mark.parametrize(
    ("days", "bounced_days", "codes"),
    [
        (None, None, ["never_verified"]),
        (0, None, []),
        (180, None, []),
        (181, None, ["stale"]),
        (10, 5, ["bounced"]),
        (5, 10, []),
        (None, 1, ["never_verified", "bounced"]),
        (200, 1, ["stale", "bounced"]),
    ],
)
def test_a_channel_warns(
    days: int | None,
    bounced_days: int | None,
    codes: list[str],
    place: Platform,
    anouk: Staff,
    noon: datetime,
) -> None:
    seen = channel(place, "place", anouk, noon)
    if days is not None:
        seen.verified_at, seen.verified_by = noon - timedelta(days=days), anouk
    if bounced_days is not None:
        seen.last_bounce_at = noon - timedelta(days=bounced_days)
    assert [warning.value for warning in seen.warnings(noon)] == codes


def test_a_contact_nobody_approved_says_so(place: Platform, noon: datetime) -> None:
    fresh = Channel(platform=place, slug="place", kind=ChannelKind.EMAIL)
    assert fresh.warnings(noon) == [ChannelWarning.NOT_APPROVED, ChannelWarning.NEVER_VERIFIED]
    assert all(str(warning.label).endswith(".") for warning in ChannelWarning)


def test_stale_means_half_a_year(place: Platform, anouk: Staff, noon: datetime) -> None:
    seen = channel(place, "place", anouk, noon, verified_at=noon, verified_by=anouk)
    assert ChannelWarning.STALE not in seen.warnings(noon + STALE_AFTER)
    assert ChannelWarning.STALE in seen.warnings(noon + STALE_AFTER + timedelta(seconds=1))


def test_the_channel_with_the_fewest_hands_is_chosen(place: Platform, anouk: Staff, noon: datetime) -> None:
    assert place.best_channel() is None
    for kind in (ChannelKind.XARF, ChannelKind.WEB_FORM, ChannelKind.EMAIL, ChannelKind.HTTP_API):
        best = channel(place, kind.replace("_", "-"), anouk, noon, kind=kind)
        assert place.best_channel() == best
    Channel.objects.filter(kind=ChannelKind.HTTP_API).update(enabled=False)
    assert place.best_channel() == Channel.objects.get(kind=ChannelKind.EMAIL)


def test_among_equals_the_oldest_is_chosen(place: Platform, anouk: Staff, noon: datetime) -> None:
    first = channel(place, "z", anouk, noon)
    channel(place, "a", anouk, noon)
    assert place.best_channel() == first


@pytest.mark.parametrize(
    ("regimes", "slug"),
    [
        ([], "eu"),
        ([Regime.EU_DSA_16], "eu"),
        ([Regime.US_TAKE_IT_DOWN], "both"),
        ([Regime.US_TAKE_IT_DOWN, Regime.EU_DSA_16], "both"),
        ([Regime.FR_LCEN], "any"),
    ],
)
def test_a_channel_takes_every_regime_asked_for(
    regimes: list[str], slug: str, place: Platform, anouk: Staff, noon: datetime
) -> None:
    channel(place, "eu", anouk, noon, regimes=["eu-dsa-16"])
    channel(place, "both", anouk, noon, regimes=["eu-dsa-16", "us-take-it-down"])
    channel(place, "any", anouk, noon, kind=ChannelKind.WEB_FORM, regimes=[])
    best = place.best_channel(regimes=regimes)
    assert best is not None
    assert best.slug == slug


def test_no_channel_takes_an_unknown_regime_but_one_that_takes_all(
    place: Platform, anouk: Staff, noon: datetime
) -> None:
    channel(place, "eu", anouk, noon, regimes=["eu-dsa-16"])
    assert place.best_channel(regimes=["us-take-it-down"]) is None


def test_a_pause_ends_by_itself(place: Platform, anouk: Staff, noon: datetime) -> None:
    paused = channel(place, "place", anouk, noon, paused_until=noon)
    assert paused.is_paused(noon - timedelta(seconds=1))
    assert not paused.is_paused(noon)


@pytest.mark.parametrize("model", [Platform, Channel])
def test_every_column_is_classified_once(model: Any) -> None:
    privacy = model.Privacy
    named = [*privacy.keep, *privacy.blank, *privacy.sealed]
    assert sorted(named) == sorted(field.name for field in model._meta.concrete_fields)
