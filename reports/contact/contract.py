"""What the young person agreed to, and whether a sign may leave now. Pure: no database, no clock, no settings.

The default is that nothing is ever sent: whatever is missing, unclear or from another version refuses.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from reports.states import BY_ITSELF, Via

# What can be written to at all. Stricter than the mail's grammar: nothing that a header or a list could read otherwise.
ADDRESSES: Mapping[str, re.Pattern[str]] = {
    Via.EMAIL: re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"),
    Via.SMS: re.compile(r"\+[1-9][0-9]{6,14}"),
}
STEP = timedelta(minutes=15)  # no clock on earth is set by less
# A day, and one more when the change of clocks skips the hour that was agreed.
LONGEST_WAIT = timedelta(hours=49)


class Refusal(TextChoices):
    """Why a sign does not leave: kept in `Nudge.why`."""

    NOT_CHOSEN = "not_chosen", _("They want none")
    NOT_SAFE = "not_safe", _("They did not say that it is safe")
    NO_ADDRESS = "no_address", _("There is no address that can be written to")
    HOURS_UNCLEAR = "hours_unclear", _("The hours are not clear")
    NOT_OFFERED = "not_offered", _("This way is switched off")
    TOO_SOON = "too_soon", _("One was sent a short while ago")
    OUTSIDE_HOURS = "outside_hours", _("Not in the hours that were agreed")
    # Found by the sender, beside the contract:
    ALREADY_READ = "already_read", _("They have read it already")
    ERASED = "erased", _("They erased the report")

    @property
    def passes(self) -> bool:
        """Is it only a matter of waiting?"""
        return self in {Refusal.TOO_SOON, Refusal.OUTSIDE_HOURS}


@dataclass(frozen=True, slots=True)
class Contract:
    """Where to, when, and that it was said to be safe.

    Hours are of the clock on the wall, from 0 to 24; `to_hour` may be smaller: from 21 to 7 is the night. 0 to 24 is any
    time. None: not said in a way a machine can keep to; then `hours_said` may hold what was written instead.
    """

    via: str = Via.NONE
    address: str = field(default="", repr=False)
    from_hour: int | None = None
    to_hour: int | None = None
    is_safe: bool = False
    hours_said: str = field(default="", repr=False)

    @property
    def is_wanted(self) -> bool:
        """Anything at all?"""
        return self.via != Via.NONE

    @property
    def is_clear(self) -> bool:
        """Hours that can be kept to."""
        return self.from_hour is not None and self.to_hour is not None

    @property
    def is_any_time(self) -> bool:
        """All day and all night."""
        return (self.from_hour, self.to_hour) == (0, 24)

    def as_json(self) -> dict[str, Any]:
        """What is sealed."""
        if not self.is_wanted:
            return {"via": Via.NONE}
        return {
            "via": self.via,
            "address": self.address,
            "from_hour": self.from_hour,
            "to_hour": self.to_hour,
            "is_safe": self.is_safe,
        }


NOTHING = Contract()


def read(value: Mapping[str, Any] | None) -> Contract:
    """The contract in what was sealed, whatever version wrote it. What it can't understand refuses later."""
    via = value.get("via") if value else Via.NONE
    if not value or not isinstance(via, str) or via == Via.NONE:
        return NOTHING
    address, said = value.get("address"), value.get("hours")
    said = said.strip() if isinstance(said, str) else ""
    begins, ends = value.get("from_hour"), value.get("to_hour")
    is_clear = not said and are_hours(begins, ends)
    return Contract(
        via=via,
        address=address.strip() if isinstance(address, str) else "",
        from_hour=begins if is_clear else None,
        to_hour=ends if is_clear else None,
        is_safe=value.get("is_safe") is True,
        hours_said=said,
    )


def are_hours(begins: Any, ends: Any) -> bool:
    """Do these two numbers name a stretch of the day?"""
    return (
        type(begins) is int and type(ends) is int and 0 <= begins < 24 and 0 < ends <= 24 and begins != ends
    )


def refusal(
    contract: Contract,
    at: datetime,
    tz: tzinfo,
    *,
    offered: Collection[str],
    every: timedelta,
    last_sent_at: datetime | None = None,
) -> Refusal | None:
    """Why nothing may leave at `at`; None: a sign may leave now. What lasts is named before what passes."""
    if contract.via not in BY_ITSELF:
        return Refusal.NOT_CHOSEN
    if not contract.is_safe:
        return Refusal.NOT_SAFE
    if not ADDRESSES[contract.via].fullmatch(contract.address):
        return Refusal.NO_ADDRESS
    if not contract.is_clear:
        return Refusal.HOURS_UNCLEAR
    if contract.via not in offered:
        return Refusal.NOT_OFFERED
    if last_sent_at is not None and at < last_sent_at + every:
        return Refusal.TOO_SOON
    if not is_allowed(contract, at, tz):
        return Refusal.OUTSIDE_HOURS
    return None


def is_allowed(contract: Contract, at: datetime, tz: tzinfo) -> bool:
    """Is this one of the hours? By the clock on the wall there, so that a change of clocks moves nothing."""
    begins, ends = contract.from_hour, contract.to_hour
    if begins is None or ends is None:
        return False
    hour = at.astimezone(tz).hour
    return begins <= hour < ends if begins < ends else hour >= begins or hour < ends


def next_allowed(contract: Contract, at: datetime, tz: tzinfo) -> datetime:
    """The first moment from `at` on that is in the hours, in UTC. Raises ValueError where the hours are not clear."""
    if is_allowed(contract, at, tz):
        return at.astimezone(UTC)
    moment = at.astimezone(UTC).replace(minute=at.astimezone(UTC).minute // 15 * 15, second=0, microsecond=0)
    while moment <= at + LONGEST_WAIT:
        moment += STEP
        if is_allowed(contract, moment, tz):
            return moment
    raise ValueError("These hours never come.")
