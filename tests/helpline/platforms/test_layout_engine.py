"""The layout's fields for the engine: lines, office hours, whether links are looked at, and X-ARF by mail or on the web."""

from typing import Any

import pytest

from helpline.platforms.layout import BadLayout, check_address, parse
from helpline.platforms.models import ChannelKind


def file(platform: dict[str, Any] | None = None, channel: dict[str, Any] | None = None) -> dict[str, Any]:
    way = {"slug": "site-mail", "kind": "email", **(channel or {})}
    site = {"slug": "site", "name": "Site", "channels": [way], **(platform or {})}
    return {"layout": "platforms/1", "platforms": [site]}


def test_what_is_said_is_taken() -> None:
    [site] = parse(
        file(
            {"recheck": False, "gone_words": ["Page  not  found"]},
            {"max_in_flight": 5, "office_country": "FR"},
        )
    )
    assert site.values["recheck"] is False
    assert site.values["gone_words"] == ["Page not found"]
    assert site.channels[0].values == {"kind": "email", "max_in_flight": 5, "office_country": "FR"}


@pytest.mark.parametrize(
    ("platform", "channel"),
    [
        ({"recheck": "yes"}, {}),
        ({"gone_words": ["gone"]}, {}),
        ({"gone_words": ["x" * 101]}, {}),
        ({"gone_words": "Page not found"}, {}),
        ({}, {"max_in_flight": 0}),
        ({}, {"max_in_flight": 1001}),
        ({}, {"max_in_flight": "5"}),
        ({}, {"office_country": "fr"}),
        ({}, {"office_country": "FRA"}),
        ({}, {"office_country": None}),
    ],
)
def test_what_can_not_be_is_refused(platform: dict[str, Any], channel: dict[str, Any]) -> None:
    with pytest.raises(BadLayout):
        parse(file(platform, channel))


@pytest.mark.parametrize("address", ["abuse@host.test", "https://host.test/xarf"])
def test_a_host_takes_reports_by_mail_or_on_the_web(address: str) -> None:
    check_address(ChannelKind.XARF, address)


@pytest.mark.parametrize(
    "address", ["http://host.fr/xarf", "abuse", "https://me:pass@host.test/", "ftp://x@host.test"]
)
def test_other_places_are_refused(address: str) -> None:
    with pytest.raises(ValueError, match="must"):
        check_address(ChannelKind.XARF, address)
