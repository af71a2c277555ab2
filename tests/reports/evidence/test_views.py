"""The page for screenshots, as a browser meets it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import StopFutureHandlers
from django.http import HttpResponse
from django.test import Client

from helpline.crypto.box import Box
from reports.evidence import upload as uploads
from reports.evidence.sanitise import sanitise
from reports.models import Evidence, Report
from reports.note import Note
from tests.reports.conftest import Pen
from tests.reports.evidence.conftest import PICTURES
from tests.reports.evidence.hostile import bubbles, encoded, plain

Upload = Callable[..., HttpResponse]
pytestmark = pytest.mark.django_db


def text(response: HttpResponse) -> str:
    return response.content.decode()


def test_a_draft_takes_a_screenshot_and_the_interview_goes_on(pen: Pen, upload: Upload) -> None:
    pen.answer("who")

    answer = upload(plain("PNG"))

    assert (answer.status_code, answer["Location"]) == (302, f"{PICTURES}?done=1")
    row = Evidence.objects.get()
    assert row.draft_id == pen.note.id
    assert Box(row.key_for_code(pen.note.code)).open_bytes(row, "picture") == sanitise(plain("PNG")).picture
    page = text(pen.see(answer["Location"]))
    assert "The screenshot is added." in page
    assert "Screenshot 1" in page
    assert 'href="/report/"' in page.partition("go-on")[2]
    assert "<img" not in page  # no picture is shown back


def test_a_report_takes_one_for_the_staff(pen: Pen, upload: Upload) -> None:
    note = pen.send_report()

    upload(plain("JPEG"), what="profile")

    row = Evidence.objects.get()
    assert (row.report_id, row.what) == (note.id, "profile")
    assert row.box_for_staff().open_bytes(row, "picture") == sanitise(plain("JPEG")).picture
    assert 'href="/follow/"' in text(pen.see(PICTURES)).partition("go-on")[2]


def test_from_the_draft_to_the_staff_to_erasing(pen: Pen, upload: Upload) -> None:
    """Given a screenshot of a draft, when that is sent, then the staff can open it; erased, nobody can."""
    pen.answer_all()
    upload(plain("PNG"))
    pen.send("/report/review/")

    row = Evidence.objects.get()
    assert row.report_id == pen.note.id
    assert row.box_for_staff().open_bytes(row, "picture") == sanitise(plain("PNG")).picture
    pen.send("/follow/erase/")
    row = Evidence.objects.get()
    assert (row.picture, row.staff_key, row.code_key, row.sha256) == (None, None, None, None)


def test_the_script_is_answered_in_a_line(pen: Pen, upload: Upload) -> None:
    pen.answer("who")

    added = upload(plain("PNG"), by_script=True)
    refused = upload(b"<svg/>", by_script=True)

    assert added.json() == {"go": f"{PICTURES}?done=1"}  # type: ignore[attr-defined]
    assert refused.status_code == 422
    assert "not a picture" in refused.json()["error"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"what": ""}, "Choose what it shows."),
        ({"what": "selfie"}, "We take nothing else."),
        ({"sure": ""}, "Look at it once more, then tick this."),
    ],
)
def test_without_a_choice_and_the_tick_nothing_is_decoded(
    pen: Pen, upload: Upload, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], said: str
) -> None:
    monkeypatch.setattr("reports.evidence.views.sanitise", lambda body: pytest.fail("It was decoded."))
    pen.answer("who")

    answer = upload(plain("PNG"), **changes)

    assert answer.status_code == 200
    assert said in text(answer)
    assert not Evidence.objects.exists()


def test_a_form_without_a_picture_says_so_and_keeps_the_choice(pen: Pen, upload: Upload) -> None:
    pen.answer("who")

    page = text(upload(None, what="profile"))

    assert "Choose a screenshot first." in page
    assert 'value="profile" id="f-what_1" checked' in page


def test_one_that_is_too_large_is_refused_calmly(pen: Pen, upload: Upload, settings: Any) -> None:
    """Larger than a picture may be, or than the whole form may be: nothing is kept, and the page leads back."""
    settings.EVIDENCE_MAX_BYTES = 40_000
    pen.answer("who")
    large = plain("PNG")
    assert len(large) > 40_000

    assert "too large" in text(upload(large))
    monstrous = upload(bytes(500_000))
    assert monstrous.status_code == 413
    assert 'href="/report/pictures/"' in text(monstrous)
    by_script = upload(bytes(500_000), by_script=True)
    assert by_script.status_code == 413
    assert "too large" in by_script.json()["error"]  # type: ignore[attr-defined]
    assert not Evidence.objects.exists()


def test_of_a_file_no_more_is_read_than_may_be(settings: Any) -> None:
    settings.EVIDENCE_MAX_BYTES = 10
    handler = uploads.OnePicture()
    with pytest.raises(StopFutureHandlers):
        handler.new_file("picture", "x", "image/png", None)
    for _ in range(5):
        handler.receive_data_chunk(b"12345678", 0)

    assert handler.file_complete(40).read() == b"12345678123"


def test_only_the_first_file_called_picture_is_read(pen: Pen) -> None:
    pen.answer("who")
    files = {
        "other": SimpleUploadedFile("a", plain("PNG")),
        "picture": [SimpleUploadedFile("b", plain("JPEG")), SimpleUploadedFile("c", plain("PNG"))],
    }

    pen.browser.post(PICTURES, pen.marked() | {"what": "messages", "sure": "on"} | files)

    row = Evidence.objects.get()
    assert Box(row.key_for_code(pen.note.code)).open_bytes(row, "picture") == sanitise(plain("JPEG")).picture


def test_files_are_taken_nowhere_else(pen: Pen) -> None:
    assert django_settings.FILE_UPLOAD_HANDLERS == ["helpline.web.uploads.NoFiles"]
    answer = pen.browser.post("/report/1/", {"who": "self", "picture": SimpleUploadedFile("a", plain("PNG"))})

    assert not answer.wsgi_request.FILES  # type: ignore[attr-defined]


def test_a_forged_form_is_refused(pen: Pen) -> None:
    pen.answer("who")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies.load(pen.browser.cookies)

    answer = strict.post(
        PICTURES,
        pen.marked() | {"what": "messages", "sure": "on", "picture": SimpleUploadedFile("a", plain("PNG"))},
    )

    assert answer.status_code == 403
    assert not Evidence.objects.exists()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (
            b"--x\r\nContent-Disposition: form-data; name=picture; filename=\r\n\r\nx\r\n--x--\r\n",
            "multipart/form-data; boundary=x",
        ),
        (b"nothing", "multipart/form-data"),
        (b"nothing", "multipart/form-data; boundary=\xff"),
        (b"\xff" * 600_000, "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"--x\r\n" + b"A: b\r\n" * 3000, "multipart/form-data; boundary=x"),
    ],
)
def test_broken_forms_break_nothing(pen: Pen, body: bytes, content_type: str) -> None:
    pen.answer("who")
    pen.browser.raise_request_exception = False

    answer = pen.browser.generic("POST", PICTURES, body, content_type=content_type)

    assert answer.status_code < 500


def test_a_screenshot_is_taken_back(pen: Pen, upload: Upload) -> None:
    pen.answer("who")
    upload(plain("PNG"))
    row = Evidence.objects.get()

    answer = pen.send(PICTURES, {"remove": str(row.pk)})

    assert answer["Location"] == f"{PICTURES}?done=2"
    assert not Evidence.objects.exists()
    assert "gone for good" in text(pen.see(answer["Location"]))
    for nonsense in ("", "x", str(row.pk)):
        assert pen.send(PICTURES, {"remove": nonsense}).status_code == 302


def test_nobody_takes_back_anothers(pens: Callable[[], Pen], upload: Upload, pen: Pen) -> None:
    pen.answer("who")
    upload(plain("PNG"))
    other = pens()
    other.answer("who")

    other.send(PICTURES, {"remove": str(Evidence.objects.get().pk)})

    assert Evidence.objects.count() == 1


def test_when_it_is_full_no_editor_is_offered(pen: Pen, upload: Upload, settings: Any) -> None:
    settings.EVIDENCE_MOST = 1
    pen.answer("who")
    upload(plain("PNG"))

    assert "as many screenshots as we can keep" in text(upload(plain("JPEG")))
    page = text(pen.see(PICTURES))
    assert "pictures.js" not in page and "redact.js" not in page
    assert "We can keep one screenshot." in page


def test_before_sending_there_is_an_end_and_words_go_on(pen: Pen, upload: Upload, settings: Any) -> None:
    """Given no room for more unsent screenshots, then the page says so before anybody covers one; words are taken."""
    pen.answer_all()
    upload(plain("PNG"))
    settings.EVIDENCE_UNSENT_MAX_BYTES = Evidence.objects.get().size

    page = text(pen.see(PICTURES))
    assert "Send it first, then add this screenshot with your code." in page
    assert "pictures.js" not in page
    refused = upload(plain("JPEG"), by_script=True)
    assert (refused.status_code, refused.json()["error"]) == (  # type: ignore[attr-defined]
        422,
        "We cannot keep more screenshots before you send your report. Your words are kept. "
        "Send it first, then add this screenshot with your code.",
    )
    assert Evidence.objects.count() == 1
    assert pen.answer("story", story="He wants money.").status_code == 302
    pen.send("/report/review/")
    assert "pictures.js" in text(pen.see(PICTURES))
    upload(plain("JPEG"))
    assert Report.objects.get().evidence.count() == 2


def test_with_nothing_open_the_code_is_asked_for(pen: Pen, upload: Upload) -> None:
    note = pen.send_report()
    pen.loses_its_cookie()

    assert "Type your code" in text(pen.see(PICTURES))
    by_script = upload(plain("PNG"), by_script=True)
    assert by_script.status_code == 409
    assert "in another tab" in by_script.json()["error"]  # type: ignore[attr-defined]
    opened = pen.browser.post(PICTURES, {"what": "messages", "code": note.code})
    assert opened["Location"] == PICTURES
    assert "Choose a screenshot" in text(pen.see(PICTURES))
    assert not Evidence.objects.exists()


def test_a_form_of_another_report_adds_nothing(pen: Pen, upload: Upload) -> None:
    """Two people share a browser: the tab of the one never adds to the report of the other."""
    pen.answer("who")
    old = pen.marked()
    pen.loses_its_cookie()
    pen.answer("who")

    answer = upload(plain("PNG"), **old)

    assert "Type your code" in text(answer)
    assert not Evidence.objects.exists()


def test_a_drafts_note_finds_the_report_it_became(pen: Pen, upload: Upload) -> None:
    pen.answer_all()
    before: Note = pen.note
    cookie = pen.browser.cookies["note"].value
    pen.send("/report/review/")
    pen.browser.cookies["note"] = cookie  # the other tab

    upload(plain("PNG"))

    assert Evidence.objects.get().report == Report.objects.get(pk=before.id)
    assert pen.note.is_report


def test_in_a_crowd_pictures_give_way_and_words_do_not(
    pen: Pen, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.crowd.has_room_for_pictures", lambda request: False)
    pen.answer("who")

    answer = upload(plain("PNG"), by_script=True)

    assert answer.status_code == 429
    assert "Everything else works." in answer.json()["error"]  # type: ignore[attr-defined]
    assert pen.answer("safety").status_code == 302


def test_switched_off_the_page_is_not_there(pen: Pen, upload: Upload, settings: Any) -> None:
    pen.answer("who")
    settings.EVIDENCE_ENABLED = False

    assert pen.see(PICTURES).status_code == 404
    assert upload(plain("PNG")).status_code == 404
    assert not Evidence.objects.exists()


def test_the_page_says_the_rule_and_loads_only_ours(pen: Pen) -> None:
    pen.answer("who")

    page = pen.see(PICTURES)

    assert "A naked picture, not even a fake one" in text(page)
    assert "Describe it in words" in text(page)
    assert 'type="file"' in text(page) and 'name="picture"' not in text(page)
    assert page["Cache-Control"] == "no-store"


def test_nothing_of_a_file_name_or_its_notes_is_anywhere(pen: Pen, upload: Upload) -> None:
    pen.answer("who")
    body = encoded(bubbles(), "PNG")
    pen.browser.post(
        PICTURES,
        pen.marked()
        | {"what": "messages", "sure": "on", "picture": SimpleUploadedFile("lea-at-home.png", body)},
    )

    assert Evidence.objects.count() == 1
    assert "lea-at-home" not in text(pen.see(PICTURES))
    assert "lea-at-home" not in str(Evidence.objects.values().get())


def test_the_editor_makes_no_markup_and_keeps_nothing() -> None:
    folder = django_settings.BASE_DIR / "static" / "js"
    script, opener = (folder / "redact.js").read_text(), (folder / "pictures.js").read_text()

    for word in (
        "innerHTML",
        "eval(",
        "document.write",
        "localStorage",
        "sessionStorage",
        "indexedDB",
        "toDataURL",
    ):
        assert word not in script + opener
    assert (script.count("fetch("), opener.count("fetch(")) == (1, 0)
