"""The public face's own database role: enough for a young person's whole way, and nothing of the desk."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg2
import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.test import Client

from docker import public_role
from helpline.platforms.models import Platform
from reports import actions, receipts
from reports.actions import LinkFacts, Submission
from reports.evidence import actions as evidence
from reports.evidence.sanitise import Clean
from reports.models import Draft, Nudge, Report
from reports.states import AgeRange, Kind, LinkStatus, Picture, Status, Who
from tests.cast import NOON


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
def as_public(transactional_db: None) -> Iterator[None]:
    """Everything the application does in the database, it does as the public face's role."""
    role = f"public_{connection.settings_dict['NAME']}"[:63]
    Platform.objects.catch_all()
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
    Nudge.objects.create(report=found, made_at=NOON, due_at=NOON)
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
        "DELETE FROM reports_report",
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
