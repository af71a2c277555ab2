"""Two taps that arrive at the same moment, on two connections."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from helpline.audit.models import AuditRow
from reports import actions
from reports.models import Draft, Report
from reports.states import LinkStatus
from tests.cast import submission

pytestmark = pytest.mark.django_db(transaction=True)

CODE = "K3F97Q0M1T5WXZ1B"
TAPS = 4


def at_once(do: Callable[[], Any]) -> list[Any]:
    """What each of TAPS simultaneous calls answered."""
    barrier = Barrier(TAPS)

    def tap(_number: int) -> Any:
        try:
            barrier.wait()
            return do()
        finally:
            connection.close()

    with ThreadPoolExecutor(TAPS) as pool:
        return list(pool.map(tap, range(TAPS)))


def test_one_report(noon: datetime) -> None:
    draft = actions.start_draft(language="en", code=CODE, answers={"a": 1}, at=noon)

    sent = at_once(
        lambda: actions.submit_draft(draft_id=draft.pk, code=CODE, submission=submission(), at=noon).pk
    )

    assert set(sent) == {draft.pk}
    assert Report.objects.count() == 1
    assert not Draft.objects.exists()
    assert AuditRow.objects.filter(verb="report.submitted").count() == 1


def test_one_message_one_withdrawal_one_erasure(
    tell: Callable[..., tuple[Report, str]], noon: datetime
) -> None:
    report, code = tell()
    box = report.box_for_code(code)

    at_once(lambda: actions.send_message(report=report, box=box, text="Hello", by=None, at=noon))
    at_once(lambda: actions.withdraw(report=report, links=report.links.all(), at=noon))
    at_once(lambda: actions.erase_report(report=report, by="young-person", at=noon))

    assert report.messages.count() == 1
    assert report.updates.count() == 1
    assert report.links.get().status == LinkStatus.WITHDRAWN
    verbs = list(AuditRow.objects.order_by("id").values_list("verb", flat=True))
    assert verbs == ["report.submitted", "message.sent", "report.withdrawn", "report.erased"]


def test_each_link_once(tell: Callable[..., tuple[Report, str]], noon: datetime) -> None:
    report, code = tell()
    box = report.box_for_code(code)
    facts = [actions.LinkFacts(url=f"https://a.example/{number}") for number in range(3)]

    at_once(lambda: actions.add_links(report=report, box=box, facts=facts, by="young-person", at=noon))

    assert list(report.links.order_by("position").values_list("position", flat=True)) == [1, 2, 3, 4]
