"""Asking for removals, seen from the desk: what would leave, shown before it leaves; then all of that or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from django.db import transaction

from cases import words
from cases.models import Case
from cases.takedowns import actions, notices
from cases.takedowns.connectors import connector
from cases.takedowns.connectors.text import subject, text
from cases.takedowns.models import Notice, Takedown
from cases.takedowns.notices import Finding
from cases.takedowns.placing import placed
from helpline.accounts.models import Staff
from helpline.platforms.models import Channel, ChannelWarning, Platform
from reports.models import Link

NUMBER_TO_COME = "…"  # a notice gets its number when it leaves


@dataclass(frozen=True, slots=True)
class Option:
    """A channel that can be chosen, with what to know before using it."""

    channel: Channel
    warnings: Sequence[ChannelWarning]
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """What one platform would be asked. Without a usable channel there is no text."""

    platform: Platform
    links: Sequence[Link]
    options: Sequence[Option]
    chosen: Option | None
    subject: str = ""
    text: str = ""
    findings: Sequence[Finding] = ()
    hosts: Sequence[str] = ()  # of links on a site that the directory does not know

    @property
    def may_leave(self) -> bool:
        """Is there a channel, and nothing that stops the notice?"""
        return self.chosen is not None and not self.findings


def drafts(*, case: Case, links: Sequence[Link], channels: Mapping[str, str], at: datetime) -> list[Draft]:
    """A draft a platform. `channels` maps a platform's slug to the chosen channel's; the best one where it is silent.

    Nothing is written, but the platform of a link whose site the directory knows by now. Raises WrongKey once the case is
    erased.
    """
    links = placed(case=case, links_of_case=links, at=at)
    groups: dict[int, list[Link]] = {}
    for link in links:
        groups.setdefault(link.platform_id, []).append(link)
    usable: dict[int, list[Channel]] = {}
    for channel in Channel.objects.in_use().filter(platform__in=groups).by_preference():
        usable.setdefault(channel.platform_id, []).append(channel)
    return [
        _draft(case, group, usable.get(platform_id, []), channels.get(group[0].platform.slug, ""), at=at)
        for platform_id, group in groups.items()
    ]


def _draft(
    case: Case, links: Sequence[Link], usable: Sequence[Channel], chosen: str, *, at: datetime
) -> Draft:
    platform = links[0].platform
    options = [Option(channel, channel.warnings(at), connector(channel.kind).by_hand) for channel in usable]
    option = next((one for one in options if one.channel.slug == chosen), options[0] if options else None)
    box = case.box()
    hosts = sorted({words.host(box.open(link, "url")) for link in links} - {""}) if platform.is_other else []
    if option is None:
        return Draft(platform, links, options, None, hosts=hosts)
    notice = Notice(
        channel=option.channel,
        regimes=actions.default_regimes(option.channel),
        language=actions.notice_language(option.channel),
    )
    content = notices.build(
        notice=notice,
        channel=option.channel,
        report=case.report,
        box=box,
        links=[(str(uuid4()), link) for link in links],
    )
    shown = replace(content, notice_id=NUMBER_TO_COME)
    return Draft(
        platform=platform,
        links=links,
        options=options,
        chosen=option,
        subject=subject(shown),
        text=text(shown),
        findings=notices.check(content, needs_url=connector(option.channel.kind).needs_url),
        hosts=hosts,
    )


@transaction.atomic
def ask(*, case: Case, drafted: Sequence[Draft], by: Staff, at: datetime) -> list[Takedown]:
    """Request what was drafted, platform by platform; all of it or, when one can't leave, none.

    Raises as `actions.request_takedown`.
    """
    made: list[Takedown] = []
    for draft in drafted:
        channel = draft.chosen.channel if draft.chosen else None
        made += actions.request_takedown(case=case, links=draft.links, channel=channel, by=by, at=at)
    return made
