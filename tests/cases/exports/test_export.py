"""A case as a file: a second person, a day, no picture, and a line in the trail for each."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from pypdf import PdfReader

from cases import actions as casework
from cases.exports import actions
from cases.models import Case
from cases.takedowns.actions import request_takedown
from helpline.accounts.models import Staff
from helpline.approvals import actions as approvals
from helpline.approvals.handlers import CannotBeDone
from helpline.approvals.models import Approval
from helpline.audit.models import AuditRow
from helpline.crypto.wrapping import WrongKey
from helpline.platforms.models import Platform
from reports.actions import erase_report
from tests.cast import NOON

pytestmark = pytest.mark.django_db
Desk = Callable[[Staff], Client]
FORM = {"ask-why": "authority", "ask-text": "Letter of 2 March."}


@pytest.fixture
def case(chatter: Platform, open_case: Callable[..., Case], nour: Staff) -> Case:
    """A case with a link that was asked for, a message and a note."""
    case = open_case(story="=HYPERLINK(1)\nA story about a made-up picture.")
    request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=NOON)
    casework.add_note(case=case, text="She laughs about the cat.", by=nour, at=NOON)
    casework.write_to_young_person(case=case, text="We are on it.", by=nour, at=NOON)
    return case


def allow(case: Case, *, by: Staff, decided_by: Staff, notes: bool = False) -> Approval:
    asked = approvals.ask(
        what=actions.EXPORT,
        obj=case,
        by=by,
        reason="Letter.",
        why="authority",
        proposal={"notes": notes},
        at=NOON,
    )
    approvals.decide(approval=asked, granted=True, by=decided_by, at=NOON)
    return asked


def test_nothing_leaves_before_a_second_person_says_yes(case: Case, nour: Staff, maud: Staff) -> None:
    with pytest.raises(PermissionDenied):
        actions.export(case=case, by=nour, at=NOON)
    allow(case, by=nour, decided_by=maud)
    made = actions.export(case=case, by=nour, at=NOON + timedelta(hours=23))
    line = AuditRow.objects.get(verb="case.exported")
    assert line.detail["sha256"] == made.sha256
    with pytest.raises(PermissionDenied):  # the day is over
        actions.export(case=case, by=nour, at=NOON + timedelta(hours=25))
    with pytest.raises(PermissionDenied):  # another did not ask
        actions.export(case=case, by=maud, at=NOON)


def test_what_is_in_it(case: Case, nour: Staff, maud: Staff) -> None:
    allow(case, by=nour, decided_by=maud)
    made = actions.export(case=case, by=nour, at=NOON)
    archive = zipfile.ZipFile(io.BytesIO(made.body))
    assert archive.namelist() == ["case.json", "case.pdf"]
    facts = json.loads(archive.read("case.json"))
    assert facts["layout"] == "case-export/1"
    assert facts["report"]["story"].startswith("=HYPERLINK")  # as written: JSON knows no formulas
    assert facts["links"][0]["url"] == "https://chatter.example/p/1"
    assert set(facts["links"][0]["requests"][0]["truths"]) == {"sent", "transport", "platform", "observed"}
    assert facts["messages"][0] == {"at": NOON.isoformat(), "from": "helpline", "text": "We are on it."}
    assert facts["notes"] is None
    assert "cat" not in archive.read("case.json").decode()
    pdf = PdfReader(io.BytesIO(archive.read("case.pdf")))
    assert pdf.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert "made-up picture" in "".join(page.extract_text() for page in pdf.pages)
    assert not any("/XObject" in page["/Resources"] for page in pdf.pages)


def test_the_notes_go_along_only_where_both_wanted_it(case: Case, nour: Staff, maud: Staff) -> None:
    allow(case, by=nour, decided_by=maud, notes=True)
    archive = zipfile.ZipFile(io.BytesIO(actions.export(case=case, by=nour, at=NOON).body))
    assert json.loads(archive.read("case.json"))["notes"][0]["text"] == "She laughs about the cat."


def test_an_erased_case_is_refused(case: Case, nour: Staff, maud: Staff) -> None:
    allow(case, by=nour, decided_by=maud)
    second = approvals.ask(
        what=actions.EXPORT, obj=case, by=nour, reason="x", why="authority", proposal={}, at=NOON
    )
    erase_report(report=case.report, by=None, at=NOON)
    case = Case.objects.get(pk=case.pk)
    with pytest.raises(WrongKey):
        actions.export(case=case, by=nour, at=NOON)
    with pytest.raises(CannotBeDone):
        approvals.decide(approval=second, granted=True, by=maud, at=NOON)
    with pytest.raises(CannotBeDone):
        approvals.ask(what=actions.EXPORT, obj=case, by=nour, reason="x", why="authority", at=NOON)


def test_who_lost_the_case_lost_the_file(case: Case, nour: Staff, maud: Staff, sacha: Staff) -> None:
    allow(case, by=nour, decided_by=maud)
    casework.assign(case=case, to=sacha, by=maud, at=NOON)
    case.refresh_from_db()
    with pytest.raises(PermissionDenied):
        actions.export(case=case, by=nour, at=NOON)


def test_the_page_from_asking_to_saving(desk: Desk, case: Case, nour: Staff, maud: Staff) -> None:
    client, page = desk(nour), f"/staff/cases/{case.ref}/export/"
    assert "Ask a second person" in client.get(page).content.decode()
    assert client.post(page, {}).status_code == 422
    assert "once a second person says yes" in client.post(page, FORM, follow=True).content.decode()
    assert "It waits for a second person." in client.get(page).content.decode()
    assert "Ask again." in client.post(f"{page}file/", follow=True).content.decode()
    asked = Approval.objects.get()
    desk(maud).post(f"/staff/approvals/{asked.pk}/decide/", {"answer-granted": "yes", "answer-sure": "on"})
    assert "Save the file" in client.get(page).content.decode()
    saved = client.post(f"{page}file/")
    assert saved["Content-Type"] == "application/zip"
    assert saved["Content-Disposition"] == 'attachment; filename="notes.zip"'
    assert saved["Cache-Control"] == "no-store"


def test_a_strangers_case_is_not_there(desk: Desk, case: Case, sacha: Staff, theo: Staff) -> None:
    assert desk(sacha).get(f"/staff/cases/{case.ref}/export/").status_code == 404
    assert desk(sacha).post(f"/staff/cases/{case.ref}/export/file/").status_code == 404
    assert desk(theo).get(f"/staff/cases/{case.ref}/export/").status_code == 403
