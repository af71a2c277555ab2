"""Pairs by number, the rest as counts: against a plain count over random files."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from cases.dashboards.folding import fold
from cases.models import Case
from cases.reconciliation import actions, comparing, tasks
from cases.reconciliation.models import Line, Provider, Statement, Upload
from cases.reconciliation.states import State
from cases.takedowns.actions import request_takedown
from cases.takedowns.models import Event, Notice, Takedown
from cases.takedowns.states import Source, Status
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from reports import actions as reports
from reports.states import AgeRange
from tests.cases.reconciliation.files import COLUMNS, MINORS, read, row, text
from tests.cast import NOON

pytestmark = pytest.mark.django_db
VIOLENCE = "STATEMENT_CATEGORY_CYBER_VIOLENCE"
Ask = Callable[..., Takedown]


@pytest.fixture(autouse=True)
def _names(settings: Any) -> None:
    settings.RECONCILIATION_NAMES = ["Helpline"]


@pytest.fixture
def ask(open_case: Callable[..., Case], nour: Staff, chatter: Platform) -> Ask:
    """A request on which the platform acted: `ask(says=…, at=…, reference=…)`."""

    def make(
        *,
        says: str = Status.REMOVED,
        at: datetime = NOON,
        reference: str = "",
        age: AgeRange = AgeRange.FROM_15,
        **facts: Any,
    ) -> Takedown:
        case = open_case(age_range=age)
        pk = request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=NOON)[0].pk
        changed = {"status": says, "sent_at": NOON, "platform_says": says, "platform_at": at, "item_id": None}
        Takedown.objects.filter(pk=pk).update(**changed | facts)
        found = Takedown.objects.get(pk=pk)
        # Each is its own: whatever the cases share is not what is asked here.
        Notice.objects.filter(pk=found.notice_id).update(reference=reference)
        return found

    return make


def only_line() -> Line:
    return Line.objects.get()


def test_a_pair_by_the_platforms_reference(maud: Staff, ask: Ask) -> None:
    mine = ask(reference="CH-1", at=NOON + timedelta(days=40))
    upload = read(text([row(platform_uid="CH-1")]), maud)
    assert Statement.objects.get().takedown == mine
    line = only_line()
    assert (line.exact, line.theirs, line.ours) == (1, 0, 0)
    assert comparing.totals(upload)["exact"] == 1


def test_a_pair_by_the_id_of_what_they_told_us(maud: Staff, ask: Ask) -> None:
    mine = ask()
    Event.objects.create(
        takedown=mine,
        at=NOON,
        recorded_at=NOON,
        source=Source.CALLBACK,
        what="removed",
        key=f"chatter:event-7:{mine.pk}",
    )
    read(text([row(puid="event-7")], columns=[*COLUMNS, "puid"]), maud)
    assert Statement.objects.get().takedown == mine
    assert only_line().exact == 1


def test_what_is_erased_is_no_pair_and_no_note_tells_of_it(maud: Staff, ask: Ask, pixboard: Platform) -> None:
    """Given lines with notes, on one of which a request was erased, then it is parted for good and its note goes."""
    ask(at=NOON + timedelta(days=9))
    counted = ask(at=NOON + timedelta(days=7))
    paired = ask(at=NOON + timedelta(days=40))
    said = {"source": Source.CALLBACK, "what": "removed", "key": f"chatter:event-7:{paired.pk}"}
    Event.objects.create(takedown=paired, at=NOON, recorded_at=NOON, **said)
    columns = [*COLUMNS, "puid"]
    days = [row(application_date=f"2026-03-{day:02}") for day in (9, 11)]
    upload = read(text([row(puid="event-7"), *days], columns=columns), maud)
    for line in Line.objects.all():
        actions.settle(line_id=line.pk, note="It is Lou", by=maud, at=NOON)
    assert len(Line.objects.exclude(note=None)) == 3
    assert Statement.objects.get(day=NOON.date()).takedown == paired
    assert actions.follow_erasures() == 0

    for one in (paired, counted):
        reports.erase_report(report=one.case.report, by="young-person", at=NOON + timedelta(hours=1))
    tasks.follow_erasures()
    assert not Statement.objects.exclude(takedown=None).exists()
    [left] = Line.objects.exclude(note=None)
    assert left.day == (NOON + timedelta(days=9)).date()
    assert Line.objects.get(day=NOON.date()).exact == 1
    actions.compare_again(upload=upload, by=maud, at=NOON)
    actions.work()
    assert not Statement.objects.exclude(takedown=None).exists()
    # Another file with the same number finds nothing, and what is said from now on stays.
    read(text([row(puid="event-7")], columns=columns), maud)
    assert not Statement.objects.exclude(takedown=None).exists()
    for line in Line.objects.filter(settled_at=None):
        actions.settle(line_id=line.pk, note="Asked", by=maud, at=NOON + timedelta(hours=2))
    assert actions.follow_erasures() == 0


def test_a_number_pairs_with_as_many_as_there_are(maud: Staff, ask: Ask, chatter: Platform) -> None:
    """Given one notice about two links, and three statements with its number, then there are two pairs."""
    first, second = ask(reference="CH-1"), ask(reference="CH-1")
    assert first.pk != second.pk
    read(text([row(platform_uid="CH-1") for _one in range(3)]), maud)
    assert Statement.objects.exclude(takedown=None).count() == 2
    assert (only_line().exact, only_line().theirs, only_line().ours) == (2, 1, 0)


def test_another_platforms_number_is_no_pair(maud: Staff, ask: Ask, pixboard: Platform) -> None:
    ask(reference="CH-1")
    read(text([row(platform_uid="CH-1", platform_name="Pixboard")]), maud)
    assert Statement.objects.get().takedown is None


def test_without_numbers_they_are_only_counted(maud: Staff, ask: Ask) -> None:
    ask()
    upload = read(
        text([row(), row(), row(decision_visibility="", decision_account="DECISION_ACCOUNT_TERMINATED")]),
        maud,
    )
    removed = Line.objects.get(decision="removed")
    assert (removed.exact, removed.theirs, removed.ours) == (0, 2, 1)
    assert (removed.exact, removed.theirs, removed.ours) == (0, 2, 1)
    assert (removed.only_theirs, removed.only_ours) == (1, 0)
    found = comparing.totals(upload)
    assert (found["exact"], found["counted"], found["theirs"], found["ours"], found["open"]) == (
        0,
        1,
        2,
        0,
        2,
    )


@pytest.mark.parametrize(
    "facts",
    [
        {"says": Status.REFUSED},
        {"says": Status.ALREADY_GONE},  # nothing was left to restrict
        {"at": NOON + timedelta(days=2)},  # outside the days of the file
        {"sent_at": None},
    ],
)
def test_what_is_not_ours_to_count(maud: Staff, ask: Ask, facts: dict[str, Any]) -> None:
    ask(**facts)
    read(text([row()]), maud)
    assert (only_line().theirs, only_line().ours) == (1, 0)


def test_only_notices_under_article_16(maud: Staff, ask: Ask) -> None:
    mine = ask()
    Notice.objects.filter(pk=mine.notice_id).update(regimes=["us-take-it-down"])
    read(text([row()]), maud)
    assert only_line().ours == 0


def test_one_item_for_several_people_counts_once(maud: Staff, ask: Ask) -> None:
    first, second = ask(), ask()
    Takedown.objects.filter(pk=second.pk).update(notice=first.notice, item_id=first.pk)
    while fold(now=NOON):
        pass
    # As erasing leaves it: it shares nothing any more, and was one item all the same.
    reports.erase_report(report=second.case.report, by="young-person", at=NOON)
    Takedown.objects.filter(pk=second.pk).update(item_id=None)
    while fold(now=NOON):
        pass
    read(text([row()]), maud)
    assert (only_line().theirs, only_line().ours) == (1, 1)


def test_adults_are_counted_apart(maud: Staff, ask: Ask) -> None:
    ask(age=AgeRange.ADULT)
    read(text([row()]), maud)
    assert set(Line.objects.values_list("category", "theirs", "ours")) == {(MINORS, 1, 0), (VIOLENCE, 0, 1)}


def test_a_day_is_the_helplines(maud: Staff, ask: Ask) -> None:
    """Half past eleven at night in UTC is the next day in Paris."""
    ask(at=NOON.replace(hour=23, minute=30))
    read(text([row(), row(application_date="2026-03-03")]), maud)
    assert set(Line.objects.values_list("day__day", "ours")) == {(2, 0), (3, 1)}


def test_a_renamed_or_unknown_platform(maud: Staff, ask: Ask, chatter: Platform) -> None:
    ask()
    upload = read(text([row(platform_name="Chatter Ireland Ltd.")]), maud)
    assert not Line.objects.exists()
    with pytest.raises(ValueError, match="nobody"):
        actions.name_provider(upload=upload, name="nobody", platform=chatter, by=maud, at=NOON)
    actions.name_provider(upload=upload, name="chatterirelandltd", platform=chatter, by=maud, at=NOON)
    with pytest.raises(actions.UnderWay):
        actions.compare_again(upload=upload, by=maud, at=NOON)
    actions.work()
    assert (only_line().platform, only_line().theirs, only_line().ours) == (chatter, 1, 1)
    # It is known from then on.
    later = read(text([row(platform_name="CHATTER IRELAND, Ltd")]), maud)
    assert later.lines.get().platform == chatter
    assert Provider.objects.count() == 1


def test_two_that_became_one(maud: Staff, ask: Ask, chatter: Platform, pixboard: Platform) -> None:
    ask(reference="CH-1")
    Platform.objects.filter(pk=chatter.pk).update(merged_into=pixboard)
    read(text([row(platform_name="Chatter"), row(platform_name="Pixboard", platform_uid="CH-1")]), maud)
    assert (only_line().platform, only_line().exact, only_line().theirs) == (pixboard, 1, 1)


def test_what_was_settled_stays_so_when_its_platform_becomes_part_of_another(
    maud: Staff, ask: Ask, chatter: Platform, pixboard: Platform
) -> None:
    """Given two lines with notes, when a line of both platforms is one since, then only that one is open again."""
    ask()
    days = [row(application_date="2026-03-03"), row(application_date="2026-03-03", platform_name="Pixboard")]
    upload = read(text([row(), *days]), maud)
    for line in Line.objects.filter(platform=chatter):
        assert actions.settle(line_id=line.pk, note=f"asked about {line.day.day}", by=maud, at=NOON)
    Platform.objects.filter(pk=chatter.pk).update(merged_into=pixboard)
    actions.compare_again(upload=upload, by=maud, at=NOON)
    actions.work()
    alone, both = Line.objects.order_by("day")
    assert (alone.platform, alone.theirs, alone.ours) == (pixboard, 1, 1)
    assert (alone.settled_by, actions.note_of(alone)) == (maud, "asked about 2")
    assert (both.platform, both.theirs, both.settled_by) == (pixboard, 2, None)


def test_a_platform_that_is_renamed_later_keeps_its_lines_and_notes(
    maud: Staff, ask: Ask, chatter: Platform
) -> None:
    ask()
    upload = read(text([row(platform_name="Chatter")]), maud)
    assert actions.settle(line_id=only_line().pk, note="they were late", by=maud, at=NOON)
    Platform.objects.filter(pk=chatter.pk).update(name="Babble", slug="babble")
    actions.compare_again(upload=upload, by=maud, at=NOON)
    actions.work()
    assert (only_line().settled_by, actions.note_of(only_line())) == (maud, "they were late")
    # A later file that names it as before has nothing to go by: somebody says what the name means.
    assert comparing.meant(read(text([row(platform_name="Chatter")]), maud)) == {}


def test_a_file_in_which_nothing_is_ours_still_shows_what_only_we_count(maud: Staff, ask: Ask) -> None:
    ask()
    read(text([row(source_type="SOURCE_VOLUNTARY")]), maud)
    assert (only_line().theirs, only_line().ours, only_line().only_ours) == (0, 1, 1)


def test_compared_again_with_what_is_known_by_now(maud: Staff, ask: Ask) -> None:
    upload = read(text([row(), row(application_date="2026-03-03")]), maud)
    settled, changed = Line.objects.order_by("-day")
    for line in (settled, changed):
        assert actions.settle(line_id=line.pk, note="they were late", by=maud, at=NOON)
    ask()
    actions.compare_again(upload=upload, by=maud, at=NOON)
    actions.work()
    settled.refresh_from_db()
    changed.refresh_from_db()
    # What was settled was settled about other numbers.
    assert (settled.settled_by, actions.note_of(settled)) == (maud, "they were late")
    assert (changed.settled_by, changed.ours) == (None, 1)


def test_settling(maud: Staff, theo: Staff, chatter: Platform) -> None:
    read(text([row()]), maud)
    line = only_line()
    with pytest.raises(PermissionDenied):
        actions.settle(line_id=line.pk, note="", by=theo, at=NOON)
    assert actions.settle(line_id=line.pk, note="", by=maud, at=NOON)
    assert not actions.settle(line_id=line.pk, note="x", by=maud, at=NOON)
    assert actions.unsettle(line_id=line.pk, by=maud, at=NOON)
    assert not actions.unsettle(line_id=line.pk, by=maud, at=NOON)
    with pytest.raises(PermissionDenied):
        actions.unsettle(line_id=line.pk, by=theo, at=NOON)


def test_our_side_of_a_line_is_as_long_as_its_number(maud: Staff, ask: Ask) -> None:
    ask()
    ask(reference="CH-1")
    ask(says=Status.DISABLED)
    read(text([row(platform_uid="CH-1"), row()]), maud)
    for line in Line.objects.all():
        assert comparing.requests_of(line).count() == line.ours


DECISIONS = {
    "removed": ('["DECISION_VISIBILITY_CONTENT_REMOVED"]', Status.REMOVED),
    "disabled": ('["DECISION_VISIBILITY_CONTENT_DISABLED"]', Status.DISABLED),
}
SIDES = st.lists(st.tuples(st.sampled_from(sorted(DECISIONS)), st.sampled_from([2, 3])), max_size=6)


@hypothesis(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(theirs=SIDES.filter(bool), ours=SIDES)
def test_the_counts_are_those_of_a_plain_reading(
    theirs: list[tuple[str, int]], ours: list[tuple[str, int]], maud: Staff, ask: Ask
) -> None:
    Upload.objects.all().update(state=State.FAILED)
    Statement.objects.all().delete()
    Line.objects.all().delete()
    Upload.objects.all().delete()
    Takedown.objects.update(platform_says="", platform_at=None)
    for decision, day in ours:
        ask(says=DECISIONS[decision][1], at=NOON.replace(day=day))
    # Both days are in the file, whatever is counted.
    edges = [row(source_type="SOURCE_VOLUNTARY", application_date=f"2026-03-0{day}") for day in (2, 3)]
    said = [
        row(decision_visibility=DECISIONS[decision][0], application_date=f"2026-03-0{day}")
        for decision, day in theirs
    ]
    upload = read(text(edges + said), maud)
    mine, yours = Counter(ours), Counter(theirs)
    assert {(line.decision, line.day.day): (line.theirs, line.ours) for line in upload.lines.all()} == {
        key: (yours[key], mine[key]) for key in mine.keys() | yours.keys()
    }
    found = comparing.totals(upload)
    assert found["counted"] == (mine & yours).total()
    assert found["theirs"] == (yours - mine).total()
    assert found["ours"] == (mine - yours).total()
