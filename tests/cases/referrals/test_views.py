"""The pages of the referrals: every button, what was typed kept, not-yours looks like not-there, costs that stay flat."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pypdf import PdfReader

from cases.incidents import actions as incidents
from cases.models import Case, IncidentMember
from cases.referrals import actions
from cases.referrals.models import Referral
from cases.referrals.states import Basis, Outcome, Part, RecipientKind, Status
from cases.views import answers
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from reports import actions as reports
from reports.models import Message
from tests.cases.referrals.standing import agreed, duty, standing
from tests.cast import NOON

OpenCase = Callable[..., Case]
Desk = Callable[[Staff], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]
LIST = "/staff/referrals/"
TYPED = {
    "recipient": "Pole of the north",
    "contact": "desk@north.example",
    "basis": "consent",
    "consent_by": "young-person",
    "consent_at": "2026-03-02T12:30",
    "consent_how": "phone",
    "consent_limits": "not my class",
    "included": ["facts", "links"],
}


@pytest.fixture
def stand(open_case: OpenCase, nour: Staff) -> Callable[..., Referral]:
    """`stand(Status.SENT)`: a referral of a case of Nour's that stands there."""

    def make(status: Status, **facts: Any) -> Referral:
        return standing(status, case=open_case(), by=nour, at=NOON, **facts)

    return make


Stand = Callable[..., Referral]


def address(referral: Referral, what: str = "") -> str:
    return f"/staff/referrals/{referral.pk}/{what}"


def new(case: Case, kind: str = "") -> str:
    return f"/staff/cases/{case.ref}/referrals/new/" + (f"?kind={kind}" if kind else "")


# --- preparing ------------------------------------------------------------------------------------------


def test_first_one_says_to_whom(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case = open_case()
    page = desk(nour).get(new(case)).content.decode()
    for kind in RecipientKind.values:
        assert f"?kind={kind}" in page
    assert "to check by a lawyer" in page


def test_the_form_asks_what_the_recipient_accepts_and_ticks_nothing_that_tells(
    open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    case, client = open_case(), desk(nour)
    school = client.get(new(case, "school")).context["form"]
    assert "article" not in school.fields
    assert {value for value, _label in school.fields["basis"].choices} == {"consent", "vital-interest", ""}
    prosecutor = client.get(new(case, "prosecutor")).context["form"]
    assert "to check" in str(prosecutor.fields["article"].choices).lower()
    for form in (school, prosecutor):
        ticked = set(form["included"].value())
        assert not ticked & {Part.STORY, Part.NAME, Part.SCHOOL, Part.CONTACT, Part.PICTURES}


def test_the_office_of_one_incident_is_not_looked_up_again(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    """Given a referral of one pupil, then another pupil's is filled in with the office, and not with a consent."""
    first, second, client = open_case(), open_case(), desk(nour)
    client.post(new(first, "school"), TYPED)
    apart = client.get(new(second, "school"))
    assert "desk@north.example" not in apart.content.decode()
    for member in IncidentMember.objects.filter(case__in=[first, second]):
        incidents.decide_membership(member=member, joined=True, by=nour, at=NOON)

    page = client.get(new(second, "school")).content.decode()

    assert "Pole of the north" in page and "desk@north.example" in page and first.ref in page
    assert "2026-03-02T12:30" not in page and "not my class" not in page
    assert "desk@north.example" not in client.get(new(second, "health")).content.decode()
    theirs = open_case(by=sacha)
    for member in IncidentMember.objects.filter(case=theirs):
        incidents.decide_membership(member=member, joined=True, by=maud, at=NOON)
    assert "desk@north.example" not in desk(sacha).get(new(theirs, "school")).content.decode()


def test_a_draft_is_kept_sealed_and_shown(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case, client = open_case(), desk(nour)
    answer = client.post(new(case, "health"), TYPED, follow=True)
    row = Referral.objects.get()
    assert (row.status, row.basis, row.included) == (Status.DRAFT, Basis.CONSENT, ["facts", "links"])
    page = answer.content.decode()
    for said in ("A draft. Nothing has left.", "desk@north.example", "not my class", "It is ready"):
        assert said in page
    assert b"north.example" not in bytes(row.contact or b"")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"consent_by": ""}, "Say who agreed."),
        ({"consent_at": ""}, "Say when they agreed."),
        ({"consent_at": "2099-01-01T10:00"}, "This moment is still to come."),
        ({"consent_how": ""}, "Say how it was recorded."),
        ({"basis": "vital-interest"}, "Say why."),
        ({"basis": "legal-duty"}, "Select a valid choice"),
        ({"included": ["nothing"]}, "Select a valid choice"),
    ],
)
def test_what_is_missing_is_said_beside_it_and_what_was_typed_stays(
    changes: dict[str, Any], said: str, open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    answer = desk(nour).post(new(open_case(), "health"), TYPED | changes)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count(said) >= 2  # in the summary, and beside the field
    assert "Pole of the north" in page and "not my class" in page
    assert not Referral.objects.exists()


def test_a_change_makes_it_a_draft_again(stand: Stand, desk: Desk, nour: Staff) -> None:
    row, client = stand(Status.READY), desk(nour)
    form = client.get(address(row, "change/"))
    assert "desk@north.example" in form.content.decode()
    assert "makes it a draft again" in form.content.decode()
    assert AuditRow.objects.filter(verb="referral.read", object_id=str(row.pk)).exists()
    answer = client.post(address(row, "change/"), TYPED | {"contact": "elsewhere"}, follow=True)
    assert "It is a draft again." in answer.content.decode()
    row.refresh_from_db()
    assert row.status == Status.DRAFT
    bad = client.post(address(row, "change/"), TYPED | {"consent_by": ""})
    assert bad.status_code == 422


def test_what_left_is_changed_no_more(stand: Stand, desk: Desk, nour: Staff) -> None:
    row, client = stand(Status.SENT), desk(nour)
    for answer in (
        client.get(address(row, "change/"), follow=True),
        client.post(address(row, "change/"), TYPED, follow=True),
    ):
        assert "so this was not done" in answer.content.decode()


def test_a_colleague_can_not_change_what_another_asked_about(stand: Stand, desk: Desk, maud: Staff) -> None:
    row = stand(Status.WAITING)
    typed = {"basis": "legal-duty", "article": "434-3-cp", "reason": "x"}
    answer = desk(maud).post(address(row, "change/"), typed, follow=True)
    assert "Only they can change it" in answer.content.decode()


# --- one referral ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "facts", "words"),
    [
        (Status.DRAFT, actions.Facts(), ["Say what allows it", "Nothing is sent without it."]),
        (Status.DRAFT, duty(), ["Ask a second person", "to check"]),
        (Status.DRAFT, None, ["It is ready", "Cancel it"]),
        (Status.WAITING, None, ["Nour asked a second person", "Cancel it"]),
        (Status.READY, None, ["I have handed it over", "Make the PDF"]),
        (Status.SENT, None, ["Record their answer", "N-77"]),
        (Status.ACCEPTED, None, ["Close with what came of it", "we look at it"]),
        (Status.DECLINED, None, ["They declined", "Close with what came of it"]),
        (Status.CLOSED, None, ["A procedure was opened", "Nothing any more."]),
        (Status.CANCELLED, None, ["Nothing any more."]),
    ],
)
def test_each_state_names_its_next_step(
    status: Status, facts: Any, words: list[str], stand: Stand, desk: Desk, nour: Staff
) -> None:
    row = stand(status, facts=facts)
    page = desk(nour).get(address(row)).content.decode()
    for one in words:
        assert one in page, one
    assert ("Make the PDF" in page) == (status in actions.DOSSIER_FROM)


def test_reading_is_recorded(stand: Stand, desk: Desk, maud: Staff) -> None:
    row = stand(Status.SENT)
    desk(maud).get(address(row))
    line = AuditRow.objects.get(verb="referral.read")
    assert (line.actor, line.object_id) == (f"staff:{maud.pk}", str(row.pk))


def test_the_whole_way_by_its_buttons(stand: Stand, desk: Desk, nour: Staff) -> None:
    row, client = stand(Status.DRAFT), desk(nour)
    for what, typed, status in (
        ("ready/", {}, Status.READY),
        ("sent/", {"sent-receipt": "K-1"}, Status.SENT),
        ("answer/", {"answer-accepted": "yes", "answer-words": "ours now"}, Status.ACCEPTED),
        (
            "follow-up/",
            {"follow-on": (timezone.localdate() + timedelta(days=3)).isoformat()},
            Status.ACCEPTED,
        ),
        ("close/", {"close-outcome": Outcome.PROTECTED}, Status.CLOSED),
    ):
        assert client.post(address(row, what), typed).status_code == 302
        row.refresh_from_db()
        assert row.status == status, what
    assert row.outcome == Outcome.PROTECTED


def test_without_consent_the_button_asks_a_second_person(stand: Stand, desk: Desk, nour: Staff) -> None:
    row = stand(Status.DRAFT, facts=duty())
    said = desk(nour).post(address(row, "ready/"), follow=True).content.decode()
    assert "a second person has to agree first" in said
    desk(nour).post(address(row, "approval/"))
    row.refresh_from_db()
    assert row.status == Status.WAITING


@pytest.mark.parametrize(
    ("what", "typed", "said"),
    [
        ("answer/", {"answer-words": "kept words"}, "Say what they answered."),
        ("follow-up/", {"follow-on": "2001-01-01"}, "This day has passed."),
        ("follow-up/", {}, "Choose a day."),
        ("close/", {}, "Say what came of it."),
        ("tell/", {}, "This field is required."),
    ],
)
def test_a_form_that_can_not_be_taken_comes_back(
    what: str, typed: dict[str, str], said: str, stand: Stand, desk: Desk, nour: Staff
) -> None:
    row = stand(Status.SENT)
    answer = desk(nour).post(address(row, what), typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count(said) >= 2
    for value in typed.values():
        assert value in page
    assert Referral.objects.get(pk=row.pk).status == Status.SENT


def test_what_changed_meanwhile_is_said(stand: Stand, desk: Desk, nour: Staff) -> None:
    row = stand(Status.CLOSED)
    page = desk(nour).post(address(row, "sent/"), follow=True).content.decode()
    assert "It is “Closed” now" in page


def test_the_dossier_is_a_neutral_file_that_nobody_keeps(stand: Stand, desk: Desk, nour: Staff) -> None:
    row, client = stand(Status.READY), desk(nour)
    answer = client.post(address(row, "dossier/"))
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="notes.pdf"'
    assert answer["Cache-Control"] == "no-store"
    assert "Dossier" in PdfReader(BytesIO(answer.content)).pages[0].extract_text()
    assert "Dossier made, SHA-256" in client.get(address(row)).content.decode()
    early = client.post(address(stand(Status.DRAFT), "dossier/"), follow=True)
    assert "so this was not done" in early.content.decode()


def test_the_young_person_is_told_in_their_language_and_only_by_the_button(
    stand: Stand, desk: Desk, nour: Staff, open_case: OpenCase
) -> None:
    row = standing(Status.ACCEPTED, case=open_case(language="en"), by=nour, at=NOON)
    text = desk(nour).get(address(row)).context["forms"]["tell"].initial["text"]
    assert text.startswith("News:") and "prosecutor" not in text.lower()
    assert not Message.objects.exists()
    desk(nour).post(address(row, "tell/"), {"tell-text": text})
    message = Message.objects.get()
    assert row.case.box().open(message, "body") == text


def test_not_yours_looks_like_not_there(stand: Stand, desk: Desk, sacha: Staff) -> None:
    row = stand(Status.READY)
    client = desk(sacha)
    assert client.get(address(row)).status_code == 404
    assert client.get(new(row.case)).status_code == 404
    for what in ("dossier/", "sent/", "cancel/", "tell/", "approval/", "close/"):
        assert client.post(address(row, what)).status_code == 404
    assert client.get(LIST).context["rows"] == []


@pytest.mark.parametrize("status", [Status.READY, Status.ACCEPTED])
def test_an_erased_one_shows_coarse_facts_only(status: Status, stand: Stand, desk: Desk, nour: Staff) -> None:
    row = stand(status)
    reports.erase_report(report=row.case.report, by="young-person", at=NOON)
    client = desk(nour)
    page = client.get(address(row)).content.decode()
    for word in ("north.example", "not my class", "N-77", "we look at it", "Make the PDF", "I have handed"):
        assert word not in page
    assert "Prosecutor" in page
    for what in ("dossier/", "sent/", "change/"):
        answer = client.post(address(row, what), TYPED, follow=True).content.decode()
        assert "erased this report" in answer or "so this was not done" in answer
    assert "erased this report" in client.get(new(row.case), follow=True).content.decode()


def test_what_was_sent_and_then_erased_can_still_be_closed(stand: Stand, desk: Desk, nour: Staff) -> None:
    """Otherwise it would be asked about for ever."""
    row, client = stand(Status.SENT), desk(nour)
    reports.erase_report(report=row.case.report, by="young-person", at=NOON)
    actions.follow_erasures(at=NOON)
    page = client.get(address(row)).content.decode()
    assert "Close with what came of it" in page and "Record their answer" not in page
    assert client.post(address(row, "close/"), {"close-outcome": Outcome.NOTHING}).status_code == 302
    row.refresh_from_db()
    assert (row.status, row.outcome, row.follow_up_at) == (Status.CLOSED, Outcome.NOTHING, None)
    assert client.get(LIST).context["tab"] == "all"


# --- the list, the case, the rail -----------------------------------------------------------------------


def test_the_list_opens_where_somebody_is_needed_and_the_rail_counts_what_is_due(
    stand: Stand, desk: Desk, nour: Staff
) -> None:
    client = desk(nour)
    assert client.get(LIST).context["tab"] == "all"
    stand(Status.DRAFT)
    assert client.get(LIST).context["tab"] == "draft"
    stand(Status.SENT)  # long ago: its day has come
    answer = client.get(LIST)
    assert answer.context["tab"] == "due"
    assert "Ask them what came of it." in answer.content.decode()
    places = {place["url"]: place["count"] for place in answer.context["rail"]()}
    assert places[LIST] == "1"


def test_a_list_opens_no_words(stand: Stand, desk: Desk, nour: Staff) -> None:
    stand(Status.READY)
    page = desk(nour).get(f"{LIST}?tab=all").content.decode()
    assert "Pole of the north" in page
    assert "north.example" not in page
    assert not AuditRow.objects.filter(verb__in=["referral.read", "case.read"]).exists()


def test_an_empty_tab_says_what_will_be_there(desk: Desk, nour: Staff) -> None:
    client = desk(nour)
    for tab, words in (
        ("due", "Nobody to ask again today"),
        ("waiting", "Nothing here"),
        ("all", "No referral yet"),
    ):
        assert words in client.get(f"{LIST}?tab={tab}").content.decode()


@pytest.mark.parametrize("tab", ["due", "sent", "all"])
def test_every_referral_is_on_exactly_one_page(
    tab: str, stand: Stand, desk: Desk, nour: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {stand(Status.SENT).pk for _ in range(5)}
    monkeypatch.setattr(answers, "PAGE", 2)
    client, seen, url = desk(nour), [], f"{LIST}?tab={tab}"
    while url:
        context = client.get(url).context
        seen += [row.referral.pk for row in context["rows"]]
        url = context["next_url"]
    assert len(seen) == 5 and set(seen) == made


def test_a_broken_place_in_the_list_is_not_there(desk: Desk, nour: Staff) -> None:
    assert desk(nour).get(f"{LIST}?after=broken").status_code == 404


def test_the_case_shows_its_referrals_and_leads_to_another(stand: Stand, desk: Desk, nour: Staff) -> None:
    row = stand(Status.SENT)
    page = desk(nour).get(f"/staff/cases/{row.case.ref}/").content.decode()
    assert address(row) in page
    assert new(row.case) in page
    assert "Referral, Prosecutor: Sent" in page


@pytest.mark.parametrize("url", ["list", "case", "one"])
def test_more_rows_cost_no_more_queries(url: str, open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case, client, costs = open_case(), desk(nour), []
    row = standing(Status.SENT, case=case, by=nour, at=NOON)
    for more in (1, 8):
        for _one in range(more):
            actions.set_follow_up(referral=row, on=NOON.date(), by=nour, at=NOON)
            standing(Status.SENT, case=case, by=nour, at=NOON, facts=agreed(NOON))
            standing(Status.SENT, case=open_case(), by=nour, at=NOON)
        where = {"list": f"{LIST}?tab=due", "case": f"/staff/cases/{case.ref}/", "one": address(row)}[url]
        client.get(where)
        with CaptureQueriesContext(connection) as found:
            client.get(where)
        costs.append(len(found))
    assert costs[0] == costs[1]
    assert costs[0] < 40
