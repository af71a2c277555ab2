"""The public page: only what two people published stands there, and nobody can be worked out of it."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from cases.dashboards import metrics, publishing
from cases.dashboards.figures import Counts, Figures, Returns
from cases.dashboards.publishing import OF, PUBLISH, is_safe, publishable
from helpline.accounts.models import Staff
from helpline.approvals import actions as approvals
from helpline.approvals.handlers import CannotBeDone
from helpline.approvals.models import Approval
from helpline.audit.models import AuditRow
from reports.statistics import actions as public
from reports.statistics.models import PublishedYear

Desk = Callable[[Staff], Client]
PAGE = "/staff/dashboard/public/"
THRESHOLD = 5
# What lies in what: the second in the first.
INSIDE = [
    *(("sent", name) for name in ("acted_on", "said_removed", "seen_gone", "gone_long_ago", "stayed_gone")),
    *(("acted_on", name) for name in ("said_removed", "seen_gone", "gone_long_ago", "stayed_gone")),
    *(("seen_gone", name) for name in ("gone_long_ago", "stayed_gone")),
    ("gone_long_ago", "stayed_gone"),
]


@st.composite
def histories(draw: st.DrawFn) -> dict[str, int]:
    """Counts as they lie inside each other, small and large."""
    sizes = st.one_of(st.integers(0, 12), st.integers(0, 400))
    stayed, not_stayed, young, not_seen, not_acted = (draw(sizes) for _part in range(5))
    old = stayed + not_stayed
    seen = old + young
    acted = seen + not_seen
    said = draw(st.integers(max(0, acted - seen), acted))
    return {
        "sent": acted + not_acted,
        "acted_on": acted,
        "said_removed": said,
        "seen_gone": seen,
        "gone_long_ago": old,
        "stayed_gone": stayed,
    }


def told(counts: Mapping[str, int], names: list[str] | None) -> dict[str, int]:
    """Every number that stands on the page."""
    return (
        {name: counts[name] for name in {"sent", *names, *(OF[one] for one in names)}}
        if names is not None
        else {}
    )


def small(number: int) -> bool:
    return 0 < abs(number) < THRESHOLD


def worked_out(shown: Mapping[str, int]) -> list[int]:
    """Whatever a reader learns of a group by reading a number, or taking one from another that holds it."""
    return [*shown.values(), *(shown[a] - shown[b] for a, b in INSIDE if a in shown and b in shown)]


@given(histories())
def test_no_small_group_can_be_worked_out(counts: dict[str, int]) -> None:
    names = publishable(counts, threshold=THRESHOLD)
    shown = told(counts, names)
    assert not [number for number in worked_out(shown) if small(number)]
    # And it is not shy either: the next larger choice would tell.
    for more in combinations(OF, len(names or []) + 1):
        assert (
            names is None or len(more) > len(OF) or not is_safe(told(counts, list(more)), threshold=THRESHOLD)
        )


@given(st.lists(histories(), min_size=2, max_size=4))
def test_nor_from_what_changed_between_two_times(times: list[dict[str, int]]) -> None:
    earlier: list[dict[str, Any]] = []
    pages: list[dict[str, int]] = []
    for counts in times:
        names = publishable(counts, threshold=THRESHOLD, earlier=earlier)
        if names is None:
            continue
        numbers = {name: {"count": counts[name], "of": counts[OF[name]]} for name in names}
        earlier.append({"sent": counts["sent"], "numbers": numbers})
        pages.append(told(counts, names))
    for before, after in combinations(pages, 2):
        changed = {name: after[name] - before[name] for name in before.keys() & after.keys()}
        assert not [number for number in worked_out(changed) if small(number)]


@pytest.mark.parametrize(
    ("numbers", "names"),
    [
        ((100, 90, 80, 70, 60, 50), ["acted_on", "seen_gone", "stayed_gone", "said_removed"]),
        ((100, 90, 80, 70, 60, 58), ["acted_on", "seen_gone", "said_removed"]),  # two came back
        ((100, 97, 80, 70, 60, 50), ["seen_gone", "stayed_gone", "said_removed"]),  # three were not acted on
        ((100, 100, 80, 70, 60, 60), ["acted_on", "seen_gone", "stayed_gone", "said_removed"]),
        ((4, 4, 4, 4, 4, 4), None),
        ((100, 2, 2, 0, 0, 0), ["seen_gone", "stayed_gone"]),  # none, and none of none
    ],
)
def test_as_many_as_can_be(numbers: tuple[int, ...], names: list[str] | None) -> None:
    found = dict(
        zip(
            ("sent", "acted_on", "said_removed", "seen_gone", "gone_long_ago", "stayed_gone"),
            numbers,
            strict=True,
        )
    )
    assert publishable(found, threshold=THRESHOLD) == names


# --- from the preview to the page -------------------------------------------------------------------------

YEAR = 2026
FULL = Counts(
    total=130,
    sent=120,
    acted_on=100,
    said_removed=80,
    seen_gone=70,
    gone_long_ago=50,
    stayed_gone=40,
)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`counted(sent=…)`: what the figures say of any period from now on."""

    def say(**counts: int) -> None:
        overall = Counts(**({name: getattr(FULL, name) for name in (*OF, "sent", "gone_long_ago")} | counts))

        def figures(**asked: Any) -> Figures:
            return Figures(
                since=asked["since"],
                until=asked["until"],
                platform=None,
                as_of=timezone.now(),
                overall=overall,
                returns=Returns(),
                reports=None,
                **dict.fromkeys(
                    (
                        *("platforms", "channels", "regimes", "contents", "months"),
                        "spread",
                        "ladder",
                        "redress",
                    ),
                    (),
                ),
            )

        monkeypatch.setattr(metrics, "figures", figures)

    say()
    return say


@pytest.fixture
def on(settings: Any, db: None) -> None:
    """An operator switched the page on."""
    settings.PUBLIC_STATISTICS = True


def form(client: Client, year: int = YEAR, **more: str) -> dict[str, str]:
    """What somebody sends who read the preview."""
    seen = client.get(PAGE, {"year": year}).context["form"].initial["seen"]
    return {"ask-text": "The year is over.", "ask-sure": "on", "ask-seen": seen} | more


def publish(client: Client, other: Client, year: int = YEAR) -> None:
    client.post(f"{PAGE}?year={year}", form(client, year))
    asked = Approval.objects.filter(status="waiting").get()
    other.post(f"/staff/approvals/{asked.pk}/decide/", {"answer-granted": "yes", "answer-sure": "on"})


def read(year: int | None = None) -> str:
    browser = Client()
    browser.cookies["lang"] = "en"
    answer = browser.get("/statistics/", {"year": year} if year else {})
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.usefixtures("on", "counted")
def test_from_the_preview_to_the_page_and_down_again(desk: Desk, maud: Staff, anouk: Staff) -> None:
    client = desk(maud)
    preview = client.get(PAGE, {"year": YEAR}).content.decode()
    assert "120 requests were sent." in preview
    assert "100 of 120" in preview
    assert "There are none to show yet." in read()

    client.post(f"{PAGE}?year={YEAR}", form(client))
    assert "There are none to show yet." in read()  # asked is not published
    question = Approval.objects.get()
    shown = desk(anouk).get(f"/staff/approvals/{question.pk}/").content.decode()
    for number in ("100 of 120", "80 of 120", "70 of 120", "40 of 50"):
        assert number in shown
    desk(anouk).post(
        f"/staff/approvals/{question.pk}/decide/", {"answer-granted": "yes", "answer-sure": "on"}
    )

    page = read()
    for number in ("83 %", "100 of 120", "66 %", "80 of 120", "58 %", "70 of 120", "80 %", "40 of 50"):
        assert number in page
    assert "What came of our requests in 2026" in page
    assert page == read(YEAR)
    assert f'href="{PAGE}"' in client.get("/staff/dashboard/export/").content.decode()
    assert "The same figures stand there already." in client.get(PAGE, {"year": YEAR}).content.decode()

    said = client.post(f"{PAGE}take-down/", {"year": YEAR}, follow=True).content.decode()
    assert "Taken down." in said
    assert "There are none to show yet." in read()
    again = client.post(f"{PAGE}take-down/", {"year": YEAR}, follow=True).content.decode()
    assert "Nothing changed." in again
    verbs = list(
        AuditRow.objects.filter(verb__startswith="statistics.").values_list("verb", flat=True).order_by("id")
    )
    assert verbs == ["statistics.published", "statistics.taken_down"]


@pytest.mark.usefixtures("on", "counted")
def test_nobody_publishes_alone(desk: Desk, maud: Staff) -> None:
    client = desk(maud)
    publish(client, client)
    assert Approval.objects.get().status == "waiting"
    assert "There are none to show yet." in read()


@pytest.mark.usefixtures("on")
def test_what_is_small_is_left_out_and_said_to_be(
    counted: Callable[..., None], desk: Desk, maud: Staff, anouk: Staff
) -> None:
    counted(stayed_gone=48)  # two came back
    publish(desk(maud), desk(anouk))
    page = read()
    assert "48" not in page
    assert "of 50" not in page
    assert "So few that it could point at somebody." in page
    [row] = PublishedYear.objects.all()
    assert "stayed_gone" not in row.facts["numbers"]


@pytest.mark.usefixtures("on")
def test_a_little_more_is_not_published_beside_what_was(
    counted: Callable[..., None], desk: Desk, maud: Staff, anouk: Staff
) -> None:
    """Given a published year, when two more were sent, then nobody can take the one from the other, also once it is down."""
    publish(desk(maud), desk(anouk))
    counted(sent=122, acted_on=101)
    for _time in range(2):
        page = desk(maud).get(PAGE, {"year": YEAR}).content.decode()
        assert "Wait until there is more." in page
        assert "122" not in re.sub(
            r'value="\w{64}"', "", page.split("What stands there now")[0]
        )  # but for tokens
        desk(maud).post(f"{PAGE}take-down/", {"year": YEAR})
    counted(sent=130, acted_on=101)
    client = desk(maud)
    client.post(f"{PAGE}?year={YEAR}", form(client))
    assert "acted_on" not in Approval.objects.get(status="waiting").proposal["numbers"]


@pytest.mark.usefixtures("on")
def test_a_yes_to_what_became_too_telling_meanwhile_does_nothing(
    counted: Callable[..., None], maud: Staff, anouk: Staff
) -> None:
    now, row = timezone.now(), publishing.row_of(YEAR)
    facts = publishing.preview(row)
    asked = publishing.ask(year=row, facts=facts, reason="x", by=maud, at=now)
    counted(sent=118)
    public.publish(year=row, facts=publishing.preview(row), by=maud, at=now)
    with pytest.raises(CannotBeDone):
        approvals.decide(approval=asked, granted=True, by=anouk, at=now)
    assert PublishedYear.objects.get().facts["sent"] == 118
    assert Approval.objects.get().status == "waiting"


@pytest.mark.usefixtures("on")
def test_figures_that_moved_on_while_somebody_read_are_read_again(
    counted: Callable[..., None], desk: Desk, maud: Staff
) -> None:
    client = desk(maud)
    read_before = form(client)
    counted(sent=140)
    answer = client.post(f"{PAGE}?year={YEAR}", read_before)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "The figures moved on while you read" in page
    assert "The year is over." in page  # what was typed is kept
    assert not Approval.objects.exists()
    again = read_before | {"ask-seen": answer.context["form"].data["ask-seen"]}
    assert client.post(f"{PAGE}?year={YEAR}", again).status_code == 302
    assert Approval.objects.get().proposal["sent"] == 140


@pytest.mark.usefixtures("on", "counted")
def test_unread_or_unsure_is_not_asked(desk: Desk, maud: Staff) -> None:
    client = desk(maud)
    for missing in ("ask-sure", "ask-text", "ask-seen"):
        data = form(client)
        del data[missing]
        assert client.post(f"{PAGE}?year={YEAR}", data).status_code == 422
    assert not Approval.objects.exists()
    client.post(f"{PAGE}?year={YEAR}", form(client))
    twice = client.post(f"{PAGE}?year={YEAR}", form(client), follow=True).content.decode()
    assert "waits for a second person already" in twice
    assert Approval.objects.count() == 1


@pytest.mark.usefixtures("on")
def test_an_empty_year_and_one_with_little(counted: Callable[..., None], desk: Desk, maud: Staff) -> None:
    counted(**dict.fromkeys((*OF, "sent", "gone_long_ago"), 0))
    assert "Nothing was sent in this year yet" in desk(maud).get(PAGE).content.decode()
    counted(**dict.fromkeys((*OF, "sent", "gone_long_ago"), 3))
    page = desk(maud).get(PAGE).content.decode()
    assert "Too little was sent" in page
    assert "Ask a second person" not in page
    assert desk(maud).post(PAGE, {"ask-text": "x", "ask-sure": "on", "ask-seen": "x"}).status_code == 422


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize("year", ["1999", "2999", "x", "２０２６", "20261"])
def test_a_year_that_is_none(year: str, desk: Desk, maud: Staff) -> None:
    assert desk(maud).get(PAGE, {"year": year}).status_code == 404
    assert Client().get("/statistics/", {"year": year}).status_code == 404


@pytest.mark.usefixtures("on", "counted")
def test_who_may_not_publish(desk: Desk, theo: Staff, anouk: Staff, nour: Staff) -> None:
    """An auditor sees figures and is no second person; an administrator is one and sees none."""
    for who in (theo, anouk, nour):
        assert desk(who).get(PAGE).status_code == 403
        assert desk(who).post(f"{PAGE}take-down/", {"year": YEAR}).status_code == 403
        with pytest.raises(PermissionDenied):
            publishing.take_down(year=publishing.row_of(YEAR), by=who, at=timezone.now())
        with pytest.raises(PermissionDenied):
            publishing.ask(year=publishing.row_of(YEAR), facts={}, reason="x", by=who, at=timezone.now())


@pytest.mark.django_db
@pytest.mark.usefixtures("counted")
def test_switched_off_it_is_not_there_whatever_was_published(
    settings: Any, desk: Desk, maud: Staff, anouk: Staff
) -> None:
    assert settings.PUBLIC_STATISTICS is False  # as a new helpline is
    settings.PUBLIC_STATISTICS = True
    publish(desk(maud), desk(anouk))
    row, now = PublishedYear.objects.get(), timezone.now()
    settings.PUBLIC_STATISTICS = False
    assert Client().get("/statistics/").status_code == 404
    assert "/statistics/" not in Client().get("/").content.decode()
    assert desk(maud).get(PAGE).status_code == 404
    assert desk(maud).post(f"{PAGE}take-down/", {"year": YEAR}).status_code == 404
    with pytest.raises(CannotBeDone):
        approvals.ask(
            what=PUBLISH, obj=row, by=maud, reason="x", proposal=row.facts, at=now + timedelta(days=1)
        )


@pytest.mark.django_db
def test_the_database_knows_that_published_is_with_facts() -> None:
    for wrong in (
        {"facts": {}, "published_at": timezone.now()},
        {"facts": {"sent": 1}, "published_at": None},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            PublishedYear.objects.create(year=YEAR, **wrong)
