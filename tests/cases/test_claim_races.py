"""Several people who reach for the same reports at the same moment: each report goes to one of them, and none is lost."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from cases import claims, queue
from cases.models import Case, QueueItem
from helpline.accounts.models import Staff
from reports.models import Report
from tests.at_once import at_once
from tests.cast import NOON
from tests.processes import ROOT, end, environment, wait_for

Tell = Callable[..., tuple[Report, str]]
LogIn = Callable[[Staff], Client]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("chatter")]


@pytest.fixture
def waiting(tell: Tell) -> Callable[[int], set[UUID]]:
    """`waiting(count)`: so many reports in the queue, several of each rank; only the first can be opened."""

    def make(count: int) -> set[UUID]:
        sample, _code = tell()
        queue.add_new_reports(at=NOON)
        item = QueueItem.objects.get()
        same = {name: getattr(sample, name) for name in ("channel", "language", "who", "age_range", "kind")}
        Report.objects.bulk_create(
            Report(
                **same,
                submitted_at=NOON,
                last_contact_at=NOON,
                staff_key=b"k",
                code_key=b"k",
                locator=number.to_bytes(32, "big"),
            )
            for number in range(count - 1)
        )
        facts = {
            name: getattr(item, name) for name in ("score", "scored_at", "kind", "age_range", "language")
        }
        QueueItem.objects.bulk_create(
            QueueItem(
                report=report, rank_at=NOON + timedelta(minutes=number // 7), submitted_at=NOON, **facts
            )
            for number, report in enumerate(Report.objects.exclude(pk=sample.pk))
        )
        return set(Report.objects.values_list("pk", flat=True))

    return make


def take_all(staff: Staff) -> list[UUID]:
    """ "Next for me" until nothing is left."""
    mine: list[UUID] = []
    while (report_id := claims.next_for(staff=staff)) is not None:
        mine.append(report_id)
    return mine


@contextmanager
def counsellor(staff: Staff, **env: str) -> Iterator[subprocess.Popen[str]]:
    """A colleague in a process of their own, who presses "next for me" and does nothing else."""
    command = [sys.executable, "-m", "tests.cases.claiming", staff.username]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(**env),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            end(process)


@pytest.mark.slow
def test_two_counsellors_race_for_a_thousand_reports(
    waiting: Callable[[int], set[UUID]], nour: Staff, sacha: Staff
) -> None:
    """Given a thousand that wait, when two processes take as fast as they can, then each report goes to one."""
    everything = waiting(1000)

    with counsellor(nour) as hers, counsellor(sacha) as his:
        taken = [[UUID(line) for line in one.communicate(timeout=300)[0].split()] for one in (hers, his)]
        assert (hers.returncode, his.returncode) == (0, 0)

    assert Counter(taken[0] + taken[1]) == Counter(everything)
    for staff, mine in zip((nour, sacha), taken, strict=True):
        held = QueueItem.objects.filter(claimed_by=staff).values_list("report_id", flat=True)
        assert set(held) == set(mine)


def test_threads_race_and_both_get_some(
    waiting: Callable[[int], set[UUID]], nour: Staff, sacha: Staff
) -> None:
    everything = waiting(120)
    hers, his = at_once(lambda: take_all(nour), lambda: take_all(sacha))
    assert isinstance(hers, list)
    assert isinstance(his, list)
    assert Counter(hers + his) == Counter(everything)
    assert hers  # they did race
    assert his


def test_who_is_killed_in_the_middle_holds_nothing_for_long(
    waiting: Callable[[int], set[UUID]], nour: Staff, sacha: Staff
) -> None:
    """Given a process that dies with claims, when their leases have run out, then everything is offered again."""
    everything = waiting(300)

    with counsellor(nour, HELPLINE_CLAIM_MINUTES="0.2") as hers:
        assert hers.stdout is not None
        told = {UUID(hers.stdout.readline().strip()) for _ in range(20)}
        hers.kill()
        hers.wait(30)
    assert told <= everything

    his: list[UUID] = []

    def everything_is_his() -> bool:
        his.extend(take_all(sacha))
        return set(his) == everything

    wait_for(everything_is_his, what="the return of what was claimed")
    assert len(his) == len(everything)  # none twice


# --- the same through the pages ---------------------------------------------------------------------------


def test_next_for_me_pressed_by_two(
    waiting: Callable[[int], set[UUID]], nour: Staff, sacha: Staff, log_in: LogIn
) -> None:
    everything = waiting(24)

    def press(client: Client) -> list[str]:
        found = []
        while (address := client.post("/staff/queue/next/")["Location"]) != reverse("desk:queue"):
            found.append(address)
        return found

    clients = [log_in(one) for one in (nour, sacha)]
    hers, his = at_once(lambda: press(clients[0]), lambda: press(clients[1]))

    assert isinstance(hers, list)
    assert isinstance(his, list)
    assert Counter(hers + his) == Counter(reverse("desk:report", args=[one]) for one in everything)


def test_the_same_report_taken_by_two_is_one_case(
    tell: Tell, nour: Staff, sacha: Staff, log_in: LogIn
) -> None:
    reports = [tell()[0] for _ in range(4)]
    queue.add_new_reports(at=NOON)
    clients = [log_in(one) for one in (nour, sacha)]

    for report in reports:
        address = reverse("desk:open-case", args=[report.pk])
        answers = at_once(*(partial(client.post, address) for client in clients))
        case = Case.objects.get(report=report)
        opened = reverse("desk:case", args=[case.ref])
        # The other one is told so: led to the queue, or to the report that a colleague reads.
        assert sorted(one["Location"] == opened for one in answers) == [False, True]  # type: ignore[index]

    assert Case.objects.count() == len(reports)
