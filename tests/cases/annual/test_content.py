"""What a report says, and that nobody can work out more of it than it says."""

import csv
import io
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import combinations, product
from typing import Any
from zoneinfo import ZoneInfo

import pypdf
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.annual import actions, content, papers, vocabulary
from cases.annual.beside import LINES_OF, completed, given_away, small_differences
from cases.annual.content import Told, figures_of, told_of
from cases.annual.models import AnnualReport
from cases.dashboards import folding, metrics
from cases.dashboards.figures import Counts, Figures, PlatformCounts, ProviderRow, RedressRow
from cases.dashboards.folding import fold
from cases.dashboards.periods import Period
from cases.dashboards.suppression import Key
from cases.models import Case
from cases.takedowns.models import Takedown
from cases.takedowns.states import Outcome, Status
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from reports.actions import LinkFacts
from tests.cases.takedowns.standing import standing
from tests.cast import NOON

MARCH = Period(date(2026, 3, 1), date(2026, 3, 1))
YEAR = Period(date(2026, 1, 1), date(2026, 12, 1))


def whole(
    rows: list[ProviderRow], *, counts: Counts | None = None, redress: tuple[RedressRow, ...] = ()
) -> Figures:
    by_slug = {row.slug: row.name for row in rows}
    timed = [
        PlatformCounts(slug, name, Counts(p50_s=300.0, p90_s=90_000.0)) for slug, name in by_slug.items()
    ]
    nothing: dict[str, Any] = dict.fromkeys(Figures.__dataclass_fields__)
    return Figures(**nothing | {"overall": counts or Counts(), "platforms": timed, "redress": redress})


def row(
    slug: str, action: str, number: int, *, kind: str = "deepnude", age: str = "minor", name: str = ""
) -> ProviderRow:
    return ProviderRow(
        slug, name or slug.title(), kind, age, action, takedowns=number, items=number, notices=number
    )


ROWS = [
    row("chatter", "removed", 40),
    row("chatter", "refused", 30),
    row("chatter", "no_answer", 2),
    row("pixboard", "removed", 25, kind="real-image"),
    row("pixboard", "no_answer", 9, kind="real-image"),
    row("pixboard", "seen_gone", 6, kind="real-image", age="adult"),
    row("=cmd", "removed", 12, kind="threat", name="=HYPERLINK(1)"),
]
REDRESS = (
    RedressRow(date(2026, 3, 1), "internal", "overturned", 8),
    RedressRow(date(2026, 3, 1), "internal", "upheld", 6),
    RedressRow(date(2026, 3, 1), "internal", "to_file", 50),
)
COUNTS = Counts(notices=90, gone_long_ago=60, stayed_gone=54)


def body(rows: list[ProviderRow] | None = None, *, language: str = "en", **known: Any) -> str:
    used = ROWS if rows is None else rows
    figures = figures_of(used, whole(used, **known), threshold=5) | {"counted_on": "2027-01-14"}
    return content.body_of(
        AnnualReport(
            first=YEAR.first,
            last=YEAR.last,
            language=language,
            version=1,
            texts=content.starting_texts(language),
            figures=figures,
        )
    )


# --- the words --------------------------------------------------------------------------------------------


def test_every_outcome_and_every_word_of_the_figures_has_a_line() -> None:
    observed = {Outcome.SEEN_THERE}
    for action in [
        *(one.value for one in Outcome if one not in observed),
        "no_answer",
        "withdrawn",
        "not_sent",
    ]:
        assert vocabulary.action_of(action)
    with pytest.raises(LookupError):
        vocabulary.action_of("seen_there")


@pytest.mark.parametrize(
    ("kind", "age", "keyword"),
    [
        ("deepnude", "minor", "KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL_DEEPFAKE"),
        ("deepnude", "unknown", "KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL_DEEPFAKE"),
        ("deepnude", "adult", "KEYWORD_NON_CONSENSUAL_MATERIAL_DEEPFAKE"),
        ("real-image", "adult", "KEYWORD_NON_CONSENSUAL_IMAGE_SHARING"),
        ("sent", "minor", "KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL"),
        ("threat", "minor", "KEYWORD_OTHER"),
    ],
)
def test_each_kind_and_age_has_its_keyword(kind: str, age: str, keyword: str) -> None:
    [found] = [one for one in vocabulary.CONTENTS if one.code == vocabulary.content_of(kind, age)]
    assert found.keyword == keyword


# --- the figures ------------------------------------------------------------------------------------------


def test_small_numbers_and_what_gives_them_away_are_never_written_down() -> None:
    figures = json.loads(body(counts=COUNTS, redress=REDRESS))["figures"]

    assert figures["total"] == 124
    assert figures["provider_actions"]["chatter"]["no_answer"] is None
    assert figures["stayed_gone_percent"] == 90
    assert figures["redress"] == {"total": 14, "overturned": 8, "upheld": 6}
    # What two of them removed is hidden beside a small number of theirs, and so is how fast they were.
    assert {one["slug"]: one["p50_s"] for one in figures["providers"]} == {
        "=cmd": 300,
        "chatter": None,
        "pixboard": None,
    }


def test_complaints_are_not_told_where_they_would_say_more_of_a_hidden_number() -> None:
    many = (RedressRow(date(2026, 3, 1), "internal", "upheld", 31),)
    assert json.loads(body(redress=many))["figures"]["redress"] is None


def test_times_are_told_of_many_only() -> None:
    figures = json.loads(body([row("chatter", "removed", 9), row("pixboard", "removed", 10)]))["figures"]
    assert {one["slug"]: one["p50_s"] for one in figures["providers"]} == {"chatter": None, "pixboard": 300}


def test_an_empty_year_one_row_and_few() -> None:
    assert json.loads(body([]))["figures"]["total"] == 0
    few = json.loads(body([row("chatter", "removed", 1)]))["figures"]
    assert few["total"] is None
    assert few["providers"] == []
    assert "hatter" not in json.dumps(few)
    for rows in ([], [row("chatter", "removed", 1)]):
        for make, _kind in papers.MAKERS.values():
            assert make(body(rows))


@st.composite
def tiny(draw: st.DrawFn) -> dict[Key, int]:
    number = st.sampled_from([0, 0, 0, 1, 2, 3])
    return {
        (p, c, a): draw(number)
        for p, c, a in product(("p", "q"), ("fake-minor", "fake-adult"), ("removed", "refused"))
    }


def _tables(cells: list[Key], total: int) -> Iterator[dict[Key, int]]:
    if len(cells) == 1:
        yield {cells[0]: total}
        return
    for number in range(total + 1):
        for rest in _tables(cells[1:], total - number):
            yield {cells[0]: number} | rest


def _numbers(cells: Mapping[Key, int], told: Told) -> dict[tuple[str, ...], int]:
    """All that the report has a place for, of a table."""
    found: dict[tuple[str, ...], int] = {}
    for (p, c, a), number in cells.items():
        places = [
            ("p", p),
            ("c", c),
            ("a", a),
            ("pa", p, a),
            ("ca", c, a),
            *([("l", p, c, a)] if told.lines else []),
        ]
        for place in places:
            found[tuple(map(str, place))] = found.get(tuple(map(str, place)), 0) + number
    return found


def _published(told: Told, place: tuple[str, ...]) -> int | None:
    """What is said there; None for hidden or not told."""
    match place:
        case ("p", slug):
            return told.providers.get(slug, 0)
        case ("c", code):
            return told.contents.get(code, 0)
        case ("a", code):
            return told.actions.get(code, 0)
        case ("pa", slug, code):
            return told.provider_actions[slug].get(code, 0) if slug in told.provider_actions else None
        case ("ca", kind, code):
            return told.content_actions[kind].get(code, 0) if kind in told.content_actions else None
        case ("l", *cell):
            return next((line[3] for line in told.lines if list(line[:3]) == cell), 0)  # type: ignore[return-value]
    raise AssertionError(place)


@settings(max_examples=60, deadline=None)
@given(cells=tiny().filter(lambda cells: sum(cells.values()) <= 9))
def test_no_small_number_of_both_tables_together_can_be_worked_out(cells: dict[Key, int]) -> None:
    """Every table of three dimensions that agrees with all that is told of it, gone through."""
    told = told_of(cells, threshold=3)
    if told.total is None:
        assert 0 < sum(cells.values()) < 3
        return
    truth = _numbers(cells, told)
    said = {place: number for place in truth if (number := _published(told, place)) is not None}
    assert all(truth[place] == number for place, number in said.items())
    small = {place for place, number in truth.items() if 0 < number < 3}
    assert small.isdisjoint(said)
    possible: dict[tuple[str, ...], set[int]] = {place: set() for place in small}
    for other in _tables(list(cells), told.total):
        numbers = _numbers(other, told)
        if all(numbers[place] == number for place, number in said.items()):
            for place in small:
                possible[place].add(numbers[place])
        if all(len(values) >= 2 for values in possible.values()):
            break
    assert all(len(values) >= 2 for values in possible.values()), possible


# --- the files --------------------------------------------------------------------------------------------


def test_the_same_rows_give_the_same_bytes() -> None:
    one, two = (
        body(counts=COUNTS, redress=REDRESS),
        body(list(reversed(ROWS)), counts=COUNTS, redress=REDRESS),
    )

    assert one == two
    for make, _kind in papers.MAKERS.values():
        assert make(one) == make(two)
    assert content.digest(one) == content.digest(two)
    assert (
        json.dumps(json.loads(one), sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n" == one
    )


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_pdf_is_tagged_and_names_its_digest(language: str) -> None:
    text = body(counts=COUNTS, redress=REDRESS, language=language)
    reader = pypdf.PdfReader(io.BytesIO(papers.as_pdf(text)))

    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.trailer["/Root"]["/Lang"] == language
    assert reader.trailer["/Root"]["/StructTreeRoot"]
    assert reader.metadata is not None
    assert reader.metadata.creation_date is not None
    assert reader.metadata.creation_date.date() == date(2027, 1, 14)
    words = "".join(page.extract_text() for page in reader.pages)
    assert "".join(content.digest(text).split()) in "".join(words.split())
    assert "DECISION_VISIBILITY_CONTENT_REMOVED" in words
    assert "KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL_DEEPFAKE" in "".join(words.split())


def test_no_spreadsheet_runs_a_platform_s_name() -> None:
    read = papers.as_csv(body()).decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(read), delimiter=";"))

    assert {line["provider"] for line in lines} == {"", "Chatter", "Pixboard", "'=HYPERLINK(1)"}
    assert all(line["items"] == "" for line in lines if line["hidden"] == "yes")
    assert all(line["items"].isdigit() for line in lines if line["hidden"] == "")


def test_the_page_to_save_stands_alone_and_shows_words_as_words() -> None:
    rows = [row("chatter", "removed", 12, name="<script>alert(1)</script>")]
    page = papers.as_html(body(rows)).decode()

    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "http" not in page
    assert '<th scope="col">' in page


# --- of rows ----------------------------------------------------------------------------------------------


@pytest.fixture
def asked(
    chatter: Platform, pixboard: Platform, open_case: Callable[..., Case], nour: Staff
) -> Callable[..., None]:
    """`asked("chatter", Status.REMOVED, 6)`: so many links of one case, at noon."""
    made = 0

    def ask(platform: str, status: Status, number: int, *, at: datetime = NOON) -> None:
        nonlocal made
        links = []
        for _each in range(number):
            made += 1
            links.append(LinkFacts(url=f"https://{platform}.example/p/{made}"))
        case = open_case(links=links)
        for link in case.report.links.order_by("position"):
            standing(status, case=case, by=nour, at=at, link=link)

    return ask


def counted(period: Period = MARCH, *, at: datetime = NOON + timedelta(hours=2)) -> dict[str, Any]:
    while fold(now=at):
        pass
    return content.count(period, at=at)[0]


@pytest.mark.django_db
def test_it_counts_what_the_figures_count(asked: Callable[..., None]) -> None:
    asked("chatter", Status.REMOVED, 6)
    asked("pixboard", Status.NO_ANSWER, 5)
    figures = counted()

    assert figures["total"] == 11
    assert figures["actions"] == {"removed": 6, "no_answer": 5}
    assert figures["counted_on"] == "2026-03-02"
    assert counted(Period(date(2026, 2, 1), date(2026, 2, 1)))["total"] == 0


@pytest.mark.django_db
def test_the_day_of_the_count_is_that_of_the_figures(asked: Callable[..., None]) -> None:
    midnight = datetime(2026, 3, 4, tzinfo=ZoneInfo("Europe/Paris"))
    while fold(now=midnight - timedelta(seconds=9)):
        pass
    assert content.count(MARCH, at=midnight + timedelta(seconds=3))[0]["counted_on"] == "2026-03-03"


@pytest.mark.django_db
def test_one_link_that_harms_many_is_one_item(asked: Callable[..., None]) -> None:
    asked("chatter", Status.REMOVED, 6)
    asked("chatter", Status.NO_ANSWER, 12)
    first, *others = Takedown.objects.filter(platform_says="", status=Status.NO_ANSWER).order_by("pk")
    Takedown.objects.filter(pk__in=[one.pk for one in (first, *others)]).update(item_id=first.pk)
    figures = counted()

    assert (figures["total"], figures["actions"]) == (7, {"removed": None, "no_answer": None})


@pytest.mark.django_db(transaction=True)
def test_no_fold_comes_between_two_tables(asked: Callable[..., None]) -> None:
    asked("chatter", Status.REMOVED, 6)
    took = []

    def one() -> None:
        try:
            took.append(fold(now=NOON))
        finally:
            connection.close()

    with transaction.atomic():
        folding.stand_still()
        thread = threading.Thread(target=one)
        thread.start()
        thread.join(20)
    assert took == [0]
    assert fold(now=NOON) > 0


# --- two tables side by side ------------------------------------------------------------------------------


def figures_of_rows(*rows: ProviderRow) -> dict[str, Any]:
    return figures_of(rows, whole(list(rows)), threshold=5)


def test_the_same_table_again_gives_nothing_away() -> None:
    same = figures_of_rows(*ROWS)
    assert small_differences(same, same, threshold=5) == given_away(same, same, threshold=5) == []


def test_totals_that_differ_by_little_are_named() -> None:
    before = figures_of_rows(row("chatter", "removed", 40), row("pixboard", "removed", 30))
    after = figures_of_rows(row("chatter", "removed", 44), row("pixboard", "removed", 30))
    assert small_differences(before, after, threshold=5) == small_differences(after, before, threshold=5)
    assert ("providers", "chatter") in small_differences(before, after, threshold=5)
    assert ("providers", "pixboard") not in small_differences(before, after, threshold=5)
    more = figures_of_rows(row("chatter", "removed", 45), row("pixboard", "removed", 30))
    assert small_differences(before, more, threshold=5) == []


@pytest.mark.parametrize(("refused", "away"), [(9, True), (11, True), (40, False)])
def test_what_is_hidden_now_and_was_told_before_is_given_away_where_little_changed(
    refused: int, away: bool
) -> None:
    before = figures_of_rows(row("chatter", "removed", 6), row("chatter", "refused", 7))
    after = figures_of_rows(row("chatter", "removed", 4), row("chatter", "refused", refused))
    found = given_away(before, after, threshold=5)
    assert (("provider_actions", "chatter", "removed") in found) is away
    assert bool(found) is away


def test_what_was_hidden_before_is_not_given_away() -> None:
    before = figures_of_rows(row("chatter", "removed", 3), row("chatter", "refused", 9))
    after = figures_of_rows(row("chatter", "removed", 4), row("chatter", "refused", 9))
    assert given_away(before, after, threshold=5) == []


def test_a_line_that_is_new_is_given_away_by_its_total() -> None:
    before = figures_of_rows(row("chatter", "removed", 6), row("chatter", "refused", 7))
    after = figures_of_rows(
        row("chatter", "removed", 6), row("chatter", "refused", 7), row("chatter", "no_answer", 2)
    )
    assert ("actions", "no_answer") in given_away(before, after, threshold=5)


SENT = [row("chatter", "removed", 40), row("chatter", "refused", 9), row("chatter", "disabled", 3)]


@pytest.mark.parametrize(
    ("rows", "public", "hidden"),
    [
        # Three were not sent: all that is in the report, less what the page says was sent.
        ([*SENT, row("chatter", "not_sent", 3)], {"sent": 52}, {"not_sent": 3}),
        # Three were blocked: what the page says was taken down, less what the report says of the others.
        (SENT, {"sent": 52, "said_removed": 43}, {"disabled": 3}),
        (SENT, {"sent": 52, "acted_on": 43}, {"disabled": 3}),
        # Two were seen gone without a word: what lies between two numbers of the page.
        (
            [*SENT[:2], row("chatter", "seen_gone", 2), row("chatter", "no_answer", 7)],
            {"sent": 58, "acted_on": 42, "said_removed": 40},
            {"seen_gone": 2},
        ),
    ],
)
def test_a_number_that_the_public_page_completes_is_found(
    rows: list[ProviderRow], public: dict[str, int], hidden: dict[str, int]
) -> None:
    """First as a reader would work it out, from nothing but the two; then as the report is refused for it."""
    figures = figures_of_rows(*rows)
    [(code, number)] = hidden.items()
    assert figures["actions"][code] is None
    assert number in worked_out(figures, public)
    assert completed(figures, public, threshold=5) == [code]
    # Where only all of them together are known, the report tells as much itself.
    assert completed(figures, {}, threshold=5) == []


def worked_out(figures: dict[str, Any], public: dict[str, int]) -> list[int]:
    """Sums of hidden actions: two of the numbers that lie in each other, less what is told of the lines between."""
    acted = [one.code for one in vocabulary.ACTIONS if one.acted]
    lines = {
        "total": [one.code for one in vocabulary.ACTIONS],
        "sent": [one.code for one in vocabulary.ACTIONS if one.code != "not_sent"],
        "acted_on": acted,
        "said_removed": [code for code in acted if code != "seen_gone"],
        "nothing": [],
    }
    known = {"total": figures["total"], "nothing": 0} | public
    return [
        known[wide]
        - known[narrow]
        - sum(figures["actions"].get(code) or 0 for code in lines[wide] if code not in lines[narrow])
        for wide, narrow in combinations([name for name in lines if name in known], 2)
    ]


@pytest.mark.django_db
def test_the_lines_under_a_number_of_the_public_page_are_what_it_counts(asked: Callable[..., None]) -> None:
    """Acted on may count more: what was refused, and is gone all the same."""
    statuses = [one for one in Status if one not in {Status.DRAFT, Status.CONTESTED, Status.ESCALATED}]
    for status in statuses:
        asked("chatter", status, 1)
    counted()
    rows = metrics.by_provider(since=MARCH.since, until=MARCH.until)
    overall = metrics.figures(since=MARCH.since, until=MARCH.until).overall
    for name, lines in LINES_OF.items():
        found = sum(row.takedowns for row in rows if vocabulary.action_of(row.action) in lines)
        assert found == getattr(overall, name) or (name == "acted_on" and found < overall.acted_on), name
        assert found


@pytest.mark.parametrize(
    "public",
    [
        {"sent": 52},  # it tells of the three that are hidden no more than the report does
        {"sent": 49, "said_removed": 39},  # of another day: fewer than the report tells
        {"sent": 70, "said_removed": 60},  # of many links that several share
    ],
)
def test_what_the_public_page_leaves_open_is_not_found(public: dict[str, int]) -> None:
    assert completed(figures_of_rows(*SENT), public, threshold=5) == []
    assert completed(figures_of_rows(row("chatter", "removed", 3)), public, threshold=5) == []


def test_several_that_are_hidden_together_need_room() -> None:
    """Two of them that add up to five may each be any small number; that add up to four, may not."""
    hidden = dict.fromkeys(("removed", "disabled", "refused"))
    figures = {"total": 60, "actions": {**hidden, "no_answer": 40}}
    for said, found in ((5, []), (4, ["disabled", "removed"]), (2, ["disabled", "removed"]), (1, [])):
        assert completed(figures, {"said_removed": said}, threshold=5) == found
    # What is left is one number then, and small.
    assert completed(figures, {"said_removed": 17}, threshold=5) == ["refused"]


@pytest.mark.django_db
def test_a_merged_platform_counts_with_what_it_became_and_a_frozen_report_keeps_the_name(
    asked: Callable[..., None], chatter: Platform, pixboard: Platform, maud: Staff
) -> None:
    asked("chatter", Status.REMOVED, 6)
    asked("pixboard", Status.REMOVED, 7)
    counted()
    before = actions.start(period=MARCH, language="en", by=maud, at=NOON)
    Platform.objects.filter(pk=pixboard.pk).update(merged_into=chatter)
    Platform.objects.filter(pk=chatter.pk).update(name="Chatter One")

    after = counted()
    assert [(one["name"], one["total"]) for one in after["providers"]] == [("Chatter One", 13)]
    before.refresh_from_db()
    assert [one["total"] for one in before.figures["providers"]] == [6, 7]
    assert "Chatter One" not in content.body_of(before)


@pytest.mark.django_db
def test_counting_asks_as_often_for_many_as_for_few(asked: Callable[..., None]) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as found:
            content.count(MARCH, at=NOON)
        return len(found)

    asked("chatter", Status.REMOVED, 2)
    counted()
    few = statements()
    asked("pixboard", Status.NO_ANSWER, 4)
    asked("chatter", Status.REFUSED, 3)
    counted()
    assert statements() == few
