"""From figures to rows with words: nothing is counted anew, and nothing gets lost on the way."""

from datetime import UTC, date, datetime

from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from cases.dashboards import showing
from cases.dashboards.figures import (
    Counts,
    Figures,
    LadderRow,
    MonthPoint,
    PlatformCounts,
    RedressRow,
    Returns,
    Slice,
)
from cases.ladder.states import Kind, RedressState, Rung, StepOutcome, StepState

JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)
SMALL = st.integers(0, 50)


def figures(*platforms: PlatformCounts, **changes: object) -> Figures:
    said: dict[str, object] = {
        "since": datetime(2026, 1, 1, tzinfo=UTC),
        "until": datetime(2026, 3, 1, tzinfo=UTC),
        "platform": None,
        "as_of": None,
        "overall": Counts(),
        "platforms": platforms,
        "returns": Returns(),
        "reports": None,
    }
    for name in ("channels", "regimes", "contents", "months", "spread", "ladder", "redress"):
        said[name] = ()
    return Figures(**(said | changes))  # type: ignore[arg-type]


def test_four_numbers_with_what_they_are_shares_of() -> None:
    now = Counts(sent=8, acted_on=5, said_removed=4, seen_gone=3, gone_long_ago=2, stayed_gone=1)
    with translation.override("en"):
        found = showing.numbers(now, Counts(sent=3, acted_on=2))
        assert [(one.name, one.share, one.part) for one in found] == [
            ("acted_on", 62, 5),
            ("said_removed", 50, 4),
            ("seen_gone", 37, 3),
            ("stayed_gone", 50, 1),
        ]
        assert [one.whole for one in found][2:] == ["of 8 sent", "of 2 judged after 30 days"]
        # Nothing could be judged before: that is no share of nought.
        assert [one.before for one in found] == ["66 % before", "0 % before", "0 % before", ""]


@given(st.builds(Counts, **dict.fromkeys([name for name, _tone, _label in showing.FATES], SMALL)))
def test_every_request_stands_in_one_line(counts: Counts) -> None:
    lines = showing.fates(counts)
    assert len({line.name for line in lines}) == 7
    assert all(line.count == getattr(counts, line.name) for line in lines)


LADDER = st.lists(
    st.builds(
        LadderRow,
        month=st.just(JANUARY),
        rung=st.sampled_from(Rung.values),
        state=st.sampled_from(StepState.values),
        outcome=st.sampled_from(["", *StepOutcome.values]),
        count=SMALL,
    )
)


@given(LADDER)
def test_no_step_of_the_ladder_gets_lost(rows: list[LadderRow]) -> None:
    found = showing.ladder(rows)
    assert sum(step.done + step.waiting + step.left_out for step in found) == sum(row.count for row in rows)
    assert all(step.done == step.led_on + step.declined + step.silent + step.open for step in found)
    order = [str(rung.label) for rung in Rung]
    assert [step.label for step in found] == sorted((step.label for step in found), key=order.index)


def test_what_is_overturned_is_of_what_was_filed() -> None:
    rows = [
        RedressRow(JANUARY, Kind.INTERNAL, RedressState.OVERTURNED, 2),
        RedressRow(FEBRUARY, Kind.OUT_OF_COURT, RedressState.PARTLY, 1),
        RedressRow(FEBRUARY, Kind.INTERNAL, RedressState.UPHELD, 1),
        RedressRow(FEBRUARY, Kind.INTERNAL, RedressState.FILED, 2),
        RedressRow(FEBRUARY, Kind.INTERNAL, RedressState.TO_FILE, 9),
        RedressRow(FEBRUARY, Kind.INTERNAL, RedressState.LAPSED, 9),
    ]
    found = showing.redress(rows)
    assert (found.filed, found.overturned, found.upheld, found.pending, found.share) == (6, 3, 1, 2, 50)
    assert showing.redress([]).share is None


def test_every_platform_shows_the_same_months() -> None:
    once = PlatformCounts(
        "once",
        "Once",
        Counts(total=2, sent=2, acted_on=1),
        [MonthPoint(FEBRUARY, Counts(sent=2, acted_on=1))],
    )
    never = PlatformCounts("never", "Never", Counts())
    [card] = showing.cards(figures(once, never), [JANUARY, FEBRUARY])
    assert card.line.label == "Once"
    assert [(column.sent, column.is_empty, column.note) for column in card.months.columns] == [
        (0, True, ""),
        (2, False, "1"),
    ]


def test_who_does_not_answer_the_most_first() -> None:
    found = figures(
        PlatformCounts("a", "A", Counts(sent=9, no_answer=1)),
        PlatformCounts("b", "B", Counts(sent=4, no_answer=3)),
        PlatformCounts("c", "C", Counts(sent=9, acted_on=9)),
        PlatformCounts("d", "D", Counts(sent=3, no_answer=3)),
    )
    assert [line.label for line in showing.ignorers(found)] == ["D", "B", "A"]


def test_the_breakdowns_say_what_each_line_is_and_where_its_list_is() -> None:
    one = Counts(total=1, sent=1)
    found = figures(
        PlatformCounts("chatter", "Chatter", one),
        channels=[Slice("chatter-mail", one, "email"), Slice("gone", one)],
        regimes=[Slice("eu-dsa-16", one)],
        contents=[Slice("deepnude/minor", one), Slice("new-kind/adult", one)],
        months=[MonthPoint(FEBRUARY, one)],
    )
    with translation.override("en"):
        said = {
            by: [
                (line.dim, line.value, line.label, line.detail)
                for line in showing.breakdown(found, by, channels={"chatter-mail": "Chatter"})
            ]
            for by in showing.BREAKDOWNS
        }
    assert said == {
        "platform": [("", "", "Chatter", "")],
        "channel": [
            ("channel", "chatter-mail", "Chatter", "E-mail · chatter-mail"),
            ("channel", "gone", "gone", ""),
        ],
        "regime": [("regime", "eu-dsa-16", "EU: Digital Services Act, article 16", "")],
        "content": [
            ("content", "deepnude/minor", "Fake nude, a minor", ""),
            ("content", "new-kind/adult", "new-kind, an adult", ""),
        ],
        "month": [("", "2026-02", "February 2026", "")],
    }


def test_lists_of_shares_leave_out_what_did_not_occur() -> None:
    found = showing.shares({"b": 1, "a": 3, "x": 2, "c": 0}, {"a": "A", "b": "B", "c": "C"}, total=8)
    assert [(line.label, line.count, line.share) for line in found] == [
        ("A", 3, 37),
        ("x", 2, 25),
        ("B", 1, 12),
    ]
    as_they_stand = showing.shares({"b": 3, "a": 1}, {"a": "A", "b": "B"}, total=4, by_count=False)
    assert [line.label for line in as_they_stand] == ["A", "B"]
