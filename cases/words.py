"""How colleagues name things among themselves: shorter than what the form says to a young person."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.db.models import Field
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cases.models import CaseEvent
from cases.states import CaseStatus, Happening, Outcome
from cases.triage import Reason
from reports.contact import words as contact_words
from reports.contact.contract import Contract, Refusal
from reports.models import Nudge
from reports.states import (
    BY_ITSELF,
    AgeRange,
    Circumstance,
    Deadline,
    Demand,
    Home,
    Kind,
    Knows,
    NudgeStatus,
    Reported,
    Via,
    Who,
)

Words = str | Promise

KINDS: Mapping[str, Words] = {
    Kind.DEEPNUDE: gettext_lazy("Fake nude"),
    Kind.REAL_IMAGE: gettext_lazy("Private picture shared"),
    Kind.THREAT: gettext_lazy("Threat to share"),
    Kind.SENT: gettext_lazy("Sent and regrets it"),
    Kind.UNSURE: gettext_lazy("Something else, or not sure"),
}
AGES: Mapping[str, Words] = {
    AgeRange.UNDER_13: gettext_lazy("Under 13"),
    AgeRange.FROM_13: gettext_lazy("13–14"),
    AgeRange.FROM_15: gettext_lazy("15–17"),
    AgeRange.ADULT: gettext_lazy("18 or over"),
    AgeRange.UNKNOWN: gettext_lazy("Age not said"),
}
REASONS: Mapping[str, Words] = dict(Reason.choices)  # once: a page of the queue asks a hundred times
WRITERS: Mapping[str, Words] = {
    Who.SELF: gettext_lazy("Writes for themself"),
    Who.FRIEND: gettext_lazy("A friend writes"),
    Who.CHILD: gettext_lazy("A parent writes"),
    Who.PUPIL: gettext_lazy("A professional writes"),
}
LINK_KINDS: Mapping[str, Words] = {
    "post": gettext_lazy("Post"),
    "profile": gettext_lazy("Profile"),
    "message": gettext_lazy("Message"),
    "group": gettext_lazy("Group"),
    "file": gettext_lazy("File"),
    "unknown": gettext_lazy("Page"),
}
SHARED: Mapping[str, Words] = {
    "url": gettext_lazy("The same link"),
    "account": gettext_lazy("The same account"),
    "fingerprint": gettext_lazy("The same picture, by its fingerprint"),
    "school": gettext_lazy("The same school"),
    "near": gettext_lazy("A picture that looks the same"),
    "code": gettext_lazy("The code that the school gave out"),
}
CONTACTS: Mapping[str, Words] = {
    Via.NONE: gettext_lazy("They come back with their code. Write nowhere else."),
    Via.EMAIL: gettext_lazy("By e-mail"),
    Via.SMS: gettext_lazy("By text message"),
    Via.PHONE: gettext_lazy("By phone"),
}
# The names a helpline's roles start with; one that an administrator gave is shown as it was written.
ROLES: Mapping[str, Words] = {
    "Counsellor": gettext_lazy("Counsellor"),
    "Supervisor": gettext_lazy("Supervisor"),
    "Administrator": gettext_lazy("Administrator"),
    "Auditor": gettext_lazy("Auditor"),
    "Partner": gettext_lazy("Partner"),
}
ANSWERS: Mapping[str, Words] = {
    "demand": gettext_lazy("What is asked of them"),
    "deadline": gettext_lazy("Until when, in their words"),
    "reported": gettext_lazy("Reported to the site before"),
    "knows": gettext_lazy("Who knows"),
    "home": gettext_lazy("Is home safe"),
    "unanswered": gettext_lazy("Not answered"),
    "pasted": gettext_lazy("What they pasted about the places"),
    "name": gettext_lazy("How they want to be called"),
    "handle": gettext_lazy("How they want to be called"),
}


# Answers that are words of a list, not of the person's own.
CHOICES: Mapping[str, Mapping[str, Words]] = {
    "deadline": dict(Deadline.choices),
    "demand": dict(Demand.choices),
    "reported": dict(Reported.choices),
    "knows": dict(Knows.choices),
    "home": dict(Home.choices),
    "unanswered": {
        "who": gettext_lazy("Who writes"),
        "age": gettext_lazy("Age"),
        "kind": gettext_lazy("What happened"),
        "deadline": gettext_lazy("Deadline"),
        "places": gettext_lazy("Where it is"),
    },
}


# Steps of a hand-over and of a share, as the case's timeline says them.
HANDED: Mapping[str, Words] = {
    "offered": gettext_lazy("Offered to %(name)s"),
    "accepted": gettext_lazy("%(name)s took it on"),
    "declined": gettext_lazy("%(name)s did not take it on"),
    "taken-back": gettext_lazy("The offer was taken back"),
    "expired": gettext_lazy("Nobody answered the offer in time. It stayed where it was."),
    "void": gettext_lazy("The offer ended: the case moved on"),
}
SHARED_STEPS: Mapping[str, Words] = {
    "work": gettext_lazy("Shared with %(name)s, to work on it"),
    "read": gettext_lazy("Shared with %(name)s, to read it"),
    "ended": gettext_lazy("Not shared with %(name)s any more"),
}


def reason(code: str) -> Words:
    """A reason of the priority; a code from an older version is shown as it stands."""
    return REASONS.get(code, code)


def circumstance(code: str) -> Words:
    """The triage's word for a circumstance: the young person's own is in the first person."""
    return reason(code) if code in Circumstance.values else code


def answers(said: Mapping[str, Any]) -> list[tuple[Words, str]]:
    """What else was written, a line each; a question from another version keeps its own name.

    The name of a site stands with the plain facts.
    """
    others = ((name, value) for name, value in said.items() if value and name != "site")
    return [(ANSWERS.get(name, name), _answer(name, value)) for name, value in others]


def _answer(name: str, value: Any) -> str:
    known = CHOICES.get(name, {})
    return ", ".join(str(known.get(one, one)) for one in (value if isinstance(value, list) else [value]))


def lasting(span: timedelta) -> str:
    """How long, in the two largest units that matter: "12 s", "40 min", "3 h 20 min", "2 days"."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return _("%(seconds)s s") % {"seconds": seconds}
    minutes = seconds // 60
    if minutes < 60:
        return _("%(minutes)s min") % {"minutes": minutes}
    hours, rest = divmod(minutes, 60)
    if hours < 10 and rest:
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": rest}
    if hours < 48:
        return _("%(hours)s h") % {"hours": hours}
    days = hours // 24
    return ngettext("%(days)s day", "%(days)s days", days) % {"days": days}


def left(span: timedelta) -> str:
    """How long until a deadline, or since: "in 5 h", "passed 2 days ago"."""
    if span > timedelta(0):
        return _("in %(time)s") % {"time": lasting(span)}
    return _("passed %(time)s ago") % {"time": lasting(-span)}


def event(line: CaseEvent) -> str:
    """A line of a case's timeline as a sentence."""
    data = line.data
    match line.what:
        case Happening.ASSIGNED if data.get("to") == "":
            return _("With nobody now")
        case Happening.HANDED if data.get("step") in HANDED:
            return str(HANDED[data["step"]]) % {"name": data.get("to", "")}
        case Happening.SHARED if data.get("to"):
            said = SHARED_STEPS.get(data.get("step", ""), SHARED_STEPS["work"])
            return str(said) % {"name": data["to"]}
        case Happening.ASSIGNED if data.get("to"):
            return _("Assigned to %(name)s") % {"name": data["to"]}
        case Happening.MESSAGED if data.get("taken_back"):
            return _("Message taken back before it was read")
        case Happening.NOTED if data.get("removed"):
            return _("Note removed")
        case Happening.NOTED if data.get("put_back"):
            return _("Note put back")
        case Happening.REOPENED if data.get("undone"):
            return _("Closing undone")
        case Happening.LINKS_ADDED if data.get("count"):
            count = int(data["count"])
            return ngettext("%(count)s link added", "%(count)s links added", count) % {"count": count}
        case Happening.REQUESTED if data.get("platform") and data.get("count"):
            count = int(data["count"])
            text = ngettext(
                "Removal of %(count)s link requested from %(platform)s",
                "Removal of %(count)s links requested from %(platform)s",
                count,
            )
            return text % {"count": count, "platform": data["platform"]}
        case Happening.STATUS if data.get("to") in CaseStatus.values:
            return _("Status: %(status)s") % {"status": CaseStatus(data["to"]).label}
        case Happening.DANGER:
            return _("The danger is over") if data.get("over") else _("The danger is not over after all")
        case Happening.DEADLINE:
            return _("Deadline removed") if data.get("removed") else _("Deadline set")
        case Happening.CLOSED if data.get("outcome") in Outcome.values:
            return _("Closed: %(outcome)s") % {"outcome": Outcome(data["outcome"]).label}
        case Happening.JOINED if data.get("incident"):
            return _("Joined incident %(incident)s") % {"incident": data["incident"]}
        case Happening.DETACHED if data.get("incident"):
            return _("Found not to belong to incident %(incident)s") % {"incident": data["incident"]}
        case Happening.OUTCOME if data.get("platform") and data.get("status"):
            said = _takedown_statuses().get(data["status"], data["status"])
            return _("%(platform)s: %(said)s") % {"platform": data["platform"], "said": said}
        case Happening.REFERRED if data.get("to") and data.get("status"):
            return _("Referral, %(who)s: %(said)s") % {
                "who": _of_a_referral("kind").get(data["to"], data["to"]),
                "said": _of_a_referral("status").get(data["status"], data["status"]),
            }
    return str(Happening(line.what).label) if line.what in Happening.values else line.what


def safe_contact(agreed: Contract) -> str:
    """What was agreed about writing to them, without where to: "By e-mail, 16:00–20:00, said to be safe".

    A number to call is shown: a person has to.
    """
    way = str(CONTACTS.get(agreed.via, agreed.via))
    if not agreed.is_wanted:
        return way
    if agreed.via not in BY_ITSELF and agreed.address:
        way = f"{way}: {agreed.address}"
    said = f"“{agreed.hours_said}”" if agreed.hours_said else contact_words.span(agreed)
    safe = _("said to be safe") if agreed.is_safe else _("not said to be safe")
    return ", ".join((way, said, safe))


def nudge(row: Nudge) -> Words:
    """What became of a sign that there is something to read."""
    if row.status == NudgeStatus.SENT and row.why:
        return _("Sent, but nobody confirmed that it arrived")
    if row.why not in Refusal.values:
        return row.get_status_display()
    if row.status == NudgeStatus.WAITING:
        return _("It waits: %(why)s") % {"why": Refusal(row.why).label}
    return _("Not sent: %(why)s") % {"why": Refusal(row.why).label}


def _takedown_statuses() -> dict[str, Words]:
    """The takedowns' own words for their states, read from the model's field: their module stands above this one."""
    return dict(apps.get_model("takedowns", "Takedown")._meta.get_field("status").flatchoices)


def _of_a_referral(field: str) -> dict[str, Words]:
    """The referrals' own words, read the same way."""
    found = apps.get_model("referrals", "Referral")._meta.get_field(field)
    return dict(found.flatchoices) if isinstance(found, Field) else {}


def host(url: str) -> str:
    """The site an address stands on, "" where none can be read."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
