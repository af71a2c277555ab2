"""The page of figures: for whoever may see them, plain, each with its table and its definition."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from html import unescape

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from cases import queue
from cases.dashboards.calendar import moment, shifted
from cases.dashboards.definitions import DEFINITIONS
from cases.dashboards.figures import MEASURES
from cases.dashboards.folding import fold
from cases.dashboards.models import LastFold
from cases.models import Case, QueueItem
from cases.takedowns.states import Status
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from reports.actions import LinkFacts
from reports.models import Report
from reports.states import Circumstance
from tests.cases.takedowns.standing import standing

OpenCase = Callable[..., Case]
Desk = Callable[[Staff], Client]
Tell = Callable[..., tuple[Report, str]]
PAGE = "/staff/dashboard/"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter", "pixboard")]


def month(back: int) -> date:
    """The first of the month so many months ago."""
    return shifted(timezone.localdate(), -back)


@pytest.fixture
def ask(open_case: OpenCase, nour: Staff, chatter: Platform, pixboard: Platform) -> Callable[..., None]:
    """Requests to a platform, asked on the second of the month so many months ago, that now stand at a status."""

    def make(status: Status, slug: str, *, back: int = 1, count: int = 1) -> None:
        at = moment(month(back)) + timedelta(days=1, hours=10) if back else timezone.now()
        for _number in range(count):
            case = open_case(links=(LinkFacts(url=f"https://{slug}.example/p/{Case.objects.count()}"),))
            standing(status, case=case, by=nour, at=at)
        fold(now=timezone.now())

    return make


@pytest.fixture
def past(ask: Callable[..., None]) -> None:
    """Three removed and one refused on Chatter, one unanswered on Pixboard, last month; one removed nine months ago."""
    ask(Status.REMOVED, "chatter", count=3)
    ask(Status.REFUSED, "chatter")
    ask(Status.SENT, "pixboard")
    ask(Status.REMOVED, "chatter", back=9)


def said(page: str) -> str:
    """Its words, without the marks between them."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


# --- who, and what they see -------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "status"), [("nour", 403), ("maud", 200), ("theo", 200), ("anouk", 403)])
def test_who_sees_the_figures(who: str, status: int, desk: Desk, request: pytest.FixtureRequest) -> None:
    assert desk(request.getfixturevalue(who)).get(PAGE).status_code == status


@pytest.mark.usefixtures("past")
def test_whoever_sees_no_cases_sees_numbers_and_no_way_to_a_list(
    desk: Desk, maud: Staff, theo: Staff
) -> None:
    links = r'href="(/staff/[^"#?]*)'
    supervisor, auditor = (desk(one).get(PAGE).content.decode() for one in (maud, theo))
    assert "/staff/dashboard/behind/" in re.findall(links, supervisor)
    assert "/staff/team/" in re.findall(links, supervisor)
    here = re.findall(links, auditor[auditor.index("<main") :])
    assert "/staff/dashboard/behind/" not in here
    assert not {"/staff/", "/staff/takedowns/", "/staff/team/"} & set(here)
    assert "of 5 sent" in said(auditor)


@pytest.mark.usefixtures("past")
def test_each_link_to_a_list_leads_to_one(desk: Desk, maud: Staff) -> None:
    client = desk(maud)
    links: dict[tuple[str, ...], str] = {}  # one for each kind of link
    for by in ("platform", "channel", "regime", "content", "month"):
        page = client.get(PAGE, {"by": by}).content.decode()
        for link in re.findall(r'href="([^"]*/behind/[^"]*)"', page):
            asked = QueryDict(link.replace("&amp;", "&").partition("?")[2])
            links[by, asked["figure"], asked.get("dim", ""), *sorted(asked)] = link.replace("&amp;", "&")
    assert {asked[2] for asked in links} == {"", "bar", "channel", "regime", "content"}
    assert {client.get(link).status_code for link in set(links.values())} == {200}


# --- the figures ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("past")
def test_the_four_honest_numbers(desk: Desk, maud: Staff, ask: Callable[..., None]) -> None:
    ask(Status.SENT, "chatter", back=4, count=2)
    ask(Status.REMOVED, "chatter", back=4)
    answer = desk(maud).get(PAGE)
    assert [(one.part, one.share) for one in answer.context["numbers"]] == [
        (3, 60),
        (3, 60),
        (0, 0),
        (0, None),
    ]
    page = said(answer.content.decode())
    assert "3 of 5 sent" in page
    assert "33 % before" in page  # of the three months before these three
    assert "nothing to compare with before" in page  # of what stayed gone
    assert page.count("What it does not say") >= 5
    assert "Half within" in page


@pytest.mark.usefixtures("past")
def test_platforms_by_harm_and_one_alone(desk: Desk, maud: Staff) -> None:
    client = desk(maud)
    both = client.get(PAGE).context["cards"]
    assert [(card.line.label, card.counts.left_up, card.line.share) for card in both] == [
        ("Chatter", 1, 75),
        ("Pixboard", 1, 0),
    ]
    assert [line.label for line in client.get(PAGE).context["ignorers"]] == ["Pixboard"]

    one = client.get(f"{PAGE}?platform=pixboard")
    assert one.context["counts"].sent == 1
    assert "Figures: Pixboard" in one.content.decode()
    assert one.context["by"] == "channel"
    assert client.get(f"{PAGE}?platform=nowhere").status_code == 404


@pytest.mark.usefixtures("past")
def test_a_platform_that_was_merged_is_found_and_not_offered(
    desk: Desk, maud: Staff, chatter: Platform, pixboard: Platform
) -> None:
    pixboard.merged_into = chatter
    pixboard.save()
    while fold(now=timezone.now()):
        pass
    client = desk(maud)
    assert list(client.get(PAGE).context["platforms"]) == ["chatter"]
    assert client.get(f"{PAGE}?platform=pixboard").context["counts"].sent == 5


@pytest.mark.usefixtures("past")
def test_each_picture_has_its_table_and_its_title(desk: Desk, maud: Staff, tell: Tell) -> None:
    tell(at=timezone.now())
    fold(now=timezone.now())
    page = desk(maud).get(PAGE).content.decode()
    pictures = re.findall(r'<svg class="chart.*?</svg>', page, re.DOTALL)
    assert len(pictures) == 6  # time, two platforms, requests by month, hours, reports by month
    for one in pictures:
        assert 'role="img"' in one
        assert "<title" in one or "aria-label=" in one
    assert page.count("The same as a table") + page.count("Month by month<span") == len(pictures)
    assert "style=" not in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


@pytest.mark.usefixtures("past")
def test_each_definition_is_a_click_from_its_figure(desk: Desk, maud: Staff, tell: Tell) -> None:
    """Here, or on the list behind the figure."""
    tell(at=timezone.now(), circumstances=(Circumstance.BLACKMAIL,))
    fold(now=timezone.now())
    page = unescape(desk(maud).get(PAGE).content.decode())
    # "How it is counted: Acted on, …", for whoever hears the page.
    told = " ".join(re.findall(r'<span class="unseen">: ([^<]*)</span></summary>', page))
    with translation.override("en"):
        missing = {name for name, one in DEFINITIONS.items() if str(one.label) not in told}
    missing -= {*MEASURES, "unsent", "left_up"}
    assert not missing


@pytest.mark.usefixtures("past")
def test_in_french_no_number_in_a_picture_has_a_comma(
    log_in: Callable[[Staff], Client], maud: Staff, chatter: Platform
) -> None:
    page = log_in(maud).get(PAGE).content.decode()
    drawn = " ".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    assert re.findall(r'="[\d\s.-]*,[^"]*"', drawn) == []
    assert chatter.name in page


@pytest.mark.usefixtures("past")
def test_some_is_not_all(desk: Desk, maud: Staff, theo: Staff, ask: Callable[..., None]) -> None:
    ask(Status.DISABLED, "chatter", count=2)
    ask(Status.PARTLY_REMOVED, "pixboard")
    client = desk(maud)
    page = client.get(PAGE).content.decode()
    assert "Of those said removed, 2 blocked in some places and 1 removed in part." in said(page)
    assert "How it is counted : Blocked in some places, Removed in part" in said(page)
    for figure, number in (("blocked", 2), ("partly", 1)):
        [link] = re.findall(rf'href="([^"]*/behind/\?figure={figure}&amp;[^"]*)"', page)
        assert len(client.get(unescape(link)).context["rows"]) == number
    one = said(client.get(PAGE, {"platform": "pixboard"}).content.decode())
    assert "0 blocked in some places and 1 removed in part." in one
    assert "2 blocked in some places and 1 removed in part." in said(desk(theo).get(PAGE).content.decode())


# --- the times of one line --------------------------------------------------------------------------------


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize(
    ("by", "acted_on"),
    [("platform", {3, 0}), ("channel", {3, 0}), ("regime", {3}), ("content", {3}), ("month", {3})],
)
def test_each_line_leads_to_its_whole_distribution(
    by: str, acted_on: set[int], desk: Desk, maud: Staff
) -> None:
    client, found = desk(maud), set()
    for line, _range, url, value in client.get(PAGE, {"by": by}).context["lines"]:
        answer = client.get(url.partition("#")[0])
        page = answer.content.decode()
        shown = answer.context["spread"]
        assert sum(column.count for column in shown.columns) == line.counts.acted_on
        assert answer.context["timed"] == line.counts
        assert answer.context["part"].value == value
        table = page.partition('class="table tight breakdown-table"')[2].partition("</table>")[0]
        assert table.count('aria-current="true"') == 1
        assert "All requests again" in page
        # Whatever the page shows of all together stays as it is.
        assert answer.context["numbers"][0].all == 5
        for link in re.findall(r'href="([^"]*/behind/[^"]*bar[^"]*)"', page):
            assert client.get(unescape(link)).context["all"] == line.counts.acted_on
        if not line.counts.acted_on:
            assert "there is no time to show" in page
        found.add(line.counts.acted_on)
    assert found == acted_on


@pytest.mark.usefixtures("past")
def test_what_was_chosen_stays_with_another_period_where_it_can(desk: Desk, maud: Staff) -> None:
    client = desk(maud)
    chosen = client.get(PAGE, {"by": "content", "value": "deepnude/minor"})
    assert "value=deepnude%2Fminor" in chosen.context["chips"][0]["url"]
    assert '<input type="hidden" name="value" value="deepnude/minor">' in chosen.content.decode()
    first = client.get(chosen.context["chips"][0]["url"])
    assert first.status_code == 200
    of_month = client.get(PAGE, {"by": "month", "value": f"{month(1):%Y-%m}"})
    assert all("value" not in chip["url"] for chip in of_month.context["chips"])
    assert 'name="value"' not in of_month.content.decode()
    # Nothing of it left in these months, and something else did.
    none = client.get(PAGE, {"by": "content", "value": "threat/adult"}).content.decode()
    assert "Nothing of it left in this period" in none


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize(
    "asked",
    [
        {"by": "platform", "value": "nowhere"},
        {"by": "platform", "value": "pixboard", "platform": "chatter"},
        {"value": "a\0b"},
        {"by": "channel", "value": "nowhere"},
        {"by": "channel", "value": "a\0b"},
        {"by": "regime", "value": "law of the sea"},
        {"by": "content", "value": "deepnude"},
        {"by": "month", "value": "1999-01"},
    ],
)
def test_a_line_that_no_table_has_is_not_there(asked: dict[str, str], desk: Desk, maud: Staff) -> None:
    assert desk(maud).get(PAGE, asked).status_code == 404


@pytest.mark.usefixtures("past")
def test_each_table_has_the_three_other_shares(desk: Desk, maud: Staff, ask: Callable[..., None]) -> None:
    ask(Status.GONE, "chatter", count=4)
    client = desk(maud)
    for by in ("platform", "channel", "regime", "content", "month"):
        answer = client.get(PAGE, {"by": by})
        line = max(answer.context["lines"], key=lambda line: line[0].counts.sent)[0]
        sent = 8 if by in {"platform", "channel"} else 9
        assert line.counts.sent == sent
        assert (line.said_removed, line.seen_gone, line.stayed_gone) == (300 // sent, 400 // sent, None)
        table = answer.content.decode().partition('class="table tight breakdown-table"')[2]
        assert f"4 {400 // sent} %" in said(table)
        for head in ("Said removed", "Seen gone", "Stayed gone 30 days"):
            assert head in table


# --- periods ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("past")
def test_the_usual_lengths_and_each_year_with_something_in_it(desk: Desk, maud: Staff) -> None:
    client = desk(maud)
    chips = client.get(PAGE, {"platform": "chatter"}).context["chips"]
    years = [str(year) for year in range(timezone.localdate().year, month(9).year - 1, -1)]
    assert [str(chip["label"]) for chip in chips] == ["This month", "3 months", "12 months", *years]
    assert next(str(chip["label"]) for chip in chips if chip["current"]) == "3 months"
    assert [client.get(chip["url"]).context["counts"].total for chip in chips][:3] == [0, 4, 5]


@pytest.mark.usefixtures("past")
def test_from_one_month_to_another(desk: Desk, maud: Staff) -> None:
    asked = {"since": f"{month(9):%Y-%m}", "until": f"{month(2):%Y-%m}"}
    answer = desk(maud).get(PAGE, asked)
    assert answer.context["counts"].total == 1
    assert {name: answer.context[name] for name in asked} == asked
    assert f'value="{asked["since"]}"' in answer.content.decode()


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize(
    ("since", "until", "why"),
    [
        ("2026-13", "2026-03", "Write a month like this"),
        ("2026-02", "2026-01", "Swap them?"),
        ("x\0", "<b>", "Write"),
    ],
)
def test_what_is_no_period_comes_back_as_it_was_typed(
    since: str, until: str, why: str, desk: Desk, maud: Staff
) -> None:
    answer = desk(maud).get(PAGE, {"since": since, "until": until})
    page = answer.content.decode()
    assert why in page
    assert 'role="alert"' in page
    assert answer.context["typed"] == {"since": since, "until": until}
    assert "<b>" not in page.partition('id="until"')[2][:60]
    assert answer.context["counts"].total == 5  # meanwhile the usual months


# --- next to nothing --------------------------------------------------------------------------------------


def test_an_empty_period_says_so(desk: Desk, theo: Staff) -> None:
    page = desk(theo).get(PAGE).content.decode()
    assert "No request left in this period" in page
    assert "as of" not in page  # nothing was ever counted


@pytest.mark.usefixtures("past")
def test_when_the_counting_stands_still_the_page_says_so(desk: Desk, maud: Staff) -> None:
    client = desk(maud)
    assert "as of" in client.get(PAGE).content.decode()
    LastFold.objects.update(as_of=timezone.now() - timedelta(hours=1))
    page = client.get(PAGE).content.decode()
    assert "not counted since" in page
    assert "as of" not in page


def test_requested_and_not_left(desk: Desk, maud: Staff, ask: Callable[..., None]) -> None:
    ask(Status.QUEUED, "chatter")
    page = said(desk(maud).get(PAGE).content.decode())
    assert "One request was made and has not left" in page
    assert "1 more was requested and has not left" in page


def test_a_single_request_that_nobody_answered(desk: Desk, maud: Staff, ask: Callable[..., None]) -> None:
    ask(Status.SENT, "chatter")
    answer = desk(maud).get(PAGE)
    page = said(answer.content.decode())
    assert "The one request that left was not acted on" in page
    assert "What became of the one that was sent" in page
    [card] = answer.context["cards"]
    assert [column.is_empty for column in card.months.columns] == [True, False, True]


# --- at this moment ---------------------------------------------------------------------------------------


def test_what_waits_now_and_the_way_there(
    desk: Desk, maud: Staff, tell: Tell, ask: Callable[..., None]
) -> None:
    now = timezone.now()
    tell(at=now, circumstances=("in-danger",))
    tell(at=now - timedelta(hours=3))
    queue.add_new_reports(at=now)
    ask(Status.UNKNOWN, "chatter")
    answer = desk(maud).get(PAGE)
    page = answer.content.decode()
    assert answer.context["waiting_said"] == {
        "reports": "2",
        "in_danger": "1",
        "to_file": "0",
        "unknown": "1",
    }
    assert 'href="/staff/takedowns/?tab=unknown"' in page
    assert "No worker is working" in page  # in a test there is none


def test_the_team_s_load_names_and_ranks_nobody(
    desk: Desk, maud: Staff, nour: Staff, open_case: OpenCase
) -> None:
    held, alone = open_case(), open_case()
    QueueItem.objects.filter(case=held).update(unread=True)
    QueueItem.objects.filter(case=alone).update(holder=None)
    answer = desk(maud).get(PAGE)
    load = answer.context["load_said"]
    assert load == {"open_cases": "2", "unassigned": "1", "unread": "1", "unread_away": "1", "on_shift": "0"}
    page = answer.content.decode()
    team = page[page.index('id="load"') :].partition("</section>")[0]
    assert str(nour) not in said(team)


# --- cost -------------------------------------------------------------------------------------------------


def test_the_page_asks_as_often_whatever_there_is(desk: Desk, maud: Staff, ask: Callable[..., None]) -> None:
    client = desk(maud)
    ask(Status.REMOVED, "chatter")
    client.get(PAGE)  # what is kept between two pages is asked once
    counted = []
    for _round in range(2):
        for asked in (
            {"by": "platform"},
            {"by": "channel"},
            {"by": "platform", "value": "chatter"},
            {"by": "content", "value": "deepnude/minor"},
        ):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(PAGE, asked).status_code == 200
            counted.append(len(queries))
        for back in range(3):
            ask(Status.GONE, "pixboard", back=back, count=2)
            ask(Status.REFUSED, "chatter", back=back)
    assert counted[:4] == counted[4:]
    assert max(counted) <= 30
