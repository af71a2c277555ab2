"""Somebody who wants a sign, and the two ways it can take."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from reports import actions
from reports.contact.contract import Contract
from reports.models import Nudge, Report
from tests.cast import NOON
from tests.reports.contact.sinks import Gateway, Mailbox, gateway, mailbox

CANARY = "canary-7f3a"
BY_MAIL = Contract("email", "me@example.org", 0, 24, is_safe=True)
BY_TEXT = Contract("sms", "+33612345678", 0, 24, is_safe=True)


@pytest.fixture
def post(settings: Any) -> Iterator[Mailbox]:
    """A mail server that takes everything."""
    with mailbox() as box:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        settings.EMAIL_TIMEOUT = 5
        settings.EMAIL_HOST_USER, settings.EMAIL_USE_TLS = "", False
        settings.NUDGE_FROM = "post@notes.example"
        yield box


@pytest.fixture
def phones(settings: Any) -> Iterator[Gateway]:
    """A gateway for text messages that takes everything."""
    with gateway() as found:
        settings.SMS_GATEWAY_URL, settings.SMS_GATEWAY_TOKEN = found.url, "token-of-the-gateway"
        yield found


@pytest.fixture
def wants(tell: Callable[..., tuple[Report, str]]) -> Callable[..., tuple[Report, str]]:
    """`wants(contract)`: a report with it, and a canary in every word; a sign waits since noon."""

    def make(agreed: Contract | dict[str, Any], *, at: datetime = NOON, **changes: Any) -> tuple[Report, str]:
        contact = agreed.as_json() if isinstance(agreed, Contract) else agreed
        report, code = tell(
            story=f"{CANARY} story",
            school=f"{CANARY} school",
            answers={"demand": f"{CANARY} demand"},
            links=(actions.LinkFacts(url=f"https://chatter.example/{CANARY}"),),
            contact=contact,
            at=at,
            **changes,
        )
        Nudge.objects.create(report=report, made_at=at, due_at=at)
        return report, code

    return make
