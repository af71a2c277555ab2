"""What a mail about several contents says of each: in the sentence itself, above a list, or below an address."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.mailbox.judging import about, judge, places
from cases.takedowns.states import Outcome

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
A, B, C = (f"https://x.example/p/{number}" for number in (1, 2, 3))
URLS = {"a": A, "b": B, "c": C}
REMOVED, REFUSED, NOT_FOUND = Outcome.REMOVED, Outcome.REFUSED, Outcome.NOT_FOUND


def said(text: str) -> dict[str, Outcome]:
    return dict(judge(text, at=AT, urls=URLS).by_item)


@pytest.mark.parametrize(
    ("text", "by_item"),
    [
        # The verdict stands before its address.
        (f"Removed: {A}\nNot removed: {B}", {"a": REMOVED, "b": REFUSED}),
        (f"1. Removed: {A}\n2. Rejected: {B}", {"a": REMOVED, "b": REFUSED}),
        (f"We have removed {A}. We could not find {B}.", {"a": REMOVED, "b": NOT_FOUND}),
        (f"Contenu supprimé : {A}\nContenu introuvable : {B}", {"a": REMOVED, "b": NOT_FOUND}),
        (f"Decision: removed\nURL: {A}\nDecision: no violation\nURL: {B}", {"a": REMOVED, "b": REFUSED}),
        (f"Removed:\n- {A}\n- {B}\n\nRefused:\n- {C}", {"a": REMOVED, "b": REMOVED, "c": REFUSED}),
        (f"Supprimés (2) :\n{A}\n{B}\n\nNon supprimés :\n\n{C}", {"a": REMOVED, "b": REMOVED, "c": REFUSED}),
        (f"We have removed these posts.\n{A}\n{B}", {"a": REMOVED, "b": REMOVED}),
        # Of the one before it says nothing.
        (f"{A}\n\nWe did not remove {B}: it does not violate our rules.", {"b": REFUSED}),
        # It stands after it.
        (f"{A}: removed\n{B} – not removed", {"a": REMOVED, "b": REFUSED}),
        (f"{A}\nIt has been removed.\n{B}\nIt does not break our rules.", {"a": REMOVED, "b": REFUSED}),
        (f"{A}\n{B}\nBoth have been removed.", {"a": REMOVED, "b": REMOVED}),
        (
            f"Thank you for your report.\n\n{A}\nIt is removed.\n\n{B}\nNo violation.",
            {"a": REMOVED, "b": REFUSED},
        ),
        # An address without its scheme, or made unclickable.
        ("Removed: x.example/p/1\nNot removed: hxxps://x[.]example/p/2", {"a": REMOVED, "b": REFUSED}),
        # What can be read both ways, or says two things, is proposed for none.
        (f"We removed the posts.\n{A}\nThis was removed.\n{B}\nThis does not break our rules.", {}),
        (f"We have removed {A}, but {B} does not violate our rules.", {}),
        (f"Removed:\n{A}\nThis one does not break our rules.", {}),
        # It has not happened.
        (f"If it breaks our rules, {A} will be removed.", {}),
    ],
)
def test_by_item(text: str, by_item: dict[str, Outcome]) -> None:
    assert said(text) == by_item


VERDICTS = {
    REMOVED: ("removed", "has been removed", "We have removed"),
    REFUSED: ("not removed", "does not violate our rules", "We are unable to remove"),
    NOT_FOUND: ("not found", "is an address where nothing was found", "We could not find"),
}
STYLES = ("label before", "label after", "sentence", "prose", "heading", "below")


def told(style: str, outcome: Outcome, url: str) -> str:
    label, prose, before = VERDICTS[outcome]
    return {
        "label before": f"{label.capitalize()}: {url}",
        "label after": f"{url} – {label}",
        "sentence": f"The post {url} {prose}.",
        "prose": f"{before} {url}.",
        "heading": f"{label.capitalize()}:\n{url}",
        "below": f"{url}\nThis post {prose}.",
    }[style]


ONE = st.tuples(st.sampled_from(STYLES), st.sampled_from(sorted(VERDICTS)))
BETWEEN = st.sampled_from(
    ["", "\n\nThank you for your report.", "\n\nStay safe", "\n\nWe looked at each of them."]
)


@settings(max_examples=600, deadline=None)
@given(st.lists(ONE, min_size=3, max_size=3), st.permutations(list(URLS)), BETWEEN)
def test_a_paragraph_each_in_any_order_and_manner(
    answers: list[tuple[str, Outcome]], order: list[str], between: str
) -> None:
    text, meant = f"Hello,{between}", {}
    for (style, outcome), item in zip(answers, order, strict=True):
        text += f"\n\n{told(style, outcome, URLS[item])}"
        meant[item] = outcome
    assert said(f"{text}{between}\n\nKind regards") == meant


@settings(max_examples=600, deadline=None)
@given(
    st.lists(ONE, min_size=1, max_size=3),
    st.permutations(list(URLS)),
    st.sampled_from(["\n", "\n\n", "\n \n"]),
)
def test_however_close_they_stand_no_item_gets_a_word_that_nobody_said_of_it(
    answers: list[tuple[str, Outcome]], order: list[str], gap: str
) -> None:
    """Manners mixed in one paragraph may be unclear: then it is nothing, and only where two verdicts touch."""
    parts, meant = [], {}
    for (style, outcome), item in zip(answers, order, strict=False):
        parts.append(told(style, outcome, URLS[item]))
        meant[item] = outcome
    found = said(gap.join(parts))
    assert found.items() <= meant.items()
    assert set(found) <= set(order[: len(answers)])
    if len({style for style, _outcome in answers}) == 1:
        assert found == meant


PIECES = st.sampled_from(
    [
        A,
        B,
        C,
        "\n",
        "\n\n",
        " ",
        ": ",
        ". ",
        "removed",
        "We have removed",
        "not removed",
        "no violation",
        "Under review",
    ]
)


@settings(max_examples=600, deadline=None)
@given(st.lists(PIECES, max_size=30))
def test_whatever_is_thrown_together_it_only_proposes(pieces: list[str]) -> None:
    text = "".join(pieces)
    proposal = judge(text, at=AT, urls=URLS)
    assert set(proposal.by_item) <= set(URLS)
    named = places(text, {item: (url,) for item, url in URLS.items()})
    for item in URLS:
        for start, end in about(text, proposal.spans, named, item):
            assert (start, end) in proposal.spans
            inside = {one for at, _stop, one in named if start <= at < end}
            assert not inside or item in inside


def test_a_list_below_a_heading_reaches_each_timeline_as_its_own() -> None:
    text = f"Removed:\n{A}\n\nNot removed:\n{B}"
    named = places(text, {item: (url,) for item, url in URLS.items()})
    spans = judge(text, at=AT, urls=URLS).spans
    kept = {item: [text[start:end] for start, end in about(text, spans, named, item)] for item in URLS}
    assert kept == {"a": ["Removed:"], "b": ["Not removed:"], "c": []}
