"""What a look at a link can tell, and why one told nothing. Words and numbers only: no part of an address or a page."""

from dataclasses import dataclass
from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Seen(StrEnum):
    """What a look can tell."""

    THERE = "there"
    GONE = "gone"
    UNCLEAR = "unclear"


class Why(TextChoices):
    """Why a look was unclear: a stable code, kept in the timeline, and a sentence."""

    NOT_WEB = "not_web", _("This is no plain web address, so we do not follow it.")
    PORT = "port", _("The address names a port that we do not use.")
    NOT_PUBLIC = "not_public", _("The address leads into a private network. We do not go there.")
    NO_NAME = "no_name", _("No site answers to this name at the moment.")
    NO_CONNECTION = "no_connection", _("The site could not be reached.")
    CERTIFICATE = "certificate", _("The site’s certificate is not valid, so we can’t be sure who answers.")
    TOO_SLOW = "too_slow", _("The site did not answer in time.")
    NOT_HTTP = "not_http", _("What came back is not an answer of a web site.")
    LOOP = "loop", _("The site sends us round in a circle.")
    TOO_MANY = "too_many", _("The site redirects too many times.")
    ASKS_TO_LOG_IN = "asks_to_log_in", _("The link leads to a front page or a login, which proves nothing.")
    TURNED_AWAY = "turned_away", _("The site does not let us look.")
    TROUBLE = "trouble", _("The site is in trouble.")
    UNREADABLE = "unreadable", _("The page could not be read, so we can’t tell.")
    ODD = "odd", _("The site’s answer tells nothing about the page.")


# We went there, and learned nothing; of the others nothing was asked.
WENT = frozenset(Why) - {Why.NOT_WEB, Why.PORT, Why.NOT_PUBLIC}


@dataclass(frozen=True, slots=True)
class Look:
    """One look. `why` is set when it is unclear."""

    seen: Seen
    http_status: int | None = None
    hops: int = 0
    why: Why | None = None
