"""The form: what is offered, what comes back with a kind sentence, what is agreed in the end."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.contact import addresses, contract, words
from reports.contact.addresses import NotAnAddress
from reports.contact.contract import Contract
from reports.contact.forms import ContactForm, contract_of
from reports.intake.forms import QuestionForm
from tests.cast import NOON

MAIL = {"via": "email", "email": "me@example.org", "from_hour": "16", "to_hour": "20", "is_safe": "on"}
TEXT = {"via": "sms", "phone": "06 12 34 56 78", "from_hour": "21", "to_hour": "7", "is_safe": "on"}


@pytest.fixture(autouse=True)
def _switched_on(settings: Any) -> None:
    settings.NUDGE_FROM = "post@notes.example"
    settings.SMS_GATEWAY_URL = "https://gateway.example/send"
    settings.PHONE_REGION = "FR"


def ways(form: ContactForm) -> list[str]:
    """The rows that can be chosen."""
    return [value for value, _label in form.fields["via"].choices]  # type: ignore[attr-defined]


def test_only_what_is_switched_on_is_offered(settings: Any) -> None:
    assert ways(ContactForm()) == ["none", "email", "sms"]
    settings.SMS_GATEWAY_URL = ""
    assert ways(ContactForm()) == ["none", "email"]
    settings.NUDGE_FROM = ""
    assert ways(ContactForm()) == ["none"]
    assert not ContactForm().has_ways
    assert not ContactForm(MAIL).is_valid()


@pytest.mark.parametrize(
    "url", ["http://gateway.example/send", "ftp://gateway.example/", "gateway", "https://"]
)
def test_a_gateway_in_the_clear_is_not_offered(settings: Any, url: str) -> None:
    settings.SMS_GATEWAY_URL = url

    assert ways(ContactForm()) == ["none", "email"]


def test_nothing_is_the_default() -> None:
    assert ContactForm()["via"].value() == "none"
    form = ContactForm({"via": "none", "email": "me@example.org", "is_safe": "on"})

    assert form.is_valid()
    assert form.contract_json() == {"via": "none"}
    assert "me@example.org" not in str(form.cleaned_data), (
        "what was typed before the change of mind is not kept"
    )


def test_a_mailbox() -> None:
    form = ContactForm(MAIL)

    assert form.is_valid(), form.errors
    assert form.contract_json() == {
        "via": "email",
        "address": "me@example.org",
        "from_hour": 16,
        "to_hour": 20,
        "is_safe": True,
    }


def test_a_mobile_phone_over_midnight() -> None:
    form = ContactForm(TEXT)

    assert form.is_valid(), form.errors
    assert form.contract == Contract("sms", "+33612345678", 21, 7, is_safe=True)


def test_any_hour() -> None:
    form = ContactForm(MAIL | {"from_hour": "", "to_hour": "", "any_time": "on"})

    assert form.is_valid(), form.errors
    assert form.contract.is_any_time


def test_hours_say_it_more_closely_than_any() -> None:
    form = ContactForm(MAIL | {"any_time": "on"})

    assert form.is_valid()
    assert words.span(form.contract) == "16:00–20:00"


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"email": "me"}, "email", "name@example.org"),
        ({"email": ""}, "email", "name@example.org"),
        ({"email": "me@example.org, you@example.org"}, "email", "name@example.org"),
        ({"is_safe": ""}, "is_safe", "I come back here with my code"),
        ({"from_hour": "", "to_hour": ""}, "from_hour", "tick that any hour is fine"),
        ({"from_hour": ""}, "from_hour", "Choose both"),
        ({"to_hour": ""}, "to_hour", "Choose both"),
        ({"to_hour": "16"}, "to_hour", "same hour twice"),
        ({"to_hour": "99"}, "to_hour", "99"),
        ({"via": "phone"}, "via", "one of these"),
        ({"via": ""}, "via", "fits best"),
    ],
)
def test_what_is_wrong_is_said_and_kept(change: dict[str, str], field: str, says: str) -> None:
    form = ContactForm(MAIL | change)

    assert not form.is_valid()
    assert says in str(form.errors[field])
    assert form["email"].value() == (MAIL | change)["email"]
    assert list(form.errors) == [field]


@pytest.mark.parametrize(
    ("number", "says"),
    [
        ("", "all of its digits"),
        ("06 12", "all of its digits"),
        ("112", "all of its digits"),
        ("me@example.org", "all of its digits"),
        ("+33 6 12 34 56 78 ext. 9", "all of its digits"),
        ("01 99 00 12 34", "landline"),
    ],
)
def test_a_number_that_takes_no_text_message(number: str, says: str) -> None:
    form = ContactForm(TEXT | {"phone": number})

    assert not form.is_valid()
    assert says in str(form.errors["phone"])
    assert form["phone"].value() == number


@pytest.mark.parametrize(
    "written", ["0612345678", "+33 6 12 34 56 78", "0033 6.12.34.56.78", " 06-12-34-56-78 "]
)
def test_one_number_however_it_is_written(written: str) -> None:
    assert addresses.mobile_number(written, region="FR") == "+33612345678"


def test_a_domain_in_any_alphabet_becomes_one_the_wire_knows() -> None:
    assert addresses.mailbox(" me@bücher.example ") == "me@xn--bcher-kva.example"


@given(st.text(max_size=60))
def test_what_is_taken_can_be_written_to(text: str) -> None:
    for via, read in (
        ("email", addresses.mailbox),
        ("email", lambda name: addresses.mailbox(f"{name}@example.org")),
        ("sms", lambda number: addresses.mobile_number(number, region="FR")),
    ):
        try:
            found = read(text)
        except NotAnAddress:
            continue
        assert contract.ADDRESSES[via].fullmatch(found)


@given(st.sampled_from([MAIL, TEXT]), st.integers(0, 23), st.integers(1, 24))
def test_a_kept_answer_makes_the_same_contract_and_the_same_form(
    typed: dict[str, str], begins: int, ends: int
) -> None:
    form = ContactForm(typed | {"from_hour": str(begins), "to_hour": str(ends)})
    if not form.is_valid():
        assert begins == ends
        return
    again = ContactForm(initial=ContactForm.initial_of(form.contract))

    assert contract_of(form.cleaned_data) == form.contract
    assert again["via"].value() == typed["via"]
    if form.contract.is_any_time:
        assert again["any_time"].value()
    else:
        assert (again["from_hour"].value(), again["to_hour"].value()) == (begins, ends)


def test_it_mixes_into_a_question() -> None:
    class ContactQuestion(ContactForm, QuestionForm):
        hides_label = False

    form = ContactQuestion(MAIL, heading="How?")
    assert form.is_valid()
    answer = form.answer(NOON)
    again = ContactQuestion(earlier=answer, heading="How?")

    assert contract_of(answer).address == "me@example.org"
    assert again["email"].value() == "me@example.org"
    assert again["from_hour"].value() == 16
    assert again["via"].value() == "email"


def test_a_skipped_question_agrees_to_nothing() -> None:
    assert contract_of({}) == contract.NOTHING


def test_the_agreement_in_words() -> None:
    assert words.lines(agreed_in(TEXT)) == [
        "By text message: +33 6 12 34 56 78",
        "Only between these hours: 21:00–07:00.",
    ]
    assert words.lines(contract.NOTHING) == ["Nothing is sent. You come back with your code."]
    old = contract.read({"via": "email", "address": "me@example.org", "hours": "after school"})
    assert "We send nothing until you say when" in words.lines(old)[1]


def agreed_in(typed: dict[str, str]) -> Contract:
    """What this form agrees to."""
    form = ContactForm(typed)
    assert form.is_valid(), form.errors
    return form.contract
