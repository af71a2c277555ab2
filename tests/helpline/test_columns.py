"""Many rows at once, column by column."""

from datetime import datetime

import pytest
from django.db import DataError

from helpline import columns
from helpline.audit.models import AuditRow


def lines(at: datetime, *verbs: str) -> dict[str, list[object]]:
    """Columns of the trail for these verbs."""
    return {
        "at": [at] * len(verbs),
        "actor": ["system"] * len(verbs),
        "verb": list(verbs),
        "object_type": [""] * len(verbs),
        "object_id": [""] * len(verbs),
        "detail": [{"said": f"{verb} é"} for verb in verbs],
    }


@pytest.mark.django_db
def test_a_row_for_each_place(noon: datetime) -> None:
    columns.insert(AuditRow, lines(noon, "one", "two"))
    found = AuditRow.objects.filter(verb__in=["one", "two"]).order_by("id")
    assert [(row.at, row.verb, row.detail, row.number) for row in found] == [
        (noon, "one", {"said": "one é"}, None),
        (noon, "two", {"said": "two é"}, None),
    ]


@pytest.mark.django_db
def test_none_at_all(noon: datetime) -> None:
    before = AuditRow.objects.count()
    columns.insert(AuditRow, lines(noon))
    assert AuditRow.objects.count() == before


@pytest.mark.django_db
def test_what_is_too_long_is_refused_not_cut(noon: datetime) -> None:
    with pytest.raises(DataError):
        columns.insert(AuditRow, lines(noon, "v" * 61))
