"""The file: a ZIP with the facts as JSON (`case-export/1`, docs/case-export.md) and as a tagged PDF. Never a picture.

Made in memory from what stands there at that moment. No spreadsheet opens it, so nothing in it is a formula.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from cases import words
from cases.models import Case
from cases.referrals.dossier import MAY_LEAVE, SHAPE
from cases.takedowns.models import Takedown
from cases.takedowns.truths import truths
from helpline.accounts.models import Staff
from helpline.crypto.box import Box
from helpline.web import paper
from helpline.web.language import spoken
from reports.evidence import actions as screenshots
from reports.models import Message
from reports.states import Kind

LAYOUT = "case-export/1"
FIXED = (1980, 1, 1, 0, 0, 0)  # a ZIP wants a time for each file; when it was made stands inside
Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Made:
    """The file and its digest."""

    body: bytes = field(repr=False)
    sha256: str


def make(case: Case, *, notes: bool, by: Staff, at: datetime) -> Made:
    """The ZIP as of `at`. Raises WrongKey once the case is erased."""
    facts = facts_of(case, case.box(), notes=notes, by=by, at=at)
    text = json.dumps(facts, ensure_ascii=False, indent=2, sort_keys=True).encode()
    inside = io.BytesIO()
    with zipfile.ZipFile(inside, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in (("case.json", text), ("case.pdf", paper.pdf(SHAPE, page_of(facts, text)))):
            archive.writestr(zipfile.ZipInfo(name, FIXED), body, zipfile.ZIP_DEFLATED)
    body = inside.getvalue()
    return Made(body=body, sha256=hashlib.sha256(body).hexdigest())


def facts_of(case: Case, box: Box, *, notes: bool, by: Staff, at: datetime) -> Facts:
    """What the JSON says. Times are ISO 8601 with their offset; words are as they were written."""
    report = case.report
    return {
        "layout": LAYOUT,
        "made_at": _iso(at),
        "made_by": str(by),
        "helpline": settings.HELPLINE_NAME,
        "case": {
            "ref": case.ref,
            "status": case.status,
            "outcome": case.outcome,
            "opened_at": _iso(case.opened_at),
            "closed_at": _iso(case.closed_at),
        },
        "report": {
            "submitted_at": _iso(report.submitted_at),
            "who": report.who,
            "kind": report.kind,
            "age_range": report.age_range,
            "language": report.language,
            "circumstances": list(report.circumstances),
            "deadline_at": _iso(report.deadline_at),
            "story": box.open(report, "story"),
            "school": box.open(report, "school"),
            "answers": box.open_json(report, "answers"),
            "contact": box.open_json(report, "contact"),
        },
        "links": list(_links(case, box)),
        "fingerprints": [
            {"algorithm": row.algorithm, "value": box.open(row, "value")}
            for row in report.fingerprints.order_by("algorithm", "id")
        ],
        "screenshots": [
            {
                "what": row.what,
                "added_at": _iso(row.added_at),
                "width": row.width,
                "height": row.height,
                "sha256": bytes(row.sha256).hex() if row.sha256 else "",
                "destroyed_at": _iso(row.destroyed_at),
            }
            for row in screenshots.of(report)
        ],
        "messages": [
            {
                "at": _iso(row.at),
                "from": "young-person" if row.author == Message.Author.YOUNG_PERSON else "helpline",
                "text": box.open(row, "body"),
            }
            for row in report.messages.order_by("at", "id")
        ],
        "referrals": [
            {"to": row.kind, "status": row.status, "basis": row.basis, "sent_at": _iso(row.sent_at)}
            for row in case.referrals.order_by("prepared_at", "id")
        ],
        "timeline": [
            {"at": _iso(row.at), "what": row.what, "text": words.event(row)}
            for row in case.events.filter(what__in=MAY_LEAVE).order_by("at", "id")
        ],
        "notes": [
            {"at": _iso(row.at), "by": str(row.by), "text": box.open(row, "body")}
            for row in case.notes.select_related("by").order_by("at", "id")
        ]
        if notes
        else None,
    }


def _links(case: Case, box: Box) -> Iterator[Facts]:
    asked: dict[Any, list[Takedown]] = {}
    rows = case.takedowns.select_related("platform", "notice__channel").order_by("requested_at", "id")
    for takedown in rows.prefetch_related("notice__attempts"):
        asked.setdefault(takedown.link_id, []).append(takedown)
    for link in case.report.links.select_related("platform").order_by("position"):
        yield {
            "url": box.open(link, "url"),
            "account": box.open(link, "account"),
            "platform": link.platform.name,
            "kind": link.kind,
            "status": link.status,
            "added_at": _iso(link.added_at),
            "reported_before": link.reported_before,
            "requests": [_request(takedown) for takedown in asked.get(link.pk, ())],
        }


def _request(takedown: Takedown) -> Facts:
    known = truths(takedown)
    return {
        "status": takedown.status,
        "requested_at": _iso(takedown.requested_at),
        "reference": takedown.notice.reference,
        "truths": {
            name: {"words": str(truth.label), "at": _iso(truth.at), "source": str(truth.source)}
            for name, truth in known.items()
        },
        "sha256_of_what_left": [bytes(one.digest).hex() for one in takedown.notice.attempts.all()],
    }


# --- the same on paper ------------------------------------------------------------------------------------


def page_of(facts: Facts, text: bytes) -> Facts:
    """The words of the PDF, from the same facts as the JSON `text`, whose digest it carries."""
    case, report = facts["case"], facts["report"]
    told = ", ".join(str(words.circumstance(code)) for code in report["circumstances"])
    contents = [
        _section(
            _("What was told"),
            facts=[
                _fact(_("Received"), _moment(report["submitted_at"])),
                _fact(_("What was reported"), Kind(report["kind"]).label),
                _fact(_("Age, as they said"), words.AGES.get(report["age_range"], report["age_range"])),
                _fact(_("Circumstances"), told or _("None was told.")),
                _fact(_("School"), report["school"] or "–"),
                *(_fact(label, value) for label, value in words.answers(report["answers"])),
            ],
        ),
        _section(_("In their own words"), lines=_lines(report["story"])),
        _section(_("Links and accounts"), items=[_link_item(*pair) for pair in enumerate(facts["links"], 1)]),
        _section(
            _("Messages"),
            items=[
                _item(
                    f"{_moment(one['at'])} · "
                    + (_("The young person") if one["from"] == "young-person" else _("The helpline")),
                    [_fact(_("Text"), one["text"])],
                )
                for one in facts["messages"]
            ],
        ),
        _section(_("Timeline"), facts=[_fact(_moment(one["at"]), one["text"]) for one in facts["timeline"]]),
        _section(
            _("Fingerprints"),
            facts=[_fact(one["algorithm"].upper(), one["value"], mono=True) for one in facts["fingerprints"]],
        ),
        _section(
            _("Screenshots"),
            lines=[_("The pictures themselves are not in this file.")],
            facts=[
                _fact(_moment(one["added_at"]), one["sha256"] or "–", mono=True)
                for one in facts["screenshots"]
            ],
        ),
    ]
    if facts["notes"] is not None:
        notes = [
            _item(f"{_moment(one['at'])} · {one['by']}", [_fact(_("Text"), one["text"])])
            for one in facts["notes"]
        ]
        contents.append(_section(_("Notes of colleagues"), items=notes))
    return {
        "title": settings.NEUTRAL_NAME,
        "lang": spoken().split("-")[0],
        "rtl": get_language_bidi(),
        "helpline": settings.HELPLINE_NAME,
        "heading": _("Case %(ref)s") % {"ref": case["ref"]},
        "lead": _("The facts that stood there on %(day)s.") % {"day": _moment(facts["made_at"])},
        "facts": [
            _fact(_("Made by"), facts["made_by"]),
            _fact(_("Opened"), _moment(case["opened_at"])),
            _fact(_("Closed"), _moment(case["closed_at"]) or "–"),
        ],
        "sections": contents,
        "foot": _("%(helpline)s. Times are those of %(zone)s.")
        % {"helpline": settings.HELPLINE_NAME, "zone": settings.TIME_ZONE},
        "digest-name": _("SHA-256 of case.json beside this page:"),
        "digest": hashlib.sha256(text).hexdigest(),
    }


def _link_item(number: int, link: Mapping[str, Any]) -> Facts:
    facts = [_fact(_("Reported"), _moment(link["added_at"]))]
    if link["url"]:
        facts.append(_fact(_("Address"), link["url"], mono=True))
    if link["account"]:
        facts.append(_fact(_("Account"), link["account"], mono=True))
    names = {
        "sent": _("We sent it"),
        "transport": _("It arrived"),
        "platform": _("The platform says"),
        "observed": _("We saw"),
    }
    for request in link["requests"]:
        facts.append(_fact(_("Removal asked"), _moment(request["requested_at"])))
        for name, label in names.items():
            truth = request["truths"][name]
            parts = (truth["words"], _moment(truth["at"]), truth["source"])
            facts.append(_fact(label, ", ".join(part for part in parts if part)))
    return _item(f"{number}. {link['platform']}", facts)


def _section(heading: Any, **parts: Any) -> Facts:
    """An empty one says so."""
    empty: Facts = {"lines": [], "facts": [], "items": [], "pictures": []}
    if not any(parts.values()):
        parts = {"lines": [_("Nothing.")]}
    return {"heading": str(heading)} | empty | parts


def _item(heading: str, facts: list[Facts]) -> Facts:
    return {"heading": heading, "facts": facts}


def _fact(name: Any, value: Any, *, mono: bool = False) -> Facts:
    return {"name": str(name), "value": str(value), "mono": mono}


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()] or [_("They wrote none.")]


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _moment(at: str | None) -> str:
    return date_format(timezone.localtime(datetime.fromisoformat(at)), "SHORT_DATETIME_FORMAT") if at else ""
