"""Which cases share a cause: the same link, account, fingerprint or school. Proposed by the machine, joined by a person.

Compared are blind indexes, never the texts: no case is opened to be compared.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from cases.models import Case
from reports.models import Fingerprint, Link, Report

KINDS = ("url", "account", "fingerprint", "school")


def similar(case: Case) -> dict[int, list[str]]:
    """Other cases that share something with `case`: their ids, each with the kinds of what is shared, in KINDS' order."""
    report_id = case.report_id
    mine = Link.objects.filter(report_id=report_id)
    shared: dict[int, set[str]] = defaultdict(set)

    def note(kind: str, found: QuerySet[Any], path: str) -> None:
        ids: Iterable[int | None] = (
            found.exclude(**{f"{path}id": case.pk}).values_list(f"{path}id", flat=True).distinct()
        )
        for pk in ids:
            if pk is not None:
                shared[pk].add(kind)

    for kind, column in (("url", "url_index"), ("account", "account_index")):
        values = mine.exclude(**{column: None}).values(column)
        note(kind, Link.objects.filter(**{f"{column}__in": values}), "report__case__")
    prints = Fingerprint.objects.filter(report_id=report_id).exclude(value_index=None).values("value_index")
    note("fingerprint", Fingerprint.objects.filter(value_index__in=prints), "report__case__")
    school = Report.objects.filter(pk=report_id).exclude(school_index=None).values("school_index")
    note("school", Report.objects.filter(school_index__in=school), "case__")
    return {pk: [kind for kind in KINDS if kind in kinds] for pk, kinds in shared.items()}


@dataclass(frozen=True, slots=True)
class Shared:
    """One thing that several cases have in common. `platform` is empty for fingerprints and schools."""

    kind: str  # one of KINDS
    platform: str
    case_ids: frozenset[int]


def shared_between(cases: Sequence[Case]) -> list[Shared]:
    """What at least two of `cases` have in common, in KINDS' order; what most of them have first. Four queries."""
    of_report = {case.report_id: case.pk for case in cases}
    found: dict[tuple[str, bytes, str], set[int]] = defaultdict(set)
    links = Link.objects.filter(report__in=of_report).select_related("platform")
    for link in links:
        for kind, value in (("url", link.url_index), ("account", link.account_index)):
            if value is not None:
                found[kind, bytes(value), link.platform.name].add(of_report[link.report_id])
    prints = Fingerprint.objects.filter(report__in=of_report).exclude(value_index=None)
    for report_id, value in prints.values_list("report_id", "value_index"):
        found["fingerprint", bytes(value or b""), ""].add(of_report[report_id])
    schools = Report.objects.filter(pk__in=of_report).exclude(school_index=None)
    for report_id, value in schools.values_list("pk", "school_index"):
        found["school", bytes(value or b""), ""].add(of_report[report_id])
    shared = [
        Shared(kind, platform, frozenset(ids))
        for (kind, _value, platform), ids in found.items()
        if len(ids) > 1
    ]
    return sorted(shared, key=lambda one: (KINDS.index(one.kind), -len(one.case_ids), one.platform))
