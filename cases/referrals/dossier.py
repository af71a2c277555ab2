"""A dossier: a dated, tagged PDF of what was ticked, for whoever a case is handed to. Made on demand, kept nowhere.

It says what is not known, and what was not looked at. Addresses are written out and not made into links; no picture is in
it but screenshots that somebody ticked.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from cases import reading
from cases import words as desk_words
from cases.referrals import recipients, words
from cases.referrals.models import Referral
from cases.referrals.states import Basis, ConsentBy, Part
from cases.states import Happening
from cases.takedowns.models import Takedown
from cases.takedowns.truths import Truth, truths
from helpline.accounts.models import Staff
from helpline.crypto.box import Box
from helpline.web import paper
from helpline.web.language import spoken
from reports.contact import contract
from reports.evidence import actions as screenshots
from reports.evidence.sanitise import content_type
from reports.models import Evidence, Report
from reports.states import Home, Kind, Knows

SHAPE = (Path(__file__).parent / "dossier.typ").read_bytes()
Fact = dict[str, Any]
# The steps of a case that may leave the house. Every other stays inside, one that is invented later, too: it may name
# colleagues, other young people's cases, other recipients.
MAY_LEAVE = (
    Happening.OPENED,
    Happening.MESSAGED,
    Happening.REPLIED,
    Happening.LINKS_ADDED,
    Happening.REQUESTED,
    Happening.OUTCOME,
    Happening.STATUS,
    Happening.CLOSED,
    Happening.REOPENED,
)


@dataclass(frozen=True, slots=True)
class Made:
    """The file, its digest, and how many pictures are in it."""

    body: bytes = field(repr=False)
    sha256: str
    pictures: int


def make(referral: Referral, box: Box, *, by: Staff, at: datetime) -> Made:
    """The PDF as of `at`, in the language of the page. Opening a screenshot for it leaves its own line in the trail."""
    pictures = _pictures(referral, by=by, at=at)
    body = paper.pdf(
        SHAPE,
        facts_of(referral, box, by=by, at=at, pictures=pictures),
        pictures={name: _framed(evidence, picture) for name, (evidence, picture) in pictures.items()},
    )
    return Made(body=body, sha256=hashlib.sha256(body).hexdigest(), pictures=len(pictures))


Pictures = Mapping[str, tuple[Evidence, bytes]]


def facts_of(
    referral: Referral, box: Box, *, by: Staff, at: datetime, pictures: Pictures | None = None
) -> dict[str, Any]:
    """What the dossier says, in words: everything that is on it but its shape."""
    sections = [
        _section(Part(code).label, **_WRITERS[Part(code)](referral, box))
        for code in referral.included
        if code in _WRITERS
    ]
    if pictures:
        sections.append(_section(Part.PICTURES.label, pictures=_captions(pictures)))
    facts: dict[str, Any] = {
        "title": settings.NEUTRAL_NAME,  # a viewer shows it in its window
        "lang": spoken().split("-")[0],
        "rtl": get_language_bidi(),
        "helpline": settings.HELPLINE_NAME,
        "heading": _("Dossier"),
        "lead": _("For: %(who)s") % {"who": words.to_whom(referral)},
        "facts": [
            _fact(_("Case"), referral.case.ref),
            _fact(_("Made by"), f"{by}, {settings.HELPLINE_NAME}"),
            _fact(_("Made on"), _moment(at)),
            *_ground(referral, box),
        ],
        "sections": [*sections, _section(_("What is not known"), lines=_not_known(referral))],
        "foot": _("%(helpline)s. Times are those of %(zone)s.")
        % {"helpline": settings.HELPLINE_NAME, "zone": settings.TIME_ZONE},
        "digest-name": _("SHA-256 of the words in this dossier:"),
    }
    said = json.dumps(facts, sort_keys=True, ensure_ascii=False, default=str).encode()
    return facts | {"digest": hashlib.sha256(said).hexdigest()}


# --- the parts ------------------------------------------------------------------------------------------


def _ground(referral: Referral, box: Box) -> Iterator[Fact]:
    yield _fact(_("Ground"), referral.get_basis_display())
    if referral.basis == Basis.CONSENT and referral.consent_at is not None:
        who = ConsentBy(referral.consent_by).label
        yield _fact(_("Who agreed"), f"{who}, {_moment(referral.consent_at)}")
        yield _fact(_("How it was recorded"), referral.get_consent_how_display())
        if limits := box.open(referral, "consent_limits"):
            yield _fact(_("Limits"), limits)
    if referral.article:
        yield _fact(_("Article, to check"), recipients.article_name(referral.article))
    if referral.approved_at is not None:
        yield _fact(_("A second person agreed"), f"{referral.approved_by}, {_moment(referral.approved_at)}")


def _plain_facts(referral: Referral, box: Box) -> dict[str, Any]:
    report = referral.case.report
    told = ", ".join(str(desk_words.circumstance(code)) for code in report.circumstances)
    answers = box.open_json(report, "answers")
    return {
        "facts": [
            _fact(_("Received"), _moment(report.submitted_at)),
            _fact(_("What was reported"), Kind(report.kind).label),
            _fact(_("Age, as they said"), desk_words.AGES.get(report.age_range, report.age_range)),
            _fact(_("Who writes"), desk_words.WRITERS.get(report.who, report.who)),
            _fact(_("Circumstances"), told or _("None was told.")),
            _fact(_("Who knows"), _chosen(answers.get("knows"), dict(Knows.choices))),
            _fact(_("Is home safe"), _chosen(answers.get("home"), dict(Home.choices))),
            _fact(
                _("Deadline of a threat"),
                _moment(report.deadline_at) if report.deadline_at else _("None is known."),
            ),
        ]
    }


def _links(referral: Referral, box: Box) -> dict[str, Any]:
    report = referral.case.report
    by_link: dict[Any, list[Takedown]] = {}
    asked = referral.case.takedowns.select_related("platform", "notice").order_by("requested_at", "id")
    for takedown in asked.prefetch_related("notice__attempts"):
        by_link.setdefault(takedown.link_id, []).append(takedown)
    items = []
    for link in report.links.select_related("platform").order_by("position"):
        facts = [_fact(_("Reported"), _moment(link.added_at))]
        if url := box.open(link, "url"):
            facts.insert(0, _fact(_("Address"), url, mono=True))
        if account := box.open(link, "account"):
            facts.insert(0, _fact(_("Account"), account, mono=True))
        for takedown in by_link.get(link.pk, ()):
            facts += _asked(takedown)
        if link.pk not in by_link:
            facts.append(_fact(_("Removal"), _("Nobody has asked for it yet.")))
        items.append({"heading": f"{link.position}. {link.platform}", "facts": facts})
    return {"items": items, "lines": [] if items else [_("No link and no account is known.")]}


def _asked(takedown: Takedown) -> Iterator[Fact]:
    """The four truths, apart; and the digest of what left, as proof without content."""
    yield _fact(_("Removal asked"), _moment(takedown.requested_at))
    known = truths(takedown)
    names = {
        "sent": _("We sent it"),
        "transport": _("It arrived"),
        "platform": _("The platform says"),
        "observed": _("We saw"),
    }
    for name, label in names.items():
        yield _fact(label, _truth(known[name]))
    if takedown.notice.reference:
        yield _fact(_("Platform’s reference"), takedown.notice.reference)
    for attempt in takedown.notice.attempts.all():
        yield _fact(_("SHA-256 of what left"), bytes(attempt.digest).hex(), mono=True)


def _truth(truth: Truth) -> str:
    known = [truth.label, _moment(truth.at) if truth.at else "", truth.source]
    return ", ".join(part for part in known if part)


def _timeline(referral: Referral, box: Box) -> dict[str, Any]:
    events = referral.case.events.filter(what__in=MAY_LEAVE).order_by("at", "id")
    facts = [_fact(_moment(event.at), desk_words.event(event)) for event in events]
    return {"facts": facts}


def _fingerprints(referral: Referral, box: Box) -> dict[str, Any]:
    rows = referral.case.report.fingerprints.order_by("algorithm", "id")
    facts = [_fact(row.algorithm.upper(), box.open(row, "value"), mono=True) for row in rows]
    lines = (
        [_("Computed on the person’s own device. The helpline does not have the picture.")]
        if facts
        else [_("None was made.")]
    )
    return {"facts": facts, "lines": lines}


def _screenshots(referral: Referral, box: Box) -> dict[str, Any]:
    items = []
    for number, row in enumerate(screenshots.of(referral.case.report), start=1):
        digest = bytes(row.sha256).hex() if row.sha256 else ""
        facts = [
            _fact(_("What it shows"), row.get_what_display()),
            _fact(_("Received"), _moment(row.added_at)),
            _fact(_("Size"), f"{row.width} × {row.height}, {row.size} B"),
            _fact("SHA-256", digest or _("not kept"), mono=bool(digest)),
            _fact(_("Kept"), _kept(row)),
        ]
        items.append({"heading": _("Screenshot %(number)s") % {"number": number}, "facts": facts})
    note = _(
        "Covered by the person on their own device, made anew and sealed here. The digest is that of the kept file."
    )
    return {"items": items, "lines": [note] if items else [_("None was given.")]}


def _kept(row: Evidence) -> str:
    if row.staff_key is None:
        when = f", {_moment(row.destroyed_at)}" if row.destroyed_at else ""
        return _("No: it was destroyed%(when)s.") % {"when": when}
    if row.hidden_at is not None:
        return _("Yes, sealed, and shown to nobody: a second person decides whether it is destroyed.")
    return _("Yes, sealed, at the helpline.")


def _offences(referral: Referral, box: Box) -> dict[str, Any]:
    report: Report = referral.case.report
    found = [one for one in recipients.current().offences if one.may_fit(report)]
    note = _(
        "By the plain facts alone. Each is to be checked by a lawyer; the helpline does not say that one applies."
    )
    facts = [_fact(f"{one.code} – {_('to check')}", recipients.said(one.says)) for one in found]
    return {"facts": facts, "lines": [note] if facts else [_("None stands out by the plain facts.")]}


def _story(referral: Referral, box: Box) -> dict[str, Any]:
    text = box.open(referral.case.report, "story")
    return {"lines": [line for line in text.splitlines() if line.strip()] or [_("They wrote none.")]}


def _name(referral: Referral, box: Box) -> dict[str, Any]:
    answers = box.open_json(referral.case.report, "answers")
    said = answers.get("name") or answers.get("handle")
    return {"lines": [str(said) if said else _("They gave none.")]}


def _school(referral: Referral, box: Box) -> dict[str, Any]:
    return {"lines": [box.open(referral.case.report, "school") or _("They named none.")]}


def _contact(referral: Referral, box: Box) -> dict[str, Any]:
    agreed = contract.read(box.open_json(referral.case.report, "contact"))
    if not agreed.is_wanted:
        return {"lines": [_("They want to be reached nowhere but here: through the helpline.")]}
    return {
        "lines": [
            f"{desk_words.CONTACTS.get(agreed.via, agreed.via)}: {agreed.address}",
            _("Agreed with the helpline only: %(how)s.") % {"how": desk_words.safe_contact(agreed)},
        ]
    }


_WRITERS: Mapping[Part, Callable[[Referral, Box], dict[str, Any]]] = {
    Part.FACTS: _plain_facts,
    Part.LINKS: _links,
    Part.TIMELINE: _timeline,
    Part.FINGERPRINTS: _fingerprints,
    Part.SCREENSHOTS: _screenshots,
    Part.OFFENCES: _offences,
    Part.STORY: _story,
    Part.NAME: _name,
    Part.SCHOOL: _school,
    Part.CONTACT: _contact,
}


def _not_known(referral: Referral) -> list[str]:
    report = referral.case.report
    lines = [
        _("Who made or posted it: the helpline did not look for them, and does not name anybody."),
        _("Whether everything that was told is true: nothing was verified but what stands here as seen."),
        _("How old the person is: an age range was told, no document was asked for."),
        _("What the picture shows: the helpline never asks for it and never opens an address to see it."),
    ]
    if not report.is_complete:
        lines.append(_("They said they are in danger, and were still answering. More may follow."))
    left_out = [str(part.label) for part in Part if part not in referral.included]
    if left_out:
        lines.append(_("Left out of this dossier on purpose: %(parts)s.") % {"parts": "; ".join(left_out)})
    lines.append(_("A character that this page cannot write stands as its number: [U+…]."))
    return lines


# --- screenshots, where somebody ticked them ------------------------------------------------------------


def _pictures(referral: Referral, *, by: Staff, at: datetime) -> Pictures:
    if Part.PICTURES not in referral.included:
        return {}
    # One that somebody asked to destroy is shown to nobody, here neither.
    kept = referral.case.report.evidence.filter(hidden_at=None).exclude(staff_key=None)
    found: dict[str, tuple[Evidence, bytes]] = {}
    for number, evidence in enumerate(kept.order_by("added_at", "id"), start=1):
        picture = reading.read_evidence(evidence=evidence, by=by, at=at)
        found[f"screenshot-{number}.svg"] = (evidence, picture)
    return found


def _framed(evidence: Evidence, picture: bytes) -> bytes:
    kind = content_type(picture)
    return paper.framed(picture, content_type=kind, width=evidence.width, height=evidence.height)


def _captions(pictures: Pictures) -> list[dict[str, str]]:
    return [
        {
            "file": name,
            "alt": _("%(what)s, SHA-256 %(digest)s")
            % {"what": evidence.get_what_display(), "digest": bytes(evidence.sha256 or b"").hex()},
        }
        for name, (evidence, _picture) in pictures.items()
    ]


# --- what they share ------------------------------------------------------------------------------------


def _fact(name: Any, value: Any, *, mono: bool = False) -> Fact:
    return {"name": str(name), "value": str(value), "mono": mono}


def _section(heading: Any, **parts: Any) -> dict[str, Any]:
    return {"heading": str(heading), "facts": [], "lines": [], "items": [], "pictures": []} | parts


def _moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "j F Y, H:i")


def _chosen(value: Any, labels: Mapping[str, Any]) -> str:
    codes = value if isinstance(value, list) else [value] if value else []
    return ", ".join(str(labels.get(code, code)) for code in codes) or _("They did not say.")
