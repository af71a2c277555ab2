"""Asking for removals, seen from the desk: what would leave, shown before it leaves; then all of that or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases import words
from cases.models import Case
from cases.takedowns import actions, choosing, linting, notices, sharing
from cases.takedowns.connectors import connector
from cases.takedowns.connectors.text import subject, text
from cases.takedowns.models import Notice, Takedown
from cases.takedowns.notices import Finding
from cases.takedowns.placing import placed
from helpline.accounts.models import Staff
from helpline.platforms.models import Channel, ChannelWarning, Platform, Regime
from reports.models import Link

NUMBER_TO_COME = "…"  # a notice gets its number when it leaves

# When to take which law, in a line.
LAWS: Mapping[str, Promise | str] = {
    Regime.EU_DSA_16: _("The usual way. It holds for every platform that has users in the European Union."),
    Regime.US_TAKE_IT_DOWN: _(
        "For platforms under the law of the United States: they have 48 hours. We sign it, so somebody allows us first."
    ),
    Regime.FR_LCEN: _("For hosts in France. It names the articles of the French Penal Code."),
}


@dataclass(frozen=True, slots=True)
class Law:
    """A law under which the notice can be written."""

    code: str
    is_chosen: bool

    @property
    def label(self) -> str:
        """Its name."""
        return str(Regime(self.code).label)

    @property
    def line(self) -> str:
        """When to take it."""
        return str(LAWS[self.code])


def under(channel: Channel, law: str) -> tuple[list[str], list[Law]]:
    """The law to write under on this channel – `law`, where it takes that, else its usual one – among all that it takes."""
    taken = channel.regimes or Regime.values
    regimes = [law] if law in taken else actions.default_regimes(channel)
    return regimes, [Law(one, one == regimes[0]) for one in Regime.values if one in taken]


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
    warned: Sequence[Finding] = ()  # what a person should look at
    facts: str = ""  # what a colleague adds for the platform
    hosts: Sequence[str] = ()  # of links on a site that the directory does not know
    regimes: Sequence[str] = ()  # the law it is written under; a notice can name several
    laws: Sequence[Law] = ()  # what the channel takes

    @property
    def law(self) -> Law | None:
        """The one it is written under, where there is a choice."""
        return next((one for one in self.laws if one.is_chosen), None) if len(self.laws) > 1 else None

    @property
    def needs_mandate(self) -> bool:
        """Is all that is missing that somebody allows us to sign, or that among other things?"""
        return any(finding.code == "no_signature" for finding in self.findings)

    @property
    def may_leave(self) -> bool:
        """Is there a channel, and nothing that stops the notice?"""
        return self.chosen is not None and not self.findings


def drafts(
    *,
    case: Case,
    links: Sequence[Link],
    channels: Mapping[str, str],
    at: datetime,
    facts: Mapping[str, str] | None = None,
    laws: Mapping[str, str] | None = None,
) -> list[Draft]:
    """A draft a platform. `channels` maps a platform's slug to the chosen channel's; the best one where it is silent. `laws`
    maps it to the law to write under; the channel's usual one where it is silent, or does not take that.

    Nothing is written, but the platform of a link whose site the directory knows by now. Raises WrongKey once the case is
    erased.
    """
    links = placed(case=case, links_of_case=links, at=at)
    groups: dict[int, list[Link]] = {}
    for link in links:
        groups.setdefault(link.platform_id, []).append(link)
    usable: dict[int, list[Channel]] = {}
    for channel in Channel.objects.in_use().with_platform().filter(platform__in=groups):
        usable.setdefault(channel.platform_id, []).append(channel)
    return [
        _draft(
            case,
            group,
            choosing.ranked(usable.get(platform_id, []), items=len(group), at=at),
            channels.get(group[0].platform.slug, ""),
            facts=(facts or {}).get(group[0].platform.slug, ""),
            law=(laws or {}).get(group[0].platform.slug, ""),
            at=at,
        )
        for platform_id, group in groups.items()
    ]


def _draft(
    case: Case,
    links: Sequence[Link],
    usable: Sequence[Channel],
    chosen: str,
    *,
    facts: str,
    law: str,
    at: datetime,
) -> Draft:
    platform = links[0].platform
    options = [Option(channel, channel.warnings(at), connector(channel.kind).by_hand) for channel in usable]
    option = next((one for one in options if one.channel.slug == chosen), options[0] if options else None)
    box = case.box()
    hosts = sorted({words.host(box.open(link, "url")) for link in links} - {""}) if platform.is_other else []
    if option is None:
        return Draft(platform, links, options, None, hosts=hosts, facts=facts)
    regimes, laws = under(option.channel, law)
    notice = Notice(
        channel=option.channel,
        regimes=regimes,
        language=actions.notice_language(option.channel),
    )
    content = notices.build(
        notice=notice,
        channel=option.channel,
        report=case.report,
        box=box,
        links=[(str(uuid4()), link) for link in links],
        facts=facts,
    )
    findings, warned = linting.read(
        content, channel=option.channel, private=[notices.private_facts(case)], in_several=True
    )
    shown = replace(content, notice_id=NUMBER_TO_COME)
    return Draft(
        platform=platform,
        links=links,
        options=options,
        chosen=option,
        subject=subject(shown),
        text=text(shown),
        findings=findings,
        warned=warned,
        facts=facts,
        hosts=hosts,
        regimes=regimes,
        laws=laws,
    )


@transaction.atomic
def ask(
    *, case: Case, drafted: Sequence[Draft], by: Staff, at: datetime, keep_draft: bool = False
) -> list[Takedown]:
    """Request what was drafted, platform by platform; all of it or, when one can't leave, none.

    With `keep_draft` what would not hold is kept, to be mended. Raises as `actions.request_takedown`.
    """
    # Everything of all platforms first: colleagues who ask for the same in another order wait for each other in none.
    wanted = [link for draft in drafted for link in draft.links]
    sharing.lock_contents(wanted)
    actions.lock_all([one.pk for one in sharing.running(wanted, besides=case).values()])
    made: list[Takedown] = []
    for draft in drafted:
        channel = draft.chosen.channel if draft.chosen else None
        made += actions.request_takedown(
            case=case,
            links=draft.links,
            channel=channel,
            regimes=draft.regimes,
            by=by,
            at=at,
            keep_draft=keep_draft,
            facts=draft.facts,
        )
    return made
