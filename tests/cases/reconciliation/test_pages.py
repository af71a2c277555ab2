"""Handing in a file, watching it, reading the comparison, settling."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases.models import Case
from cases.reconciliation import actions
from cases.reconciliation.models import Line, Piece, Upload
from cases.reconciliation.states import State
from cases.takedowns.actions import request_takedown
from cases.takedowns.models import Takedown
from cases.takedowns.states import Status
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.platforms.models import Platform
from tests.cases.reconciliation.files import COLUMNS, hand_in, read, row, text
from tests.cast import NOON

pytestmark = pytest.mark.django_db
Desk = Callable[[Staff], Client]
PAGE = "/staff/reconciliation/"


@pytest.fixture(autouse=True)
def _names(settings: Any) -> None:
    settings.RECONCILIATION_NAMES = ["Helpline"]


def file(body: str | bytes, name: str = "sor.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body.encode() if isinstance(body, str) else body, "text/csv")


def html(client: Client, address: str = PAGE) -> str:
    return str(client.get(address).content.decode())


def test_a_file_is_handed_in_watched_and_compared(desk: Desk, maud: Staff, chatter: Platform) -> None:
    client = desk(maud)
    assert "No file was handed in yet" in html(client)
    answer = client.post(PAGE + "upload/", {"file": file(text([row(), row(application_date="x")]))})
    page = answer["Location"]
    assert "data-progress" in html(client, page)
    assert "data-progress" in html(client, page + "progress/")
    actions.work()
    assert "data-progress" not in html(client, page + "progress/")
    found = html(client, page)
    assert "Chatter" in found and "Rows that could not be read" in found and "Line 3" in found
    assert "sor.csv" in html(client)
    for tab in ("ours", "agreed"):
        assert client.get(f"{page}?tab={tab}").status_code == 200
    assert client.get(page + "?tab=x").status_code == 404


def test_the_same_file_again_leads_to_the_first(desk: Desk, maud: Staff, chatter: Platform) -> None:
    client, body = desk(maud), text([row()])
    client.post(PAGE + "upload/", {"file": file(body)})
    again = client.post(PAGE + "upload/", {"file": file(body)}, follow=True)
    assert "was handed in before" in again.content.decode()
    assert again.request["PATH_INFO"] == f"{PAGE}{Upload.objects.get().pk}/"


@pytest.mark.parametrize("sent", [{}, {"file": ""}, {"other": "x"}])
def test_no_file(desk: Desk, maud: Staff, sent: dict[str, str]) -> None:
    answer = desk(maud).post(PAGE + "upload/", sent)
    assert answer.status_code == 422 and "Choose a file" in answer.content.decode()


def test_an_empty_file_and_one_under_another_name(desk: Desk, maud: Staff) -> None:
    for sent in ({"file": file(b"")}, {"picture": file("x")}):
        assert desk(maud).post(PAGE + "upload/", sent).status_code == 422
    assert not Upload.objects.exists() and not Piece.objects.exists()


def test_a_file_that_is_too_large(desk: Desk, maud: Staff, settings: Any) -> None:
    """Told at once where the browser says so beforehand, else as soon as it is too much; nothing of it stays."""
    client = desk(maud)
    settings.RECONCILIATION_MAX_BYTES = 2 * 1024 * 1024
    for size in (3 * 1024 * 1024, 2 * 1024 * 1024 + 1):
        answer = client.post(PAGE + "upload/", {"file": file(b"x" * size)})
        assert answer.status_code == 413 and "larger than 2 MB" in answer.content.decode()
    assert not Upload.objects.exists() and not Piece.objects.exists()


def test_a_platform_that_is_none_keeps_nothing(desk: Desk, maud: Staff) -> None:
    answer = desk(maud).post(PAGE + "upload/", {"file": file(text([row()])), "statements-platform": "x"})
    assert answer.status_code == 422
    assert not Upload.objects.exists() and not Piece.objects.exists()


def test_a_form_from_elsewhere_is_not_taken(maud: Staff) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(maud, backend="helpline.accounts.backends.StaffBackend")
    assert client.post(PAGE + "upload/", {"file": file(text([row()]))}).status_code == 403
    assert not Upload.objects.exists()


def test_a_form_of_ours_is_taken(maud: Staff, chatter: Platform) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(maud, backend="helpline.accounts.backends.StaffBackend")
    token = html(client).partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    sent = {"csrfmiddlewaretoken": token, "file": file(text([row()]))}
    assert client.post(PAGE + "upload/", sent).status_code == 302
    assert Upload.objects.count() == 1


def test_a_file_that_does_not_say_whose_it_is(desk: Desk, maud: Staff, chatter: Platform) -> None:
    body = text([row()], columns=[name for name in COLUMNS if name != "platform_name"])
    page = desk(maud).post(PAGE + "upload/", {"file": file(body), "statements-platform": "chatter"})[
        "Location"
    ]
    actions.work()
    assert Line.objects.get().platform == chatter
    assert "Names we do not know" not in html(desk(maud), page)


def test_one_that_can_not_be_read_says_which_columns(desk: Desk, maud: Staff) -> None:
    upload = read("a,b\n1,2\n", maud)
    found = html(desk(maud), f"{PAGE}{upload.pk}/")
    assert "It lacks columns that are needed." in found and "source_type" in found
    assert desk(maud).get(f"{PAGE}{upload.pk}/table/").status_code == 404


def test_a_name_we_do_not_know(desk: Desk, maud: Staff, theo: Staff, chatter: Platform) -> None:
    upload = read(text([row(platform_name="=Chatter Ireland")]), maud)
    page = f"{PAGE}{upload.pk}/"
    assert "=Chatter Ireland" in html(desk(theo), page)
    assert "Say so" not in html(desk(theo), page)
    client = desk(maud)
    wrong = client.post(page + "name/", {"name": "chatterireland", "platform": "x"}, follow=True)
    assert "Choose a platform." in wrong.content.decode()
    for said in ("compared again", "Nothing changed"):
        answer = client.post(page + "name/", {"name": "chatterireland", "platform": "chatter"}, follow=True)
        assert said in answer.content.decode()
    assert "already" in client.post(page + "again/", follow=True).content.decode()
    actions.work()
    assert "Names we do not know" not in html(client, page)


def test_the_table_to_save(desk: Desk, theo: Staff, maud: Staff, chatter: Platform) -> None:
    Platform.objects.filter(pk=chatter.pk).update(name="=Chatter")
    upload = read(text([row(platform_name="=Chatter", category="=1+1")]), maud)
    answer = desk(theo).get(f"{PAGE}{upload.pk}/table/")
    said = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert "'=Chatter" in said and "'=1+1" in said and "2026-03-02" in said
    saved = AuditRow.objects.get(verb="statements.exported")
    assert (saved.actor, saved.object_id) == (f"staff:{theo.pk}", str(upload.pk))


def test_more_names_than_are_told_apart(
    desk: Desk, maud: Staff, chatter: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "PROVIDERS_MOST", 2)
    for names, said in (("A", False), ("ABC", True)):
        upload = read(text([row(platform_name=one) for one in names]), maud)
        page = html(desk(maud), f"{PAGE}{upload.pk}/")
        assert ("names 2 platforms or more" in page) is said


def test_a_line_its_two_sides_and_who_may_see_them(
    desk: Desk, maud: Staff, theo: Staff, open_case: Callable[..., Case], nour: Staff, chatter: Platform
) -> None:
    case = open_case()
    mine = request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=NOON)[0]
    Takedown.objects.filter(pk=mine.pk).update(
        status=Status.REMOVED, sent_at=NOON, platform_says="removed", platform_at=NOON
    )
    read(text([row(uuid="the-public-id")]), maud)
    line = Line.objects.get()
    page = f"{PAGE}lines/{line.pk}/"
    assert "the-public-id" in html(desk(maud), page) and case.ref in html(desk(maud), page)
    seen = html(desk(theo), page)
    assert case.ref not in seen and "of a case you do not see" in seen
    client = desk(maud)
    for said in ("Settled.", "Nothing changed"):
        assert said in client.post(page + "settle/", {"note": "late"}, follow=True).content.decode()
    assert "late" in html(client, page) and "late" not in html(desk(theo), page)
    for said in ("It is open again.", "Nothing changed"):
        assert said in client.post(page + "unsettle/", follow=True).content.decode()


def test_deleting(desk: Desk, maud: Staff, chatter: Platform) -> None:
    upload = read(text([row()]), maud)
    answer = desk(maud).post(f"{PAGE}{upload.pk}/delete/", follow=True)
    assert "Deleted" in answer.content.decode() and not Upload.objects.exists()
    assert desk(maud).post(f"{PAGE}{upload.pk}/delete/").status_code == 404


def test_what_is_not_there(desk: Desk, maud: Staff) -> None:
    for part in ("", "progress/", "table/"):
        assert desk(maud).get(f"{PAGE}{uuid4()}/{part}").status_code == 404
    for part in ("name/", "again/", "delete/"):
        assert desk(maud).post(f"{PAGE}{uuid4()}/{part}").status_code == 404
    assert desk(maud).get(f"{PAGE}lines/{uuid4()}/").status_code == 404
    for part in ("settle/", "unsettle/"):
        assert desk(maud).post(f"{PAGE}lines/{uuid4()}/{part}").status_code == 404


def test_an_auditor_reads_and_hands_nothing_in(desk: Desk, theo: Staff, maud: Staff) -> None:
    hand_in(text([row()]), maud)
    found = html(desk(theo))
    assert "sor.csv" in found and "Hand it in" not in found


def test_long_lists_have_pages_at_the_same_cost(desk: Desk, maud: Staff, chatter: Platform) -> None:
    client = desk(maud)
    html(client)
    counts: list[tuple[int, int, int]] = []
    for size in (2, 60):
        Upload.objects.all().delete()
        upload = None
        for number in range(size):
            upload = Upload.objects.create(
                sha256=f"{number:064}",
                size=1,
                uploaded_at=NOON + timedelta(minutes=number),
                uploaded_by=maud,
                state=State.READY,
            )
        assert upload is not None
        lines = Line.objects.bulk_create(
            Line(
                upload=upload,
                platform=chatter,
                category="X",
                decision="removed",
                day=NOON.date() + timedelta(days=number),
                theirs=2,
                ours=1,
            )
            for number in range(size)
        )
        cost = []
        for address in (PAGE, f"{PAGE}{upload.pk}/", f"{PAGE}lines/{lines[0].pk}/"):
            with CaptureQueriesContext(connection) as found:
                page = html(client, address)
            cost.append(len(found))
            if size == 60 and "lines" not in address:
                assert page.count("data-href") == 50
                after = page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
                assert html(client, after.replace("&amp;", "&")).count("data-href") == 10
        counts.append((cost[0], cost[1], cost[2]))
    assert counts[0] == counts[1]
