"""Letters as they leave: tokens that only we can make, and headers that nothing breaks out of."""

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.takedowns.connectors import connector
from cases.takedowns.connectors.email import token
from cases.takedowns.connectors.email.letter import is_address
from helpline.platforms.models import ChannelKind
from tests.cases.takedowns.connectors.notices import NOTICE, NOTIFIER, content, contents, route

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
TO = "abuse@pixboard.example"
# Ends of lines in every spelling, what follows them in an attack, and what confuses who reads a header.
PAYLOADS = [
    f"Jo{end}{header}"
    for end in (
        "\n",
        "\r\n",
        "\r",
        "\n\n",
        "\r\n\r\n",
        "\x0b",
        "\x0c",
        "\x1c",
        "\x85",
        "\u2028",
        "\u2029",
        "\0\n",
    )
    for header in ("Bcc: all@evil.example", "Subject: other", "X: 1\r\n\r\n<b>body</b>", "\tfolded: 1")
] + [
    "%0d%0aBcc: all@evil.example",
    "=?utf-8?q?=0ABcc:_all@evil.example?=",
    "\ud800",
    "a" * 3000,
    "<>\"'\\,;:@[]",
]


def read(raw: bytes) -> Any:
    return email.message_from_bytes(raw, policy=email.policy.default)


def compose(kind: str = ChannelKind.EMAIL, address: str = TO, **changes: Any) -> bytes:
    return connector(kind).compose(content(**changes), route(address, kind), at=AT)


# --- Tokens -----------------------------------------------------------------------------------------------------


@given(st.uuids())
def test_a_token_leads_back_wherever_it_stands(notice_id: UUID) -> None:
    made = token.token_of(notice_id)
    assert len("notices+" + made) <= 64
    assert token.in_addresses(f"Notices <notices+{made.upper()}@helpline.example>") == notice_id
    assert (
        token.in_references(f"<other@x.example> {token.message_id(notice_id, 'helpline.example')}")
        == notice_id
    )
    assert token.in_references(token.message_id(notice_id, "h.example", reply="ab12")) == notice_id
    assert token.in_subject(f"RE: Notice {notice_id}: removal {token.tag(notice_id)} [REF-1]") == notice_id


@given(st.uuids(), st.uuids(), st.integers(0, 15))
def test_another_code_leads_nowhere(notice_id: UUID, other: UUID, place: int) -> None:
    code = token.code_of(notice_id)
    changed = code[:place] + ("b" if code[place] == "a" else "a") + code[place + 1 :]
    assert not token.is_code(notice_id, changed)
    assert not token.is_code(other, code) or other == notice_id
    assert token.in_subject(f"Notice {notice_id} [{changed}]") is None
    assert token.in_references(f"<{notice_id}.{changed}@helpline.example>") is None
    assert token.in_addresses(token.token_of(notice_id)[:26] + changed) is None
    assert token.in_subject(f"Notice {notice_id}") is None


@given(st.text())
def test_no_text_is_too_strange_to_look_for_tokens_in(text: str) -> None:
    assert token.in_addresses(text) is token.in_references(text) is token.in_subject(text) is None


# --- Headers ----------------------------------------------------------------------------------------------------


def test_answers_and_bounces_come_back_to_the_notice(settings: Any) -> None:
    settings.MAIL_RETURN = "notices+*@helpline.example"
    mail = read(compose())
    assert token.in_addresses(mail["Reply-To"]) == NOTICE
    assert token.in_references(mail["Message-ID"]) == NOTICE
    assert token.in_subject(mail["Subject"]) == NOTICE
    assert mail["From"] == "Example Helpline <notices@helpline.example>"


def test_without_an_address_for_tokens_the_message_id_and_the_subject_carry_them(settings: Any) -> None:
    settings.MAIL_RETURN = ""
    mail = read(compose())
    assert mail["Reply-To"] is None
    assert (token.in_references(mail["Message-ID"]), token.in_subject(mail["Subject"])) == (NOTICE, NOTICE)


def test_a_second_try_is_the_same_letter() -> None:
    assert read(compose())["Message-ID"] == read(compose())["Message-ID"]


@pytest.mark.parametrize("kind", [ChannelKind.EMAIL, ChannelKind.XARF])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_field_breaks_out_of_its_header(kind: str, payload: str, settings: Any) -> None:
    settings.MAIL_RETURN = "notices+*@helpline.example"
    plain = read(compose(kind))
    item = content().items[0]
    for changes in (
        {"notifier": NOTIFIER | {"name": payload}},
        {"notifier": NOTIFIER | {"designated_by": payload}},
        {"explanation": payload * 3},
        {"good_faith": payload},
        {"language": payload},
        {"items": (replace(item, account=payload),)},
        {"items": (replace(item, url=f"https://chatter.example/{payload}"),)},
        {"address": TO + payload},
        {"notifier": NOTIFIER | {"email": NOTIFIER["email"] + payload}},
    ):
        mail = read(compose(kind, **changes))
        assert set(mail.keys()) <= set(plain.keys()), changes
        assert len(mail.get_all("Subject")) == 1
        assert "evil.example" not in str(mail["To"]) + str(mail["Bcc"])


@given(contents)
def test_every_notice_can_be_written(made: Any) -> None:
    mail = read(connector(ChannelKind.EMAIL).compose(made, route(TO), at=AT))
    assert token.in_references(mail["Message-ID"]) == UUID(made.notice_id)
    assert all(len(line) <= 998 for line in mail.as_bytes().splitlines())


@pytest.mark.parametrize(
    "text", ["", "a", "a@b\nc@d", "a b@c.example", "a@b, c@d", "é@b.example", "a@b.example>", "<a@b.example>"]
)
def test_what_is_no_address_is_not_written_to(text: str) -> None:
    assert not is_address(text)


def test_what_is_one_is() -> None:
    assert is_address(TO) and is_address("notices+" + token.token_of(NOTICE) + "@helpline.example")
