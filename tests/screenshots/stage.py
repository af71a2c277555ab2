"""Reports that stand at different points, so that the page that follows them can be seen there."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from helpline.platforms.models import Platform
from reports import actions, receipts
from reports.actions import LinkFacts, Submission
from reports.models import Link, Report
from reports.states import AgeRange, Kind, News, Who

LINKS = ("https://chatter.example/p/1", "https://pictures.example/gallery/7/album/summer-42")
# How far each report has come: what was learned of its first link, hour by hour.
STATES: dict[str, tuple[News, ...]] = {
    "new": (),
    "at-work": (News.IN_PROGRESS, News.SENT, News.UNDER_REVIEW),
    "gone": (News.IN_PROGRESS, News.SENT, News.SAID_REMOVED, News.GONE),
    "refused": (News.IN_PROGRESS, News.SENT, News.REFUSED),
    "back": (News.IN_PROGRESS, News.SENT, News.GONE, News.REAPPEARED),
    "closed": (News.IN_PROGRESS, News.SENT, News.GONE),
}


def set_up(languages: list[str]) -> dict[str, dict[str, str]]:
    """Make them for each language. The codes, by language and state."""
    Platform.objects.get_or_create(
        slug="chatter", defaults={"name": "Chatter", "domains": ["chatter.example"]}
    )
    return {language: {state: _report(state, language) for state in STATES} for language in languages}


def _report(state: str, language: str) -> str:
    code = receipts.new_code()
    at = timezone.now() - timedelta(hours=30)
    submission = Submission(
        language=language,
        who=Who.SELF,
        age_range=AgeRange.FROM_13,
        kind=Kind.DEEPNUDE,
        links=tuple(LinkFacts(url=url) for url in LINKS),
    )
    report = actions.submit_report(submission=submission, code=code, at=at)
    link = report.links.order_by("position")[0]
    if STATES[state]:
        actions.post_update(report_id=report.pk, what=News.OPENED, at=at + timedelta(hours=1))
    for hour, what in enumerate(STATES[state], start=2):
        _tell(report, link, what, at=at + timedelta(hours=hour))
    if state == "closed":
        actions.post_update(report_id=report.pk, what=News.CLOSED, at=at + timedelta(hours=20))
    if state == "at-work":
        _talk(report, code, at=at + timedelta(hours=6))
    return code


def _tell(report: Report, link: Link, what: News, *, at: datetime) -> None:
    data: dict[str, Any] = {"platform": "Chatter"}
    if what in {News.SENT, News.GONE}:
        data["next_look"] = (timezone.now() + timedelta(days=1)).isoformat()
    if what == News.REFUSED:
        data["until"] = (timezone.now() + timedelta(days=180)).date().isoformat()
    actions.post_update(report_id=report.pk, link_id=link.pk, what=what, at=at, data=data)


def _talk(report: Report, code: str, *, at: datetime) -> None:
    box = report.box_for_code(code)
    actions.send_message(report=report, box=box, text="Is it gone soon? – Bientôt ?", by=None, at=at)
