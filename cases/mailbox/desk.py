"""What the pages show of mails: the tabs, one line of the list, and one mail with its words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.mailbox.models import Mail
from cases.mailbox.states import Kind, State, Trust
from cases.takedowns.states import Outcome
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.crypto.wrapping import WrongKey

COMES_BACK = (Kind.BOUNCE, Kind.DELAYED)
TABS: Mapping[str, tuple[Promise | str, Q]] = {
    "decide": (
        gettext_lazy("To decide"),
        Q(state=State.OPEN, notice__isnull=False) & ~Q(kind__in=COMES_BACK),
    ),
    "bounces": (
        gettext_lazy("Not delivered"),
        Q(state=State.OPEN, notice__isnull=False, kind__in=COMES_BACK),
    ),
    "strangers": (gettext_lazy("Strangers"), Q(state=State.OPEN, notice=None)),
    "done": (gettext_lazy("Done"), ~Q(state=State.OPEN)),
}
COUNTED = ("decide", "bounces", "strangers")


def tabs_of(staff: Staff) -> list[str]:
    """The tabs this person has: strangers are for who may see every case."""
    return [name for name in TABS if name != "strangers" or staff.can(Permission.CASES_ALL)]


def under_tab(staff: Staff, tab: str) -> QuerySet[Mail]:
    """The mails of a tab that this person may see."""
    return Mail.objects.visible_to(staff).filter(TABS[tab][1])


def waiting(staff: Staff) -> QuerySet[Mail]:
    """Mails that wait for this person's decision: what the takedown desk counts."""
    return Mail.objects.visible_to(staff).filter(state=State.OPEN, notice__isnull=False)


@dataclass(frozen=True, slots=True)
class Line:
    """A mail in a list. No word of it is opened."""

    mail: Mail
    platform: str
    cases: Sequence[str] = ()

    @property
    def says(self) -> str:
        """What it seems to say, in a few words."""
        if self.mail.notice_id is None:
            return _("Leads to no notice of ours")
        if self.mail.proposed:
            return str(Outcome(self.mail.proposed).label)
        return (
            str(self.mail.get_kind_display())
            if self.mail.kind != Kind.ANSWER
            else _("Nothing clear: read it")
        )

    @property
    def tone(self) -> str:
        """Colour doubles what the words say."""
        if self.mail.kind in COMES_BACK or self.mail.proposed in {Outcome.REFUSED, Outcome.NOT_FOUND}:
            return "stop"
        return "go" if self.mail.proposed else "wait"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a mail's words; marked where it led to the proposal."""

    text: str
    is_marked: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """A mail with its words; `is_erased` when there are none any more."""

    sender: str = ""
    subject: str = ""
    pieces: Sequence[Piece] = ()
    attachments: Sequence[Sequence[str]] = field(default=())
    is_erased: bool = False


def lines(mails: Sequence[Mail]) -> list[Line]:
    """`mails` need their notice's channel and platform, and its takedowns' cases, loaded."""
    found = []
    for mail in mails:
        notice = mail.notice
        refs = sorted({row.case.ref for row in notice.takedowns.all()}) if notice is not None else []
        platform = notice.channel.platform.name if notice is not None else ""
        found.append(Line(mail=mail, platform=platform, cases=refs))
    return found


def opened(mail: Mail) -> Opened:
    """Its words, for a page whose reading is recorded."""
    try:
        box = mail.box()
        words = box.open(mail, "words")
        return Opened(
            sender=box.open(mail, "sender"),
            subject=box.open(mail, "subject"),
            pieces=pieces(words, mail.found.get("spans", [])),
            attachments=box.open_json(mail, "attachments") or (),
        )
    except WrongKey:
        return Opened(is_erased=True)


def pieces(words: str, spans: Sequence[Sequence[int]]) -> list[Piece]:
    """The words cut where the marked sentences begin and end."""
    found, at = [], 0
    for start, end in sorted(map(tuple, spans)):
        if at <= start < end <= len(words):
            found += [Piece(words[at:start]), Piece(words[start:end], is_marked=True)]
            at = end
    return [one for one in [*found, Piece(words[at:])] if one.text]


def is_verified(mail: Mail) -> bool:
    """Did our own server see that the platform sent it?"""
    return mail.trust == Trust.PLATFORM
