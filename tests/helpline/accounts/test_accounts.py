"""Staff, roles, tokens, sessions: who may enter, and until when."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.test import Client

from helpline.accounts import actions
from helpline.accounts.models import ApiToken, Role, Staff, Team
from helpline.accounts.permissions import STARTING_ROLES, Permission
from helpline.audit.models import AuditRow
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db


def log_in(username: str, password: str = PASSWORD) -> tuple[Client, Any]:
    client = Client()
    return client, client.post("/staff/login/", {"login": username, "password": password})


@pytest.mark.parametrize("role", STARTING_ROLES)
def test_a_role_holds_its_permissions_and_no_others(make_staff: Callable[..., Staff], role: str) -> None:
    person = make_staff(f"a-{role}", role)
    assert {one for one in Permission if person.can(one)} == STARTING_ROLES[role][1]


def test_roles_are_rows_that_an_administrator_may_redraw(make_staff: Callable[..., Staff]) -> None:
    person = make_staff("iris", "counsellor")
    Role.objects.filter(slug="counsellor").update(permissions=[Permission.FIGURES])
    actions.ensure_starting_roles()  # a later start does not undo it
    fresh = Staff.objects.get(pk=person.pk)
    assert fresh.can(Permission.FIGURES) and not fresh.can(Permission.QUEUE_READ)


def test_a_disabled_account_may_do_nothing(nour: Staff) -> None:
    nour.is_active = False
    assert not any(nour.can(one) for one in Permission)


def test_staff_log_in_and_out(nour: Staff) -> None:
    client, answer = log_in("nour")
    assert (answer.status_code, answer["Location"]) == (302, "/staff/")
    assert client.get("/staff/").status_code == 200
    client.post("/staff/logout/")
    assert client.get("/staff/").status_code == 302


def test_a_wrong_password_and_an_unknown_name_look_the_same(nour: Staff) -> None:
    _client, wrong = log_in("nour", "not-it-not-it-not-it")
    _client, unknown = log_in("nobody", "not-it-not-it-not-it")
    assert wrong.status_code == unknown.status_code == 200
    shown = [str(answer.context["form"].errors) for answer in (wrong, unknown)]
    assert shown[0] == shown[1]


def test_guessing_is_slowed_down(nour: Staff) -> None:
    for number in range(12):
        log_in("nour", f"guess-{number}-guess-{number}")
    client, _answer = log_in("nour")  # the right one, too late
    assert client.get("/staff/").status_code == 302


def test_disabling_ends_the_session_at_the_next_request(nour: Staff) -> None:
    client, _answer = log_in("nour")
    Staff.objects.filter(pk=nour.pk).update(is_active=False)
    assert client.get("/staff/").status_code == 302


def test_a_changed_role_counts_at_the_next_request(nour: Staff, roles: dict[str, Role]) -> None:
    client, _answer = log_in("nour")
    Staff.objects.filter(pk=nour.pk).update(role=roles["auditor"])
    assert client.get("/staff/cases/").status_code == 403


def test_a_changed_password_ends_other_sessions(nour: Staff) -> None:
    client, _answer = log_in("nour")
    nour.set_password("another-lamp-is-on")
    nour.save()
    assert client.get("/staff/").status_code == 302


def test_nobody_signs_up(roles: dict[str, Role]) -> None:
    before = Staff.objects.count()
    answer = Client().post(
        "/staff/account/signup/", {"username": "x", "password1": PASSWORD, "password2": PASSWORD}
    )
    assert answer.status_code in (200, 302, 403, 404)
    assert Staff.objects.count() == before


def test_a_short_password_is_refused() -> None:
    from django.contrib.auth.password_validation import validate_password

    with pytest.raises(ValidationError):
        validate_password("short-one")


def test_a_user_name_is_one_persons(make_staff: Callable[..., Staff], nour: Staff) -> None:
    with pytest.raises(IntegrityError):
        make_staff("nour", "counsellor")


def test_a_token_is_shown_once_and_stored_hashed(nour: Staff, noon: datetime) -> None:
    token, text = actions.create_token(
        staff=nour, name="desk", scopes=[Permission.QUEUE_READ], by=nour, at=noon
    )
    assert text.startswith("hl_")
    assert text.encode() not in bytes(token.digest)
    assert AuditRow.objects.filter(verb="token.created").exists()
    answer = Client().get("/api/v1/reports/", headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == 200


@pytest.mark.parametrize("harm", ["revoked", "expired", "disabled", "wrong", "scope", "role"])
def test_a_token_that_should_not_work_does_not(
    nour: Staff, roles: dict[str, Role], noon: datetime, harm: str
) -> None:
    scopes = [Permission.FIGURES] if harm == "scope" else list(Permission)
    token, text = actions.create_token(staff=nour, name="desk", scopes=scopes, by=nour, at=noon)
    if harm == "revoked":
        ApiToken.objects.filter(pk=token.pk).update(revoked_at=noon)
    elif harm == "expired":
        ApiToken.objects.filter(pk=token.pk).update(expires_at=noon - timedelta(days=999))
    elif harm == "disabled":
        Staff.objects.filter(pk=nour.pk).update(is_active=False)
    elif harm == "wrong":
        text = text[:-1] + ("A" if text[-1] != "A" else "B")
    elif harm == "role":
        Staff.objects.filter(pk=nour.pk).update(role=roles["auditor"])
    answer = Client().get("/api/v1/reports/", headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == (403 if harm in {"scope", "role"} else 401)


def test_public_pages_keep_no_session(nour: Staff) -> None:
    for path in ("/", "/help/", "/report/", "/follow/"):
        assert "desk" not in Client().get(path).cookies
    assert not Session.objects.exists()


def test_teams_are_read_once_a_request(nour: Staff, night_team: Team, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert nour.team_slugs() == ["night"] == nour.team_slugs()
