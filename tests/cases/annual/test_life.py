"""From a draft to a frozen report, and every way in which that is refused."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import InternalError, connection, transaction

from cases.annual import actions, content, states
from cases.annual.actions import CountedEarly, GivesAway, NotOver, OneIsOpen, Stale
from cases.annual.content import Behind
from cases.annual.models import AnnualReport
from cases.annual.states import Status
from cases.dashboards.models import LastFold
from cases.dashboards.periods import Period
from helpline.accounts.models import Staff
from helpline.approvals import actions as approvals
from helpline.approvals.actions import ApprovalRefused
from helpline.approvals.handlers import CannotBeDone
from helpline.approvals.models import Approval
from helpline.audit.models import AuditRow
from reports.states import ForbiddenMove
from tests.cast import NOON

pytestmark = pytest.mark.django_db
YEAR = Period(date(2025, 1, 1), date(2025, 12, 1))
TEXTS = {"independence": "Nobody pays us.", "funding": "The state.", "procedure": "Two read."}


@pytest.fixture(autouse=True)
def folded(db: None) -> None:
    """The figures are up to date at noon."""
    LastFold.objects.create(as_of=NOON)


@pytest.fixture
def ida(make_staff: Callable[..., Staff]) -> Staff:
    """Another supervisor."""
    return make_staff("ida", "supervisor")


@pytest.fixture
def draft(maud: Staff) -> AnnualReport:
    return actions.start(period=YEAR, language="en", by=maud, at=NOON)


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
    report = actions.start(
        period=Period(date(2026, 1, 1), date(2026, 12, 1)), language="en", by=maud, at=NOON
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
    barrier, ended = threading.Barrier(2), []

    def decide(by: Staff) -> None:
        try:
            barrier.wait(10)
            approvals.decide(approval=Approval.objects.get(pk=asked.pk), granted=True, by=by, at=NOON)
            ended.append("frozen")
        except ApprovalRefused as refused:
            ended.append(refused.code)
        finally:
            connection.close()

    both = [threading.Thread(target=decide, args=(one,)) for one in (ida, lou)]
    for one in both:
        one.start()
    for one in both:
        one.join(20)

    assert sorted(ended) == ["frozen", "not_waiting"]
    assert AuditRow.objects.filter(verb="annual_report.frozen").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_start_at_one_moment_start_one(maud: Staff, ida: Staff) -> None:
    barrier, ended = threading.Barrier(2), []

    def start(by: Staff) -> None:
        try:
            barrier.wait(10)
            ended.append(actions.start(period=YEAR, language="en", by=by, at=NOON).pk)
        except OneIsOpen as there:
            ended.append(there.report.pk)
        finally:
            connection.close()

    both = [threading.Thread(target=start, args=(one,)) for one in (maud, ida)]
    for one in both:
        one.start()
    for one in both:
        one.join(20)

    assert len(ended) == 2
    assert len(set(ended)) == 1
    assert AnnualReport.objects.count() == 1
