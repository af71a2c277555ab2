"""What changes the agreement."""

from datetime import datetime

from django.db import transaction

from helpline.audit import actions as audit
from helpline.crypto.box import Box
from helpline.crypto.wrapping import WrongKey
from reports.contact.contract import Contract, Refusal
from reports.models import Report
from reports.states import BY_ITSELF, NudgeStatus, Status


@transaction.atomic
def change_contact(*, report: Report, box: Box, contact: Contract, at: datetime) -> None:
    """What the young person wants from now on. Raises WrongKey once the report is erased.

    A sign that waits follows it at once: it is put aside when none is wanted, else the new hours and the new address hold.
    """
    locked = Report.objects.select_for_update(no_key=True).get(pk=report.pk)
    if locked.status == Status.ERASED:
        raise WrongKey("This report was erased.")
    locked.contact_via = contact.via
    locked.contact = box.seal_json(locked, "contact", contact.as_json()) if contact.is_wanted else None
    locked.last_contact_at = at
    locked.save(update_fields=["contact_via", "contact", "last_contact_at"])
    waiting = locked.nudges.filter(status=NudgeStatus.WAITING, done_at=None)
    if contact.via in BY_ITSELF and contact.is_safe:
        waiting.update(due_at=at)
    else:
        why = Refusal.NOT_SAFE if contact.via in BY_ITSELF else Refusal.NOT_CHOSEN
        waiting.update(status=NudgeStatus.REFUSED, why=why, done_at=at, leased_until=None)
    report.contact, report.contact_via = locked.contact, locked.contact_via
    audit.record(
        by=audit.YOUNG_PERSON, verb="report.contact_changed", obj=locked, detail={"via": contact.via}, at=at
    )
