"""A notice that is in order, for the linter's tests; each test spoils one thing."""

from dataclasses import replace
from typing import Any

from django.test.utils import override_settings

from cases.letters import wording
from cases.letters.content import Item, NoticeContent
from cases.letters.writing import written
from reports.states import Kind
from tests.cast import NOON

NOTIFIER = {
    "name": "Example Helpline",
    "email": "notices@helpline.example",
    "trusted_flagger": True,
    "designated_by": "Arcom",
}


def item(url: str = "https://chatter.example/p/1", account: str = "", kind: str = "post") -> Item:
    return Item("6b1e1d7a-6a0a-4a36-9d0c-7d3f3c5b2a11", url, account, kind)


def notice(
    *items: Item,
    regime: str = "eu-dsa-16",
    language: str = "en",
    kind: Kind = Kind.DEEPNUDE,
    minor: bool = True,
    facts: str = "",
    signed: bool = False,
    **changes: Any,
) -> NoticeContent:
    """As asking writes it; `changes` spoil it afterwards."""
    with override_settings(NOTIFIER=NOTIFIER, SIGNATORY="Example Helpline"):
        content = written(
            words=wording.packaged()[regime, language, ""],
            notice_id="0b9e0b57-3e0e-4a3f-8a4c-1a2b3c4d5e6f",
            regimes=(regime,),
            language=language,
            kind=kind,
            minor=minor,
            items=items or (item(),),
            facts=facts,
            signed_on=NOON.date() if signed else None,
        )
    return replace(content, **changes)
