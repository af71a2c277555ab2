"""The demo's platforms: the simulated ones, and the real ones of the directory with every channel led to the simulator."""

import json
from datetime import datetime
from pathlib import Path

from django.conf import settings

from cases.demo import people
from helpline.accounts.models import Staff
from helpline.crypto.box import settings_box
from helpline.platforms import actions
from helpline.platforms.models import Channel, ChannelKind, Platform, Regime


def build_directory(*, by: Staff, at: datetime) -> None:
    """The starting directory, then every address replaced: nothing of the demo may reach a real platform."""
    data = json.loads((Path(actions.__file__).parent / "data" / "platforms.json").read_text())
    actions.import_platforms(data=data, approved_by=by, at=at)
    for place in people.PLACES:
        platform = Platform.objects.create(slug=place.slug, name=place.name, domains=[place.host])
        Channel.objects.create(
            platform=platform,
            slug=place.slug,
            kind=place.kind,
            address="",
            regimes=[Regime.EU_DSA_16],
            languages=["fr", "en"],
            max_items=10,
            promised_hours=place.promised_hours,
            verified_at=at,
            verified_by=by,
        )
    for channel in Channel.objects.select_related("platform"):
        _lead_to_simulator(channel, by=by, at=at)


def _lead_to_simulator(channel: Channel, *, by: Staff, at: datetime) -> None:
    """Demo secrets are as public as the simulator's: token-<slug>, out-secret-<slug>, in-secret-<slug>."""
    slug, simulator = channel.platform.slug, f"http://{settings.SIMULATOR}"
    channel.address = {
        ChannelKind.HTTP_API: f"{simulator}/api/{slug}",
        ChannelKind.EMAIL: f"abuse@{slug}.example",
        ChannelKind.WEB_FORM: f"{simulator}/forms/{slug}",
    }.get(ChannelKind(channel.kind), "")
    # A real platform's channel stays unverified: only the simulated ones are known to work.
    channel.enabled = bool(channel.address)
    channel.approved_at, channel.approved_by, channel.changed_by = at, by, None
    if channel.kind == ChannelKind.HTTP_API:
        box = settings_box()
        channel.token_sealed = box.seal(channel, "token_sealed", f"token-{slug}")
        channel.outbound_secret_sealed = box.seal(channel, "outbound_secret_sealed", f"out-secret-{slug}")
        channel.inbound_secret_sealed = box.seal(channel, "inbound_secret_sealed", f"in-secret-{slug}")
    channel.save()


def follow_simulator(*, before: str, now: str) -> None:
    """A later start on another port: the channels lead to where the simulator is today."""
    for channel in Channel.objects.filter(address__startswith=f"{before}/"):
        channel.address = now + channel.address.removeprefix(before)
        channel.save(update_fields=["address"])
