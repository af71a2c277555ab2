"""The tallies follow the rows, whatever is done to them: every figure equals a plain reading after every fold."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from cases.dashboards import folding, metrics, tasks
from cases.dashboards.figures import MEASURES, Counts, Figures, Slice
from cases.dashboards.folding import differences, fold, misplaced, rebuild, tallies
from cases.dashboards.listed import FIGURES, SOURCES
from cases.dashboards.models import LastFold, ReportFact, Stale, TakedownFact
from cases.ladder.models import Redress, Step
from cases.ladder.states import DECIDED, RedressState, Rung, StepOutcome, StepState
from cases.ladder.states import Kind as RedressKind
from cases.models import Case
from cases.takedowns import actions, recheck
from cases.takedowns.models import Event, Notice, Takedown
from cases.takedowns.seeing import Look, Seen, Why
from cases.takedowns.states import Outcome, Result, Source, Status
from helpline.accounts.models import Staff
from helpline.platforms import directory
from helpline.platforms.models import Channel, ChannelKind, Platform
from reports import actions as reporting
from reports.actions import LinkFacts
from reports.models import Report
from reports.states import AgeRange, Circumstance, Kind, Who
from reports.states import Channel as CameBy
from tests.cases.dashboards import plain
from tests.cases.takedowns.standing import standing
from tests.cast import NOON, make_platform

OpenCase = Callable[..., Case]
PARIS = ZoneInfo("Europe/Paris")
pytestmark = pytest.mark.django_db


def fold_all(now: datetime, *, limit: int = folding.LIMIT) -> None:
    while fold(now=now, limit=limit):
        pass


# --- random lives -----------------------------------------------------------------------------------------


class World:
    """A helpline in which anything may happen to any row, by the actions or past them."""

    def __init__(self, rng: random.Random, open_case: OpenCase, by: Staff, platforms: list[Platform]) -> None:
        self.rng, self.open_case, self.by, self.platforms = rng, open_case, by, platforms
        self.now = NOON
        self.with_school: set[Any] = set()
        self.items: dict[UUID, UUID] = {}  # of what was erased
        self.numbers = 0
        self.listed: set[tuple[str, str]] = set()  # figures and slices whose lists were counted

    def takedown(self) -> Takedown:
        return self.rng.choice(list(Takedown.objects.order_by("pk")))

    def set(self, **changes: Any) -> None:
        Takedown.objects.filter(pk=self.takedown().pk).update(**changes)

    def some_time(self) -> datetime:
        return self.now - timedelta(days=self.rng.choice([0, 1, 29, 30, 31, 70]) * self.rng.random())

    # What may happen.

    def somebody_reports(self) -> None:
        links = []
        directory.forget()
        open_ones = Platform.objects.filter(
            pk__in=[one.pk for one in self.platforms], merged_into=None
        ).order_by("pk")
        slugs = [one.slug for one in open_ones]
        for _link in range(self.rng.randint(1, 4)):
            self.numbers += 1
            links.append(LinkFacts(url=f"https://{self.rng.choice(slugs)}.example/p/{self.numbers}"))
        case = self.open_case(
            at=self.some_time(),
            links=tuple(links),
            kind=self.rng.choice(list(Kind)),
            age_range=self.rng.choice(list(AgeRange)),
            circumstances=tuple(self.rng.sample(list(Circumstance), self.rng.randint(0, 3))),
            school=self.rng.choice(["", "Collège des Tilleuls"]),
        )
        if case.report.school:
            self.with_school.add(case.report_id)
        at = self.some_time()
        states = [Status.QUEUED, Status.CANCELLED, Status.UNKNOWN, Status.SENT, Status.REFUSED, Status.GONE]
        for link in case.report.links.order_by("position"):
            standing(self.rng.choice(states), case=case, by=self.by, at=at, link=link)

    def something_is_learned(self) -> None:
        outcome = self.rng.choice(list(Outcome))
        at = self.some_time()
        actions.record_outcome(
            takedown=self.takedown(), outcome=outcome, source=Source.RECHECK, at=at, recorded_at=self.now
        )

    def it_comes_back(self) -> None:
        self.set(gone_at=None, reappeared_at=self.some_time(), status=Status.REAPPEARED)

    def it_is_gone_again(self) -> None:
        row, at = self.takedown(), self.some_time()
        Takedown.objects.filter(pk=row.pk).update(
            gone_at=at, acted_at=at, status=Status.GONE, observed=Outcome.SEEN_GONE, observed_at=at
        )
        Event.objects.create(takedown=row, at=at, recorded_at=at, source=Source.RECHECK, what="seen_gone")

    def it_is_looked_at_again(self) -> None:
        seen = Takedown.objects.exclude(observed="")
        seen.filter(pk__in=[self.takedown().pk for _one in range(3)]).update(observed_at=self.now)

    def it_comes_back_undelivered(self) -> None:
        status = self.rng.choice([Status.FAILED, Status.QUEUED])  # and is tried again
        self.set(status=status, transport=Result.REFUSED, transport_at=self.now)

    def it_is_opened_again(self) -> None:
        self.set(status=Status.SENT, acted_at=None, platform_says="", platform_at=None, gone_at=None)

    def it_is_withdrawn(self) -> None:
        self.set(status=Status.WITHDRAWN)

    def it_never_left(self) -> None:
        self.set(sent_at=None, status=Status.FAILED)

    def a_clock_ran_behind(self) -> None:
        at = self.some_time()
        self.set(sent_at=at, acted_at=at - timedelta(hours=2), status=Status.REMOVED)

    def its_date_is_corrected(self) -> None:
        self.set(requested_at=self.some_time())

    def it_shares_an_item(self) -> None:
        one, other = self.takedown(), self.takedown()
        Takedown.objects.filter(pk__in=[one.pk, other.pk]).update(item_id=one.item)
        Takedown.objects.filter(pk=other.pk).update(notice=one.notice)

    def it_is_an_item_of_its_own(self) -> None:
        row = self.takedown()
        if row.case.report.status != "erased":
            Takedown.objects.filter(pk=row.pk).update(item_id=None)

    def it_is_a_further_request(self) -> None:
        self.set(escalates=self.takedown())

    def it_is_a_first_request(self) -> None:
        self.set(escalates=None)

    def it_is_of_another_platform(self) -> None:
        self.set(platform=self.rng.choice(self.platforms))

    def its_notice_goes_elsewhere(self) -> None:
        notice = Notice.objects.filter(pk=self.takedown().notice_id)
        channel = self.rng.choice(list(Channel.objects.order_by("pk")))
        notice.update(
            channel=channel, regimes=self.rng.choice([["eu-dsa-16"], ["eu-dsa-16", "us-take-it-down"]])
        )

    def its_report_is_corrected(self) -> None:
        report = Report.objects.filter(pk=self.takedown().case.report_id)
        report.update(kind=self.rng.choice(list(Kind)), age_range=self.rng.choice(list(AgeRange)))

    def platforms_merge(self) -> None:
        one, other = self.rng.sample(self.platforms, 2)
        Platform.objects.filter(pk=one.pk).update(merged_into=None)  # so that no ring comes of it
        if plain.root(Platform.objects.get(pk=other.pk)) != one:
            Platform.objects.filter(pk=one.pk).update(merged_into=other)

    def platforms_part(self) -> None:
        Platform.objects.filter(pk=self.rng.choice(self.platforms).pk).update(merged_into=None)

    def it_is_erased(self) -> None:
        fold_all(self.now)  # what is erased before it was ever read has no school
        shared = Takedown.objects.exclude(item_id=None).exclude(item_id=F("pk")).order_by("pk")
        row = self.rng.choice(list(shared) or [self.takedown()])
        report = row.case.report
        if report.status != "erased":
            reporting.erase_report(report=report, by="young-person", at=self.now)
            rows = Takedown.objects.filter(case__report=report)
            self.items |= {row.pk: row.item for row in rows}
            rows.update(item_id=None)

    def some_steps_are_climbed(self) -> None:
        for _step in range(4):
            self._climb()

    def _climb(self) -> None:
        state = self.rng.choice([StepState.PROPOSED, StepState.DONE, StepState.SKIPPED, StepState.OVER])
        outcome = self.rng.choice(["", *StepOutcome]) if state == StepState.DONE else ""
        at = self.some_time()
        row = self.takedown()
        if not Step.objects.filter(takedown=row).exclude(state=StepState.OVER).exists():
            Step.objects.create(
                takedown=row,
                rung=self.rng.choice(list(Rung)),
                state=state,
                state_at=at,
                due_at=at,
                outcome=outcome,
                outcome_at=at if outcome else None,
            )

    def a_proposal_goes(self) -> None:
        Step.objects.filter(state=StepState.PROPOSED).delete()

    def it_is_contested(self) -> None:
        at = self.some_time()
        state = self.rng.choice(list(RedressState))
        was_filed = state in {RedressState.FILED, *DECIDED}
        Redress.objects.update_or_create(
            takedown=self.takedown(),
            kind=RedressKind.INTERNAL,
            defaults={
                "state": state,
                **{"state_at": at, "opened_at": at, "decision_at": at, "window_until": at.date()},
                **(
                    {"filed_at": at, "filed_by": self.by}
                    if was_filed
                    else {"filed_at": None, "filed_by": None}
                ),
                "decided_at": at if state in DECIDED else None,
            },
        )

    def time_passes(self) -> None:
        self.now += timedelta(days=self.rng.choice([1, 10, 31]) * self.rng.random())

    def a_fold_dies(self) -> None:
        before, marks = tallies(), Stale.objects.count()
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            fold(now=self.now, limit=self.rng.randint(1, 9))
            raise ZeroDivisionError
        assert (tallies(), Stale.objects.count()) == (before, marks)

    def some_is_folded(self) -> None:
        fold(now=self.now, limit=self.rng.randint(1, 9))
        assert (differences(), misplaced()) == (0, 0)


THINGS = [
    getattr(World, name) for name in vars(World) if name.startswith(("some", "it_", "its_", "a_", "plat"))
]
THINGS = [thing for thing in THINGS if thing not in {World.takedown, World.set, World.some_time}]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_every_figure_equals_a_plain_reading(
    seed: int, open_case: OpenCase, nour: Staff, anouk: Staff, chatter: Platform, pixboard: Platform
) -> None:
    third = make_platform("clipboard", ChannelKind.EMAIL, "abuse@clipboard.example", by=anouk)
    world = World(random.Random(seed), open_case, nour, [chatter, pixboard, third])
    for _start in range(4):
        world.somebody_reports()
    for round_number in range(5):
        for thing in world.rng.choices([*THINGS, World.time_passes], k=14):
            thing(world)
        fold_all(world.now, limit=world.rng.choice([1, 7, 5000]))
        assert (differences(), misplaced()) == (0, 0)
        for platform in (None, world.rng.choice(world.platforms).slug):
            since, until = _period(world, round_number)
            check(world, since, until, platform)
    assert world.listed == {(one.name, name) for one in SOURCES for name in (*one.figures, *one.dims, "")}
    before = tallies()
    rebuild(now=world.now)
    assert tallies() == before


def _period(world: World, number: int) -> tuple[datetime, datetime]:
    """By turns: whole months, any moments, a piece of one month."""
    month = world.now.astimezone(PARIS).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if number % 3 == 0:
        return (month - timedelta(days=80)).replace(day=1, hour=0), (month + timedelta(days=32)).replace(
            day=1
        )
    days = 100 if number % 3 == 1 else 9
    return world.now - timedelta(days=days * world.rng.random()), world.now - timedelta(
        hours=world.rng.random()
    )


def check(world: World, since: datetime, until: datetime, platform: str | None) -> None:
    """Each figure of the period."""
    found = metrics.figures(since=since, until=until, platform=platform)
    everything = plain.everything(world.now, items=world.items)
    firsts = plain.firsts(everything)
    target = plain.root(Platform.objects.get(slug=platform)).slug if platform else None
    asked = [one for one in plain.between(everything, since, until) if target in (None, one.platform)]

    def same(counts: Counts, rows: list[plain.Plain]) -> None:
        assert counts == plain.approximately(plain.counts(rows, firsts))

    def sliced(rows: Any, key: Callable[[plain.Plain], list[Any]]) -> None:
        keys = {value for one in asked for value in key(one)}
        assert {name for name, _counts in rows} == keys
        for name, counts in rows:
            same(counts, [one for one in asked if name in key(one)])

    same(found.overall, asked)
    assert found.some == plain.some(asked)
    sliced([(one.slug, one.counts) for one in found.platforms], lambda one: [one.platform])
    sliced([(one.month, one.counts) for one in found.months], lambda one: [one.month])
    sliced([(one.value, one.counts) for one in found.channels], lambda one: [one.row.notice.channel.slug])
    sliced([(one.value, one.counts) for one in found.regimes], lambda one: one.row.notice.regimes)
    sliced([(one.value, one.counts) for one in found.contents], lambda one: [one.content])
    of_platforms = [
        ((one.slug, point.month), point.counts) for one in found.platforms for point in one.months
    ]
    sliced(of_platforms, lambda one: [(one.platform, one.month)])
    for bar in found.spread:
        inside = [one.seconds for one in asked if one.seconds is not None and bar.from_s <= one.seconds]
        assert bar.count == sum(bar.to_s is None or seconds < bar.to_s for seconds in inside)
    _check_steps(found, plain.ladder(since, until, target), plain.redress(since, until, target))
    _check_returns(found, asked)
    if platform is None:
        _check_reports(world, found, since, until)
        _check_providers(since, until, asked, firsts)
    _check_behind(world, found, asked)
    _check_times(found, asked)


def _check_times(found: Figures, asked: list[plain.Plain]) -> None:
    """Each slice's whole distribution, bar by bar, and as many behind each bar."""
    period: dict[str, Any] = {"since": found.since, "until": found.until, "platform": found.platform}
    of_dim: dict[str, tuple[Sequence[Slice], Callable[[plain.Plain], list[str]]]] = {
        "channel": (found.channels, lambda one: [one.row.notice.channel.slug]),
        "regime": (found.regimes, lambda one: one.row.notice.regimes),
        "content": (found.contents, lambda one: [one.content]),
    }
    for dim, (slices, values) in of_dim.items():
        for one in slices:
            times = metrics.times(**period, dim=dim, value=one.value)
            assert times.counts == one.counts
            took = [row.seconds for row in asked if row.seconds is not None and one.value in values(row)]
            for bar in times.spread:
                within = sum(
                    bar.from_s <= seconds and (bar.to_s is None or seconds < bar.to_s) for seconds in took
                )
                assert bar.count == within
                if within:
                    said = {"dim": dim, "value": one.value, "bar": str(bar.from_s)}
                    assert metrics.behind(figure="acted_on", **period, **said).count() == within


def _check_steps(found: Any, steps: Counter[Any], ways: Counter[Any]) -> None:
    assert {(row.month, row.rung, row.state, row.outcome): row.count for row in found.ladder} == steps
    assert {(row.month, row.kind, row.state): row.count for row in found.redress} == ways


def _check_returns(found: Any, asked: list[plain.Plain]) -> None:
    back = [one for one in asked if one.came_back]
    spans = []
    for one in back:
        returned = one.first_back or one.row.reappeared_at
        assert returned is not None and one.first_gone is not None
        spans.append(max(0.0, (returned - one.first_gone).total_seconds()))
    assert found.returns.reappeared == len(back)
    for bar in found.returns.spread:
        assert bar.count == sum(
            bar.from_s <= span and (bar.to_s is None or span < bar.to_s) for span in spans
        )


def _check_reports(world: World, found: Any, since: datetime, until: datetime) -> None:
    rows = plain.reports(since, until)
    volumes = found.reports
    assert volumes.total == len(rows)
    assert volumes.kinds == Counter(row.kind for row in rows)
    assert volumes.age_ranges == Counter(row.age_range for row in rows)
    assert volumes.who == Counter(row.who for row in rows)
    assert volumes.channels == Counter(row.channel for row in rows)
    assert volumes.circumstances == Counter(one for row in rows for one in row.circumstances)
    assert volumes.with_school == sum(row.pk in world.with_school for row in rows)
    times = Counter(
        (local.weekday(), local.hour) for local in (row.submitted_at.astimezone(PARIS) for row in rows)
    )
    assert {
        (day, hour): n for day, line in enumerate(volumes.hours) for hour, n in enumerate(line) if n
    } == times
    assert sum(count for _month, count in volumes.months) == len(rows)


def _check_providers(
    since: datetime, until: datetime, asked: list[plain.Plain], firsts: tuple[set[Any], set[Any]]
) -> None:
    rows = metrics.by_provider(since=since, until=until)
    takedowns = Counter((one.platform, one.content, one.action) for one in asked)
    items = Counter((one.platform, one.content, one.action) for one in asked if one.row.pk in firsts[0])
    assert {(row.slug, f"{row.kind}/{row.age}", row.action): row.takedowns for row in rows} == takedowns
    for row in rows:
        key = (row.slug, f"{row.kind}/{row.age}", row.action)
        assert row.items == items[key]
    assert sum(row.notices for row in rows) == sum(one.row.pk in firsts[1] for one in asked)


def _check_behind(world: World, found: Figures, asked: list[plain.Plain]) -> None:
    """Behind each count stand as many as it says, and those that a plain reading finds."""
    period: dict[str, Any] = {"since": found.since, "until": found.until, "platform": found.platform}
    for figure, dim, value, count in _listed(found):
        ids = metrics.behind(figure=figure, **period, dim=dim, value=value)
        assert ids.count() == count, (figure, dim, value)
        world.listed |= {(FIGURES[figure].name, figure), (FIGURES[figure].name, dim)}
    assert set(metrics.behind(figure="total", **period)) == {one.row.pk for one in asked}
    target = plain.root(Platform.objects.get(slug=found.platform)) if found.platform else None
    done = Step.objects.filter(state=StepState.DONE, state_at__gte=found.since, state_at__lt=found.until)
    own = {one.pk for one in done if target in (None, plain.root(one.takedown.platform))}
    assert set(metrics.behind(figure="steps", **period)) == own
    if found.reports is not None:
        reports = plain.reports(found.since, found.until)
        assert set(metrics.behind(figure="reports", **period)) == {one.pk for one in reports}
        named = {one.pk for one in reports if one.pk in world.with_school}
        assert set(metrics.behind(figure="school_named", **period)) == named


def _listed(found: Figures) -> Iterator[tuple[str, str, str, int]]:
    """Every count with a list behind it: figure, slice, value, and how many the figures say."""
    for name in (*MEASURES, "left_up", "unsent"):
        yield name, "", "", getattr(found.overall, name)
    for name in ("blocked", "partly"):
        yield name, "", "", getattr(found.some, name)
    for dim in ("channel", "regime", "content"):
        for one in getattr(found, f"{dim}s"):
            yield "acted_on", dim, one.value, one.counts.acted_on
            yield "left_up", dim, one.value, one.counts.left_up
    for bar in found.spread:
        yield "acted_on", "bar", str(bar.from_s), bar.count
    for bar in found.returns.spread:
        yield "reappeared", "back", str(bar.from_s), bar.count
    if found.platform is None:
        actions_of = Counter[str]()
        for row in metrics.by_provider(since=found.since, until=found.until):
            actions_of[f"{row.kind}/{row.age}/{row.action}"] += row.takedowns
        for value, count in actions_of.items():
            yield "total", "action", value, count
    for name, ends in plain.STEPS.items():
        steps = [row for row in found.ladder if (row.state, row.outcome) in ends]
        yield name, "", "", sum(row.count for row in steps)
        for rung in Rung.values:
            yield name, "rung", rung, sum(row.count for row in steps if row.rung == rung)
    for name, states in plain.REDRESS.items():
        yield name, "", "", sum(row.count for row in found.redress if row.state in states)
    if (told := found.reports) is None:
        return
    yield "reports", "", "", told.total
    yield "school_named", "", "", told.with_school
    for name in ("blackmail", "school"):
        yield name, "", "", told.circumstances.get(name, 0)
    of_reports = (
        ("kind", Kind, told.kinds),
        ("age", AgeRange, told.age_ranges),
        ("who", Who, told.who),
        ("came-by", CameBy, told.channels),
        ("circumstance", Circumstance, told.circumstances),
    )
    for dim, values, counts in of_reports:
        for value in values:
            yield "reports", dim, value.value, counts.get(value.value, 0)
    for day, hours in enumerate(told.hours):
        yield "reports", "weekday", str(day), sum(hours)
        for hour, count in enumerate(hours):
            if count:
                yield "reports", "hour", f"{day}-{hour}", count
    for hour in range(24):
        yield "reports", "clock", str(hour), sum(hours[hour] for hours in told.hours)


# --- the promises -----------------------------------------------------------------------------------------


@pytest.fixture
def asked(open_case: OpenCase, nour: Staff, chatter: Platform) -> Takedown:
    """A request seen gone at NOON, and in the figures."""
    takedown = standing(Status.GONE, case=open_case(), by=nour, at=NOON)
    fold_all(NOON)
    return takedown


def overall(**changes: Any) -> Counts:
    found = metrics.figures(since=NOON - timedelta(days=1), until=NOON + timedelta(days=1), **changes)
    return found.overall


def test_a_change_shows_after_one_fold_and_beat_folds_often_enough(asked: Takedown) -> None:
    assert (overall().acted_on, overall().reappeared) == (1, 0)
    actions.record_outcome(
        takedown=asked, outcome=Outcome.SEEN_THERE, source=Source.RECHECK, at=NOON, recorded_at=NOON
    )
    assert overall().reappeared == 0
    tasks.fold()
    assert overall().reappeared == 1
    [entry] = [one for one in settings.CELERY_BEAT_SCHEDULE.values() if one["task"] == tasks.fold.name]
    assert entry["schedule"] <= timedelta(seconds=20)


def learn(row: Takedown, outcome: Outcome, *, at: datetime) -> None:
    actions.record_outcome(takedown=row, outcome=outcome, source=Source.RECHECK, at=at, recorded_at=at)


def test_what_stayed_gone_was_looked_at_when_its_day_came(asked: Takedown) -> None:
    day = NOON + metrics.STAYED
    recheck.record_look(takedown_id=asked.pk, seen=Look(Seen.GONE), at=day - timedelta(seconds=1))
    assert not Stale.objects.exists()  # one more look is no change
    fold_all(day + timedelta(days=70))
    assert (overall().gone_long_ago, overall().stayed_gone) == (0, 0)  # nobody has looked
    recheck.record_look(takedown_id=asked.pk, seen=Look(Seen.UNCLEAR, why=Why.TROUBLE), at=day)
    fold_all(day)
    assert (overall().gone_long_ago, overall().stayed_gone) == (0, 0)
    recheck.record_look(takedown_id=asked.pk, seen=Look(Seen.GONE), at=day)
    assert Stale.objects.count() == 1
    fold_all(day)
    assert (overall().gone_long_ago, overall().stayed_gone) == (1, 1)
    recheck.record_look(takedown_id=asked.pk, seen=Look(Seen.THERE), at=day + timedelta(days=60))
    fold_all(day + timedelta(days=60))
    assert (overall().gone_long_ago, overall().stayed_gone) == (1, 0)


def test_what_came_back_is_judged_no_sooner_than_what_did_not(asked: Takedown) -> None:
    day = NOON + metrics.STAYED
    learn(asked, Outcome.SEEN_THERE, at=NOON + timedelta(days=2))
    fold_all(day - timedelta(seconds=1))
    assert (overall().reappeared, overall().gone_long_ago) == (1, 0)
    fold_all(day)
    assert (overall().gone_long_ago, overall().stayed_gone) == (1, 0)
    assert TakedownFact.objects.get().next_at is None


def test_what_came_back_for_somebody_else_was_not_seen_gone_here(asked: Takedown) -> None:
    Event.objects.all().delete()
    Takedown.objects.update(status=Status.REMOVED, gone_at=None, reappeared_at=NOON)
    fold_all(NOON + metrics.STAYED)
    assert (overall().seen_gone, overall().reappeared, overall().gone_long_ago) == (0, 0, 0)


def test_a_fold_that_dies_changes_nothing(asked: Takedown, monkeypatch: pytest.MonkeyPatch) -> None:
    Takedown.objects.update(platform_says="removed", platform_at=NOON)
    before = (
        tallies(),
        Stale.objects.count(),
        list(TakedownFact.objects.values()),
        LastFold.objects.get().as_of,
    )

    def die(*args: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(folding, "_add", die)
        with pytest.raises(ZeroDivisionError):
            fold(now=NOON)
    after = (
        tallies(),
        Stale.objects.count(),
        list(TakedownFact.objects.values()),
        LastFold.objects.get().as_of,
    )
    assert after == before
    fold_all(NOON)
    assert overall().said_removed == 1


def test_as_of_moves_only_when_nothing_is_left(asked: Takedown) -> None:
    later = NOON + timedelta(hours=1)
    for says in ("refused", "removed"):
        Takedown.objects.update(platform_says=says, platform_at=NOON)
    assert fold(now=later, limit=1) == 1
    assert LastFold.objects.get().as_of == NOON
    fold_all(later)
    assert metrics.figures(since=NOON, until=later).as_of == later


def test_a_merged_platform_counts_with_its_target_and_may_part_again(
    asked: Takedown, chatter: Platform, pixboard: Platform
) -> None:
    Platform.objects.filter(pk=chatter.pk).update(merged_into=pixboard)
    fold_all(NOON)
    assert overall(platform="pixboard").total == overall(platform="chatter").total == 1
    found = metrics.figures(since=NOON, until=NOON + timedelta(days=1))
    assert [one.slug for one in found.platforms] == ["pixboard"]
    Platform.objects.filter(pk=chatter.pk).update(merged_into=None, name="Chatter of old")
    fold_all(NOON)
    assert overall(platform="pixboard").total == 0
    found = metrics.figures(since=NOON, until=NOON + timedelta(days=1))
    assert [one.name for one in found.platforms] == ["Chatter of old"]


def test_a_chain_and_what_was_left_behind_move_in_small_batches(
    asked: Takedown, open_case: OpenCase, nour: Staff, anouk: Staff, chatter: Platform, pixboard: Platform
) -> None:
    third = make_platform("clipboard", ChannelKind.EMAIL, "abuse@clipboard.example", by=anouk)
    for number in range(3):
        links = (LinkFacts(url=f"https://chatter.example/p/{number}"),)
        standing(Status.SENT, case=open_case(links=links), by=nour, at=NOON)
    Step.objects.create(
        takedown=asked, rung=Rung.REMINDER, state=StepState.DONE, state_at=NOON, due_at=NOON, outcome_at=None
    )
    fold_all(NOON)
    Step.objects.all().delete()
    Platform.objects.filter(pk=chatter.pk).update(merged_into=pixboard)
    fold_all(NOON)
    Platform.objects.filter(pk=pixboard.pk).update(merged_into=third)
    later = NOON + timedelta(hours=1)
    assert Stale.objects.get().row.int == pixboard.pk
    assert fold(now=later, limit=2) == 1
    assert LastFold.objects.get().as_of == NOON  # there is more
    fold_all(later, limit=2)
    assert LastFold.objects.get().as_of == later
    assert overall(platform="clipboard").total == 4
    assert (differences(), misplaced()) == (0, 0)


def test_a_check_finds_what_stands_under_the_wrong_platform(
    asked: Takedown, chatter: Platform, pixboard: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    Platform.objects.filter(pk=chatter.pk).update(merged_into=pixboard)
    call_command("rebuild_figures", dry_run=True)  # it is marked: the next fold moves it
    Stale.objects.all().delete()
    with pytest.raises(SystemExit):
        call_command("rebuild_figures", dry_run=True)
    assert "1 facts stand under a platform" in capsys.readouterr().out
    call_command("rebuild_figures")
    call_command("rebuild_figures", dry_run=True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("parts", [False, True])
def test_a_merger_while_a_fold_is_at_work_is_not_lost(
    parts: bool, open_case: OpenCase, nour: Staff, chatter: Platform, pixboard: Platform
) -> None:
    before, after = (pixboard, None) if parts else (None, pixboard)
    standing(Status.GONE, case=open_case(), by=nour, at=NOON)
    Platform.objects.filter(pk=chatter.pk).update(merged_into=before)
    at_work, may_end = threading.Event(), threading.Event()

    def one() -> None:
        try:
            with transaction.atomic():
                fold(now=NOON)  # it reads the platform as it was
                at_work.set()
                assert may_end.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=one)
    thread.start()
    assert at_work.wait(10)
    Platform.objects.filter(pk=chatter.pk).update(merged_into=after)
    may_end.set()
    thread.join()
    fold_all(NOON)
    assert TakedownFact.objects.get().platform == (after or chatter).pk
    assert (differences(), misplaced()) == (0, 0)


def test_a_fact_outlives_its_row(asked: Takedown) -> None:
    learn(asked, Outcome.SEEN_THERE, at=NOON + timedelta(hours=1))
    fold_all(NOON)
    before = overall()
    Event.objects.all().delete()
    Takedown.objects.all().delete()
    Stale.objects.create(source="takedown", row=asked.pk)
    Stale.objects.create(source="takedown", row=uuid4())
    fold_all(NOON)
    assert overall() == before
    fold_all(NOON + metrics.STAYED)
    assert overall().gone_long_ago == 1
    rebuild(now=NOON + metrics.STAYED)
    assert overall().gone_long_ago == 1


def test_a_rebuild_mends_what_was_broken(asked: Takedown, capsys: pytest.CaptureFixture[str]) -> None:
    tasks.fold()  # judged by today, as the command does
    right = tallies()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE dashboards_tally SET counts[1] = 40 WHERE dim = ''")
    with pytest.raises(SystemExit):
        call_command("rebuild_figures", dry_run=True)
    assert tallies() != right
    TakedownFact.objects.update(fate="refused", is_first_of_item=False)
    call_command("rebuild_figures")
    assert tallies() == right
    call_command("rebuild_figures", dry_run=True)
    said = capsys.readouterr().out
    assert "2 sums are not" in said
    assert "Every sum is right." in said
    assert "takedown, by month" in said


def test_the_figures_cost_the_same_statements_whatever_they_hold(
    open_case: OpenCase, nour: Staff, chatter: Platform, pixboard: Platform
) -> None:
    def cost() -> list[int]:
        found = []
        for since, until in (
            (datetime(2026, 1, 1, tzinfo=PARIS), datetime(2026, 7, 1, tzinfo=PARIS)),
            (NOON, NOON + timedelta(1)),
        ):
            with CaptureQueriesContext(connection) as said:
                metrics.figures(since=since, until=until)
                metrics.by_provider(since=since, until=until)
            found.append(len(said))
        with CaptureQueriesContext(connection) as said:
            metrics.waiting_now()
        return [*found, len(said)]

    standing(Status.GONE, case=open_case(), by=nour, at=NOON)
    fold_all(NOON)
    few = cost()
    for number in range(5):
        case = open_case(links=(LinkFacts(url=f"https://pixboard.example/p/{number}"),))
        standing(Status.GONE, case=case, by=nour, at=NOON + timedelta(hours=number))
    fold_all(NOON)
    assert cost() == few
    assert few[0] <= 6


@pytest.mark.django_db(transaction=True)
def test_two_folds_at_once(open_case: OpenCase, nour: Staff, chatter: Platform) -> None:
    standing(Status.GONE, case=open_case(), by=nour, at=NOON)
    at_work, may_end = threading.Event(), threading.Event()
    answers = []

    def one() -> None:
        try:
            with transaction.atomic():
                answers.append(fold(now=NOON))
                at_work.set()
                assert may_end.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=one)
    thread.start()
    assert at_work.wait(10)
    assert fold(now=NOON) == 0
    assert not tallies()
    may_end.set()
    thread.join()
    assert answers[0] > 0
    assert fold(now=NOON) == 0
    assert overall().total == 1
    assert differences() == 0
    assert not ReportFact.objects.exclude(kind="deepnude").exists()
