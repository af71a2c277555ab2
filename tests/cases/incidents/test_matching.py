"""What cases share is found without opening any of them."""

from collections.abc import Callable

import pytest

from cases.incidents import matching as incidents
from cases.incidents.matching import Shared
from cases.models import Case
from helpline.platforms.models import Platform
from reports.actions import FingerprintFacts, LinkFacts

OpenCase = Callable[..., Case]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]

PRINT = FingerprintFacts(algorithm="sha256", value="ab" * 32)


def test_similar_cases_say_what_they_share(open_case: OpenCase) -> None:
    mine = open_case(
        links=(LinkFacts(url="https://chatter.example/p/1"), LinkFacts(account="mean", platform="chatter")),
        fingerprints=(PRINT,),
        school="Lycée du Port",
    )
    same_link = open_case(links=(LinkFacts(url="https://www.chatter.example/p/1"),))
    same_account = open_case(links=(LinkFacts(account="@Mean", platform="chatter"),))
    same_picture = open_case(links=(), fingerprints=(PRINT,))
    same_school = open_case(links=(), school="  lycée du  port ")
    open_case(links=(LinkFacts(url="https://chatter.example/p/2"),), school="Another")

    assert incidents.similar(mine) == {
        same_link.pk: ["url"],
        same_account.pk: ["account"],
        same_picture.pk: ["fingerprint"],
        same_school.pk: ["school"],
    }


def test_nothing_said_is_nothing_shared(open_case: OpenCase) -> None:
    open_case(links=(), school="")
    assert incidents.similar(open_case(links=(), school="")) == {}


def test_the_matrix_holds_what_at_least_two_share(open_case: OpenCase, chatter: Platform) -> None:
    one = open_case(links=(LinkFacts(url="https://chatter.example/p/1"),), school="S", fingerprints=(PRINT,))
    two = open_case(links=(LinkFacts(url="https://chatter.example/p/1"),), school="S")
    three = open_case(
        links=(LinkFacts(url="https://chatter.example/p/3"),), school="S", fingerprints=(PRINT,)
    )

    assert incidents.shared_between([one, two, three]) == [
        Shared("url", "Chatter", frozenset({one.pk, two.pk})),
        Shared("fingerprint", "", frozenset({one.pk, three.pk})),
        Shared("school", "", frozenset({one.pk, two.pk, three.pk})),
    ]


def test_the_matrix_costs_the_same_for_two_cases_and_for_six(
    open_case: OpenCase, django_assert_num_queries: Callable[[int], object]
) -> None:
    cases = [open_case(school="S") for _ in range(6)]
    for few in (cases[:2], cases):
        with django_assert_num_queries(4):  # type: ignore[attr-defined]
            incidents.shared_between(few)
