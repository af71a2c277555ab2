"""The pages about accounts: who sees them, what they show, stale and refused forms."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from helpline.accounts import actions
from helpline.accounts.models import ApiToken, Role, Staff, Team
from helpline.accounts.permissions import Permission
from helpline.approvals.models import Approval
from tests.cast import NOON

pytestmark = pytest.mark.django_db
Desk = Callable[[Staff], Client]


@pytest.mark.parametrize("path", ["", "new/", "roles/", "roles/counsellor/", "teams/"])
def test_only_who_manages_accounts_sees_them(
    path: str, desk: Desk, anouk: Staff, nour: Staff, maud: Staff, theo: Staff
) -> None:
    assert desk(anouk).get(f"/staff/accounts/{path}").status_code == 200
    for person in (nour, maud, theo):
        assert desk(person).get(f"/staff/accounts/{path}").status_code == 403
        assert desk(person).get(f"/staff/accounts/{nour.pk}/").status_code == 403


def test_adding_a_person_waits_and_shows_no_password(
    desk: Desk, anouk: Staff, maud: Staff, night_team: Team
) -> None:
    client = desk(anouk)
    answer = client.post(
        "/staff/accounts/new/",
        {
            "new-display_name": "Iris",
            "new-username": "iris",
            "new-role": "counsellor",
            "new-teams": ["night"],
            "new-language": "fr",
            "new-email": "iris@helpline.example",
            "new-text": "She starts on Monday.",
        },
        follow=True,
    )
    iris = Staff.objects.get(username="iris")
    assert not iris.is_active and not iris.has_usable_password()
    assert [one.slug for one in iris.teams.all()] == ["night"]
    assert Approval.objects.get(what="open-account").object_id == str(iris.pk)
    page = answer.content.decode()
    assert "It opens once a second person says yes." in page
    assert "Make the link" not in page


def test_whoever_works_on_cases_needs_an_address(desk: Desk, anouk: Staff) -> None:
    typed = {
        "new-display_name": "Iris",
        "new-username": "iris",
        "new-language": "fr",
        "new-text": "She starts.",
    }
    page = desk(anouk).post("/staff/accounts/new/", typed | {"new-role": "counsellor"})
    assert page.status_code == 422
    assert "Give them an address first." in page.content.decode()
    assert not Staff.objects.filter(username="iris").exists()
    assert desk(anouk).post("/staff/accounts/new/", typed | {"new-role": "auditor"}).status_code == 302


def test_a_user_name_that_is_taken_loses_nothing(desk: Desk, anouk: Staff, nour: Staff) -> None:
    answer = desk(anouk).post("/staff/accounts/new/", {"new-username": "nour", "new-display_name": "N. K."})
    assert answer.status_code == 422
    assert "Somebody has this user name already." in answer.content.decode()
    assert "N. K." in answer.content.decode()


def details(**changes: object) -> dict[str, object]:
    said = {
        "details-display_name": "Nour K.",
        "details-language": "en",
        "details-teams": ["night"],
        "details-was_name": "Nour",
        "details-was_language": "fr",
        "details-was_teams": "night",
    }
    return said | changes


def test_name_language_and_teams_change_at_once(desk: Desk, anouk: Staff, nour: Staff) -> None:
    client = desk(anouk)
    assert client.post(f"/staff/accounts/{nour.pk}/details/", details()).status_code == 302
    nour.refresh_from_db()
    assert (nour.display_name, nour.language) == ("Nour K.", "en")
    # A double click says it twice and does it once.
    assert client.post(f"/staff/accounts/{nour.pk}/details/", details()).status_code == 302


def test_a_stale_form_shows_both_and_then_counts(desk: Desk, anouk: Staff, nour: Staff) -> None:
    Staff.objects.filter(pk=nour.pk).update(display_name="Nour Changed")
    client = desk(anouk)
    answer = client.post(f"/staff/accounts/{nour.pk}/details/", details())
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Nour Changed" in page and "Nour K." in page
    nour.refresh_from_db()
    assert nour.display_name == "Nour Changed"
    again = details(**{"details-was_name": "Nour Changed"})
    assert client.post(f"/staff/accounts/{nour.pk}/details/", again).status_code == 302
    nour.refresh_from_db()
    assert nour.display_name == "Nour K."


def test_a_role_asked_for_twice_says_so(desk: Desk, anouk: Staff, nour: Staff, maud: Staff) -> None:
    client = desk(anouk)
    said = {"role-role": "supervisor", "role-text": "She leads."}
    first = client.post(f"/staff/accounts/{nour.pk}/role/", said, follow=True)
    assert "It happens once a second person says yes." in first.content.decode()
    second = client.post(f"/staff/accounts/{nour.pk}/role/", said | {"role-role": "auditor"}, follow=True)
    assert "asked already" in second.content.decode()
    assert Approval.objects.get().proposal == {"before": "counsellor", "role": "supervisor"}
    assert client.post(f"/staff/accounts/{nour.pk}/role/", {}).status_code == 422


def test_the_second_person_reads_before_and_after(desk: Desk, anouk: Staff, nour: Staff, maud: Staff) -> None:
    desk(anouk).post(
        f"/staff/accounts/{nour.pk}/role/", {"role-role": "supervisor", "role-text": "She leads."}
    )
    page = desk(maud).get(f"/staff/approvals/{Approval.objects.get().pk}/").content.decode()
    assert "Counsellor" in page and "Supervisor" in page
    assert str(Permission.CASES_ALL.label) in page
    assert f"/staff/accounts/{nour.pk}/" not in page  # a supervisor may not go there


def test_closing_an_account_from_its_page(desk: Desk, anouk: Staff, nour: Staff, maud: Staff) -> None:
    client = desk(anouk)
    page = client.post(f"/staff/accounts/{nour.pk}/close/", follow=True).content.decode()
    nour.refresh_from_db()
    assert not nour.is_active and "The account is closed." in page
    assert "Nour" in client.get("/staff/accounts/?tab=closed").content.decode()
    own = client.post(f"/staff/accounts/{anouk.pk}/close/", follow=True).content.decode()
    assert "Somebody else has to do that with your account." in own


def test_a_token_is_shown_once(desk: Desk, nour: Staff) -> None:
    client = desk(nour)
    shown = client.post(
        f"/staff/accounts/{nour.pk}/tokens/",
        {"token-name": "My script", "token-scopes": ["queue.read"], "token-days": "30"},
    )
    assert shown.status_code == 200 and "hl_" in shown.content.decode()
    token = ApiToken.objects.get()
    assert token.scopes == ["queue.read"] and token.expires_at is not None
    page = client.get("/staff/accounts/mine/").content.decode()
    assert "My script" in page and "hl_" not in page
    assert client.post(f"/staff/accounts/tokens/{token.pk}/revoke/").status_code == 302
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_another_persons_token_looks_like_none(desk: Desk, nour: Staff, sacha: Staff, maud: Staff) -> None:
    token, _text = actions.create_token(staff=nour, name="x", scopes=["figures"], by=nour, at=NOON)
    for person in (sacha, maud):
        assert desk(person).post(f"/staff/accounts/tokens/{token.pk}/revoke/").status_code == 404
        assert desk(person).post(f"/staff/accounts/{nour.pk}/tokens/").status_code == 403


def test_an_administrator_sees_no_scope_they_do_not_hold(desk: Desk, anouk: Staff, nour: Staff) -> None:
    page = desk(anouk).get(f"/staff/accounts/{nour.pk}/").content.decode()
    assert "token-scopes" not in page
    said = {"token-name": "x", "token-scopes": ["cases.own"]}
    assert desk(anouk).post(f"/staff/accounts/{nour.pk}/tokens/", said).status_code == 422


def test_a_role_changed_meanwhile_is_shown(
    desk: Desk, anouk: Staff, maud: Staff, roles: dict[str, Role]
) -> None:
    was = " ".join(sorted(roles["auditor"].permissions))
    Role.objects.filter(slug="auditor").update(permissions=["figures"])
    said = {"may-permissions": ["trail"], "may-was": was, "may-text": "x"}
    answer = desk(anouk).post("/staff/accounts/roles/auditor/", said)
    assert answer.status_code == 422 and "Somebody changed this role" in answer.content.decode()
    assert not Approval.objects.exists()
    page = answer.content.decode()
    assert re.search(r'name="may-was"[^>]* value="figures"', page)
    assert re.search(r'value="trail"[^>]* checked', page)
    again = desk(anouk).post("/staff/accounts/roles/auditor/", said | {"may-was": "figures"})
    assert again.status_code == 302
    assert Approval.objects.get().proposal == {"before": ["figures"], "permissions": ["trail"]}


def test_roles_and_teams_are_made_and_renamed(desk: Desk, anouk: Staff, night_team: Team) -> None:
    client = desk(anouk)
    client.post("/staff/accounts/roles/", {"name-text": "Night lead"})
    assert Role.objects.get(slug="night-lead").permissions == []
    assert client.post("/staff/accounts/roles/", {"name-text": "Night lead"}).status_code == 422
    client.post("/staff/accounts/teams/", {"name-text": "Morning"})
    client.post("/staff/accounts/teams/morning/", {"name-text": "Early"})
    assert Team.objects.get(slug="morning").name == "Early"
    assert "Early" in client.get("/staff/accounts/teams/").content.decode()


@pytest.mark.parametrize("path", ["", "roles/", "teams/"])
def test_it_costs_the_same_for_few_and_for_many(
    path: str, desk: Desk, anouk: Staff, make_staff: Callable[..., Staff], night_team: Team
) -> None:
    client = desk(anouk)

    def cost() -> int:
        client.get(f"/staff/accounts/{path}")
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/staff/accounts/{path}")
        return len(asked)

    make_staff("p-0", "counsellor", [night_team])
    few = cost()
    for number in range(1, 8):
        team = Team.objects.create(slug=f"t{number}", name=f"T{number}")
        make_staff(f"p-{number}", "counsellor", [night_team, team])
        Role.objects.create(slug=f"r{number}", name=f"R{number}")
    assert cost() == few
