"""Who wrote it: our own server's word alone."""

import pytest

from cases.mailbox.senders import is_from, verified_domain

OURS = "mx.helpline.example"
GOOD = f"{OURS}; spf=pass smtp.mailfrom=x.example; dmarc=pass (p=reject) header.from=chatter.example"


def test_our_own_server_is_believed() -> None:
    assert verified_domain(GOOD, authserv_id=OURS) == "chatter.example"
    assert verified_domain(GOOD.replace(OURS, f"{OURS} 1"), authserv_id=OURS) == "chatter.example"


@pytest.mark.parametrize(
    "line",
    [
        "",
        ";",
        GOOD.replace(OURS, "mx.evil.example"),
        GOOD.replace(OURS, f"mx.evil.example ({OURS})"),
        GOOD.replace(OURS, f"x{OURS}"),
        GOOD.replace("dmarc=pass", "dmarc=fail"),
        GOOD.replace("dmarc=pass", "dmarc=passed"),
        GOOD.replace("dmarc=pass", "xdmarc=pass"),
        GOOD.replace("dmarc=pass (p=reject)", "dkim=pass (dmarc=pass)"),
        GOOD + "; dmarc=fail header.from=chatter.example",
        GOOD.replace(" header.from=chatter.example", ""),
    ],
)
def test_nothing_else_is(line: str) -> None:
    assert verified_domain(line, authserv_id=OURS) == ""


def test_without_a_name_of_our_own_nothing_is_believed() -> None:
    assert verified_domain(GOOD, authserv_id="") == ""
    assert verified_domain(GOOD.replace(OURS, ""), authserv_id="") == ""


@pytest.mark.parametrize(
    ("sender", "verified", "known"),
    [
        ("a@chatter.example", "chatter.example", True),
        ("a@mail.chatter.example", "mail.chatter.example", True),
        ("a@chatter.example", "", False),
        ("a@chatter.example", "evil.example", False),
        ("a@evilchatter.example", "evilchatter.example", False),
        ("a@chatter.example.evil.example", "chatter.example.evil.example", False),
        ("", "chatter.example", False),
    ],
)
def test_aligned_with_the_platform(sender: str, verified: str, known: bool) -> None:
    assert is_from(["chatter.example", "google.*", ""], sender=sender, verified=verified) is known
