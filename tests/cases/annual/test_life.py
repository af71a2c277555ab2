"""From a draft to a frozen report, and every way in which that is refused."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import InternalError, connection, transaction
from django.utils.module_loading import import_string

from cases.annual import actions, content, states
from cases.annual.actions import CountedEarly, GivesAway, NotOver, OneIsOpen, Stale, ToldInPublic, Unfinished
from cases.annual.content import Behind
from cases.annual.models import AnnualReport
from cases.annual.states import Status
from cases.dashboards import publishing
from cases.dashboards.models import LastFold
from cases.dashboards.periods import Period
from helpline.accounts.models import Staff
from helpline.approvals import actions as approvals
from helpline.approvals.actions import ApprovalRefused
from helpline.approvals.handlers import CannotBeDone
from helpline.approvals.models import Approval
from helpline.audit.models import AuditRow
from reports.states import ForbiddenMove
from reports.statistics.models import PublishedYear
from tests.at_once import at_once
from tests.cast import NOON

pytestmark = pytest.mark.django_db
YEAR = Period(date(2025, 1, 1), date(2025, 12, 1))
TEXTS = {"independence": "Nobody pays us.", "funding": "The state.", "procedure": "Two read."}
DONE = {"independence": "Nobody asks us for anything.", "funding": "", "procedure": "We read it twice."}


@pytest.fixture(autouse=True)
def folded(db: None) -> None:
    """The figures are up to date at noon."""
    LastFold.objects.create(as_of=NOON)


@pytest.fixture
def ida(make_staff: Callable[..., Staff]) -> Staff:
    """Another supervisor."""
    return make_staff("ida", "supervisor")


@pytest.fixture
def started(maud: Staff) -> AnnualReport:
    """As it begins, with what is still to be written."""
    return actions.start(period=YEAR, language="en", by=maud, at=NOON)


@pytest.fixture
def draft(started: AnnualReport) -> AnnualReport:
    """One whose words are finished."""
    return finished(started)


def finished(report: AnnualReport) -> AnnualReport:
    AnnualReport.objects.filter(pk=report.pk).update(texts=DONE)
    report.refresh_from_db()
    return report


def sent(report: AnnualReport, *, by: Staff, at: datetime = NOON) -> Approval:
    report.refresh_from_db()
    return actions.send(report=report, edition=report.edition, by=by, at=at)


def frozen(report: AnnualReport, *, by: Staff, second: Staff) -> AnnualReport:
    approvals.decide(approval=sent(report, by=by), granted=True, by=second, at=NOON)
    report.refresh_from_db()
    return report


def test_a_report_is_frozen_by_a_second_person_and_says_who_and_when(
    draft: AnnualReport, maud: Staff, ida: Staff
) -> None:
    actions.save_texts(report=draft, edition=1, texts=TEXTS, by=maud, at=NOON)
    report = frozen(draft, by=maud, second=ida)

    assert (report.status, report.frozen_by, report.frozen_at) == (Status.FROZEN, ida, NOON)
    assert "Nobody pays us." in report.body
    assert len(report.sha256) == 64
    verbs = AuditRow.objects.filter(object_id=str(report.pk)).order_by("id").values_list("verb", flat=True)
    assert [verb for verb in verbs if verb.startswith("annual")] == [
        "annual_report.started",
        "annual_report.written",
        "annual_report.sent",
        "annual_report.frozen",
    ]


def test_nobody_freezes_what_they_wrote(
    draft: AnnualReport, maud: Staff, ida: Staff, make_staff: Callable[..., Staff]
) -> None:
    actions.save_texts(report=draft, edition=1, texts=TEXTS, by=ida, at=NOON)
    asked = sent(draft, by=maud)

    with pytest.raises(ApprovalRefused, match="same_person"):
        approvals.decide(approval=asked, granted=True, by=maud, at=NOON)
    with pytest.raises(CannotBeDone, match="You wrote in this report"):
        approvals.decide(approval=asked, granted=True, by=ida, at=NOON)
    draft.refresh_from_db()
    assert draft.status == Status.REVIEW
    approvals.decide(approval=asked, granted=True, by=make_staff("lou", "supervisor"), at=NOON)
    draft.refresh_from_db()
    assert draft.status == Status.FROZEN


@pytest.mark.parametrize("role", ["counsellor", "auditor", "administrator"])
def test_who_is_no_supervisor_writes_nothing(
    role: str, draft: AnnualReport, make_staff: Callable[..., Staff]
) -> None:
    somebody = make_staff("somebody", role)

    for refused in (
        lambda: actions.start(period=YEAR, language="en", by=somebody, at=NOON),
        lambda: actions.save_texts(report=draft, edition=1, texts=TEXTS, by=somebody, at=NOON),
        lambda: actions.recount(report=draft, edition=1, by=somebody, at=NOON),
        lambda: actions.send(report=draft, edition=1, by=somebody, at=NOON),
        lambda: actions.discard(report=draft, edition=1, by=somebody, at=NOON),
        lambda: actions.restore(report=draft, by=somebody, at=NOON),
        lambda: actions.publish(report=draft, by=somebody, at=NOON),
        lambda: actions.unpublish(report=draft, by=somebody, at=NOON),
    ):
        with pytest.raises(PermissionDenied):
            refused()
    draft.refresh_from_db()
    assert (draft.status, draft.edition) == (Status.DRAFT, 1)


def test_no_arrow_but_those_drawn(draft: AnnualReport) -> None:
    for before in Status:
        for after in Status:
            draft.status = before
            if after in states.TRANSITIONS[before]:
                draft.move(after)
                assert draft.status == after
            else:
                with pytest.raises(ForbiddenMove):
                    draft.move(after)


def test_an_old_page_overwrites_nothing(draft: AnnualReport, maud: Staff, ida: Staff) -> None:
    actions.save_texts(report=draft, edition=1, texts=TEXTS, by=ida, at=NOON)

    for stale in (
        lambda: actions.save_texts(report=draft, edition=1, texts={"funding": "Mine"}, by=maud, at=NOON),
        lambda: actions.recount(report=draft, edition=1, by=maud, at=NOON),
        lambda: actions.send(report=draft, edition=1, by=maud, at=NOON),
        lambda: actions.discard(report=draft, edition=1, by=maud, at=NOON),
    ):
        with pytest.raises(Stale):
            stale()
    draft.refresh_from_db()
    assert draft.texts == TEXTS


def test_the_same_words_again_write_nothing(draft: AnnualReport, maud: Staff) -> None:
    actions.save_texts(report=draft, edition=1, texts=TEXTS, by=maud, at=NOON)
    actions.save_texts(report=draft, edition=2, texts=TEXTS, by=maud, at=NOON)

    draft.refresh_from_db()
    assert draft.edition == 2
    assert AuditRow.objects.filter(verb="annual_report.written").count() == 1


def test_two_do_not_write_about_the_same_months(draft: AnnualReport, ida: Staff) -> None:
    with pytest.raises(OneIsOpen) as there:
        actions.start(period=YEAR, language="fr", by=ida, at=NOON)
    assert there.value.report == draft


def test_a_running_year_is_written_and_not_sent(maud: Staff) -> None:
    report = finished(
        actions.start(period=Period(date(2026, 1, 1), date(2026, 12, 1)), language="en", by=maud, at=NOON)
    )

    with pytest.raises(NotOver):
        actions.send(report=report, edition=1, by=maud, at=NOON)
    # In Paris the year ends an hour before it does in Greenwich.
    over = datetime(2026, 12, 31, 23, 0, tzinfo=UTC)
    with pytest.raises(NotOver):
        actions.send(report=report, edition=1, by=maud, at=over - timedelta(seconds=1))
    # What was counted while it ran is not sent; and not counted anew before what is new is in the figures.
    with pytest.raises(CountedEarly):
        actions.send(report=report, edition=1, by=maud, at=over)
    with pytest.raises(Behind):
        actions.recount(report=report, edition=1, by=maud, at=over)
    LastFold.objects.update(as_of=over - timedelta(seconds=1))
    report = actions.recount(report=report, edition=1, by=maud, at=over + timedelta(seconds=9))
    assert report.figures["counted_on"] == "2026-12-31"
    with pytest.raises(CountedEarly):
        actions.send(report=report, edition=2, by=maud, at=over + timedelta(seconds=9))
    LastFold.objects.update(as_of=over)
    report = actions.recount(report=report, edition=2, by=maud, at=over + timedelta(minutes=5))
    assert report.figures["counted_on"] == "2027-01-01"
    actions.send(report=report, edition=3, by=maud, at=over + timedelta(minutes=5))


def test_nothing_is_counted_from_figures_that_fell_behind(maud: Staff) -> None:
    late = NOON + content.FRESH + timedelta(seconds=1)
    for as_of in (NOON, None):
        if as_of is None:
            LastFold.objects.all().delete()
        with pytest.raises(Behind):
            actions.start(period=YEAR, language="en", by=maud, at=late)
    assert not AnnualReport.objects.exists()


def test_a_version_that_hides_what_an_earlier_one_tells_is_neither_sent_nor_frozen(
    draft: AnnualReport, maud: Staff, ida: Staff
) -> None:
    told = figures(removed=6, refused=9)
    AnnualReport.objects.filter(pk=draft.pk).update(figures=told)
    frozen(draft, by=maud, second=ida)
    second = actions.start(period=YEAR, language="en", by=maud, at=NOON)
    AnnualReport.objects.filter(pk=second.pk).update(figures=figures(removed=None, refused=None))

    with pytest.raises(GivesAway):
        sent(second, by=maud)
    AnnualReport.objects.filter(pk=second.pk).update(figures=told)
    asked = sent(second, by=maud)
    AnnualReport.objects.filter(pk=second.pk).update(figures=figures(removed=None, refused=None))
    with pytest.raises(CannotBeDone, match="An earlier version tells"):
        approvals.decide(approval=asked, granted=True, by=ida, at=NOON)


def test_a_report_that_the_public_page_completes_is_neither_sent_nor_frozen(
    draft: AnnualReport, maud: Staff, ida: Staff
) -> None:
    """Also after the page was taken down: what was read is known."""
    AnnualReport.objects.filter(pk=draft.pk).update(figures=figures(removed=None, refused=None))
    public = PublishedYear.objects.create(year=2025, earlier=[page(removed=12)])
    with pytest.raises(ToldInPublic):
        sent(draft, by=maud)
    PublishedYear.objects.update(earlier=[page(removed=8)])
    asked = sent(draft, by=maud)
    PublishedYear.objects.update(earlier=[page(removed=8), page(removed=3)])
    with pytest.raises(CannotBeDone, match="Beside the public page"):
        approvals.decide(approval=asked, granted=True, by=ida, at=NOON)
    approvals.decide(approval=asked, granted=False, by=ida, at=NOON)
    # Of another year, or of other months: nothing to do with it.
    public.delete()
    PublishedYear.objects.create(year=2024, earlier=[page(removed=3)])
    first = frozen(draft, by=maud, second=ida)
    # A correction of words tells no number anew.
    PublishedYear.objects.create(year=2025, earlier=[page(removed=3)])
    assert (
        frozen(actions.start(period=YEAR, language="en", by=maud, at=NOON), by=maud, second=ida).replaces
        == first
    )


def test_the_public_page_does_not_complete_a_frozen_report(
    draft: AnnualReport, maud: Staff, ida: Staff, settings: Any
) -> None:
    """Three were blocked: the page alone does not tell, nor the report; who takes one from the other has them."""
    settings.PUBLIC_STATISTICS = True
    hiding = {"total": 60, "actions": {"removed": 48, "disabled": None, "refused": None}}
    counts = dict.fromkeys(("sent", "acted_on", "said_removed", "seen_gone"), 51) | {"sent": 60}
    counts |= {"gone_long_ago": 0, "stayed_gone": 0}
    told = {"year": 2025, "layout": publishing.LAYOUT, "as_of": "2026-03-02", "sent": 60}
    told |= {"numbers": {"said_removed": {"count": 51, "of": 60}}}
    year = publishing.row_of(2025)
    asked = publishing.ask(year=year, facts=told, reason="x", by=maud, at=NOON)
    AnnualReport.objects.filter(pk=draft.pk).update(figures=figures(removed=6, refused=9) | hiding)
    frozen(draft, by=maud, second=ida)

    completes = import_string(settings.COMPLETED_BY)(2025)
    before = publishing.publishable(counts, threshold=5)
    names = publishing.publishable(counts, threshold=5, completes=completes)
    assert before == ["acted_on", "seen_gone", "stayed_gone", "said_removed"]
    assert names == ["seen_gone", "stayed_gone"]
    with pytest.raises(CannotBeDone, match="yearly report of this year is frozen"):
        approvals.decide(approval=asked, granted=True, by=ida, at=NOON)
    assert not PublishedYear.objects.exclude(published_at=None).exists()


def page(*, removed: int) -> dict[str, Any]:
    """What the public page told of the fifteen: how many the platform says are gone."""
    return {"sent": 15, "numbers": {"said_removed": {"count": removed, "of": 15}}}


def figures(*, removed: int | None, refused: int | None) -> dict[str, Any]:
    """Fifteen items of one provider."""
    actions = {"removed": removed, "refused": refused}
    return {
        **{"threshold": 5, "total": 15, "notices": 15, "hides": removed is None, "counted_on": "2026-03-02"},
        "providers": [{"slug": "chatter", "name": "Chatter", "total": 15, "p50_s": None, "p90_s": None}],
        **{"contents": {"fake-minor": 15}, "actions": actions},
        **{"provider_actions": {"chatter": actions}, "content_actions": {"fake-minor": actions}},
        **{"lines": [], "stayed_gone_percent": None, "redress": None},
    }


def test_a_no_and_taking_it_back_lead_to_the_draft(draft: AnnualReport, maud: Staff, ida: Staff) -> None:
    approvals.decide(approval=sent(draft, by=maud), granted=False, by=ida, at=NOON)
    draft.refresh_from_db()
    assert (draft.status, draft.body, draft.sha256) == (Status.DRAFT, "", "")

    approvals.withdraw(approval=sent(draft, by=maud), by=maud, at=NOON)
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT

    sent(draft, by=maud)
    assert approvals.expire(at=NOON + timedelta(days=61)) == 1
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT


def test_frozen_twice_is_said_and_done_once(draft: AnnualReport, maud: Staff, ida: Staff) -> None:
    asked = sent(draft, by=maud)
    approvals.decide(approval=asked, granted=True, by=ida, at=NOON)

    with pytest.raises(ApprovalRefused, match="not_waiting"):
        approvals.decide(approval=asked, granted=True, by=ida, at=NOON + timedelta(minutes=1))
    with pytest.raises(ForbiddenMove):
        actions.freeze(report=draft, sha256=AnnualReport.objects.get().sha256, by=ida, at=NOON)
    assert AuditRow.objects.filter(verb="annual_report.frozen").count() == 1


def test_only_what_was_agreed_to_is_frozen(draft: AnnualReport, maud: Staff, ida: Staff) -> None:
    asked = sent(draft, by=maud)
    AnnualReport.objects.update(body="something else")

    with pytest.raises(CannotBeDone, match="another than the one"):
        approvals.decide(approval=asked, granted=True, by=ida, at=NOON)


def test_the_database_itself_keeps_what_is_frozen(draft: AnnualReport, maud: Staff, ida: Staff) -> None:
    report = frozen(draft, by=maud, second=ida)

    for change in ({"body": "x"}, {"figures": {}}, {"texts": {}}, {"status": "draft"}, {"version": 9}):
        with pytest.raises(InternalError, match="annual"), transaction.atomic():
            AnnualReport.objects.filter(pk=report.pk).update(**change)
    with pytest.raises(InternalError), transaction.atomic():
        AnnualReport.objects.filter(pk=report.pk).delete()
    for refused in (
        lambda: actions.save_texts(report=report, edition=report.edition, texts={}, by=maud, at=NOON),
        lambda: actions.recount(report=report, edition=report.edition, by=maud, at=NOON),
        lambda: actions.discard(report=report, edition=report.edition, by=maud, at=NOON),
        lambda: actions.restore(report=report, by=maud, at=NOON),
    ):
        with pytest.raises(ForbiddenMove):
            refused()


def test_a_correction_is_a_version_that_names_the_old_one(
    draft: AnnualReport, maud: Staff, ida: Staff
) -> None:
    actions.save_texts(report=draft, edition=1, texts=TEXTS, by=maud, at=NOON)
    first = frozen(draft, by=maud, second=ida)

    second = actions.start(period=YEAR, language="en", by=maud, at=NOON)
    assert (second.version, second.replaces, second.texts) == (2, first, TEXTS)
    second = frozen(second, by=maud, second=ida)
    assert f'"replaces":"{first.sha256}"' in second.body
    assert AnnualReport.objects.get(pk=first.pk).body == first.body


def test_a_correction_begins_with_the_words_and_figures_of_what_it_corrects(
    draft: AnnualReport, maud: Staff, ida: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a later report with other words, and figures that fell behind since, then neither matters to a correction."""
    told = figures(removed=6, refused=9)
    AnnualReport.objects.filter(pk=draft.pk).update(figures=told, texts=TEXTS)
    first = frozen(draft, by=maud, second=ida)
    later = actions.start(period=Period(date(2026, 1, 1), date(2026, 1, 1)), language="en", by=maud, at=NOON)
    frozen(finished(later), by=maud, second=ida)

    soon = NOON + timedelta(days=9)
    second = actions.start(period=YEAR, language="en", by=maud, at=soon)
    assert (second.texts, second.figures, second.counted_at) == (TEXTS, told, first.counted_at)
    # Small numbers changed meanwhile, so it could not be counted anew: a word can be mended all the same.
    LastFold.objects.update(as_of=soon)
    hiding = figures(removed=None, refused=None)
    monkeypatch.setattr(content, "count", lambda *_period, at: (hiding, at))
    actions.save_texts(report=second, edition=1, texts=TEXTS | {"funding": "Two towns."}, by=maud, at=soon)
    second = frozen(second, by=maud, second=ida)
    assert "Two towns." in second.body
    assert content.digest(second.body) == second.sha256
    # Counted anew on purpose, it tells by what it hides.
    third = actions.start(period=YEAR, language="en", by=maud, at=soon)
    third = actions.recount(report=third, edition=1, by=maud, at=soon)
    assert (third.figures, third.counted_at) == (hiding, soon)
    with pytest.raises(GivesAway) as earlier:
        sent(third, by=maud, at=soon)
    assert earlier.value.earlier == second


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_is_still_to_be_written_is_not_sent(maud: Staff, language: str) -> None:
    report = actions.start(period=YEAR, language=language, by=maud, at=NOON)
    begun = dict(report.texts)
    for texts, names in (
        (begun, ["independence", "funding", "procedure"]),
        (begun | {"funding": "The state."}, ["independence", "procedure"]),
        (begun | {"procedure": begun["procedure"].upper().replace(" ", "\n")}, list(begun)),
        (TEXTS | {"funding": f"{begun['funding']} The state."}, ["funding"]),
        (TEXTS | {"independence": " "}, ["independence"]),
        ({name: text[: text.index("(")] + "." for name, text in begun.items()}, []),
        (TEXTS | {"funding": ""}, []),
    ):
        AnnualReport.objects.filter(pk=report.pk).update(texts=texts)
        report.refresh_from_db()
        assert content.unfinished(report.texts) == names
        if names:
            with pytest.raises(Unfinished) as missing:
                sent(report, by=maud)
            assert missing.value.names == names
    assert sent(report, by=maud).proposal["sha256"]


def test_put_aside_and_taken_up_again(draft: AnnualReport, maud: Staff, ida: Staff) -> None:
    actions.discard(report=draft, edition=1, by=maud, at=NOON)
    with pytest.raises(ForbiddenMove):
        actions.discard(report=draft, edition=2, by=maud, at=NOON)
    actions.restore(report=draft, by=ida, at=NOON)
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT

    actions.discard(report=draft, edition=draft.edition, by=maud, at=NOON)
    other = actions.start(period=YEAR, language="en", by=ida, at=NOON)
    with pytest.raises(OneIsOpen) as there:
        actions.restore(report=draft, by=maud, at=NOON)
    assert there.value.report == other
    assert other.version == 2


def test_published_is_noted_once_and_taken_back(draft: AnnualReport, maud: Staff, ida: Staff) -> None:
    with pytest.raises(ForbiddenMove):
        actions.publish(report=draft, by=maud, at=NOON)
    report = frozen(draft, by=maud, second=ida)

    assert actions.publish(report=report, by=maud, at=NOON)
    assert not actions.publish(report=report, by=ida, at=NOON)
    assert AnnualReport.objects.get().published_by == maud
    assert actions.unpublish(report=report, by=maud, at=NOON)
    assert not actions.unpublish(report=report, by=maud, at=NOON)


@pytest.mark.django_db(transaction=True)
def test_two_who_freeze_at_one_moment_freeze_once(
    draft: AnnualReport, maud: Staff, ida: Staff, make_staff: Callable[..., Staff]
) -> None:
    asked, lou = sent(draft, by=maud), make_staff("lou", "supervisor")

    def decide(by: Staff) -> str:
        try:
            approvals.decide(approval=Approval.objects.get(pk=asked.pk), granted=True, by=by, at=NOON)
        except ApprovalRefused as refused:
            return refused.code
        return "frozen"

    ended = at_once(lambda: decide(ida), lambda: decide(lou))
    assert sorted(map(str, ended)) == ["frozen", "not_waiting"]
    assert AuditRow.objects.filter(verb="annual_report.frozen").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_start_at_one_moment_start_one(maud: Staff, ida: Staff) -> None:
    def start(by: Staff) -> object:
        try:
            return actions.start(period=YEAR, language="en", by=by, at=NOON).pk
        except OneIsOpen as there:
            return there.report.pk

    ended = at_once(lambda: start(maud), lambda: start(ida))
    assert ended[0] == ended[1] == AnnualReport.objects.get().pk


class Counting:
    """A count that takes a while; `meanwhile` runs what a second person does, and lets it end once that waits for it."""

    def __init__(self) -> None:
        self.began, self.may_end, self.times = threading.Event(), threading.Event(), 0

    def __call__(self, _period: Period, *, at: datetime) -> tuple[dict[str, Any], datetime]:
        self.times += 1
        self.began.set()
        assert self.may_end.wait(10)
        return figures(removed=6, refused=9), at

    def meanwhile(self, first: Callable[[], object], second: Callable[[], object]) -> list[object]:
        def after() -> object:
            assert self.began.wait(10)
            return second()

        def end() -> None:
            until = time.monotonic() + 10
            while self.times < 2 and not somebody_waits() and time.monotonic() < until:
                time.sleep(0.01)
            self.may_end.set()

        return at_once(first, after, end)[:2]


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("other", ["maud", "ida"])
def test_a_second_start_while_it_is_counted_counts_nothing_and_leads_to_it(
    maud: Staff, ida: Staff, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A double click, or a colleague."""
    counting = Counting()
    monkeypatch.setattr(content, "count", counting)
    by = {"maud": maud, "ida": ida}[other]
    report, refused = counting.meanwhile(
        lambda: actions.start(period=YEAR, language="en", by=maud, at=NOON),
        lambda: actions.start(period=YEAR, language="en", by=by, at=NOON),
    )
    assert report == AnnualReport.objects.get()
    assert isinstance(refused, OneIsOpen)
    assert refused.report == report
    assert refused.report.figures["total"] == 15
    assert counting.times == 1
    assert AuditRow.objects.filter(verb="annual_report.started").count() == 1


@pytest.mark.django_db(transaction=True)
def test_counted_anew_by_two_at_one_moment_it_is_counted_once(
    draft: AnnualReport, maud: Staff, ida: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting()
    monkeypatch.setattr(content, "count", counting)
    done, refused = counting.meanwhile(
        lambda: actions.recount(report=draft, edition=1, by=maud, at=NOON),
        lambda: actions.recount(report=draft, edition=1, by=ida, at=NOON),
    )
    assert isinstance(done, AnnualReport)
    assert isinstance(refused, Stale)
    assert (refused.report.edition, counting.times) == (2, 1)
    assert AuditRow.objects.filter(verb="annual_report.counted").count() == 1
