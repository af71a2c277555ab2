"""What a person files above a platform: a dated, tagged PDF of the facts, made on demand, kept nowhere.

It is about the content and what was done about it: addresses as they stood in our notice, dates, digests of what left,
answers, law to check. Nothing in it is about the young person: no name, no age, no case, no words of theirs, no picture.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from cases.ladder import rungs
from cases.ladder.models import Redress, Step
from cases.ladder.rungs import OUT_OF_COURT, Authority
from cases.ladder.states import Rung
from cases.referrals import recipients
from cases.referrals.dossier import SHAPE
from cases.takedowns import notices
from cases.takedowns.models import Event, Takedown
from cases.takedowns.states import Outcome, Source, Status
from helpline.platforms.models import Regime
from helpline.web import paper
from helpline.web.language import spoken

Fact = dict[str, Any]
# A machine of theirs wrote it about the content. What somebody wrote by mail, or a colleague noted, may name a person.
ABOUT_CONTENT = (Source.CALLBACK, Source.QUERY)


@dataclass(frozen=True, slots=True)
class Made:
    """The file and its digest."""

    body: bytes = field(repr=False)
    sha256: str


def for_step(step: Step, row: Takedown, *, at: datetime) -> Made:
    """The complaint to the authority of this rung. Raises WrongKey once erased."""
    return _made(facts_of(row, rungs.authority(step.rung), heading=str(Rung(step.rung).label), at=at))


def for_redress(redress: Redress, row: Takedown, *, at: datetime) -> Made:
    """What an out-of-court body gets. Raises WrongKey once erased."""
    facts = facts_of(row, rungs.authority(OUT_OF_COURT), heading=_("Dispute about a decision"), at=at)
    facts["sections"].insert(0, _section(_("What is disputed"), facts=list(_disputed(redress, row))))
    return _made(facts)


def _made(facts: Mapping[str, Any]) -> Made:
    said = json.dumps(facts, sort_keys=True, ensure_ascii=False, default=str).encode()
    body = paper.pdf(SHAPE, {**facts, "digest": hashlib.sha256(said).hexdigest()})
    return Made(body=body, sha256=hashlib.sha256(body).hexdigest())


def facts_of(row: Takedown, to: Authority | None, *, heading: str, at: datetime) -> dict[str, Any]:
    """Everything that is on the paper but its shape. `row` needs its notice, platform, and case with report loaded."""
    asked = chain(row)
    content = notices.content_of(row.notice, items={row.item})
    notifier = content.notifier
    return {
        "title": settings.NEUTRAL_NAME,
        "lang": spoken().split("-")[0],
        "rtl": get_language_bidi(),
        "helpline": settings.HELPLINE_NAME,
        "heading": heading,
        "lead": _("For: %(who)s") % {"who": to.name if to else _("whom it concerns")},
        "facts": [
            _fact(_("From"), f"{notifier.get('name', '')}, {notifier.get('email', '')}"),
            *_standing(notifier),
            _fact(_("Made on"), _moment(at)),
            _fact(_("Our number"), str(row.notice_id), mono=True),
        ],
        "sections": [
            _section(_("What it is about"), facts=list(_about(row, content)), lines=[content.explanation]),
            _section(_("What we asked, and when"), items=[_request(one) for one in asked]),
            _section(_("What was answered"), facts=list(_answers(asked))),
            _section(_("What we saw"), facts=list(_seen(row))),
            _section(_("Law, to check"), facts=list(_law(row, to)), lines=[_checked()]),
            _section(_("What is left out"), lines=_left_out()),
        ],
        "foot": _("%(helpline)s. Times are those of %(zone)s.")
        % {"helpline": settings.HELPLINE_NAME, "zone": settings.TIME_ZONE},
        "digest-name": _("SHA-256 of the words on this paper:"),
    }


def chain(row: Takedown) -> list[Takedown]:
    """The first request and those that followed above it, in their order."""
    found = Takedown.objects.filter(Q(pk=row.pk) | Q(escalates=row.pk)).exclude(status=Status.CANCELLED)
    found = found.select_related("notice__channel", "platform").prefetch_related("notice__attempts")
    return list(found.order_by("requested_at", "pk"))


def _standing(notifier: Mapping[str, Any]) -> Iterator[Fact]:
    if notifier.get("trusted_flagger"):
        who = notifier.get("designated_by") or "–"
        yield _fact(_("Standing"), _("Trusted flagger (DSA art. 22), designated by %(who)s") % {"who": who})


def _about(row: Takedown, content: notices.NoticeContent) -> Iterator[Fact]:
    yield _fact(_("Platform"), row.platform.name)
    for item in content.items:
        if item.url:
            yield _fact(_("Address"), item.url, mono=True)
        if item.account:
            yield _fact(_("Account"), item.account, mono=True)
    yield _fact(_("Asked under"), "; ".join(str(Regime(code).label) for code in content.regimes))
    yield _fact(_("Category"), content.category, mono=True)


def _request(one: Takedown) -> dict[str, Any]:
    facts = [
        _fact(_("Channel"), one.notice.channel.get_kind_display()),
        _fact(_("Asked"), _moment(one.requested_at)),
        _fact(_("Sent"), _moment(one.sent_at) if one.sent_at else _("not known to have arrived")),
        _fact(_("Number of the notice"), str(one.notice_id), mono=True),
    ]
    if one.notice.reference:
        facts.append(_fact(_("Platform’s reference"), one.notice.reference))
    if one.answer_due_at:
        facts.append(_fact(_("Answer was due"), _moment(one.answer_due_at)))
    facts += [
        _fact(_("SHA-256 of what left"), bytes(attempt.digest).hex(), mono=True)
        for attempt in sorted(one.notice.attempts.all(), key=lambda attempt: attempt.number)
    ]
    name = str(Rung(one.rung).label) if one.rung in Rung.values else _("First request")
    return {"heading": name, "facts": facts}


def _answers(asked: Sequence[Takedown]) -> Iterator[Fact]:
    found = Event.objects.filter(takedown__in=[one.pk for one in asked], what__in=ANSWERS)
    rows = (
        found.exclude(detail__has_key="heard_by")
        .select_related("takedown__case")
        .order_by("at", "recorded_at")
    )
    empty = True
    for event in rows:
        empty = False
        said = str(_SAID[event.what].label)
        words = ""
        if event.words and event.source in ABOUT_CONTENT:
            words = event.takedown.case.box().open(event, "words")
        yield _fact(_moment(event.at), f"{said}: {words}" if words else said)
    if empty:
        yield _fact(_("Until now"), _("No answer came."))


_SAID: Mapping[str, Any] = {
    **{outcome.value: outcome for outcome in Outcome if not outcome.value.startswith("seen")},
    Status.NO_ANSWER.value: Status.NO_ANSWER,
}
ANSWERS = sorted(_SAID)


def _seen(row: Takedown) -> Iterator[Fact]:
    if row.observed and row.observed_at:
        yield _fact(_moment(row.observed_at), str(Outcome(row.observed).label))
    else:
        yield _fact(_("Looked at"), _("Not yet, or not possible at this address."))


def _law(row: Takedown, to: Authority | None) -> Iterator[Fact]:
    for text in to.law if to else ():
        yield _fact(text, _("to check"))
    for one in recipients.current().offences:
        if one.may_fit(row.case.report) and not one.circumstances:
            yield _fact(f"{one.code} – {_('to check')}", recipients.said(one.says))


def _checked() -> str:
    return _("Each is to be checked by a lawyer; the helpline does not say that one applies.")


def _left_out() -> list[str]:
    return [
        _(
            "Who is shown, and everything about them: the helpline speaks for them and answers questions itself."
        ),
        _(
            "The picture: the helpline does not have it, never asks for it and never opens an address to see it."
        ),
        _("What colleagues noted, and what was written by hand: it may name a person."),
    ]


def _disputed(redress: Redress, row: Takedown) -> Iterator[Fact]:
    yield _fact(_("Decision"), str(Outcome(row.platform_says).label) if row.platform_says else "–")
    yield _fact(_("Decided"), _moment(redress.decision_at))
    if row.notice.reference:
        yield _fact(_("Platform’s reference"), row.notice.reference)
    own = row.redress.exclude(pk=redress.pk).first()
    if own is not None:
        yield _fact(_("Complaint to the platform"), str(own.get_state_display()))
        if own.filed_at:
            yield _fact(_("Filed"), _moment(own.filed_at))
    yield _fact(
        _("Who files"),
        _("The helpline, in its own name: the person is too young, or does not want to be named."),
    )


def _fact(name: Any, value: Any, *, mono: bool = False) -> Fact:
    return {"name": str(name), "value": str(value), "mono": mono}


def _section(heading: str, **parts: Any) -> dict[str, Any]:
    return {"heading": heading, "facts": [], "lines": [], "items": [], "pictures": []} | parts


def _moment(at: datetime | date) -> str:
    return (
        date_format(timezone.localtime(at), "j F Y, H:i")
        if isinstance(at, datetime)
        else date_format(at, "j F Y")
    )
