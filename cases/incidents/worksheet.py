"""The shared worksheet of an incident, for the school and for the authorities: numbers, dates, places, tasks. No names.

One young person is told from another by a letter and nothing else. The school's paper has no addresses in it: nobody
there needs to open them. Made on demand, kept nowhere. And the cards with the school's code.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import get_language_bidi, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from cases import words as desk_words
from cases.incidents import desk, school
from cases.incidents.models import Worksheet
from cases.models import Case, Incident
from cases.referrals import recipients
from cases.takedowns import together
from cases.takedowns.models import Takedown
from cases.takedowns.states import ENDED, Status
from cases.takedowns.truths import has_said_removed
from helpline.accounts.models import Staff
from helpline.crypto.wrapping import WrongKey
from helpline.web import paper
from helpline.web.language import spoken
from reports.models import Link
from reports.states import LinkStatus

SHEET = (Path(__file__).parent / "worksheet.typ").read_bytes()
CARDS = (Path(__file__).parent / "cards.typ").read_bytes()
CARDS_A_PAGE = 8
SCHOOL, AUTHORITIES = "school", "authorities"
AUDIENCES: Mapping[str, str | Promise] = {
    SCHOOL: gettext_lazy("For the school"),
    AUTHORITIES: gettext_lazy("For the authorities"),
}
Fact = dict[str, str]
TASKS: Sequence[str | Promise] = (
    gettext_lazy("Ask nobody to show the pictures, and collect none: keeping them is an offence."),
    gettext_lazy("Say to those concerned that it is not their fault, and give them the helpline’s number."),
    gettext_lazy("Ask pupils to delete what they received and to send nothing on."),
    gettext_lazy("Name one adult whom the pupils can come to, and tell the helpline who it is."),
    gettext_lazy("Keep what was written about it: dates, account names, who said what. No pictures."),
    gettext_lazy("Question nobody about who did it: that is for the police."),
)


def usual_tasks() -> list[str]:
    """What every school is asked."""
    return [str(one) for one in TASKS]


def words_of(incident: Incident) -> dict[str, str]:
    """What colleagues wrote for it; empty where they did not, or all of it was erased."""
    row = Worksheet.objects.filter(incident=incident).first()
    if row is None:
        return dict.fromkeys(school.WORDS, "")
    try:
        box = incident.box()
    except WrongKey:
        return dict.fromkeys(school.WORDS, "")
    return {name: box.open(row, name) for name in school.WORDS}


def make(
    incident: Incident, cases: Sequence[Case], *, others: int, audience: str, by: Staff, at: datetime
) -> bytes:
    """The PDF, from `cases`; `others` more are joined, of which nothing stands there but their number.

    That it was made is recorded, with its digest. Raises PermissionDenied, WrongKey for a case that was just erased.
    """
    facts = facts_of(incident, cases, others=others, audience=audience, at=at)
    body = paper.pdf(SHEET, facts)
    school.record_worksheet(
        incident=incident,
        cases=cases,
        sha256=hashlib.sha256(body).hexdigest(),
        audience=audience,
        by=by,
        at=at,
    )
    return body


def facts_of(
    incident: Incident, cases: Sequence[Case], *, others: int, audience: str, at: datetime
) -> dict[str, Any]:
    """What it says, in words: everything that is on it but its shape."""
    written, letters = words_of(incident), desk.letters_of(incident)
    links = _links(cases)
    asked = _asked(cases)
    sections = [
        _section(_("Who is concerned"), facts=_people(cases, others, letters)),
        _section(_("Where it is"), **_places(links, cases, letters, audience)),
        _section(_("What was asked, and what came of it"), facts=_results(links, asked)),
        _section(_("Offences to check"), **_offences(cases)),
        _section(_("Tasks for the school"), ticks=[*usual_tasks(), *_lines(written["tasks"])]),
        _section(_("Agreed with the school"), lines=_lines(written["agreed"]) or [_("Nothing yet.")]),
        _section(_("Contact"), lines=_lines(written["contact"]) or [_("Nothing yet.")]),
    ]
    return {
        "title": settings.NEUTRAL_NAME,
        "lang": spoken().split("-")[0],
        "rtl": get_language_bidi(),
        "helpline": settings.HELPLINE_NAME,
        "heading": _("Worksheet"),
        "lead": str(AUDIENCES[audience]),
        "facts": [
            _fact(_("Reference"), incident.ref),
            _fact(_("Made on"), _moment(at)),
            _fact(_("Asked of you"), _("Show it to nobody who does not need it. No young person is named.")),
        ],
        "sections": sections,
        "foot": _("%(helpline)s. Times are those of %(zone)s.")
        % {"helpline": settings.HELPLINE_NAME, "zone": settings.TIME_ZONE},
    }


def cards(code: str) -> bytes:
    """A page of neutral cards with the school's code, to cut out."""
    host = urlsplit(settings.PUBLIC_URL)
    return paper.pdf(
        CARDS,
        {
            "title": settings.NEUTRAL_NAME,
            "lang": spoken().split("-")[0],
            "rtl": get_language_bidi(),
            "code": code,
            "address": f"{host.netloc}{host.path}".rstrip("/"),
            "lines": [
                _("Where you are asked for your school, write this code."),
                _("Nobody at school sees what you write."),
            ],
            "count": CARDS_A_PAGE,
        },
    )


# --- the parts ------------------------------------------------------------------------------------------


def _people(cases: Sequence[Case], others: int, letters: Mapping[int, str]) -> list[Fact]:
    number = ngettext("%(count)s young person", "%(count)s young people", len(cases) + others)
    told = sorted(case.report.submitted_at for case in cases)
    facts = [
        _fact(_("How many"), number % {"count": len(cases) + others}),
        _fact(_("Called here"), ", ".join(sorted(letters[case.pk] for case in cases if case.pk in letters))),
        _fact(_("First told"), _day(told[0])),
        _fact(_("Last told"), _day(told[-1])),
    ]
    if others:
        text = ngettext(
            "%(count)s more, of whom nothing stands here.",
            "%(count)s more, of whom nothing stands here.",
            others,
        )
        facts.append(_fact(_("Others"), text % {"count": others}))
    return facts


def _links(cases: Sequence[Case]) -> list[Link]:
    found = Link.objects.filter(report__in=[case.report_id for case in cases])
    found = found.exclude(status=LinkStatus.WITHDRAWN).select_related("platform")
    return list(found.order_by("platform__name", "added_at", "id"))


def _asked(cases: Sequence[Case]) -> dict[Any, list[Takedown]]:
    rows = Takedown.objects.filter(case__in=[case.pk for case in cases]).exclude(status__in=ENDED)
    by_link: dict[Any, list[Takedown]] = {}
    for row in rows.order_by("requested_at", "id"):
        by_link.setdefault(row.link_id, []).append(row)
    return by_link


def _places(
    links: Sequence[Link], cases: Sequence[Case], letters: Mapping[int, str], audience: str
) -> dict[str, Any]:
    """Each content once, with the letters of those it harms. A school reads on which platforms, and how much."""
    found = together.grouped(links, cases)
    if not found:
        return {"lines": [_("No link and no account is known.")]}
    if audience == SCHOOL:
        counts = Counter(one.links[0].platform.name for one in found)
        facts = [
            _fact(name, ngettext("%(count)s place", "%(count)s places", count) % {"count": count})
            for name, count in sorted(counts.items())
        ]
        note = _("The addresses are with the helpline and the authorities. Do not look for them.")
        return {"facts": facts, "lines": [note]}
    items = []
    for number, one in enumerate(found, start=1):
        first = one.links[0]
        box = one.cases[first.report_id].box()
        named = sorted({letters.get(one.cases[link.report_id].pk, "–") for link in one.links})
        facts = [_fact(_("Concerns"), ", ".join(named)), _fact(_("First told"), _day(first.added_at))]
        if account := box.open(first, "account"):
            facts.insert(0, _fact(_("Account"), account, mono=True))
        if url := box.open(first, "url"):
            facts.insert(0, _fact(_("Address"), url, mono=True))
        items.append({"heading": f"{number}. {first.platform}", "facts": facts})
    return {"items": items}


def _results(links: Sequence[Link], asked: Mapping[Any, Sequence[Takedown]]) -> list[Fact]:
    """Platform by platform, the truths apart: asked, said removed, seen gone."""
    facts = []
    for name in sorted({link.platform.name for link in links}):
        mine = [link for link in links if link.platform.name == name]
        last = [asked[link.pk][-1] for link in mine if asked.get(link.pk)]
        parts = [
            _("asked for %(some)s of %(all)s") % {"some": len(last), "all": len(mine)},
            _("said removed: %(count)s") % {"count": sum(map(has_said_removed, last))},
            _("seen gone: %(count)s") % {"count": sum(row.status == Status.GONE for row in last)},
        ]
        facts.append(_fact(name, ", ".join(parts)))
    return facts or [_fact(_("Removal"), _("Nobody has asked for it yet."))]


def _offences(cases: Sequence[Case]) -> dict[str, Any]:
    found = [one for one in recipients.current().offences if any(one.may_fit(case.report) for case in cases)]
    facts = [_fact(f"{one.code} – {_('to check')}", recipients.said(one.says)) for one in found]
    kinds = ", ".join(sorted({str(desk_words.KINDS[case.report.kind]) for case in cases}))
    note = _("By the plain facts alone (%(kinds)s). A lawyer says whether one applies.") % {"kinds": kinds}
    return {"facts": facts, "lines": [note]}


# --- what they share ------------------------------------------------------------------------------------


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _fact(name: Any, value: Any, *, mono: bool = False) -> Any:
    return {"name": str(name), "value": str(value), "mono": mono}


def _section(heading: Any, **parts: Any) -> dict[str, Any]:
    return {"heading": str(heading), "facts": [], "lines": [], "items": [], "ticks": []} | parts


def _moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "j F Y, H:i")


def _day(at: datetime) -> str:
    return date_format(timezone.localtime(at), "j F Y")
