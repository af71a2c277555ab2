"""How heavy something is to read, as a table."""

import pytest

from cases.wellbeing import weights
from cases.wellbeing.states import Load, Seen
from reports.states import AgeRange


@pytest.mark.parametrize(
    ("seen", "age", "circumstances", "words", "weight"),
    [
        ("case", "15-17", [], 0, 0),  # what is light is not written down
        ("case", "15-17", ["school", "named", "spreading"], 0, 0),
        ("case", "15-17", ["blackmail"], 0, 1),
        ("case", "15-17", ["violence"], 0, 2),
        ("case", "15-17", ["adult"], 0, 2),
        ("case", "under-13", [], 0, 2),
        ("case", "15-17", ["in-danger"], 0, 3),
        ("case", "13-14", ["self-harm"], 0, 3),
        ("case", "under-13", ["adult"], 0, 4),
        ("case", "under-13", ["adult", "violence", "in-danger"], 0, 5),  # never more
        ("story", "15-17", [], 20, 1),
        ("story", "15-17", [], 99, 1),
        ("story", "15-17", [], 100, 2),
        ("story", "15-17", [], 300, 3),
        ("story", "15-17", ["violence"], 20, 2),
        ("story", "under-13", ["violence"], 300, 5),
        ("screenshot", "15-17", [], 0, 2),
        ("screenshot", "under-13", ["blackmail"], 0, 3),
    ],
)
def test_a_weight_is_explained_by_plain_facts(
    seen: str, age: str, circumstances: list[str], words: int, weight: int
) -> None:
    assert weights.weigh(weights.Facts(Seen(seen), AgeRange(age), circumstances, words)) == weight


@pytest.mark.parametrize(
    ("total", "load"), [(0, "light"), (26, "light"), (27, "much"), (80, "much"), (81, "a-lot")]
)
def test_a_week_in_words(total: int, load: str) -> None:
    assert weights.load(total, cap=80) == Load(load)
