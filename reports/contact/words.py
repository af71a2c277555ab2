"""The agreement in words, for the one whose it is."""

from datetime import time

from django.utils.formats import time_format
from django.utils.translation import gettext as _

from reports.contact import addresses
from reports.contact.contract import Contract
from reports.states import Via


def clock(hour: int) -> str:
    """An hour from 0 to 24 as a clock shows it; midnight is 00:00."""
    return time_format(time(hour % 24), "H:i")


def span(agreed: Contract) -> str:
    """The hours: "16:00–20:00", or that any is fine."""
    if agreed.from_hour is None or agreed.to_hour is None:
        return _("hours not clear")
    if agreed.is_any_time:
        return _("at any hour")
    return f"{clock(agreed.from_hour)}–{clock(agreed.to_hour)}"


def lines(agreed: Contract) -> list[str]:
    """For the page where everything is looked at once more, and for the one where it is changed."""
    if agreed.via == Via.EMAIL:
        way = _("By e-mail: %(address)s") % {"address": agreed.address}
    elif agreed.via == Via.SMS:
        way = _("By text message: %(address)s") % {"address": addresses.readable(agreed.address)}
    elif agreed.is_wanted:
        return [_("You told us another way. A person can use it, the program does not.")]
    else:
        return [_("Nothing is sent. You come back with your code.")]
    if not agreed.is_safe or not agreed.is_clear:
        return [way, _("We send nothing until you say when, and that it is safe there.")]
    if agreed.is_any_time:
        return [way, _("At any hour, also at night.")]
    return [way, _("Only between these hours: %(hours)s.") % {"hours": span(agreed)}]
