"""Every figure equals what a plain reading of the history says, over random histories."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.dashboards import metrics
from cases.dashboards.bins import BARS
from cases.dashboards.figures import Counts, Figures
from cases.dashboards.folding import fold
from cases.dashboards.metrics import STAYED
from cases.models import Case, QueueItem
from cases.takedowns import actions
from cases.takedowns.models import Event, Takedown
from cases.takedowns.states import SAID_REMOVED, Outcome, Source, Status
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from reports.actions import LinkFacts
from reports.models import Link, Report
from reports.states import Circumstance
from tests.cases.dashboards import plain
from tests.cases.takedowns.standing import standing
from tests.cast import NOON

OpenCase = Callable[..., Case]
pytestmark = pytest.mark.django_db

SINCE, UNTIL = NOON - timedelta(days=90), NOON
PARIS = ZoneInfo("Europe/Paris")
SAYS_REMOVED = {status.value for status in SAID_REMOVED}


def figures(*, now: datetime = NOON, **asked: Any) -> Figures:
    """As they are once everything up to `now` is in."""
    while fold(now=now):
        pass
    return metrics.figures(**asked)


# --- a plain reading --------------------------------------------------------------------------------------


@dataclass
class History:
    """One takedown as its story goes: what was learned, in the order it happened."""

    platform: str
    requested_at: datetime
    sent_at: datetime | None = None
    learned: list[tuple[datetime, str]] = field(default_factory=list)
    is_withdrawn: bool = False
    now: datetime = NOON

    @property
    def key(self) -> int:
        return id(self)

    @property
    def acted_at(self) -> datetime | None:
        acted = [at for at, what in self.learned if what in SAYS_REMOVED or what == Outcome.SEEN_GONE]
        return min(acted) if acted else None

    @property
    def says(self) -> str:
        words = [what for _at, what in self.learned if what not in {Outcome.SEEN_GONE, Outcome.SEEN_THERE}]
        return words[-1] if words else ""

    @property
    def gone_since(self) -> datetime | None:
        since = None
        for at, what in self.learned:
            if what == Outcome.SEEN_GONE and since is None:
                since = at
            if what == Outcome.SEEN_THERE:
                since = None
        return since

    @property
    def first_gone(self) -> datetime | None:
        return next((at for at, what in self.learned if what == Outcome.SEEN_GONE), None)

    @property
    def stayed(self) -> bool:
        looks = [(at, what) for at, what in self.learned if what in {Outcome.SEEN_GONE, Outcome.SEEN_THERE}]
        return self.gone_since is not None and looks[-1][0] >= self.gone_since + STAYED

    @property
    def came_back(self) -> bool:
        # In the order it was learned: two looks may bear the same moment.
        words = [what for _at, what in self.learned]
        return Outcome.SEEN_THERE in words[words.index(Outcome.SEEN_GONE) :] if self.first_gone else False


def plainly(histories: Sequence[History], *, since: datetime, until: datetime) -> Counts:
    """The same figures, one by one, without SQL, judged at NOON: each is an item and a notice of its own."""
    asked = [one for one in histories if since <= one.requested_at < until]
    own = {one.key for one in asked}
    return plain.counts(asked, (own, own))


# --- random histories, written by the actions -------------------------------------------------------------

WORDS = [
    Outcome.ACKNOWLEDGED,
    Outcome.UNDER_REVIEW,
    Outcome.REMOVED,
    Outcome.REMOVED,
    Outcome.PARTLY_REMOVED,
    Outcome.DISABLED,
    Outcome.ALREADY_GONE,
    Outcome.REFUSED,
    Outcome.MORE_INFORMATION,
    Outcome.NOT_FOUND,
    Outcome.SEEN_GONE,
    Outcome.SEEN_GONE,
    Outcome.SEEN_THERE,
]


def live(rng: random.Random, case: Case, link: Link, by: Staff) -> History:
    """Ask for `link`, and let things happen to it."""
    history = History(link.platform.slug, NOON - timedelta(days=rng.uniform(0, 110)))
    takedown = standing(
        rng.choice([Status.QUEUED, Status.CANCELLED, Status.FAILED, *[Status.SENT] * 12]),
        case=case,
        by=by,
        at=history.requested_at,
        link=link,
    )
    if takedown.status != Status.SENT:
        return history
    history.sent_at = at = takedown.sent_at
    assert at is not None
    for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 4, 6])):
        at += timedelta(seconds=rng.choice([0, 1, 40, 300, 7200, 86_400, 20 * 86_400]) * rng.random())
        outcome = rng.choice(WORDS)
        seen = outcome in {Outcome.SEEN_GONE, Outcome.SEEN_THERE}
        source = Source.RECHECK if seen else Source.CALLBACK
        actions.record_outcome(takedown=takedown, outcome=outcome, source=source, at=at, recorded_at=at)
        history.learned.append((at, outcome.value))
    if history.gone_since is not None and rng.random() < 0.6:
        at = history.gone_since + timedelta(days=rng.choice([29, 30, 31]))
        actions.record_outcome(
            takedown=takedown, outcome=Outcome.SEEN_GONE, source=Source.RECHECK, at=at, recorded_at=at
        )
        history.learned.append((at, Outcome.SEEN_GONE.value))
    if rng.random() < 0.1:
        takedown.move(Status.WITHDRAWN, at=at)
        takedown.save()
        history.is_withdrawn = True
        if rng.random() < 0.5:  # the platform goes on with it
            actions.record_outcome(
                takedown=takedown, outcome=Outcome.REMOVED, source=Source.CALLBACK, at=at, recorded_at=at
            )
            history.learned.append((at, Outcome.REMOVED.value))
    return history


@pytest.mark.parametrize("seed", range(4))
def test_every_figure_equals_a_plain_reading(
    seed: int, open_case: OpenCase, nour: Staff, chatter: Platform, pixboard: Platform
) -> None:
    rng = random.Random(seed)
    case = open_case(
        links=tuple(
            LinkFacts(url=f"https://{rng.choice(['chatter', 'pixboard'])}.example/p/{number}")
            for number in range(45)
        )
    )
    histories = [live(rng, case, link, nour) for link in case.report.links.select_related("platform")]

    found = figures(since=SINCE, until=UNTIL)

    assert found.overall == plain.approximately(plainly(histories, since=SINCE, until=UNTIL))
    asked = [one for one in histories if SINCE <= one.requested_at < UNTIL]
    assert found.some == plain.some(asked)
    assert found.some.blocked or found.some.partly
    assert {one.slug for one in found.platforms} <= {"chatter", "pixboard"}
    for one in found.platforms:
        own = [history for history in histories if history.platform == one.slug]
        assert one.counts == plain.approximately(plainly(own, since=SINCE, until=UNTIL))
        alone = figures(since=SINCE, until=UNTIL, platform=one.slug)
        assert alone.overall == one.counts
        assert alone.some == plain.some([history for history in asked if history.platform == one.slug])
    assert_sums(found, histories)
    # A period that ended before is judged by the same moment.
    earlier = NOON - timedelta(days=40)
    assert figures(since=SINCE, until=earlier).overall == plain.approximately(
        plainly(histories, since=SINCE, until=earlier)
    )


def assert_sums(found: Figures, histories: Sequence[History]) -> None:
    """Nothing is counted twice and nothing is lost."""
    one = found.overall
    fates = (
        one.acted_on,
        one.refused,
        one.not_found,
        one.more_information,
        one.under_way,
        one.no_answer,
        one.withdrawn,
    )
    assert sum(fates) == one.sent <= one.total
    assert one.stayed_gone <= one.gone_long_ago <= one.seen_gone <= one.acted_on
    assert sum(bar.count for bar in found.spread) == one.acted_on
    assert sum(point.counts.total for point in found.months) == one.total
    assert sum(point.counts.acted_on for point in found.months) == one.acted_on
    asked = [history for history in histories if SINCE <= history.requested_at < UNTIL]
    firsts = Counter(history.requested_at.astimezone(PARIS).date().replace(day=1) for history in asked)
    assert {point.month: point.counts.total for point in found.months} == firsts
    for bar in found.spread:
        within = [
            history
            for history in asked
            if history.sent_at
            and history.acted_at
            and bar.from_s <= max(0.0, (history.acted_at - history.sent_at).total_seconds())
            and (bar.to_s is None or (history.acted_at - history.sent_at).total_seconds() < bar.to_s)
        ]
        assert bar.count == len(within)


# --- the corners ------------------------------------------------------------------------------------------


def test_nothing_at_all(db: None) -> None:
    found = figures(since=SINCE, until=UNTIL)
    assert found.overall == Counts()
    assert (list(found.platforms), list(found.months)) == ([], [])
    assert [bar.count for bar in found.spread] == [0] * (len(BARS) + 1)


def test_one_row(open_case: OpenCase, nour: Staff, chatter: Platform) -> None:
    standing(Status.REMOVED, case=open_case(), by=nour, at=NOON - timedelta(days=1))
    one = figures(since=SINCE, until=UNTIL).overall
    assert (one.total, one.sent, one.acted_on, one.p50_s, one.p90_s) == (1, 1, 1, 0.0, 0.0)


def test_a_period_holds_its_beginning_and_not_its_end(
    open_case: OpenCase, nour: Staff, chatter: Platform
) -> None:
    standing(Status.SENT, case=open_case(), by=nour, at=NOON)
    assert figures(since=NOON, until=NOON + timedelta(days=1)).overall.total == 1
    assert figures(since=SINCE, until=NOON).overall.total == 0


def test_a_clock_that_runs_behind_makes_no_negative_time(
    open_case: OpenCase, nour: Staff, chatter: Platform
) -> None:
    takedown = standing(Status.SENT, case=open_case(), by=nour, at=NOON - timedelta(hours=1))
    early = NOON - timedelta(hours=2)
    actions.record_outcome(
        takedown=takedown, outcome=Outcome.REMOVED, source=Source.CALLBACK, at=early, recorded_at=NOON
    )
    one = figures(since=SINCE, until=UNTIL).overall
    assert (one.acted_on, one.p50_s) == (1, 0.0)


def test_what_came_back_stays_in_the_denominator(open_case: OpenCase, nour: Staff, chatter: Platform) -> None:
    for status in (Status.GONE, Status.REAPPEARED):
        row = standing(status, case=open_case(), by=nour, at=NOON - timedelta(days=60))
        if status == Status.GONE:
            actions.record_outcome(
                takedown=row, outcome=Outcome.SEEN_GONE, source=Source.RECHECK, at=NOON, recorded_at=NOON
            )
    one = figures(since=SINCE, until=UNTIL).overall
    assert (one.sent, one.acted_on, one.seen_gone, one.gone_long_ago, one.stayed_gone) == (2, 2, 2, 2, 1)


def test_a_reminder_is_a_step_of_the_same_takedown(
    open_case: OpenCase, nour: Staff, chatter: Platform
) -> None:
    links = tuple(LinkFacts(url=f"https://chatter.example/p/{number}") for number in (1, 2))
    case = open_case(links=links)
    first, second = case.report.links.order_by("position")
    asked = standing(Status.NO_ANSWER, case=case, by=nour, at=NOON - timedelta(days=2), link=first)
    reminder = standing(Status.REMOVED, case=case, by=nour, at=NOON - timedelta(days=1), link=second)
    assert figures(since=SINCE, until=UNTIL).overall.total == 2
    Takedown.objects.filter(pk=reminder.pk).update(escalates=asked, link=first)
    found = figures(since=SINCE, until=UNTIL)
    assert (found.overall.total, found.overall.acted_on, found.overall.no_answer) == (1, 0, 1)
    assert sum(point.counts.total for point in found.months) == 1


def test_the_worst_platform_comes_first(
    open_case: OpenCase, nour: Staff, chatter: Platform, pixboard: Platform
) -> None:
    for number, status in enumerate([Status.REMOVED] * 3 + [Status.REFUSED]):
        case = open_case(links=(LinkFacts(url=f"https://chatter.example/p/{number}"),))
        standing(status, case=case, by=nour, at=NOON - timedelta(days=1))
    for number in range(2):
        case = open_case(links=(LinkFacts(url=f"https://pixboard.example/p/{number}"),))
        standing(Status.REFUSED, case=case, by=nour, at=NOON - timedelta(days=1))

    found = figures(since=SINCE, until=UNTIL)

    assert [(one.slug, one.counts.left_up) for one in found.platforms] == [("pixboard", 2), ("chatter", 1)]


def test_an_unknown_platform_is_said(db: None) -> None:
    with pytest.raises(Platform.DoesNotExist):
        figures(since=SINCE, until=UNTIL, platform="nowhere")


def test_the_cost_does_not_grow_with_the_number_of_platforms_or_takedowns(
    open_case: OpenCase, nour: Staff, chatter: Platform, pixboard: Platform
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            metrics.figures(since=SINCE, until=UNTIL)
        return len(asked)

    standing(Status.GONE, case=open_case(), by=nour, at=NOON - timedelta(days=1))
    few = cost()
    for number in range(5):
        case = open_case(links=(LinkFacts(url=f"https://pixboard.example/p/{number}"),))
        standing(Status.GONE, case=case, by=nour, at=NOON - timedelta(days=1))
    assert cost() == few


def test_the_shape_of_the_api(open_case: OpenCase, nour: Staff, chatter: Platform) -> None:
    standing(Status.GONE, case=open_case(), by=nour, at=NOON - timedelta(days=1))

    said = figures(since=SINCE, until=UNTIL, platform="chatter").as_dict()

    assert set(said) == {"takedowns", "time_to_action_s", "platforms", "period", "as_of", "months"}
    assert said["as_of"] == NOON.isoformat()
    assert {"total", "sent", "acted_on", "said_removed", "seen_gone", "stayed_gone"} <= set(said["takedowns"])
    assert said["time_to_action_s"] == {"p50": 0.0, "p90": 0.0}
    assert said["period"] == {"since": SINCE.isoformat(), "until": UNTIL.isoformat(), "platform": "chatter"}
    assert [one["slug"] for one in said["platforms"]] == ["chatter"]
    # Some is not all: beside all of the period, and nowhere else.
    assert (said["takedowns"]["blocked"], said["takedowns"]["partly"]) == (0, 0)
    assert "partly" not in said["platforms"][0]["takedowns"]


def test_statistics_survive_erasure(open_case: OpenCase, nour: Staff, chatter: Platform) -> None:
    from cases import actions as casework
    from reports import actions as reports

    case = open_case()
    standing(Status.GONE, case=case, by=nour, at=NOON - timedelta(days=1))
    before = figures(since=SINCE, until=UNTIL)

    reports.erase_report(report=case.report, by="young-person", at=NOON)
    casework.follow_erasures(at=NOON)
    actions.follow_withdrawals(at=NOON)

    assert figures(since=SINCE, until=UNTIL) == before


def test_what_came_back_before_we_saw_it_gone_did_not_come_back_here(
    open_case: OpenCase, nour: Staff, chatter: Platform
) -> None:
    """A request that is shared brings along what was known of the first one."""
    takedown = standing(Status.REMOVED, case=open_case(), by=nour, at=NOON - timedelta(days=5))
    Takedown.objects.update(reappeared_at=NOON - timedelta(days=3))
    at = NOON - timedelta(days=2)
    actions.record_outcome(
        takedown=takedown, outcome=Outcome.SEEN_GONE, source=Source.RECHECK, at=at, recorded_at=at
    )

    found = figures(since=SINCE, until=UNTIL).overall
    assert (found.seen_gone, found.reappeared) == (1, 0)


def test_what_was_shared_stays_one_item_when_one_of_them_erases(
    open_case: OpenCase, nour: Staff, chatter: Platform
) -> None:
    from cases import actions as casework
    from reports import actions as reports

    first = standing(Status.SENT, case=open_case(), by=nour, at=NOON - timedelta(days=1))
    later = open_case()
    links = list(later.report.links.all())
    [second] = actions.request_takedown(case=later, links=links, by=nour, at=NOON - timedelta(hours=1))
    assert second.item == first.item
    before = figures(since=SINCE, until=UNTIL)
    assert (before.overall.total, before.overall.items) == (2, 1)

    reports.erase_report(report=later.report, by="young-person", at=NOON)
    casework.follow_erasures(at=NOON)
    actions.follow_withdrawals(at=NOON)

    second.refresh_from_db()
    assert second.item_id is None
    now = figures(since=SINCE, until=UNTIL)
    assert (now.overall.total, now.overall.items, now.overall.notices) == (2, 1, 1)


def test_what_waits_now(
    tell: Callable[..., tuple[Report, str]],
    open_case: OpenCase,
    nour: Staff,
    chatter: Platform,
    snaproom: Platform,
) -> None:
    from cases import queue

    tell(at=NOON - timedelta(hours=3))
    tell(at=NOON, circumstances=(Circumstance.IN_DANGER,))
    queue.add_new_reports(at=NOON)
    standing(Status.UNKNOWN, case=open_case(), by=nour, at=NOON)
    form = open_case(links=(LinkFacts(url="https://snaproom.example/p/1"),))
    standing(Status.TO_FILE, case=form, by=nour, at=NOON)

    now = metrics.waiting_now()

    assert (now.reports, now.in_danger, now.to_file, now.unknown) == (2, 1, 1, 1)
    assert now.oldest_at == NOON - timedelta(hours=3)
    assert QueueItem.objects.count() == 4
    assert Takedown.objects.count() == 2
    assert Event.objects.exists()
