"""Every figure is defined, in the same words' place everywhere: in the code, beside the figure, in the documentation."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from django.template import Context, Template
from django.utils import translation

from cases.dashboards.definitions import DEFINITIONS, define
from cases.dashboards.metrics import Counts

PAGE = (Path(__file__).parents[3] / "docs" / "figures.md").read_text()
CLOCKED = {"p50", "p90", "spread", "oldest"}


def documented() -> set[str]:
    """The names in the first cells of its tables, and the one that stands in a sentence."""
    rows = re.findall(r"^\| [^|]*\(`([a-z0-9_]+)`\) \|", PAGE, re.MULTILINE)
    assert len(rows) == len(set(rows)), "one is documented twice"
    return {*rows} | ({"left_up"} if "(`left_up`)" in PAGE else set())


def test_every_figure_stands_in_the_documentation_and_the_other_way_round() -> None:
    assert documented() == set(DEFINITIONS)


def test_every_count_has_a_definition() -> None:
    counted = {field.name.removesuffix("_s") for field in fields(Counts)}
    assert counted <= set(DEFINITIONS)


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
def test_a_definition_says_what_it_counts_and_what_it_does_not_say(name: str) -> None:
    found = define(name)
    assert str(found.label)
    assert str(found.counts).endswith(".")
    assert str(found.not_said).endswith(".")
    assert bool(found.starts) is bool(found.stops) is (name in CLOCKED)


def test_beside_the_figure_it_says_everything() -> None:
    with translation.override("en"):
        page = Template('{% load figures %}{% definition "p50" %}').render(Context())
    for words in ("Clock starts", "Clock stops", "Out of", "What it does not say"):
        assert words in page
    with pytest.raises(LookupError):
        define("nothing-of-the-kind")
