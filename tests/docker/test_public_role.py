"""The public face's own database role: enough for a young person's whole way, and nothing of the desk."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg2
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import Client

from docker import public_role
from helpline.accounts.models import Staff
from helpline.audit import actions as audit
from helpline.crypto.box import Box
from helpline.platforms import directory
from helpline.platforms.models import Platform
from reports import actions, receipts
from reports.actions import LinkFacts, Submission
from reports.evidence import actions as evidence
from reports.evidence.sanitise import Clean
from reports.models import Draft, Evidence, Nudge, Report
from reports.states import AgeRange, Kind, LinkStatus, Picture, Status, Who
from tests import cast
from tests.cast import NOON
from tests.reports.conftest import Pen
from tests.reports.evidence.hostile import plain
from tests.reports.statistics.published import put_up


def superuser() -> Any:
    """A connection that may make roles; the embedded server lets us in as its superuser."""
    at = connection.settings_dict
    name, password = ("postgres", "") if settings.EMBEDDED_DATABASE else (at["USER"], at["PASSWORD"])
    line = psycopg2.connect(host=at["HOST"], port=at["PORT"], dbname=at["NAME"], user=name, password=password)
    with line.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
        if not cursor.fetchone()[0]:  # type: ignore[index]
            line.close()
            pytest.skip("the tests' own database user may not make roles")
    line.commit()
    return line


@pytest.fixture
def as_public(transactional_db: None, nour: Staff) -> Iterator[None]:
    """Everything the application does in the database, it does as the public face's role."""
    role = f"public_{connection.settings_dict['NAME']}"[:63]
    Platform.objects.catch_all()
    Platform.objects.create(slug="chatter", name="Chatter", domains=["chatter.example"])
    directory.forget()
    line = superuser()
    try:
        public_role.ensure_role(line, password="only for this test", role=role)
        public_role.grant(line, role=role)
        with line, line.cursor() as cursor:
            cursor.execute(f'GRANT "{role}" TO "{connection.settings_dict["USER"]}"')
        with connection.cursor() as cursor:
            cursor.execute(f'SET ROLE "{role}"')
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
        with line, line.cursor() as cursor:
            cursor.execute(f'DROP OWNED BY "{role}"')
            cursor.execute(f'DROP ROLE "{role}"')
        line.close()


@contextmanager
def as_the_desk() -> Iterator[None]:
    """For a moment as the role that owns the tables."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        role = cursor.fetchone()[0]
        cursor.execute("RESET ROLE")
        yield
        cursor.execute(f'SET ROLE "{role}"')


def upload(pen: Pen, **more: str) -> None:
    """A screenshot by the form, made anew and sealed."""
    picture = SimpleUploadedFile("picture", plain("PNG"), "image/png")
    data = pen.marked() | {"what": "messages", "sure": "on", "picture": picture} | more
    assert pen.browser.post("/report/pictures/", data)["Location"].endswith("done=1")


def test_a_young_persons_whole_way(as_public: None) -> None:
    """Given the public role, when a report is written, sent, read, answered, withdrawn and erased, then it works."""
    code = receipts.new_code()
    draft = actions.start_draft(language="fr", code=code, answers={"kind": "threat"}, at=NOON)
    box = draft.box_for_code(code)
    actions.save_draft(draft=draft, box=box, answers={"kind": "deepnude"}, language="fr", at=NOON)
    picture = Clean(picture=b"\x89PNG\r\n\x1a\n", width=1, height=1)
    for what in Picture:
        shown = evidence.add_evidence(owner=draft, code=code, what=what, clean=picture, at=NOON)
        evidence.remove_evidence(evidence=shown, at=NOON)
    evidence.add_evidence(owner=draft, code=code, what=Picture.MESSAGES, clean=picture, at=NOON)
    submission = Submission(
        language="fr",
        who=Who.SELF,
        age_range=AgeRange.FROM_13,
        kind=Kind.DEEPNUDE,
        story="Somebody did it.",
        links=(LinkFacts(url="https://photos.example/p/1"),),
    )
    report = actions.submit_draft(draft_id=draft.pk, code=code, submission=submission, at=NOON)

    found = actions.open_by_code(code)
    assert isinstance(found, Report)
    box = found.box_for_code(code)
    actions.add_links(
        report=found,
        box=box,
        facts=[LinkFacts(url="https://photos.example/p/2")],
        by="young-person",
        at=NOON,
    )
    actions.send_message(report=found, box=box, text="Are you there?", by=None, at=NOON)
    actions.mark_read(report=found, author="helpline", at=NOON)
    evidence.add_evidence(owner=found, code=code, what=Picture.PROFILE, clean=picture, at=NOON)
    actions.withdraw(report=found, links=found.links.all(), at=NOON)
    actions.erase_report(report=found, by="young-person", at=NOON)

    assert Report.objects.get(pk=report.pk).status == Status.ERASED
    assert set(report.links.values_list("status", flat=True)) == {LinkStatus.WITHDRAWN}


def test_drafts_that_expire_can_be_deleted(as_public: None) -> None:
    actions.start_draft(language="fr", code=receipts.new_code(), answers={"kind": "threat"}, at=NOON)

    assert actions.purge_expired_drafts(now=NOON + timedelta(days=8)) == 1
    assert not Draft.objects.exists()


def test_the_public_api_and_pages_work(as_public: None, client: Client) -> None:
    body = {"language": "fr", "who": "self", "age_range": "13-14", "kind": "deepnude", "story": "It is out."}
    answer = client.post(
        "/api/v1/reports/",
        json.dumps(body),
        content_type="application/json",
        headers={"Idempotency-Key": "one"},
    )
    assert answer.status_code == 201, answer.content
    code = answer.json()["receipt_code"]

    assert client.get("/api/v1/follow/", headers={"Receipt-Code": code}).status_code == 200
    for page in ("/", "/help/", "/privacy/", "/report/", "/follow/"):
        assert client.get(page, follow=True).status_code == 200


def test_every_page_of_the_interview_and_behind_the_code(as_public: None, nour: Staff, settings: Any) -> None:
    """Given the public face under its role, when everything a young person can do is done, then every page works."""
    settings.FACE = "public"
    settings.NUDGE_FROM = "n@mail.example"
    pen = Pen()
    pen.answer("who")
    upload(pen)
    pen.send("/report/pictures/", {"remove": str(Evidence.objects.defer("picture").get().pk)})
    upload(pen)
    contact = {"via": "email", "email": "kim@mail.example", "any_time": "on", "is_safe": "on"}
    prints = json.dumps([{"algorithm": "sha256", "value": "ab" * 32}])
    pen.answer_all(
        places={
            "pasted": "https://chatter.example/p/1",
            "account": "kim",
            "platform": "other",
            "site": "Kwik",
        },
        fingerprints={"fingerprints": prints},
        story={"story": "He wants money."},
        school={"school": "A school"},
        contact=contact,
    )
    assert pen.send("/report/review/")["Location"] == "/report/code/"
    pen.send("/report/code/", {"skip": "1"})
    report = Report.objects.get()
    with as_the_desk():
        Nudge.objects.create(report=report, made_at=NOON, due_at=NOON)
        box = report.box_for_code(pen.note.code)
        actions.send_message(report=report, box=box, text="Hello", by=nour, at=NOON)

    for path in ("", "links/", "fingerprints/", "changed/", "contact/", "proof/", "stop/", "erase/"):
        assert pen.see(f"/follow/{path}").status_code == 200, path
    more = json.dumps([{"algorithm": "pdq", "value": "cd" * 32, "quality": 80}])
    for path, data in (
        ("messages/", {"message": "Are you there?"}),
        ("links/", {"account": "lou", "platform": "other", "site": "Blabb"}),
        ("fingerprints/", {"fingerprints": more}),
        ("fingerprints/", {"remove": "1"}),
        ("changed/", {"circumstances": ["spreading"]}),
        ("contact/", contact),
        ("contact/", {"via": "none"}),
        ("stop/1/", {}),
        ("stop/", {}),
    ):
        assert pen.send(f"/follow/{path}", data).status_code == 302, path
    upload(pen, what="profile")
    assert pen.send("/follow/erase/").status_code in {200, 302}

    report.refresh_from_db()
    assert report.status == Status.ERASED
    with as_the_desk():
        assert set(report.nudges.values_list("status", flat=True)) == {"refused"}
        assert not any(one.picture or one.code_key for one in report.evidence.all())


def test_danger_is_raised_and_told_on_and_a_draft_is_thrown_away(as_public: None, settings: Any) -> None:
    settings.FACE = "public"
    pen = Pen()
    pen.answer("who")
    pen.answer("safety", safety="in-danger")
    for name in ("age", "kind", "places"):
        pen.answer(name)
    upload(pen)
    pen.answer("story", story="One word more.")
    assert Report.objects.get().evidence.count() == 1

    other = Pen()
    other.answer("who")
    upload(other)
    other.send("/follow/erase/")
    assert Draft.objects.count() == 1
    assert Evidence.objects.count() == 1


def test_a_code_that_was_said_aloud_is_changed(as_public: None) -> None:
    code, fresh = receipts.new_code(), receipts.new_code()
    with as_the_desk():
        report = actions.submit_report(submission=cast.submission(), code=code, at=NOON)
        Report.objects.filter(pk=report.pk).update(code_said_aloud=True)
    picture = Clean(picture=b"\x89PNG\r\n\x1a\n", width=1, height=1)
    evidence.add_evidence(owner=report, code=code, what=Picture.MESSAGES, clean=picture, at=NOON)

    actions.change_code(report=report, code=code, fresh=fresh, at=NOON)

    assert isinstance(actions.open_by_code(fresh), Report)
    with as_the_desk():
        row = Evidence.objects.get()
        assert Box(row.key_for_code(fresh)).open_bytes(row, "picture") == picture.picture


def test_the_public_calls_by_code(as_public: None, client: Client) -> None:
    body = {
        "who": "self",
        "age_range": "13-14",
        "kind": "deepnude",
        "links": [{"url": "https://chatter.example/p/1"}],
    }
    sent = client.post("/api/v1/reports/", json.dumps(body), content_type="application/json")
    head = {"Receipt-Code": sent.json()["receipt_code"]}
    for path, data in (
        ("messages/", {"text": "Are you there?"}),
        ("links/", {"links": [{"account": "kim", "site": "Kwik"}]}),
        ("withdraw/", {"all": True}),
    ):
        answers = [
            client.post(
                f"/api/v1/follow/{path}",
                json.dumps(data),
                content_type="application/json",
                headers=head | {"Idempotency-Key": path},
            )
            for _twice in range(2)
        ]
        assert {answer.status_code for answer in answers} <= {200, 201}, answers[0].content
    assert client.get("/api/v1/follow/", headers=head).status_code == 200
    assert client.delete("/api/v1/follow/", headers=head).status_code == 204


def test_what_was_published_can_be_read(as_public: None, client: Client, settings: Any) -> None:
    settings.PUBLIC_STATISTICS = True
    settings.FACE = "public"
    with as_the_desk():
        put_up(2025)
    assert "223" in client.get("/statistics/").content.decode()


@pytest.mark.parametrize("actor", ["staff:1", "platform:chatter", "", "System"])
def test_the_trail_is_added_to_in_nobody_elses_name(as_public: None, actor: str) -> None:
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        audit.record(by=actor, verb="case.closed", obj=None, at=NOON)
    audit.record(by=audit.YOUNG_PERSON, verb="report.read", obj=None, at=NOON)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM cases_case",
        "SELECT * FROM cases_note",
        "SELECT * FROM takedowns_takedown",
        "SELECT * FROM accounts_staff",
        "SELECT * FROM accounts_apitoken",
        "SELECT * FROM django_session",
        "SELECT verb FROM audit_auditrow",
        "UPDATE audit_auditrow SET verb = ''",
        "SELECT detail FROM audit_auditrow",
        "DELETE FROM reports_report",
        "DELETE FROM reports_link",
        "DELETE FROM reports_message",
        "DELETE FROM reports_update",
        "DELETE FROM reports_nudge",
        "DELETE FROM audit_auditrow",
        "UPDATE reports_report SET submitted_at = now()",
        "UPDATE reports_report SET channel = 'partner'",
        "UPDATE reports_draft SET locator = NULL",
        "UPDATE reports_draft SET code_key = NULL",
        "UPDATE reports_link SET platform_id = 1",
        "UPDATE reports_link SET report_id = NULL",
        "UPDATE reports_link SET kind = 'post'",
        "UPDATE reports_message SET author = 'helpline'",
        "UPDATE reports_message SET at = now()",
        "UPDATE reports_update SET what = 'gone'",
        "UPDATE reports_fingerprint SET quality = 100",
        "SELECT picture FROM reports_evidence",
        "SELECT * FROM reports_evidence",
        "UPDATE reports_evidence SET hidden_at = NULL",
        "UPDATE reports_evidence SET destroyed_at = NULL",
        "UPDATE reports_evidence SET destroyed_by_id = NULL",
        "INSERT INTO reports_nudge (report_id) VALUES (NULL)",
        "UPDATE reports_nudge SET tries = 0",
        "SELECT due_at FROM reports_nudge",
        "UPDATE web_apiwrite SET status = 200",
        "INSERT INTO platforms_platform (name) VALUES ('')",
        "SELECT earlier FROM statistics_publishedyear",
        "UPDATE statistics_publishedyear SET facts = '{}'",
        "INSERT INTO statistics_publishedyear (year, facts, earlier) VALUES (2025, '{}', '[]')",
        "SELECT * FROM django_migrations",
        "TRUNCATE reports_report",
        "UPDATE platforms_platform SET name = ''",
        "SELECT * FROM platforms_channel",
        "CREATE TABLE more (id int)",
    ],
)
def test_the_desk_is_out_of_reach(as_public: None, statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
