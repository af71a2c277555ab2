"""The demo's channels lead to the simulator, wherever it is today."""

from typing import Any

import pytest

from cases.demo.directory import build_directory, follow_simulator
from helpline.accounts.models import Staff
from helpline.platforms.models import Channel
from tests.cast import NOON


@pytest.mark.django_db
def test_a_start_on_another_port_leads_there(anouk: Staff, settings: Any) -> None:
    settings.SIMULATOR = "127.0.0.1:8001"
    build_directory(by=anouk, at=NOON)
    before = set(Channel.objects.filter(address__startswith="http").values_list("address", flat=True))

    follow_simulator(before="http://127.0.0.1:8001", now="http://127.0.0.1:9001")

    after = set(Channel.objects.filter(address__startswith="http").values_list("address", flat=True))
    assert len(before) > 3
    assert after == {address.replace(":8001/", ":9001/") for address in before}
