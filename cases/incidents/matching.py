"""Which cases share a cause: the same link, account, picture or school. Proposed by the machine, joined by a person.

Links, accounts, schools and equal fingerprints are compared by their blind indexes; near fingerprints by their masked bits.
No case is opened to be compared with another: only the one that is being compared, for its own fingerprints.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import CharField, Q, QuerySet, Value

from cases.incidents import masking
from cases.incidents.models import Print
from cases.models import Case
from helpline.crypto.box import Box
from reports.models import Fingerprint, Link, Report
from reports.states import Status

KINDS = ("code", "url", "account", "fingerprint", "near", "school")
# A PDQ that says of itself how little it is worth; where nothing is said it counts.
WORTHLESS = Q(algorithm="pdq", quality__lt=masking.WORTH_MATCHING)


def keep_prints(report: Report, box: Box) -> None:
    """Write down the report's PDQs so that near ones are found; those masked with an older key are masked anew."""
    secret = masking.current()
    there = Print.objects.filter(fingerprint__report=report, key_id=secret.key_id).values("fingerprint")
    rows = []
    for one in _pdqs(report.pk).exclude(pk__in=there):
        masked = masking.written(secret.masked(box.open(one, "value")))
        rows.append(Print(fingerprint=one, key_id=secret.key_id, masked=masked))
    Print.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["fingerprint"], update_fields=["key_id", "masked"]
    )


def near(masked: int, *, key_id: str) -> set[Any]:
    """The reports that have a fingerprint within masking.NEAR bits of this one, all of them. Its own is one of them."""
    return near_any([(masked, key_id)])


def near_any(prints: Sequence[tuple[int, str]]) -> set[Any]:
    """The same for several, each with the key that masked it, in one statement.

    The function of the database goes by the bands' index whatever the planner thinks of it; see migration 0001.
    """
    if not prints:
        return set()
    one = "SELECT report_id FROM incidents_near(%s::bit(256), %s::int[], %s, %s)"
    values: list[Any] = []
    for masked, key_id in prints:
        values += [masking.written(masked), list(masking.probes(masked)), masking.NEAR, key_id]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ".join([one] * len(prints)), values)
        return {report_id for (report_id,) in cursor.fetchall()}


def similar(case: Case) -> dict[int, list[str]]:
    """Other cases that share something with `case`: their ids, each with the kinds of what is shared, in KINDS' order."""
    shared = similar_to_report(case.report_id)
    cases = Case.objects.filter(report__in=shared).values_list("pk", "report_id")
    return {pk: shared[report_id] for pk, report_id in cases}


def similar_to_report(
    report_id: UUID, *, box: Box | None = None, limit: int | None = None
) -> dict[UUID, list[str]]:
    """Other reports, cases or not, that share something with it: their ids, each with the kinds, in KINDS' order.

    A case's fingerprints are kept for near ones to be found. Those of a report that is no case yet are opened with `box`;
    its near pictures are found among cases. `limit`: so many of each kind are enough. Three queries, and with a box as many.
    """
    mine = Link.objects.filter(report_id=report_id)
    worth = Fingerprint.objects.exclude(value_index=None).exclude(WORTHLESS)
    urls = mine.exclude(url_index=None).values("url_index")
    accounts = mine.exclude(account_index=None).values("account_index")
    prints = worth.filter(report_id=report_id).values("value_index")
    schools = Report.objects.filter(pk=report_id).exclude(school_index=None).values("school_index")
    ways: Mapping[str, QuerySet[Any]] = {
        "url": Link.objects.filter(url_index__in=urls),
        "account": Link.objects.filter(account_index__in=accounts),
        "fingerprint": worth.filter(value_index__in=prints),
        "school": Report.objects.filter(school_index__in=schools),
    }
    asked = [_reports_of(kind, found, report_id, limit) for kind, found in ways.items()]
    shared: dict[UUID, set[str]] = defaultdict(set)
    for kind, pk in asked[0].union(*asked[1:]):
        shared[pk].add(kind)
    if alike := near_any(_opened(report_id, box) if box else _kept(report_id)) - {report_id}:
        there = Report.objects.filter(pk__in=alike).exclude(status=Status.ERASED)
        for pk in there.values_list("pk", flat=True):
            shared[pk].add("near")
    for kinds in shared.values():
        if "fingerprint" in kinds:
            kinds.discard("near")  # equal is near, too
    return {pk: in_order(kinds) for pk, kinds in shared.items()}


def _reports_of(kind: str, found: QuerySet[Any], besides: UUID, limit: int | None) -> Any:
    column = "pk" if found.model is Report else "report_id"
    others = found.order_by().exclude(**{column: besides})
    rows = others.annotate(shared=Value(kind, output_field=CharField())).values_list("shared", column)
    return rows if limit is None else rows[:limit]


def _kept(report_id: UUID) -> list[tuple[int, str]]:
    """Its prints, as a case's are kept."""
    rows = Print.objects.filter(fingerprint__report=report_id).values_list("masked", "key_id")
    return [(int(masked, 2), key_id) for masked, key_id in rows]


def _opened(report_id: UUID, box: Box) -> list[tuple[int, str]]:
    """Its PDQs, masked as they would be kept."""
    secret = masking.current()
    return [(secret.masked(box.open(one, "value")), secret.key_id) for one in _pdqs(report_id)]


def _pdqs(report_id: UUID) -> QuerySet[Fingerprint]:
    pdqs = Fingerprint.objects.filter(report=report_id, algorithm="pdq")
    return pdqs.exclude(WORTHLESS).exclude(value=None)


def in_order(kinds: Iterable[str]) -> list[str]:
    """As KINDS has them, each once."""
    found = set(kinds)
    return [kind for kind in KINDS if kind in found]


@dataclass(frozen=True, slots=True)
class Shared:
    """One thing that several cases have in common. `platform` is empty for fingerprints and schools."""

    kind: str  # one of KINDS
    platform: str
    case_ids: frozenset[int]
    # Where it stands in the words of each case, for whoever may open that case.
    links: Mapping[int, Link] = field(default_factory=dict, compare=False, repr=False)


def shared_between(cases: Sequence[Case]) -> list[Shared]:
    """What at least two of `cases` have in common, in KINDS' order; what most of them have first. Four queries."""
    of_report = {case.report_id: case.pk for case in cases}
    found: dict[tuple[str, bytes, str], set[int]] = defaultdict(set)
    named: dict[tuple[str, bytes, str], dict[int, Link]] = defaultdict(dict)
    links = Link.objects.filter(report__in=of_report).select_related("platform")
    for link in links:
        for kind, value in (("url", link.url_index), ("account", link.account_index)):
            if value is not None:
                key, case_id = (kind, bytes(value), link.platform.name), of_report[link.report_id]
                found[key].add(case_id)
                named[key].setdefault(case_id, link)
    prints = Fingerprint.objects.filter(report__in=of_report).exclude(value_index=None).exclude(WORTHLESS)
    for report_id, value in prints.values_list("report_id", "value_index"):
        found["fingerprint", bytes(value or b""), ""].add(of_report[report_id])
    schools = Report.objects.filter(pk__in=of_report).exclude(school_index=None)
    for report_id, value in schools.values_list("pk", "school_index"):
        found["school", bytes(value or b""), ""].add(of_report[report_id])
    for number, ids in enumerate(_alike(of_report)):
        found["near", number.to_bytes(4), ""] |= ids
    shared = [
        Shared(key[0], key[2], frozenset(ids), named.get(key, {}))
        for key, ids in found.items()
        if len(ids) > 1
    ]
    equal = {one.case_ids for one in shared if one.kind == "fingerprint"}
    return sorted(
        (one for one in shared if one.kind != "near" or one.case_ids not in equal),
        key=lambda one: (KINDS.index(one.kind), -len(one.case_ids), one.platform),
    )


def _alike(of_report: dict[Any, int]) -> list[set[int]]:
    """Groups of cases whose pictures are near one another, by whichever of them; few enough to compare each with each."""
    found = Print.objects.filter(fingerprint__report__in=of_report)
    rows = list(found.values_list("fingerprint__report", "key_id", "masked"))
    prints = [(of_report[report_id], key_id, int(masked, 2)) for report_id, key_id, masked in rows]
    groups: list[tuple[set[int], list[tuple[str, int]]]] = []
    for case_id, key_id, bits in prints:
        mine = ({case_id}, [(key_id, bits)])
        apart = []
        for ids, members in groups:
            if any(key == key_id and (one ^ bits).bit_count() <= masking.NEAR for key, one in members):
                mine = (mine[0] | ids, [*mine[1], *members])
            else:
                apart.append((ids, members))
        groups = [*apart, mine]
    return [ids for ids, _members in groups if len(ids) > 1]
