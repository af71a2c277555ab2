"""Every arrow, and every arrow that is not there."""

from itertools import product

import pytest

from cases.models import Case
from cases.states import CASE_TRANSITIONS, CaseStatus, ForbiddenMove, Happening

OPEN, WAITING, CLOSED = CaseStatus.OPEN, CaseStatus.WAITING, CaseStatus.CLOSED
ARROWS = {(OPEN, WAITING), (OPEN, CLOSED), (WAITING, OPEN), (WAITING, CLOSED), (CLOSED, OPEN)}


def test_every_state_says_where_it_leads() -> None:
    assert set(CASE_TRANSITIONS) == set(CaseStatus)


@pytest.mark.parametrize(("here", "there"), list(product(CaseStatus, CaseStatus)))
def test_a_case_moves_along_the_arrows_and_no_others(here: CaseStatus, there: CaseStatus) -> None:
    case = Case(status=here)

    if (here, there) in ARROWS:
        case.move(there)
        assert case.status == there
    else:
        with pytest.raises(ForbiddenMove):
            case.move(there)
        assert case.status == here


def test_every_happening_fits_its_column() -> None:
    longest = Case._meta.get_field("events").related_model._meta.get_field("what").max_length
    assert max(len(one.value) for one in Happening) <= longest
