"""The tabs of the queue that each colleague made: a name for filters that are used again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from cases.models import SavedView
from helpline.accounts.models import Staff
from helpline.audit import actions as audit

MOST = 12  # more tabs than that are no longer read
KEPT = timedelta(hours=1)  # a removed one can be put back for so long


class TooMany(Exception):
    """This person has as many tabs as fit."""


@transaction.atomic
def save(*, name: str, query: str, by: Staff, at: datetime) -> SavedView:
    """A tab called `name`; one that is called so already shows these filters from now on. Raises TooMany."""
    Staff.objects.select_for_update(of=("self",)).get(pk=by.pk)  # two at once would make one too many
    SavedView.objects.filter(staff=by, removed_at__lt=at - KEPT).delete()
    present = SavedView.objects.filter(staff=by, removed_at=None)
    view = present.filter(name=name).first()
    if view is None and present.count() >= MOST:
        raise TooMany
    view = view or SavedView(staff=by, name=name)
    view.query = query
    view.save()
    audit.record(by=by, verb="view.saved", obj=view, at=at)
    return view


@transaction.atomic
def remove(*, view: SavedView, by: Staff, at: datetime) -> None:
    """Take the tab away. It can be put back for an hour."""
    view.removed_at = at
    view.save(update_fields=["removed_at"])
    audit.record(by=by, verb="view.removed", obj=view, at=at)


@transaction.atomic
def put_back(*, view: SavedView, by: Staff, at: datetime) -> SavedView:
    """Undo `remove`. Raises TooMany."""
    again = save(name=view.name, query=view.query, by=by, at=at)
    if again.pk != view.pk:
        SavedView.objects.filter(pk=view.pk).delete()
    return again


def of(staff: Staff) -> Sequence[SavedView]:
    """This person's, the removed ones that can still be put back among them."""
    return list(SavedView.objects.filter(staff=staff).order_by("name"))
