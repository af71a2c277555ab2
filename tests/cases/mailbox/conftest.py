"""What the mailbox's tests share: a request by mail that left, as the worker leaves it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from cases.takedowns import actions
from cases.takedowns.models import Notice, Takedown
from cases.takedowns.states import Status
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from reports.actions import LinkFacts
from tests.cases.mailbox.mails import OURS


@pytest.fixture(autouse=True)
def _our_server(settings: Any) -> None:
    settings.MAIL_AUTHSERV_ID = OURS


@pytest.fixture
def sent(open_case: Any, nour: Staff, pixboard: Platform) -> Callable[..., Takedown]:
    """`sent()`: a request by mail of Nour's case that left an hour ago; `status` may be another."""

    def make(status: Status = Status.SENT, path: str = "i/1", **facts: Any) -> Takedown:
        now = timezone.now()
        case = open_case(at=now, links=(LinkFacts(url=f"https://pixboard.example/{path}"),), **facts)
        [takedown] = actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=now)
        Takedown.objects.filter(pk=takedown.pk).update(status=status, sent_at=now, status_at=now)
        Notice.objects.filter(pk=takedown.notice_id).update(due_at=None)
        takedown.refresh_from_db()
        return takedown

    return make
