"""Several reports opened at once: each on its own, so that one that can't be opened keeps none of the others back."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import actions, claims, words
from cases.models import Case, QueueItem
from helpline.accounts.access import StaffRequest
from helpline.accounts.models import Staff
from helpline.crypto.wrapping import WrongKey
from reports.models import Report
from reports.states import AgeRange, Kind


@dataclass(frozen=True, slots=True)
class Opened:
    """What became cases, and what did not."""

    cases: Sequence[Case]
    left: Sequence[UUID]


def ids_in(written: Sequence[str]) -> list[UUID]:
    """The reports that these name, each once."""
    found = []
    for one in written:
        try:
            found.append(UUID(one))
        except ValueError:
            continue
    return list(dict.fromkeys(found))


def open_each(request: StaffRequest, wanted: Sequence[UUID], *, to: Staff) -> Opened:
    """Open each of `wanted` for `to`, and say what was opened, and of each that was not, why."""
    items = {
        item.report_id: item
        for item in QueueItem.objects.select_related("report").filter(report_id__in=wanted)
    }
    opened, left = [], []
    for report_id in wanted:
        item = items.get(report_id)
        result = _open_for(to, item.report, by=request.user) if item else _("It is not there any more.")
        if isinstance(result, Case):
            opened.append(result)
            continue
        left.append(report_id)
        name = f"{words.KINDS[Kind(item.kind)]}, {words.AGES[AgeRange(item.age_range)]}" if item else "–"
        messages.warning(request, f"{name}: {result}")
    if opened:
        refs = ", ".join(case.ref for case in opened)
        messages.success(request, _("Opened for %(name)s: %(refs)s.") % {"name": to, "refs": refs})
    return Opened(opened, left)


def _open_for(to: Staff, report: Report, *, by: Staff) -> Case | str:
    """The case, or why there is none."""
    try:
        return actions.open_case(report=report, by=by, at=timezone.now(), assignee=to)
    except claims.Claimed as claimed:
        return _("%(name)s is reading it.") % {"name": claimed.by}
    except actions.AlreadyOpen as already:
        if actions.can_work_on(already.case, by=by):
            return _("It is case %(ref)s already.") % {"ref": already.case.ref}
        return _("A colleague took this report in hand before you.")
    except WrongKey:
        return _("The young person erased it.")
