"""What a colleague reads just now is not taken in hand over the API either."""

from collections.abc import Callable

import pytest

from cases import claims, queue
from cases.models import Case
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from reports.models import Report
from tests.api.conftest import Caller, problem
from tests.cast import NOON

Tell = Callable[..., tuple[Report, str]]


@pytest.mark.django_db
def test_who_reads_it_is_named_and_nothing_is_opened(
    call: Caller, tell: Tell, nour: Staff, sacha: Staff, chatter: Platform
) -> None:
    report, _code = tell()
    queue.add_new_reports(at=NOON)
    claims.claim(report=report, by=nour)

    refused = call("POST", "/api/v1/cases/", {"report": str(report.pk)}, by=sacha)

    assert "Nour" in problem(refused, 409, "claimed")["detail"]
    assert not Case.objects.exists()
    assert call("POST", "/api/v1/cases/", {"report": str(report.pk)}, by=nour).status_code == 201
