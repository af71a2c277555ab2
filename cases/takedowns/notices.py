"""What a notice says: built from the facts of a case, checked before it leaves, the same for every channel.

The elements of article 16(2) of the Digital Services Act: (a) a substantiated explanation why it is illegal, (b) the exact
electronic location, (c) the name and e-mail address of the notifier – the helpline, never the young person –, (d) a
statement of good faith. Nothing in a notice may lead to the young person.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from cases.takedowns.models import Notice
from helpline.crypto.box import Box
from helpline.platforms.models import Channel
from reports.models import Fingerprint, Link, Report
from reports.states import AgeRange, Kind

LANGUAGES = ("fr", "en")

# The words of the Commission's Transparency Database.
CYBER_VIOLENCE = "STATEMENT_CATEGORY_CYBER_VIOLENCE"
PROTECTION_OF_MINORS = "STATEMENT_CATEGORY_PROTECTION_OF_MINORS"
KEYWORDS = {
    Kind.DEEPNUDE: "KEYWORD_NON_CONSENSUAL_MATERIAL_DEEPFAKE",
    Kind.REAL_IMAGE: "KEYWORD_NON_CONSENSUAL_IMAGE_SHARING",
    Kind.SENT: "KEYWORD_NON_CONSENSUAL_IMAGE_SHARING",
    Kind.THREAT: "KEYWORD_CYBER_BULLYING_INTIMIDATION",
    Kind.UNSURE: "KEYWORD_NON_CONSENSUAL_IMAGE_SHARING",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of content. `item_id` is `Takedown.item`: the takedown's id, or what several takedowns share."""

    item_id: str
    url: str
    account: str
    kind: str
    fingerprints: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class NoticeContent:
    """Everything a connector needs to write the notice in its own form. It is what stands sealed in the database."""

    notice_id: str
    notifier: dict[str, Any]
    regimes: tuple[str, ...]
    category: str
    keywords: tuple[str, ...]
    depicts_minor: bool
    explanation: str
    good_faith: str
    items: tuple[Item, ...]
    language: str
    signature: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a notice may not leave: a stable code, what is wrong, how to mend it."""

    code: str
    message: str | Promise
    mend: str | Promise


def build(
    *, notice: Notice, channel: Channel, report: Report, box: Box, links: Sequence[tuple[str, Link]]
) -> NoticeContent:
    """The notice for `links` ((takedown id, link) pairs) of one report. `box` opens the report's columns."""
    minor = AgeRange(report.age_range).is_minor
    kind = Kind(report.kind)
    prints = tuple(_fingerprint(row, box) for row in report.fingerprints.all())
    with translation.override(notice.language):
        explanation = explain(kind, minor=minor)
        good_faith = gettext(
            "We have a good-faith belief that the information and allegations in this notice are accurate and complete."
        )
    return NoticeContent(
        notice_id=str(notice.pk),
        notifier=dict(settings.NOTIFIER),
        regimes=tuple(notice.regimes),
        category=PROTECTION_OF_MINORS if minor else CYBER_VIOLENCE,
        keywords=(KEYWORDS[kind],),
        depicts_minor=minor,
        explanation=explanation,
        good_faith=good_faith,
        items=tuple(
            Item(
                item_id=item_id,
                url=box.open(link, "url"),
                account=one_line(box.open(link, "account")),
                kind=link.kind,
                fingerprints=prints,
            )
            for item_id, link in links
        ),
        language=notice.language,
    )


def one_line(text: str) -> str:
    """What somebody typed, unable to look like lines of the notice itself."""
    return "".join(one for one in " ".join(text.split()) if one.isprintable())


def explain(kind: Kind, *, minor: bool) -> str:
    """Why it is illegal, in the active language, from coarse facts only."""
    what = {
        Kind.DEEPNUDE: gettext(
            "The content is an intimate image or video that was generated or altered to show a real person, "
            "who did not consent to it being made or shared."
        ),
        Kind.REAL_IMAGE: gettext(
            "The content is a private intimate image or video of a real person, shared without their consent."
        ),
        Kind.THREAT: gettext(
            "The account is used to threaten a real person with the publication of intimate images in order to obtain "
            "something from them."
        ),
        Kind.SENT: gettext(
            "The content is a private intimate image or video of a real person, passed on without their consent."
        ),
        Kind.UNSURE: gettext(
            "The content shows a real person in an intimate way, without their consent to its publication."
        ),
    }[kind]
    if kind == Kind.THREAT:
        law = gettext(
            "Threatening to publish intimate images in order to obtain something is a criminal offence (in France: "
            "article 312-10 of the Penal Code)."
        )
    elif minor:
        law = gettext(
            "The person shown is a minor. Images and representations of minors of this nature are child sexual abuse "
            "material; making, sharing and possessing them is a criminal offence (in France: article 227-23 of the "
            "Penal Code)."
        )
    else:
        law = gettext(
            "Sharing it is a criminal offence (in France: articles 226-2-1 and 226-8-1 of the Penal Code)."
        )
    ask = gettext(
        "We ask you to remove what is listed here, to prevent identical copies from being uploaded again, and to tell us "
        "your decision."
    )
    return " ".join((what, law, ask))


def _fingerprint(row: Fingerprint, box: Box) -> dict[str, Any]:
    value: dict[str, Any] = {"algorithm": row.algorithm, "value": box.open(row, "value")}
    return value | ({"quality": row.quality} if row.quality is not None else {})


# --- Before it leaves ---------------------------------------------------------------------------------


def check(content: NoticeContent, *, needs_url: bool = False) -> list[Finding]:
    """What stops this notice; [] when it may leave. `needs_url`: the channel can't act on an account name alone.

    That nothing in it leads to the young person needs no check here: its sentences are ours, chosen by coarse facts.
    """
    found: list[Finding] = []
    if not content.items:
        found.append(
            Finding(
                "no_item", gettext_lazy("It names no content."), gettext_lazy("Choose at least one link.")
            )
        )
    for item in content.items:
        if not item.url and not item.account:
            found.append(
                Finding(
                    "no_location",
                    gettext_lazy("A link has neither an address nor an account."),
                    gettext_lazy("Ask the young person for the address of the post, or add it yourself."),
                )
            )
        elif not item.url and (needs_url or item.kind != "profile"):
            found.append(
                Finding(
                    "no_url",
                    gettext_lazy("The exact address is missing; an account name alone can't be acted on."),
                    gettext_lazy("Add the address of the post or of the profile page."),
                )
            )
    if len(content.explanation) < 80:
        found.append(
            Finding(
                "no_explanation",
                gettext_lazy("It does not say enough about why the content is illegal."),
                gettext_lazy("Say what it shows, that the person did not consent, and which law it breaks."),
            )
        )
    if not content.good_faith:
        found.append(
            Finding(
                "no_good_faith",
                gettext_lazy("The statement of good faith is missing."),
                gettext_lazy("Restore the statement of good faith."),
            )
        )
    if not content.notifier.get("name") or not content.notifier.get("email"):
        found.append(
            Finding(
                "no_notifier",
                gettext_lazy("The helpline's name or e-mail address is missing."),
                gettext_lazy("Set HELPLINE_NOTIFIER_NAME and HELPLINE_NOTIFIER_EMAIL."),
            )
        )
    return found


# --- Sealed in the database ---------------------------------------------------------------------------


def to_json(content: NoticeContent) -> str:
    """How the content stands in the sealed column."""
    return json.dumps(asdict(content), ensure_ascii=False)


def content_of(notice: Notice, *, items: Collection[UUID] | None = None) -> NoticeContent:
    """The words of a stored notice, about all of its takedowns or only about `items`. Raises WrongKey once erased."""
    value = json.loads(notice.box().open(notice, "content"))
    kept = [item for item in value["items"] if items is None or UUID(item["item_id"]) in items]
    return NoticeContent(
        **{
            **value,
            "regimes": tuple(value["regimes"]),
            "keywords": tuple(value["keywords"]),
            "items": tuple(Item(**{**item, "fingerprints": tuple(item["fingerprints"])}) for item in kept),
        }
    )
