"""The proof of a report: a dated, tagged PDF for whoever sent it. It holds neither their code nor their name.

What somebody wrote reaches the page as data, never as markup; nothing is written to a disk.
"""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import get_language_bidi, ngettext
from django.utils.translation import gettext as _

from helpline.crypto.box import Box
from helpline.web import paper
from helpline.web.language import spoken
from reports.followup import page as pages
from reports.followup.news import Line
from reports.models import Report
from reports.states import Kind
from reports.voice import register_for, voice_of
from reports.words import KINDS

SHAPE = (Path(__file__).parent / "proof.typ").read_bytes()
# Seen from the end of time no look is still to come, so no sentence says "tomorrow".
NO_LOOK_TO_COME = datetime.max.replace(tzinfo=UTC)


def proof_of(report: Report, box: Box, *, at: datetime) -> bytes:
    """The PDF as of `at`, in the language of the page, to whoever wrote the report."""
    with translation.override(register_for(voice_of(report.who))):
        return pdf(facts_of(report, box, at=at))


def facts_of(report: Report, box: Box, *, at: datetime) -> dict[str, Any]:
    """What the proof says, in words: everything that is on it but its shape."""
    page = pages.page_of(report, box, now=NO_LOOK_TO_COME)
    addresses = {
        link.position: box.open(link, "url") or box.open(link, "account") for link in report.links.all()
    }
    count = ngettext("%(count)s link or account", "%(count)s links or accounts", len(page.links))
    facts: dict[str, Any] = {
        "title": settings.NEUTRAL_NAME,  # a viewer shows it in its window
        "lang": spoken().split("-")[0],
        "rtl": get_language_bidi(),
        "helpline": settings.HELPLINE_NAME,
        "heading": _("Proof of a report"),
        "lead": _("This report was received, and this is what was done since."),
        "facts": [
            {"name": _("Received"), "value": _moment(report.submitted_at)},
            {"name": _("What was reported"), "value": KINDS[Kind(report.kind)].to(voice_of(report.who))},
            {"name": _("Where"), "value": count % {"count": len(page.links)}},
            {"name": _("Language"), "value": _language(report.language)},
            {"name": _("This page was made"), "value": _moment(at)},
        ],
        "links": [
            {
                "heading": f"{card.number}. {card.platform}",
                "address": addresses[card.number],
                "state": card.state,
                "events": [_event(line) for line in card.events],
            }
            for card in page.links
        ],
        "parts": [
            {
                "heading": _("What was done"),
                "lines": [f"{_moment(line.at)} – {line.text}" for line in page.events],
            },
            {
                "heading": _("About the picture"),
                "lines": [
                    _("The intimate picture is not part of this report. The helpline never asks for it."),
                ],
            },
            {
                "heading": _("What this page shows, and what it does not"),
                "lines": [
                    _(
                        "It shows that the report arrived at the time above, and each step that was recorded since."
                    ),
                    _("It does not show who wrote the report, or that everything in it is true."),
                    _("A character that this page cannot write stands as its number: [U+…]."),
                ],
            },
        ],
        "foot": _("%(helpline)s. Times are those of %(zone)s.")
        % {"helpline": settings.HELPLINE_NAME, "zone": settings.TIME_ZONE},
        "digest-name": _("SHA-256 of the words on this page:"),
    }
    words = json.dumps(facts, sort_keys=True, ensure_ascii=False).encode()
    return facts | {"digest": hashlib.sha256(words).hexdigest()}


def pdf(facts: dict[str, Any]) -> bytes:
    """The page that `facts` describe."""
    return paper.pdf(SHAPE, facts)


def _event(line: Line) -> dict[str, str]:
    return {"at": _moment(line.at), "text": line.text}


def _moment(at: datetime) -> str:
    local = timezone.localtime(at)
    return date_format(local, "j F Y, H:i")


def _language(code: str) -> str:
    return dict(settings.LANGUAGES).get(code, code)
