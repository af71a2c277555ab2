"""`notices COUNT ADDRESS [SLUG [DUE_IN]]`: that many requests to be sent to the API at ADDRESS, one link each.

Answers nothing. They are due now, or DUE_IN seconds from now.

What `cases.takedowns.actions.request_takedown` would have left, with the same words sealed in the same manner, but
written a thousand at a time.
"""

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import connection, transaction
from django.utils import timezone

from cases.models import Case
from cases.takedowns import notices
from cases.takedowns.actions import default_regimes, notice_language
from cases.takedowns.models import Notice, Takedown
from helpline.accounts import actions as accounts
from helpline.accounts.models import Role, Staff
from helpline.crypto import blind, wrapping
from helpline.crypto.box import Box, settings_box
from helpline.platforms.links import blind_key
from helpline.platforms.models import Channel, ChannelKind, Platform, Regime
from reports import receipts
from reports.models import Link, Report
from reports.states import AgeRange, Kind, LinkStatus, Status, Who
from tests.bench.dispatch import SLUG

AT_ONCE = 1000


def staff(at: datetime) -> Staff:
    """Who asks."""
    found = Staff.objects.filter(username="bench").first()
    return found or accounts.create_staff(
        username="bench",
        display_name="Bench",
        role=Role.objects.get(slug="counsellor"),
        password="lamp-left-on-at-night",
        by=None,
        at=at,
    )


def channel(address: str, *, by: Staff, at: datetime, slug: str = SLUG) -> Channel:
    """The platform's API, as the simulator knows it."""
    platform, _ = Platform.objects.get_or_create(
        slug=slug, defaults={"name": slug.title(), "domains": [f"{slug}.example"]}
    )
    found = Channel.objects.filter(slug=slug).first() or Channel(platform=platform, slug=slug)
    found.kind = ChannelKind.EMAIL if "@" in address else ChannelKind.HTTP_API
    found.address, found.languages = address, ["en", "fr"]
    found.regimes, found.enabled = [Regime.EU_DSA_16], True
    found.max_in_flight = 1000  # this platform takes all that one worker can send
    found.approved_at, found.approved_by = at, by
    found.save()
    box = settings_box()
    found.token_sealed = box.seal(found, "token_sealed", f"token-{slug}")
    found.outbound_secret_sealed = box.seal(found, "outbound_secret_sealed", f"out-secret-{slug}")
    found.inbound_secret_sealed = box.seal(found, "inbound_secret_sealed", f"in-secret-{slug}")
    found.save()
    return found


def told(
    count: int, to: Channel, *, by: Staff, at: datetime, due_at: datetime
) -> Iterator[tuple[Report, Link, Case, Notice, Takedown]]:
    """So many reports, each opened as a case and with one request that waits to be sent."""
    regimes, language = default_regimes(to), notice_language(to)
    for _ in range(count):
        key, code = wrapping.new_data_key(), receipts.new_code()
        box = Box(key)
        report = Report(
            id=uuid4(),
            status=Status.IN_CASE,
            channel="web",
            language="fr",
            who=Who.SELF,
            age_range=AgeRange.FROM_15,
            kind=Kind.DEEPNUDE,
            submitted_at=at,
            last_contact_at=at,
            locator=blind.locator(code),
        )
        report.code_key = wrapping.wrap_for_code(key, code=code, about=report.about)
        report.story = box.seal(report, "story", "A made-up picture of me is going round.")
        report._prefetched_objects_cache = {"fingerprints": []}  # type: ignore[attr-defined]  # none: no query
        link = Link(
            report=report,
            position=1,
            platform_id=to.platform_id,
            kind="post",
            status=LinkStatus.IN_PROGRESS,
            status_at=at,
            added_at=at,
        )
        url = f"https://{to.slug}.example/p/{link.pk.hex}"
        link.url, link.url_index = box.seal(link, "url", url), blind.index("url", blind_key(url))
        case = Case(report=report, assignee=by, opened_at=at, opened_by=by, changed_at=at)
        case.key = wrapping.wrap_for_desk(key, about=case.about)
        notice = Notice(
            channel=to, regimes=regimes, language=language, requested_by=by, requested_at=at, due_at=due_at
        )
        takedown = Takedown(
            notice=notice, case=case, link=link, platform_id=to.platform_id, status_at=at, requested_at=at
        )
        content = notices.build(
            notice=notice, channel=to, report=report, box=box, links=[(str(takedown.pk), link)]
        )
        notice_key = wrapping.new_data_key()
        notice.key = wrapping.wrap_for_desk(notice_key, about=notice.about)
        notice.content = Box(notice_key).seal(notice, "content", notices.to_json(content))
        yield report, link, case, notice, takedown


def main(count: int, address: str, slug: str = SLUG, due_in: float | str = 0.0) -> None:
    at = timezone.now()
    due_at = at + timedelta(seconds=float(due_in))
    by = staff(at)
    to = channel(address, by=by, at=at, slug=slug)
    left = count
    while left > 0:
        rows = list(told(min(left, AT_ONCE), to, by=by, at=at, due_at=due_at))
        reports, links, cases, asked, takedowns = zip(*rows, strict=True)
        with transaction.atomic():
            Report.objects.bulk_create(reports)
            Link.objects.bulk_create(links)
            Case.objects.bulk_create(cases)
            Notice.objects.bulk_create(asked)
            for takedown in takedowns:
                takedown.case = takedown.case  # its number is known only now
            Takedown.objects.bulk_create(takedowns)
        left -= len(rows)
    with connection.cursor() as cursor:
        cursor.execute(
            "VACUUM ANALYZE"
        )  # what the server would do by itself a minute later, in the middle of a round


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
