"""What changes the checklists and the texts that supervisors write. Each keeps how it stood before, to go back to."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max

from cases.todo.actions import Stale
from cases.todo.models import Checklist, ChecklistItem, MessageTemplate
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.audit import actions as audit

ITEM = ("text_fr", "text_en", "due_hours")
CHECKLIST = ("name_fr", "name_en", "kinds", "ages", "circumstances", "is_offered")
TEMPLATE = (
    "occasion",
    "name_fr",
    "name_en",
    "fr_young",
    "fr_adult",
    "en_young",
    "en_adult",
    "is_offered",
)


def check_can_edit(by: Staff) -> None:
    """Whoever answers for every case. Raises PermissionDenied."""
    if not by.can(Permission.CASES_ALL):
        raise PermissionDenied


def items_of(checklist: Checklist) -> list[dict[str, Any]]:
    """Its items in their order, as facts."""
    return list(checklist.items.order_by("position").values(*ITEM))


def standing(row: Checklist | MessageTemplate) -> dict[str, Any]:
    """Everything that can be edited, as it stands."""
    if isinstance(row, MessageTemplate):
        return {name: getattr(row, name) for name in TEMPLATE}
    return {name: getattr(row, name) for name in CHECKLIST} | {"items": items_of(row)}


@transaction.atomic
def save_checklist(
    *,
    checklist: Checklist | None,
    version: int,
    facts: Mapping[str, Any],
    items: Sequence[Mapping[str, Any]],
    by: Staff,
    at: datetime,
) -> Checklist:
    """A new one (`checklist` None), or other facts for this one, written over `version`. Cases that have it keep theirs.

    Raises PermissionDenied, Stale.
    """
    check_can_edit(by)
    if checklist is None:
        last = Checklist.objects.aggregate(last=Max("position"))["last"]
        row = Checklist(position=0 if last is None else last + 1, version=0)
    else:
        row = Checklist.objects.select_for_update(of=("self",)).get(pk=checklist.pk)
        _check_version(row, version)
        row.before = standing(row)
    for name in CHECKLIST:
        setattr(row, name, facts[name])
    _stamp(row, by=by, at=at)
    row.items.all().delete()
    ChecklistItem.objects.bulk_create(
        ChecklistItem(checklist=row, position=place, **{name: one[name] for name in ITEM})
        for place, one in enumerate(items)
    )
    return row


@transaction.atomic
def save_template(
    *,
    template: MessageTemplate | None,
    version: int,
    facts: Mapping[str, Any],
    by: Staff,
    at: datetime,
) -> MessageTemplate:
    """A new text, or other words for this one, written over `version`. Raises PermissionDenied, Stale."""
    check_can_edit(by)
    if template is None:
        row = MessageTemplate(version=0)
    else:
        row = MessageTemplate.objects.select_for_update(of=("self",)).get(pk=template.pk)
        _check_version(row, version)
        row.before = standing(row)
    for name in TEMPLATE:
        setattr(row, name, facts[name])
    _stamp(row, by=by, at=at)
    return row


def go_back(*, row: Checklist | MessageTemplate, version: int, by: Staff, at: datetime) -> None:
    """Undo the last change: as it stood before `version`. Going back twice is where one began.

    Raises PermissionDenied, Stale (also when there is nothing to go back to).
    """
    check_can_edit(by)
    row.refresh_from_db()
    if not row.before or row.version != version:
        raise Stale(row)
    before = dict(row.before)
    if isinstance(row, MessageTemplate):
        save_template(template=row, version=version, facts=before, by=by, at=at)
    else:
        save_checklist(checklist=row, version=version, facts=before, items=before["items"], by=by, at=at)
    row.refresh_from_db()


def _check_version(row: Checklist | MessageTemplate, version: int) -> None:
    """Raises Stale."""
    if row.version != version:
        raise Stale(row)


def _stamp(row: Checklist | MessageTemplate, *, by: Staff, at: datetime) -> None:
    row.version += 1
    row.changed_at, row.changed_by = at, by
    row.save()
    what = row._meta.model_name or ""
    audit.record(by=by, verb=f"{what}.saved", obj=row, detail={"version": row.version}, at=at)
