"""Roles, permissions, new people, ways back in: asked by one, decided by another, done only then."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from cases.accounts import approving
from cases.accounts.approving import propose
from helpline.accounts import actions, entrance
from helpline.accounts.actions import AccountRefused
from helpline.accounts.models import Role, Staff, Team
from helpline.accounts.permissions import Permission
from helpline.approvals import actions as approvals
from helpline.approvals.actions import ApprovalRefused
from helpline.approvals.handlers import CannotBeDone
from helpline.approvals.models import Approval
from helpline.audit.models import AuditRow
from tests.at_once import at_once
from tests.cast import NOON

pytestmark = pytest.mark.django_db
Ask = Callable[..., Approval]
DAY = timedelta(days=1)


@pytest.fixture
def ask_role(anouk: Staff, nour: Staff, maud: Staff) -> Ask:
    """Anouk asks to make Nour a supervisor; there is Maud to decide."""

    def ask(**changes: Any) -> Approval:
        proposal = {"before": "counsellor", "role": "supervisor"}
        said = {"what": approving.ROLE, "obj": nour, "proposal": proposal, "by": anouk, "at": NOON}
        asked = propose(**({**said, "reason": "She leads the nights."} | changes))
        assert asked is not None
        return asked

    return ask


def test_a_role_changes_once_another_person_says_yes(
    ask_role: Ask, nour: Staff, maud: Staff, log_in: Callable[[Staff], Client]
) -> None:
    """Given a role that was asked for, then it changes with the yes and not before, and her sessions end."""
    client = log_in(nour)
    asked = ask_role()
    nour.refresh_from_db()
    assert nour.role_id == "counsellor" and client.get("/staff/cases/").status_code == 200

    approvals.decide(approval=asked, granted=True, by=maud, at=NOON)

    nour.refresh_from_db()
    assert nour.role_id == "supervisor"
    assert client.get("/staff/cases/").status_code == 302
    assert log_in(nour).get("/staff/cases/").status_code == 200
    assert AuditRow.objects.filter(verb="staff.role_changed", actor=f"staff:{maud.pk}").exists()


def test_whoever_decides_sees_what_changes(ask_role: Ask, nour: Staff) -> None:
    lines = {str(line.label): line for line in approving.ChangeRole().changes(ask_role(), nour)}
    assert (lines["Role"].before, lines["Role"].after) != ("", "")
    assert lines[str(Permission.APPROVE.label)].is_new
    assert str(Permission.QUEUE_READ.label) not in lines  # she holds it before and after


def test_a_no_changes_nothing(ask_role: Ask, nour: Staff, maud: Staff) -> None:
    approvals.decide(approval=ask_role(), granted=False, by=maud, at=NOON)
    nour.refresh_from_db()
    assert nour.role_id == "counsellor"


def test_whoever_asked_does_not_decide(ask_role: Ask, anouk: Staff) -> None:
    with pytest.raises(ApprovalRefused):
        approvals.decide(approval=ask_role(), granted=True, by=anouk, at=NOON)


def test_nobody_asks_about_or_decides_on_their_own_role(
    ask_role: Ask, anouk: Staff, maud: Staff, basile: Staff
) -> None:
    with pytest.raises(CannotBeDone):
        ask_role(obj=anouk, proposal={"before": "administrator", "role": "supervisor"})
    asked = ask_role(obj=maud, proposal={"before": "supervisor", "role": "administrator"})
    with pytest.raises(PermissionDenied):
        approvals.decide(approval=asked, granted=True, by=maud, at=NOON)
    approvals.decide(approval=asked, granted=True, by=basile, at=NOON)


def test_only_who_manages_accounts_asks(ask_role: Ask, maud: Staff, nour: Staff) -> None:
    for person in (maud, nour):
        with pytest.raises(PermissionDenied):
            ask_role(by=person)


def test_a_role_that_was_changed_meanwhile_is_asked_for_again(
    ask_role: Ask, nour: Staff, maud: Staff, roles: dict[str, Role]
) -> None:
    asked = ask_role()
    Staff.objects.filter(pk=nour.pk).update(role=roles["auditor"])
    with pytest.raises(CannotBeDone):
        approvals.decide(approval=asked, granted=True, by=maud, at=NOON)
    nour.refresh_from_db()
    asked.refresh_from_db()
    assert (nour.role_id, asked.status) == ("auditor", "waiting")


def test_the_last_administrator_keeps_the_role(anouk: Staff, maud: Staff, roles: dict[str, Role]) -> None:
    with pytest.raises(AccountRefused, match="last_administrator"):
        actions.set_role(staff=anouk, before="administrator", role=roles["auditor"], by=maud, at=NOON)


def test_the_last_second_person_keeps_account_role_and_permissions(
    anouk: Staff, basile: Staff, maud: Staff, roles: dict[str, Role]
) -> None:
    """Given one who could agree besides whoever acts, then nothing takes them away; with another one it does."""
    actions.disable(staff=basile, by=anouk, at=NOON)  # Maud stays
    with pytest.raises(AccountRefused, match="last_second_person"):
        actions.disable(staff=maud, by=anouk, at=NOON)
    with pytest.raises(AccountRefused, match="last_second_person"):
        actions.set_role(staff=maud, before="supervisor", role=roles["auditor"], by=anouk, at=NOON)
    before = roles["supervisor"].permissions
    with pytest.raises(AccountRefused, match="last_second_person"):
        actions.set_permissions(
            role=roles["supervisor"], before=before, permissions=["figures"], by=anouk, at=NOON
        )
    maud.refresh_from_db()
    assert maud.is_active and maud.can(Permission.APPROVE)


def test_a_question_of_whoever_left_is_not_done(
    ask_role: Ask, anouk: Staff, basile: Staff, maud: Staff, nour: Staff
) -> None:
    """Given a role asked for by an administrator whose account is closed, then it was taken back with it."""
    asked = ask_role(by=basile)
    actions.disable(staff=basile, by=anouk, at=NOON)
    with pytest.raises(ApprovalRefused, match="not_waiting"):
        approvals.decide(approval=asked, granted=True, by=maud, at=NOON)
    nour.refresh_from_db()
    assert (nour.role_id, Approval.objects.get().status) == ("counsellor", "withdrawn")


def test_a_question_of_whoever_may_not_ask_any_more_is_not_done(
    ask_role: Ask, basile: Staff, maud: Staff, nour: Staff, roles: dict[str, Role]
) -> None:
    asked = ask_role(by=basile)
    Staff.objects.filter(pk=basile.pk).update(role=roles["auditor"])
    with pytest.raises(ApprovalRefused, match="asker_gone"):
        approvals.decide(approval=asked, granted=True, by=maud, at=NOON)
    nour.refresh_from_db()
    assert nour.role_id == "counsellor"
    approvals.decide(approval=asked, granted=False, by=maud, at=NOON)  # so that it can be asked again


# --- disabling ------------------------------------------------------------------------------------------------


def test_disabling_needs_nobody_else_and_ends_everything(
    anouk: Staff, nour: Staff, log_in: Callable[[Staff], Client]
) -> None:
    client = log_in(nour)
    _row, token = actions.create_token(staff=nour, name="x", scopes=[Permission.QUEUE_READ], by=nour, at=NOON)

    actions.disable(staff=nour, by=anouk, at=NOON)

    assert client.get("/staff/").status_code == 302
    answer = Client().get("/api/v1/cases/", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert not nour.tokens.filter(revoked_at=None).exists()
    # Opened again, the old session stays dead.
    actions.open_account(staff=nour, by=anouk, at=NOON)
    assert client.get("/staff/").status_code == 302


def test_who_leaves_is_told_to_whoever_asked_to_know(anouk: Staff, nour: Staff, settings: Any) -> None:
    settings.ON_STAFF_LEAVING = ["tests.cases.accounts.test_second_person.left"]
    LEFT.clear()
    actions.disable(staff=nour, by=anouk, at=NOON)
    actions.disable(staff=nour, by=anouk, at=NOON)  # twice changes nothing
    assert [(nour.pk, anouk.pk)] == LEFT


LEFT: list[tuple[int, int]] = []


def left(*, staff: Staff, by: Staff, at: object) -> None:
    """What a part above hangs in ON_STAFF_LEAVING."""
    LEFT.append((staff.pk, by.pk))


def test_nobody_closes_their_own_account_and_no_counsellor_another(
    anouk: Staff, basile: Staff, nour: Staff
) -> None:
    with pytest.raises(AccountRefused, match="own_account"):
        actions.disable(staff=anouk, by=anouk, at=NOON)
    with pytest.raises(PermissionDenied):
        actions.disable(staff=anouk, by=nour, at=NOON)


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_close_each_other_at_once_leave_one(
    anouk: Staff, basile: Staff, maud: Staff
) -> None:
    answers = at_once(
        lambda: actions.disable(staff=Staff.objects.get(pk=basile.pk), by=anouk, at=NOON),
        lambda: actions.disable(staff=Staff.objects.get(pk=anouk.pk), by=basile, at=NOON),
    )
    refused = [answer for answer in answers if isinstance(answer, AccountRefused)]
    assert [one.code for one in refused] == ["last_administrator"]
    assert Staff.objects.filter(is_active=True, role="administrator").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_say_yes_at_once_do_it_once(ask_role: Ask, maud: Staff, basile: Staff, nour: Staff) -> None:
    asked = ask_role()

    def yes(by: Staff) -> Callable[[], None]:
        return lambda: approvals.decide(
            approval=Approval.objects.get(pk=asked.pk), granted=True, by=by, at=NOON
        )

    answers = at_once(yes(maud), yes(basile))
    assert sorted(type(answer).__name__ for answer in answers) == ["ApprovalRefused", "NoneType"]
    assert AuditRow.objects.filter(verb="staff.role_changed").count() == 1


# --- a new person, and a way back in ----------------------------------------------------------------------------


def test_a_new_person_enters_by_a_link_and_a_password_of_their_own(
    anouk: Staff, maud: Staff, roles: dict[str, Role]
) -> None:
    new = actions.create_staff(
        username="iris",
        display_name="Iris",
        role=roles["counsellor"],
        email="iris@helpline.example",
        password=None,
        is_active=False,
        by=anouk,
        at=NOON,
    )
    with pytest.raises(PermissionDenied):  # closed: no way in
        entrance.link(staff=new, by=anouk, at=NOON)
    asked = propose(
        what=approving.OPEN, obj=new, proposal={"role": "counsellor"}, reason="New.", by=anouk, at=NOON
    )
    assert asked is not None
    approvals.decide(approval=asked, granted=True, by=maud, at=NOON)
    new.refresh_from_db()

    path = entrance.link(staff=new, by=anouk, at=NOON)
    browser = Client()
    form = browser.get(path)
    assert form.status_code == 302
    chosen = {"password1": "a-lamp-of-my-own", "password2": "a-lamp-of-my-own"}
    assert browser.post(form["Location"], chosen).status_code == 302
    answer = Client().post("/staff/login/", {"login": "iris", "password": "a-lamp-of-my-own"})
    assert answer["Location"] == "/staff/"
    new.refresh_from_db()
    with pytest.raises(PermissionDenied):  # it was made once
        entrance.link(staff=new, by=anouk, at=NOON)
    assert Client().get(path).status_code == 200  # says that it no longer works


def test_an_account_with_another_role_than_was_asked_does_not_open(
    anouk: Staff, maud: Staff, nour: Staff, roles: dict[str, Role]
) -> None:
    actions.disable(staff=nour, by=anouk, at=NOON)
    asked = propose(
        what=approving.OPEN, obj=nour, proposal={"role": "counsellor"}, reason="Back.", by=anouk, at=NOON
    )
    assert asked is not None
    Staff.objects.filter(pk=nour.pk).update(role=roles["supervisor"])
    with pytest.raises(CannotBeDone):
        approvals.decide(approval=asked, granted=True, by=maud, at=NOON)


def test_a_lost_password_takes_two_and_only_who_asked_makes_the_link(
    anouk: Staff, basile: Staff, nour: Staff, desk: Callable[[Staff], Client]
) -> None:
    """Of a role that opens no case, the link can be shown."""
    Staff.objects.filter(pk=nour.pk).update(last_login=NOON, role="auditor", email="")
    nour.refresh_from_db()
    client = desk(anouk)
    assert "may not" not in client.post(f"/staff/accounts/{nour.pk}/link/", follow=True).content.decode()
    client.post(f"/staff/accounts/{nour.pk}/access/", {"why-text": "She told me at the door."})
    asked = Approval.objects.get(what="reset-access")
    assert nour.has_usable_password()

    answer = desk(basile).post(
        f"/staff/approvals/{asked.pk}/decide/", {"answer-granted": "yes", "answer-sure": "on"}
    )
    assert answer.status_code == 302
    nour.refresh_from_db()
    assert not nour.has_usable_password()
    shown = client.post(f"/staff/accounts/{nour.pk}/link/")
    assert "/staff/account/password/reset/key/" in shown.content.decode()
    assert desk(basile).post(f"/staff/accounts/{nour.pk}/link/").status_code == 302
    # Made once: for another one it is asked again.
    assert client.post(f"/staff/accounts/{nour.pk}/link/").status_code == 302


@pytest.fixture
def iris(anouk: Staff, maud: Staff, roles: dict[str, Role]) -> Staff:
    """A new counsellor: Anouk asked, Maud agreed."""
    new = actions.create_staff(
        username="iris",
        display_name="Iris",
        role=roles["counsellor"],
        email="iris@helpline.example",
        password=None,
        is_active=False,
        by=anouk,
        at=NOON,
    )
    proposal = {"role": "counsellor"}
    asked = propose(what=approving.OPEN, obj=new, proposal=proposal, reason="New.", by=anouk, at=NOON)
    assert asked is not None
    approvals.decide(approval=asked, granted=True, by=maud, at=NOON)
    new.refresh_from_db()
    return new


def test_a_way_in_to_cases_is_never_shown(iris: Staff, anouk: Staff, desk: Callable[[Staff], Client]) -> None:
    """Given a new counsellor without an address, then no link is made; whoever manages accounts can't enter as them."""
    Staff.objects.filter(pk=iris.pk).update(email="")
    with pytest.raises(AccountRefused):
        entrance.link(staff=iris, by=anouk, at=NOON)
    Staff.objects.filter(pk=iris.pk).update(link_until=timezone.now() + timedelta(hours=1))
    client = desk(anouk)
    assert "Make the link" not in client.get(f"/staff/accounts/{iris.pk}/").content.decode()
    said = client.post(f"/staff/accounts/{iris.pk}/link/", follow=True).content.decode()
    assert "gets their way in by e-mail" in said
    assert "password/reset/key/" not in said


def test_a_link_is_made_once_within_a_day_by_whoever_asked(iris: Staff, anouk: Staff, basile: Staff) -> None:
    for by, at in ((basile, NOON), (anouk, NOON + timedelta(hours=25))):
        with pytest.raises(PermissionDenied):
            entrance.link(staff=iris, by=by, at=at)
    entrance.link(staff=iris, by=anouk, at=NOON)
    with pytest.raises(PermissionDenied):
        entrance.link(staff=iris, by=anouk, at=NOON)


def test_whoever_agreed_sees_who_made_the_link_and_when_it_was_used(
    iris: Staff, anouk: Staff, maud: Staff, desk: Callable[[Staff], Client]
) -> None:
    """Given an administrator who uses the link themselves, then it stands where Maud agreed, and on the first page."""
    page = f"/staff/approvals/{Approval.objects.get(what=approving.OPEN).pk}/"
    assert "Link made" not in desk(maud).get(page).content.decode()

    path = entrance.link(staff=iris, by=anouk, at=NOON)
    seen = desk(maud).get(page).content.decode()
    assert "Link made" in seen and "Anouk, " in seen and "not yet" in seen

    browser = Client()
    chosen = {"password1": "a-lamp-of-my-own", "password2": "a-lamp-of-my-own"}
    browser.post(browser.get(path)["Location"], chosen)

    def come_in() -> str:
        browser = Client()
        browser.cookies["lang"] = "en"
        ways_in = {"login": "iris", "password": "a-lamp-of-my-own"}
        return browser.post("/staff/login/", ways_in, follow=True).content.decode()

    assert "since Anouk made the link to your account" in come_in()
    assert "made the link" not in come_in()
    seen = desk(maud).get(page).content.decode()
    assert "First time here after it" in seen and "not yet" not in seen
    assert AuditRow.objects.filter(verb="staff.link_used", object_id=str(iris.pk)).count() == 1


def test_with_an_address_on_file_the_link_is_sent_there_and_never_shown(
    iris: Staff, anouk: Staff, desk: Callable[[Staff], Client], mailoutbox: list[Any]
) -> None:
    Staff.objects.filter(pk=iris.pk).update(email="iris@helpline.example", link_until=timezone.now() + DAY)
    answer = desk(anouk).post(f"/staff/accounts/{iris.pk}/link/", follow=True)
    assert "/password/reset/key/" not in answer.content.decode()
    assert [mail.to for mail in mailoutbox] == [["iris@helpline.example"]]
    assert "/staff/account/password/reset/key/" in mailoutbox[0].body


def test_a_mail_that_does_not_leave_uses_nothing_up(
    iris: Staff, anouk: Staff, desk: Callable[[Staff], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(entrance, "send_mail", refuse)
    Staff.objects.filter(pk=iris.pk).update(email="iris@helpline.example", link_until=timezone.now() + DAY)
    answer = desk(anouk).post(f"/staff/accounts/{iris.pk}/link/", follow=True)
    assert "no link was made" in answer.content.decode()
    iris.refresh_from_db()
    assert iris.link_made_at is None
    assert entrance.can_make(staff=iris, by=anouk, at=timezone.now())


# --- teams --------------------------------------------------------------------------------------------------------


def test_a_team_added_to_a_counsellor_takes_two_and_leaving_one_does_not(
    anouk: Staff, maud: Staff, sacha: Staff, night_team: Team, desk: Callable[[Staff], Client]
) -> None:
    """Given a counsellor of the day, then the night's cases open with Maud's yes, and not by Anouk alone."""
    said = {
        "details-display_name": "Sacha",
        "details-language": "fr",
        "details-teams": ["day", "night"],
        "details-was_name": "Sacha",
        "details-was_language": "fr",
        "details-was_teams": "day",
    }
    client, page = desk(anouk), f"/staff/accounts/{sacha.pk}/details/"
    assert client.post(page, said).status_code == 422  # for the second person, it says why
    assert not Approval.objects.exists()
    answer = client.post(page, said | {"details-text": "Nights are thin."}, follow=True)
    assert "once a second person says yes" in answer.content.decode()
    assert actions.details_of(sacha).teams == ("day",)
    assert "another one waits" in client.post(page, said, follow=True).content.decode()

    asked = Approval.objects.get(what=approving.TEAMS)
    [line] = approving.ChangeTeams().changes(asked, sacha)
    assert (line.before, line.after) == ("Day", "Day, Night")
    approvals.decide(approval=asked, granted=True, by=maud, at=NOON)
    assert actions.details_of(sacha).teams == ("day", "night")

    left = said | {"details-teams": ["day"], "details-was_teams": "day,night"}
    client.post(page, left)
    assert actions.details_of(sacha).teams == ("day",)


def test_a_team_added_to_who_reads_no_cases_is_there_at_once(
    anouk: Staff, maud: Staff, theo: Staff, night_team: Team
) -> None:
    seen = actions.details_of(theo)
    to = actions.Details(seen.display_name, seen.language, ("night",))
    assert actions.change_details(staff=theo, to=to, seen=seen, by=anouk, at=NOON) == ()
    assert actions.details_of(theo).teams == ("night",)


def test_who_gets_a_role_with_cases_is_shown_with_their_teams(
    anouk: Staff, maud: Staff, theo: Staff, night_team: Team
) -> None:
    actions.add_to_teams(staff=theo, teams=["night"], by=anouk, at=NOON)
    proposal = {"before": "auditor", "role": "counsellor"}
    asked = propose(what=approving.ROLE, obj=theo, proposal=proposal, reason="x", by=anouk, at=NOON)
    assert asked is not None
    assert "Night" in [line.after for line in approving.ChangeRole().changes(asked, theo)]


# --- the first days -----------------------------------------------------------------------------------------------


def test_with_nobody_else_there_it_happens_at_once_and_the_trail_says_so(anouk: Staff, nour: Staff) -> None:
    proposal = {"before": "counsellor", "role": "supervisor"}
    done = propose(what=approving.ROLE, obj=nour, proposal=proposal, reason="x", by=anouk, at=NOON)
    nour.refresh_from_db()
    assert (done, nour.role_id) == (None, "supervisor")
    assert AuditRow.objects.filter(verb="account.alone").exists()


def test_nobody_is_alone_again_once_there_was_a_second_person(anouk: Staff, maud: Staff) -> None:
    """Given an account that is closed by whatever way, then it counts for as long as it is there."""
    assert not actions.is_alone(anouk)
    Staff.objects.filter(pk=maud.pk).update(is_active=False, disabled_at=NOON - timedelta(days=900))
    assert not actions.is_alone(anouk)


def test_an_account_that_was_never_open_is_no_second_person(anouk: Staff, roles: dict[str, Role]) -> None:
    facts: dict[str, Any] = {"display_name": "Ghost", "role": roles["supervisor"], "password": None}
    actions.create_staff(username="ghost", is_active=False, by=anouk, at=NOON, **facts)
    assert actions.is_alone(anouk)


def test_the_first_second_person_can_be_let_in_by_one(anouk: Staff, roles: dict[str, Role]) -> None:
    facts: dict[str, Any] = {"display_name": "Maud", "role": roles["supervisor"], "password": None}
    facts["email"] = "maud@helpline.example"
    first = actions.create_staff(username="maud", is_active=False, by=anouk, at=NOON, **facts)
    proposal = {"role": "supervisor"}
    assert propose(what=approving.OPEN, obj=first, proposal=proposal, reason="x", by=anouk, at=NOON) is None
    assert not actions.is_alone(anouk)
    assert entrance.link(staff=first, by=anouk, at=NOON)


def test_where_nobody_can_agree_whoever_runs_the_server_lets_one_in(
    anouk: Staff, nour: Staff, maud: Staff
) -> None:
    said = StringIO()
    call_command("second_person", "lou", stdout=said)
    lou = Staff.objects.get(username="lou")
    assert lou.is_active and lou.can(Permission.APPROVE)
    path = said.getvalue().split()[-1]
    assert Client().get(path).status_code == 302
    assert list(AuditRow.objects.filter(object_id=str(lou.pk)).values_list("verb", flat=True)) == [
        *("staff.created", "staff.opened"),
    ]
    actions.disable(staff=maud, by=anouk, at=NOON)  # now that Lou is there
    for username in ("lou", "nour"):  # open already; no second person
        with pytest.raises(CommandError):
            call_command("second_person", username)
    with pytest.raises(CommandError, match="no role"):
        call_command("second_person", "kim", role="nothing")
    assert not Staff.objects.filter(username="kim").exists()


# --- what a role may do ---------------------------------------------------------------------------------------------


def ask_permissions(role: Role, permissions: list[str], by: Staff) -> Approval:
    proposal = {"before": sorted(role.permissions), "permissions": permissions}
    asked = propose(what=approving.PERMISSIONS, obj=role, proposal=proposal, reason="x", by=by, at=NOON)
    assert asked is not None
    return asked


def test_what_a_role_may_do_takes_two(anouk: Staff, maud: Staff, nour: Staff, roles: dict[str, Role]) -> None:
    asked = ask_permissions(roles["counsellor"], ["queue.read", "figures"], anouk)
    assert not Staff.objects.get(pk=nour.pk).can(Permission.FIGURES)
    approvals.decide(approval=asked, granted=True, by=maud, at=NOON)
    fresh = Staff.objects.get(pk=nour.pk)
    assert fresh.can(Permission.FIGURES) and not fresh.can(Permission.CASES_OWN)


def test_nobody_decides_what_their_own_role_may_do(anouk: Staff, maud: Staff, roles: dict[str, Role]) -> None:
    asked = ask_permissions(roles["supervisor"], [*roles["supervisor"].permissions, "trail"], anouk)
    with pytest.raises(PermissionDenied):
        approvals.decide(approval=asked, granted=True, by=maud, at=NOON)


def test_somebody_always_manages_accounts(anouk: Staff, maud: Staff, roles: dict[str, Role]) -> None:
    asked = ask_permissions(roles["administrator"], ["approve"], anouk)
    with pytest.raises(CannotBeDone):
        approvals.decide(approval=asked, granted=True, by=maud, at=NOON)
    roles["administrator"].refresh_from_db()
    assert Permission.ACCOUNTS in roles["administrator"].permissions


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_a_token_opens_no_more_than_its_holder_and_its_maker_may(
    anouk: Staff, nour: Staff, make_staff: Callable[..., Staff]
) -> None:
    partner = make_staff("school-line", "partner")
    assert actions.scopes_for(staff=partner, by=anouk) == [Permission.SUBMIT]
    assert actions.scopes_for(staff=nour, by=anouk) == []
    assert Permission.CASES_OWN in actions.scopes_for(staff=nour, by=nour)
    for scopes, code in (([Permission.CASES_OWN], "too_much"), ([], "no_scopes")):
        with pytest.raises(AccountRefused, match=code):
            actions.issue_token(staff=nour, name="x", scopes=scopes, days=30, by=anouk, at=NOON)
    with pytest.raises(PermissionDenied):
        actions.issue_token(staff=partner, name="x", scopes=[Permission.SUBMIT], days=30, by=nour, at=NOON)
    token, _text = actions.issue_token(
        staff=partner, name="x", scopes=[Permission.SUBMIT], days=30, by=anouk, at=NOON
    )
    assert token.expires_at == NOON + timedelta(days=30)
    with pytest.raises(PermissionDenied):
        actions.revoke_token(token=token, by=nour, at=NOON)
    actions.revoke_token(token=token, by=anouk, at=NOON)
    token.refresh_from_db()
    assert not token.is_valid(NOON)
