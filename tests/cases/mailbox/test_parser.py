"""Reading mails: whatever they are made of, words come out or nothing does, within bounds."""

import time
from email.message import EmailMessage
from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.mailbox import parser
from cases.mailbox.parser import Delivery, parse, text_of_html


def built() -> EmailMessage:
    made = EmailMessage()
    made["From"] = "Léa Support <support@pixboard.example>"
    made["Subject"] = "Votre signalement – réponse"
    made["Message-ID"] = "<1@pixboard.example>"
    made["Date"] = "Mon, 02 Mar 2026 12:00:00 +0000"
    made.set_content("Bonjour,\n\nle contenu a été supprimé.\n")
    return made


def test_words_and_who_wrote_them() -> None:
    read = parse(built().as_bytes())
    assert (read.sender, read.sender_name) == ("support@pixboard.example", "Léa Support")
    assert read.subject == "Votre signalement – réponse"
    assert read.text == "Bonjour,\n\nle contenu a été supprimé."
    assert read.date is not None and read.date.year == 2026
    assert read.delivery is None and not read.automatic


def test_an_attachment_is_named_and_not_kept() -> None:
    made = built()
    made.add_attachment(b"\x89PNG" + b"x" * 5000, maintype="image", subtype="png", filename="écran.png")
    made.add_attachment("secret words", filename="notes.txt")
    read = parse(made.as_bytes())
    assert read.attachments == (("écran.png", "image/png"),) or ("écran.png", "image/png") in read.attachments
    assert "secret" not in read.text


def test_html_becomes_text() -> None:
    made = EmailMessage()
    made["From"] = "a@b.example"
    made.set_content(
        "<style>p{}</style><p>We have <b>removed</b> it.</p><script>alert(1)</script>"
        "<p>A &lt;b&gt; &amp; c</p><img src='https://x.example/pixel'>",
        subtype="html",
    )
    text = parse(made.as_bytes()).text
    assert "We have removed it." in text and "A <b> & c" in text
    assert "alert" not in text and "pixel" not in text


def test_two_senders_are_none() -> None:
    raw = b"From: a@chatter.example\r\nFrom: b@evil.example\r\n\r\nx"
    assert parse(raw).sender == ""
    assert parse(b"From: a@chatter.example, b@evil.example\r\n\r\nx").sender == ""


def test_a_delivery_report() -> None:
    raw = (
        b"From: mailer-daemon@x.example\r\nContent-Type: multipart/report; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        b"Action: delayed\r\nStatus: 4.4.1\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: x\r\nMessage-ID:\r\n <abc@helpline.example>\r\n\r\n--b--"
    )
    read = parse(raw)
    assert (read.delivery, read.delivery_status) == (Delivery.FAILED, "5.1.1")
    assert "<abc@helpline.example>" in read.references


@pytest.mark.parametrize(
    "header", ["Auto-Submitted: auto-replied", "X-Autoreply: yes", "Precedence: auto_reply"]
)
def test_machines_say_so(header: str) -> None:
    assert parse(f"From: a@b.example\r\n{header}\r\n\r\nx".encode()).automatic
    assert not parse(b"From: a@b.example\r\nAuto-Submitted: no\r\n\r\nx").automatic


HOSTILE = {
    "nested": b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(1500)
    ),
    "parts": b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * 20_000,
    "html": b"Content-Type: text/html\r\n\r\n" + b"<div>" * 200_000,
    "comments": b"Content-Type: text/html\r\n\r\n" + b"<!--" * 200_000,
    "header": b"From: " + b"a," * 200_000 + b"\r\nSubject: " + b"=?utf-8?q?" * 50_000 + b"\r\n\r\nx",
    "parens": b"From: " + b"(" * 100_000 + b"\r\n\r\nx",
    "params": b"Content-Type: text/plain; " + b"a*0*=x;" * 20_000 + b"\r\n\r\nx",
    "charset": b"Content-Type: text/plain; charset=zlib\r\n\r\nwords",
    "punycode": b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"x" * 200_000,
    "base64": b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"!" * 100_000,
    "uu": b"Content-Transfer-Encoding: uuencode\r\n\r\nbegin 666 x\r\n" + b"\xff" * 1000,
    "date": b"Date: Mon, 99 Foo 99999999999 99:99:99 +9999999\r\n\r\nx",
    "nul": b"Subject: \0\0\r\n\r\na\0b\xff\xfe",
    "nothing": b"",
    "sentence": b"\r\n\r\n" + b"a" * 1_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mails_are_read_soon_or_given_up(name: str) -> None:
    began = time.monotonic()
    try:
        read = parse(HOSTILE[name])
        assert len(read.text) <= parser.LONGEST_TEXT and "\0" not in read.text + read.subject
    except RecursionError:
        assert name == "nested"
    assert time.monotonic() - began < 5


@given(st.binary(max_size=2000))
@settings(max_examples=500)
def test_any_bytes_can_be_read(raw: bytes) -> None:
    assert parse(raw).text.isprintable() or "\n" in parse(raw).text or "\t" in parse(raw).text


NAMES = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Content-Type",
    "Content-Transfer-Encoding",
    "References",
    "Content-Disposition",
    "Auto-Submitted",
    "Authentication-Results",
    "In-Reply-To",
]
VALUES = [
    "multipart/mixed;boundary=b",
    "multipart/report;boundary=b",
    "text/html;charset=utf-7",
    "base64",
    "message/rfc822",
    "message/delivery-status",
    "quoted-printable",
    "=?utf-8?b?////?=",
    "<a@b>",
    "a@b",
]
heads = st.lists(
    st.tuples(st.sampled_from(NAMES), st.one_of(st.text(max_size=80), st.sampled_from(VALUES))), max_size=8
)


@given(heads, st.lists(st.text(max_size=60), max_size=6))
@settings(max_examples=500)
def test_any_headers_and_parts_can_be_read(headers: list[tuple[str, str]], parts: list[str]) -> None:
    raw = (
        "\r\n".join(f"{name}: {value}" for name, value in headers)
        + "\r\n\r\n"
        + "\r\n--b\r\n".join(["", *parts])
    )
    read = parse(raw.encode(errors="surrogateescape"))
    assert "\0" not in read.subject + read.text + read.sender


@given(st.text(st.characters(codec="utf-8", exclude_characters="<"), max_size=500))
def test_no_markup_survives_as_markup(text: str) -> None:
    """Of words that hold no "<", none comes out: no tag stays, and what was escaped is read once, not twice."""
    read = text_of_html(f"<p>{escape(text)}</p><script>x</script>")
    assert "<p>" not in read and "<script" not in read and "<" not in read
