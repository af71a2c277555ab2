"""Tabs: one for each name, the current one marked, counted as the rail counts."""

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory

from cases import queue
from cases.views.answers import Tab, tab_of, tabs_of

LABELS = {"due": "Due", "done": "Done"}


@pytest.mark.parametrize(
    ("count", "said"), [(0, ""), (7, "7"), (queue.COUNT_UP_TO, f"{queue.COUNT_UP_TO - 1}+"), ("0", "0")]
)
def test_a_number_is_written_as_the_rail_writes_it_and_a_text_as_it_is(count: int | str, said: str) -> None:
    assert tabs_of(LABELS, "done", "/here/", {"due": count}) == [
        Tab("Due", "/here/?tab=due", current=False, count=said),
        Tab("Done", "/here/?tab=done", current=True),
    ]


def test_a_name_may_lead_anywhere() -> None:
    tabs = tabs_of(LABELS, "", lambda name: f"/{name}/")
    assert [(tab.url, tab.current) for tab in tabs] == [("/due/", False), ("/done/", False)]


def test_nothing_is_shown_where_nothing_is_counted_but_for_what_a_script_will_count() -> None:
    tabs = [Tab("Due", "/", current=True), Tab("Live", "/", current=False, live="waiting")]
    shown = render_to_string("components/tabs.html", {"tabs": tabs, "label": "Which"})
    assert shown.count("<b") == 1 and '<b data-count="waiting"></b>' in shown
    assert shown.count('aria-current="page"') == 1


@pytest.mark.parametrize(
    ("asked", "counts", "shown"),
    [
        ("done", {"due": 1, "late": 2}, "done"),
        ("", {"due": 0, "late": 2}, "late"),
        ("", {"due": 1, "late": 2}, "due"),
        ("no-such-tab", {"due": 0, "late": 0}, "done"),
    ],
)
def test_the_first_tab_that_holds_something_is_shown_unless_one_is_asked_for(
    rf: RequestFactory, asked: str, counts: dict[str, int], shown: str
) -> None:
    assert tab_of(rf.get("/", {"tab": asked}), {"due", "late", "done"}, counts, "done") == shown
