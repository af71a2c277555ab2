"""Many rows at once: of one table column by column, of several together."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import DataError, transaction

from helpline import columns
from helpline.audit.models import AuditRow
from helpline.platforms.models import Platform
from reports.models import Link, Report


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


@pytest.mark.django_db
def test_rows_of_several_tables_go_together(
    noon: datetime, django_assert_num_queries: Callable[..., Any]
) -> None:
    platform = Platform.objects.create(slug="chatter", name="Chatter")
    report = Report(
        channel="web", language="fr", who="self", age_range="13-14", kind="deepnude",
        circumstances=["school", "adult"], submitted_at=noon, last_contact_at=noon, story=b"\x00sealed",
    )  # fmt: skip
    links = [
        Link(report=report, position=place, platform=platform, kind="post", status_at=noon, added_at=noon)
        for place in (1, 2)
    ]
    line = AuditRow(at=noon, actor="system", verb="together", detail={"said": "é"})

    with django_assert_num_queries(1):
        columns.insert_together([report], links, [], [line])

    kept = Report.objects.get()
    assert kept.circumstances == ["school", "adult"]
    assert bytes(kept.story) == b"\x00sealed"
    assert list(kept.links.order_by("position").values_list("pk", flat=True)) == [link.pk for link in links]
    assert AuditRow.objects.get(verb="together").detail == {"said": "é"}
    report.language = "en"
    report.save(update_fields=["language"])  # it counts as stored

    more = [
        Link(report=report, position=place, platform=platform, kind="post", status_at=noon, added_at=noon)
        for place in (3, 4)
    ]
    again = Report(
        channel="web", language="fr", who="self", age_range="13-14", kind="deepnude",
        submitted_at=noon, last_contact_at=noon,
    )  # fmt: skip
    with django_assert_num_queries(1):  # the server knows the statement by now
        columns.insert_together([again], more, [], [AuditRow(at=noon, actor="system", verb="again")])
    assert (Report.objects.count(), report.links.count()) == (2, 4)
    assert (again.circumstances, Report.objects.get(pk=again.pk).story) == ([], None)


@pytest.mark.django_db
def test_together_or_not_at_all(noon: datetime) -> None:
    good = AuditRow(at=noon, actor="system", verb="together")
    bad = Platform(slug="x" * 5000, name="Too long")

    with pytest.raises(DataError), transaction.atomic():
        columns.insert_together([good], [bad])

    assert not AuditRow.objects.filter(verb="together").exists()


@pytest.mark.django_db
def test_every_kind_of_value_arrives_as_it_was(noon: datetime) -> None:
    """Bytes, moments to the microsecond, nothing at all, words that look like something else."""
    exact = noon.replace(microsecond=123456)
    words = ["\\x00", "{null}", 'é "', "null"]
    columns.insert(
        AuditRow,
        lines(exact, *words)
        | {"number": [1, 2, 3, None], "hash": [b"\x00\xff", b"", None, memoryview(b"\\x")]},
    )
    found = AuditRow.objects.filter(verb__in=words).order_by("id")
    assert [
        (row.verb, row.at, row.number, None if row.hash is None else bytes(row.hash)) for row in found
    ] == [
        (words[0], exact, 1, b"\x00\xff"),
        (words[1], exact, 2, b""),
        (words[2], exact, 3, None),
        (words[3], exact, None, b"\\x"),
    ]


def test_what_no_column_is_known_to_take_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        columns.as_json([{"verb": object()}])


@pytest.mark.django_db
def test_several_tables_and_what_else_is_done_go_in_one_statement(
    noon: datetime, django_assert_num_queries: Callable[..., Any]
) -> None:
    platform = Platform.objects.create(slug="chatter", name="Chatter")
    columns.insert_each({AuditRow: lines(noon)})  # prepared
    with django_assert_num_queries(1):
        columns.insert_each(
            {AuditRow: lines(noon, "one", "two")},
            then="nothing AS (SELECT 1) UPDATE platforms_platform SET name = %s::text WHERE id = %s::bigint",
            values=["Other", platform.pk],
        )
    platform.refresh_from_db()
    assert platform.name == "Other"
    assert AuditRow.objects.filter(verb__in=["one", "two"]).count() == 2
