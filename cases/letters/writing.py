"""A notice in words: the sentences of its template, filled in with coarse facts. Pure, but for the page's own template."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.template.loader import render_to_string

from cases.letters import wording
from cases.letters.content import FACTS_MAX, Item, NoticeContent, one_line
from cases.letters.parts import ADULT, MINOR, NEEDS_SIGNATURE, fill
from helpline.platforms.models import Regime
from reports.states import Kind

# The words of the Commission's Transparency Database.
CYBER_VIOLENCE = "STATEMENT_CATEGORY_CYBER_VIOLENCE"
PROTECTION_OF_MINORS = "STATEMENT_CATEGORY_PROTECTION_OF_MINORS"
KEYWORDS: Mapping[str, str] = {
    Kind.DEEPNUDE: "KEYWORD_NON_CONSENSUAL_MATERIAL_DEEPFAKE",
    Kind.REAL_IMAGE: "KEYWORD_NON_CONSENSUAL_IMAGE_SHARING",
    Kind.SENT: "KEYWORD_NON_CONSENSUAL_IMAGE_SHARING",
    Kind.THREAT: "KEYWORD_CYBER_BULLYING_INTIMIDATION",
    Kind.UNSURE: "KEYWORD_NON_CONSENSUAL_IMAGE_SHARING",
}
# What stands in the notice itself, around the words that are kept one by one.
AROUND = (
    *("subject", "subject_trusted", "title", "reference", "heading_where", "account", "heading_why"),
    *("heading_who", "trusted", "heading_faith", "signature", "closing"),
)


def regime_of(regimes: tuple[str, ...] | list[str]) -> str:
    """The law whose words a notice is written in: the first one named, the DSA where none is."""
    return str(regimes[0]) if regimes else Regime.EU_DSA_16.value


def written(
    *,
    words: wording.Wording,
    notice_id: str,
    regimes: tuple[str, ...],
    language: str,
    kind: Kind,
    minor: bool,
    items: tuple[Item, ...],
    facts: str = "",
    signed_on: date | None = None,
) -> NoticeContent:
    """The content of a notice in these words. `signed_on`: the helpline signs, as somebody allowed it to."""
    parts = words.parts
    added = one_line(facts)[:FACTS_MAX]
    signature = None
    if signed_on is not None and "signature" in parts:
        signature = {
            "name": settings.SIGNATORY,
            "capacity": parts["capacity"],
            "signed_at": signed_on.isoformat(),
        }
    return NoticeContent(
        notice_id=notice_id,
        notifier=dict(settings.NOTIFIER),
        regimes=regimes,
        category=PROTECTION_OF_MINORS if minor else CYBER_VIOLENCE,
        keywords=(KEYWORDS[kind],),
        depicts_minor=minor,
        explanation=explained(parts, kind, minor=minor, facts=added),
        good_faith=parts["good_faith"],
        items=items,
        language=language,
        signature=signature,
        kind=kind.value,
        facts=added,
        wording=words.name,
        parts={name: parts[name] for name in AROUND if name in parts},
    )


def explained(parts: Mapping[str, str], kind: Kind, *, minor: bool, facts: str = "") -> str:
    """Why it is illegal, what is asked, and what helps to find it."""
    law = "law_threat" if kind == Kind.THREAT else "law_minor" if minor else "law_adult"
    said = [parts[f"what_{kind.value}_{MINOR if minor else ADULT}"], parts[law], parts["request"]]
    if facts:
        said.append(fill(parts["facts"], facts=facts))
    return " ".join(said)


def subject(content: NoticeContent) -> str:
    """One line; the notice's id lets an answer find its way back."""
    name = "subject_trusted" if content.notifier.get("trusted_flagger") else "subject"
    return one_line(fill(_parts(content)[name], reference=content.notice_id))


def text(content: NoticeContent) -> str:
    """The whole notice in its own language."""
    parts, signature = _parts(content), content.signature or {}
    filled = {
        name: fill(
            said,
            reference=content.notice_id,
            designated_by=str(content.notifier.get("designated_by", "")),
            name=str(signature.get("name", "")),
            capacity=str(signature.get("capacity", "")),
            date=str(signature.get("signed_at", "")),
        )
        for name, said in parts.items()
    }
    items = [
        (item, fill(parts["account"], account=item.account) if item.account else "") for item in content.items
    ]
    context: dict[str, Any] = {"notice": content, "parts": filled, "items": items}
    return render_to_string("takedowns/notice.txt", context).strip() + "\n"


def _parts(content: NoticeContent) -> Mapping[str, str]:
    """What stands around; of a notice that was stored without, what comes with the program."""
    if content.parts:
        return content.parts
    packaged = wording.packaged()
    slot = (regime_of(content.regimes), content.language, "")
    return packaged.get(slot, packaged[Regime.EU_DSA_16.value, "en", ""]).parts


def invented(
    *, words: wording.Wording, regime: str, language: str, kind: Kind, minor: bool, today: date
) -> NoticeContent:
    """A notice about nobody, to see how a template reads."""
    item = Item(str(uuid4()), "https://platform.example/p/8412", "some.account", "post")
    return written(
        words=words,
        notice_id="00000000-0000-0000-0000-000000000000",
        regimes=(regime,),
        language=language,
        kind=kind,
        minor=minor,
        items=(item,),
        facts="…",
        signed_on=today if regime in NEEDS_SIGNATURE else None,
    )
