"""Login and its neighbours stand under our addresses; nobody signs up."""

import pytest
from django.test import Client
from django.urls import reverse

from helpline.accounts.models import Staff
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db


def test_a_colleague_logs_in_and_out(client: Client, nour: Staff) -> None:
    answer = client.post("/staff/login/", {"login": "nour", "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/staff/")
    assert client.get("/staff/").status_code == 200

    answer = client.post("/staff/logout/")
    assert (answer.status_code, answer["Location"]) == (302, "/staff/login/")
    assert client.get("/staff/").status_code == 302


def test_a_wrong_password_keeps_the_name_and_says_so(client: Client, nour: Staff) -> None:
    answer = client.post("/staff/login/", {"login": "nour", "password": "wrong"})
    assert answer.status_code == 200
    assert 'value="nour"' in answer.content.decode()
    assert "error-summary" in answer.content.decode()


def test_a_disabled_account_does_not_get_in(client: Client, nour: Staff) -> None:
    Staff.objects.filter(pk=nour.pk).update(is_active=False)
    client.post("/staff/login/", {"login": "nour", "password": PASSWORD})
    assert client.get("/staff/").status_code == 302


def test_nobody_signs_up(client: Client) -> None:
    answer = client.post(
        reverse("account_signup"), {"username": "mallory", "password1": PASSWORD, "password2": PASSWORD}
    )
    assert not Staff.objects.filter(username="mallory").exists()
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "name", ["account_reset_password", "account_reset_password_done", "account_inactive", "account_signup"]
)
def test_the_open_doors_are_there(name: str, client: Client) -> None:
    assert reverse(name).startswith("/staff/")
    assert client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", ["account_change_password", "account_reauthenticate"])
def test_the_other_doors_ask_to_log_in(name: str, client: Client) -> None:
    answer = client.get(reverse(name))
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/staff/login/")
