"""What the pages show of mails: the tabs, one line of the list, and one mail with its words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.actions import worked_on
from cases.mailbox import judging
from cases.mailbox.models import Letter, Mail
from cases.mailbox.states import Kind, State, Trust
from cases.takedowns.models import Notice
from cases.takedowns.reasons import SILENT, Why
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


def tabs_for(staff: Staff) -> list[str]:
    """The tabs this person has: strangers are for who may see every case."""
    return [name for name in TABS if name != "strangers" or staff.can(Permission.CASES_ALL)]


def under_tab(staff: Staff, tab: str) -> QuerySet[Mail]:
    """The mails of a tab that this person may see."""
    seen = Mail.objects.waiting_for(staff) if tab == "decide" else Mail.objects.visible_to(staff)
    return seen.filter(TABS[tab][1])


def waiting(staff: Staff) -> QuerySet[Mail]:
    """Mails that wait for this person's decision: what the takedown desk counts."""
    return Mail.objects.waiting_for(staff)


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
        if self.mail.found.get("of_letter"):
            return _("An answer of ours was not delivered")
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


def lines(mails: Sequence[Mail], *, by: Staff) -> list[Line]:
    """`mails` need their notice's channel and platform, and its takedowns' cases, loaded. Only cases `by` may work on."""
    found, may_work_on = [], worked_on(by=by)
    for mail in mails:
        notice = mail.notice
        rows = notice.takedowns.all() if notice is not None else []
        refs = sorted(
            {case.ref for case in {row.case_id: row.case for row in rows}.values() if may_work_on(case)}
        )
        platform = notice.channel.platform.name if notice is not None else ""
        found.append(Line(mail=mail, platform=platform, cases=refs))
    return found


def opened(mail: Mail, *, by: Staff) -> Opened:
    """Its words, for a page whose reading is recorded. Addresses of colleagues' cases are masked."""
    try:
        box = mail.box()
        words, theirs = box.open(mail, "words"), _not_of(mail, by)
        return Opened(
            sender=box.open(mail, "sender"),
            subject=judging.masked(box.open(mail, "subject"), theirs("places_in_subject")),
            pieces=pieces(words, mail.found.get("spans", []), hidden=theirs("places")),
            attachments=box.open_json(mail, "attachments") or (),
        )
    except WrongKey:
        return Opened(is_erased=True)


def _not_of(mail: Mail, by: Staff) -> Callable[[str], list[judging.Place]]:
    """Where, in its words or in its subject, addresses stand that are not of this person's cases."""
    if mail.notice is None or by.can(Permission.CASES_ALL):
        return lambda name: []
    may_work_on = worked_on(by=by)
    rows = mail.notice.takedowns.select_related("case")
    mine = {str(row.item) for row in rows if may_work_on(row.case)}
    return lambda name: [place for place in mail.found.get(name, []) if place[2] not in mine]


def pieces(
    words: str, spans: Sequence[Sequence[int]], *, hidden: Sequence[judging.Place] = ()
) -> list[Piece]:
    """The words cut where the marked sentences begin and end, without what stands at the hidden places."""
    found, at = [], 0
    for start, end in sorted(map(tuple, spans)):
        if at <= start < end <= len(words):
            found.append(Piece(judging.masked(words, hidden, start=at, end=start)))
            found.append(Piece(judging.masked(words, hidden, start=start, end=end), is_marked=True))
            at = end
    return [one for one in [*found, Piece(judging.masked(words, hidden, start=at))] if one.text]


# What we write ourselves into `Letter.why`; anything else is the wire's own short word.
_OUR_WHY: Mapping[str, Promise | str] = {
    SILENT: gettext_lazy("The program broke off while it was leaving."),
    Why.ERASED: Why.ERASED.label,
}


@dataclass(frozen=True, slots=True)
class Written:
    """A letter of ours, with why it did not leave: in a sentence, or in the wire's own short word."""

    letter: Letter
    why: str = ""
    wire: str = ""


def letters(notice: Notice) -> list[Written]:
    """What we wrote back in its thread, the newest first."""
    rows = notice.letters.select_related("written_by").order_by("-written_at")
    return [
        Written(one, why=str(_OUR_WHY[one.why])) if one.why in _OUR_WHY else Written(one, wire=one.why)
        for one in rows
    ]


def is_verified(mail: Mail) -> bool:
    """Did our own server see that the platform sent it?"""
    return mail.trust == Trust.PLATFORM
