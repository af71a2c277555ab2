"""The pages of the report: what each role sees and does there."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cases.annual import actions, content
from cases.annual.models import AnnualReport
from cases.annual.states import Status
from cases.dashboards import folding
from cases.dashboards.folding import AtWork
from cases.dashboards.models import LastFold
from cases.dashboards.periods import Period
from helpline.accounts.models import Staff
from helpline.approvals import actions as approvals
from helpline.audit.models import AuditRow
from reports.statistics.models import PublishedYear
from tests.cast import NOON

pytestmark = pytest.mark.django_db
Desk = Callable[[Staff], Client]
LIST = "/staff/annual-report/"
FORM = {"since": "2025-01", "until": "2025-12", "language": "en"}


@pytest.fixture(autouse=True)
def folded(db: None) -> None:
    """The figures are up to date."""
    LastFold.objects.create(as_of=timezone.now())


@pytest.fixture
def ida(make_staff: Callable[..., Staff]) -> Staff:
    return make_staff("ida", "supervisor")


@pytest.fixture
def started(maud: Staff) -> AnnualReport:
    """As it begins, with what is still to be written."""
    return actions.start(period=Period(date(2025, 1, 1), date(2025, 12, 1)), language="en", by=maud, at=NOON)


@pytest.fixture
def draft(started: AnnualReport) -> AnnualReport:
    """One whose words are finished."""
    AnnualReport.objects.filter(pk=started.pk).update(texts={"independence": "Nobody asks us for anything."})
    started.refresh_from_db()
    return started


@pytest.fixture
def frozen(draft: AnnualReport, maud: Staff, ida: Staff) -> AnnualReport:
    asked = actions.send(report=draft, edition=1, by=maud, at=NOON)
    approvals.decide(approval=asked, granted=True, by=ida, at=NOON)
    draft.refresh_from_db()
    return draft


def page(report: AnnualReport, name: str = "report") -> str:
    return reverse(f"annual:{name}", args=[report.pk])


def test_the_address_is_the_agreed_one_and_an_empty_list_says_what_will_be_there(
    desk: Desk, maud: Staff, theo: Staff
) -> None:
    assert reverse("annual:list") == LIST
    assert "No report yet" in desk(maud).get(LIST).text
    assert "Start a report" in desk(maud).get(LIST).text
    assert "Start a report" not in desk(theo).get(LIST).text


def test_starting_twice_leads_to_the_one_there_is(desk: Desk, maud: Staff) -> None:
    client = desk(maud)
    first = client.post(LIST, FORM)
    second = client.post(LIST, FORM, follow=True)

    assert first["Location"] == page(AnnualReport.objects.get())
    assert "Somebody writes about these months already" in second.text


@pytest.mark.parametrize(
    "wrong", [{"since": "soon"}, {"since": "2025-12", "until": "2025-01"}, {"until": "2999-01"}]
)
def test_months_that_are_none_are_said(desk: Desk, maud: Staff, wrong: dict[str, str]) -> None:
    answer = desk(maud).post(LIST, FORM | wrong)

    assert answer.status_code == 422
    assert "What you wrote is still here" in answer.text
    assert not AnnualReport.objects.exists()


def test_words_are_kept_and_shown_beside_the_tables(desk: Desk, maud: Staff, draft: AnnualReport) -> None:
    client = desk(maud)
    shown = client.get(page(draft)).text
    assert "As it will read" in shown
    assert "How this was counted" in shown

    client.post(page(draft), {"edition": "1", "independence": "Nobody <b>pays</b> us."})
    assert "Nobody &lt;b&gt;pays&lt;/b&gt; us." in client.get(page(draft)).text


def test_what_is_still_to_be_written_is_said_beside_it(
    desk: Desk, maud: Staff, started: AnnualReport
) -> None:
    client = desk(maud)
    assert "3 texts are unfinished" in client.get(page(started)).text
    typed = {"edition": "1", "funding": "Two towns.", "independence": started.texts["independence"]}
    answer = client.post(page(started, "send"), typed)
    assert answer.status_code == 422
    assert "A few things to look at" not in answer.text  # one is left: the procedure was taken out
    assert answer.text.count("Say how you stayed independent") == 2  # above, and beside it
    assert 'href="#id_independence"' in answer.text
    assert "Say who pays" not in answer.text
    assert "Two towns." in answer.text
    assert "1 text is unfinished" in answer.text
    started.refresh_from_db()
    assert (started.status, started.edition) == (Status.DRAFT, 1)
    # Sent with the words as they were typed: whoever sends need not keep them first.
    answer = client.post(page(started, "send"), typed | {"independence": "Nobody pays us."}, follow=True)
    assert "A second person reads it" in answer.text
    started.refresh_from_db()
    assert started.texts == {"independence": "Nobody pays us.", "funding": "Two towns.", "procedure": ""}
    assert "Two towns." in started.body


def test_words_are_kept_when_it_is_counted_or_can_not_be_sent(
    desk: Desk, maud: Staff, ida: Staff, draft: AnnualReport
) -> None:
    client, typed = desk(maud), {"edition": "1", "independence": "Mine."}
    AnnualReport.objects.update(counted_at=draft.period.until - timedelta(seconds=1))
    refused = client.post(page(draft, "send"), typed)
    assert refused.status_code == 422
    assert "Mine." in refused.text
    assert "Count anew, then send it" in refused.text
    assert "As a colleague left it" not in refused.text
    assert "Counted anew." in client.post(page(draft, "recount"), typed, follow=True).text
    draft.refresh_from_db()
    assert draft.texts["independence"] == "Mine."
    stale = client.post(page(draft, "send"), typed | {"independence": "Later."})
    assert stale.status_code == 422
    assert "Later." in stale.text
    assert "As a colleague left it" in stale.text
    assert client.post(page(draft, "send"), typed | {"independence": "x" * 20_001}).status_code == 422


def test_an_old_page_loses_no_word(desk: Desk, maud: Staff, ida: Staff, draft: AnnualReport) -> None:
    actions.save_texts(report=draft, edition=1, texts={"independence": "Theirs."}, by=ida, at=NOON)

    answer = desk(maud).post(page(draft), {"edition": "1", "independence": "Mine."})
    assert answer.status_code == 422
    assert "A colleague changed this report meanwhile" in answer.text
    assert "Mine." in answer.text
    assert "Theirs." in answer.text
    draft.refresh_from_db()
    assert draft.texts["independence"] == "Theirs."
    for name in ("recount", "send", "discard"):
        assert (
            "Look at it as it is now"
            in desk(maud).post(page(draft, name), {"edition": "1"}, follow=True).text
        )


def test_sent_answered_saved_published(
    desk: Desk, maud: Staff, ida: Staff, theo: Staff, draft: AnnualReport
) -> None:
    client, second = desk(maud), desk(ida)
    assert "A second person reads it" in client.post(page(draft, "send"), {"edition": "1"}, follow=True).text
    assert "It waits for a second person" in client.get(page(draft)).text
    assert "It waits for you" in second.get(page(draft)).text
    assert "no longer as it was" in client.post(page(draft), {"edition": "2"}, follow=True).text
    asked = approvals.waiting_on(what=actions.FREEZE, obj=draft)
    assert asked is not None
    question = second.get(f"/staff/approvals/{asked.pk}/").text
    assert "2025, version 1" in question
    second.post(f"/staff/approvals/{asked.pk}/decide/", {"answer-granted": "yes", "answer-sure": "on"})

    draft.refresh_from_db()
    assert draft.status == Status.FROZEN
    shown = client.get(page(draft)).text
    assert draft.sha256 in shown
    assert "Ida agreed" in shown
    answer = desk(theo).get(f"{page(draft)}file/json/")
    assert content.digest(answer.content.decode()) == draft.sha256
    assert answer["Content-Disposition"] == 'attachment; filename="report-2025-01-2025-12-v1.json"'
    assert AuditRow.objects.get(verb="annual_report.saved").detail["kind"] == "json"
    assert "Noted: published and sent." in client.post(page(draft, "publish"), follow=True).text
    assert "noted already" in client.post(page(draft, "publish"), follow=True).text
    assert "Published and sent: Maud" in client.get(page(draft)).text
    assert "Taken back" in client.post(page(draft, "unpublish"), follow=True).text
    assert "nothing to take back" in client.post(page(draft, "unpublish"), follow=True).text


@pytest.mark.parametrize("kind", ["pdf", "html", "csv", "json"])
def test_a_file_is_the_same_every_time(desk: Desk, maud: Staff, frozen: AnnualReport, kind: str) -> None:
    client = desk(maud)
    one, two = (client.get(f"{page(frozen)}file/{kind}/") for _each in range(2))
    assert one.content == two.content
    assert "no-store" in one["Cache-Control"]


def test_there_is_no_file_of_a_draft_nor_of_another_kind(
    desk: Desk, maud: Staff, draft: AnnualReport
) -> None:
    assert desk(maud).get(f"{page(draft)}file/pdf/").status_code == 404
    asked = actions.send(report=draft, edition=1, by=maud, at=NOON)
    assert desk(maud).get(f"{page(draft)}file/pdf/").status_code == 404
    approvals.withdraw(approval=asked, by=maud, at=NOON)
    assert desk(maud).get(f"{page(draft)}file/exe/").status_code == 404


def test_put_aside_has_a_way_back(desk: Desk, maud: Staff, draft: AnnualReport) -> None:
    client = desk(maud)
    assert page(draft, "restore") in client.post(page(draft, "discard"), {"edition": "1"}, follow=True).text
    assert "It is a draft again" in client.post(page(draft, "restore"), follow=True).text
    assert "no longer as it was" in client.post(page(draft, "restore"), follow=True).text


def test_a_correction_shows_what_changed(desk: Desk, maud: Staff, frozen: AnnualReport) -> None:
    client = desk(maud)
    client.post(page(frozen, "correct"))
    second = AnnualReport.objects.get(version=2)
    client.post(page(second), {"edition": "1", "independence": "Other words."})

    shown = client.get(page(second)).text
    assert "What changed since version 1" in shown
    assert "It corrects version 1" in shown
    assert "Version 2 corrects this one" in client.get(page(frozen)).text


def test_reports_that_share_months_are_warned_of(desk: Desk, maud: Staff, frozen: AnnualReport) -> None:
    half = actions.start(period=Period(date(2025, 1, 1), date(2025, 6, 1)), language="en", by=maud, at=NOON)
    assert "shares months with this one" in desk(maud).get(page(half)).text


def test_an_auditor_reads_and_has_no_button(desk: Desk, theo: Staff, draft: AnnualReport) -> None:
    shown = desk(theo).get(page(draft)).text
    assert "How this was counted" in shown
    assert "Count anew" not in shown
    assert "Keep" not in shown.split("<main")[1].split("How this was counted")[0]


def test_a_report_that_is_not_there(desk: Desk, maud: Staff) -> None:
    assert desk(maud).get(f"{LIST}00000000-0000-4000-8000-000000000000/").status_code == 404


def test_a_long_list_asks_as_often_as_a_short_one(desk: Desk, maud: Staff, draft: AnnualReport) -> None:
    client = desk(maud)

    def statements() -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(LIST).status_code == 200
        return len(found)

    statements()
    few = statements()
    for month in range(1, 8):
        actions.start(
            period=Period(date(2024, month, 1), date(2024, month, 1)), language="en", by=maud, at=NOON
        )
    assert statements() == few


def test_what_can_not_be_counted_or_sent_is_said(desk: Desk, maud: Staff, draft: AnnualReport) -> None:
    client = desk(maud)
    AnnualReport.objects.update(counted_at=draft.period.until - timedelta(seconds=1))
    assert "Count anew, then send it" in client.get(page(draft)).text
    assert "Count anew, then send it" in client.post(page(draft, "send"), {"edition": "1"}, follow=True).text
    LastFold.objects.update(as_of=timezone.now() - timedelta(hours=1))
    answer = client.post(page(draft, "recount"), {"edition": "1"}, follow=True)
    assert "not up to date at this moment" in answer.text
    answer = client.post(LIST, FORM | {"since": "2024-01", "until": "2024-12"}, follow=True)
    assert "not up to date at this moment" in answer.text
    draft.refresh_from_db()
    assert (draft.status, draft.edition, AnnualReport.objects.count()) == (Status.DRAFT, 1, 1)


def test_while_the_figures_are_made_anew_nothing_is_counted_and_that_is_said(
    desk: Desk, maud: Staff, draft: AnnualReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at_work() -> None:
        raise AtWork

    monkeypatch.setattr(folding, "stand_still", at_work)
    client = desk(maud)
    for address, data in (
        (page(draft, "recount"), {"edition": "1"}),
        (LIST, FORM | {"since": "2024-01", "until": "2024-12"}),
    ):
        assert "not up to date at this moment" in client.post(address, data, follow=True).text
    draft.refresh_from_db()
    assert (draft.edition, AnnualReport.objects.count()) == (1, 1)


def test_what_differs_by_little_is_warned_of(
    desk: Desk, maud: Staff, ida: Staff, frozen: AnnualReport
) -> None:
    second = actions.start(period=frozen.period, language="en", by=maud, at=NOON)
    PublishedYear.objects.create(year=2025, earlier=[{"sent": 13, "numbers": {}}])
    client = desk(maud)
    for total, near in ((0, []), (3, ["version 1"]), (10, ["the public page"]), (5, []), (13, []), (18, [])):
        AnnualReport.objects.filter(pk=second.pk).update(figures=second.figures | {"total": total})
        shown = client.get(page(second)).text
        assert shown.count("differ by very little") == len(near), total
        assert all(f"in {name}" in shown for name in near)
    AnnualReport.objects.filter(pk=second.pk).update(figures=second.figures | {"total": 3})
    client.post(page(second, "send"), {"edition": "1"})
    assert "in version 1 differ by very little" in desk(ida).get(page(second)).text
