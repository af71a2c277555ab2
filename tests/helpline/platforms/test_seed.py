"""The directory the program comes with: complete, unverified, and in step with the rules for links."""

import json
from typing import Any

import pytest

from helpline.accounts.models import Staff
from helpline.platforms import rules
from helpline.platforms.directory import Directory
from helpline.platforms.layout import parse
from helpline.platforms.links import recognise
from helpline.platforms.management.commands.import_platforms import SEED, Command
from helpline.platforms.models import Channel, ChannelKind, Platform
from tests.helpline.platforms.test_import import run

DATA: dict[str, Any] = json.loads(SEED.read_text())


def test_the_file_is_in_its_own_layout() -> None:
    assert len(parse(DATA)) == len(DATA["platforms"])
    assert Command.help


def test_every_site_of_the_rules_is_a_platform_with_a_channel() -> None:
    by_slug = {entry.slug: entry for entry in parse(DATA)}
    assert set(by_slug) == {site.slug for site in rules.SITES} | {rules.OTHER.slug}
    assert all(entry.channels for entry in by_slug.values())


@pytest.mark.parametrize("site", rules.SITES, ids=lambda site: site.slug)
def test_table_and_rules_agree_on_every_host(site: rules.SiteRules) -> None:
    platforms = [
        Platform(slug=e["slug"], domains=e["domains"], is_other=e.get("other", False))
        for e in DATA["platforms"]
    ]
    for host in site.hosts:
        url = f"https://{host.replace('*', 'fr')}/"
        assert recognise(url, directory=Directory.of(platforms)).platform_slug == site.slug, url


@pytest.mark.django_db
def test_it_is_imported_unverified_and_out_of_use() -> None:
    run(SEED)
    assert Platform.objects.count() == len(DATA["platforms"])
    assert Platform.objects.get(is_other=True).slug == "other"
    assert not Channel.objects.filter(enabled=True).exists()
    assert not Channel.objects.filter(verified_at__isnull=False).exists()
    assert not Channel.objects.exclude(token_sealed=None).exists()


@pytest.mark.django_db
def test_approved_it_uses_only_channels_with_an_address(maud: Staff) -> None:
    run(SEED, "--approved-by", "maud")
    assert set(Channel.objects.filter(enabled=False).values_list("address", flat=True)) == {""}
    assert Platform.objects.get(slug="telegram").best_channel().kind == ChannelKind.EMAIL  # type: ignore[union-attr]
    assert Platform.objects.get(slug="whatsapp").best_channel() is None
