"""Connectors: one folder a channel kind. Each writes a notice in its channel's form and says how the sending ended."""

from functools import cache

from django.utils.module_loading import import_string

from cases.takedowns.connectors.base import Answer, Connector, Lines, Route, Sent, route_of
from cases.takedowns.connectors.text import subject, text
from cases.takedowns.models import Notice
from cases.takedowns.notices import content_of
from cases.takedowns.states import Status
from helpline.platforms.models import ChannelKind

__all__ = [
    "CONNECTORS",
    "Answer",
    "Connector",
    "Lines",
    "Route",
    "Sent",
    "connector",
    "route_of",
    "text_to_paste",
]

CONNECTORS: dict[str, str] = {
    ChannelKind.EMAIL: "cases.takedowns.connectors.email.connector.EmailConnector",
    ChannelKind.HTTP_API: "cases.takedowns.connectors.http_api.connector.HttpApiConnector",
    ChannelKind.WEB_FORM: "cases.takedowns.connectors.web_form.connector.WebFormConnector",
    ChannelKind.XARF: "cases.takedowns.connectors.xarf.connector.XarfConnector",
}


@cache
def connector(kind: str) -> Connector:
    """The connector of a channel kind. Raises LookupError when there is none."""
    if kind not in CONNECTORS:
        raise LookupError(f"No connector for {kind}.")
    made: Connector = import_string(CONNECTORS[kind])()
    return made


def text_to_paste(notice: Notice, *, case_id: int | None = None) -> dict[str, str]:
    """For filing by hand: the pieces a form asks for, in the notice's language, about what is still to be filed.

    With `case_id` only what that case names: others may share the notice. Raises WrongKey once erased.
    """
    waiting = notice.takedowns.filter(status=Status.TO_FILE)
    if case_id is not None:
        waiting = waiting.filter(case=case_id)
    content = content_of(notice, items={one.item for one in waiting})
    return {
        "subject": subject(content),
        "text": text(content),
        "urls": "\n".join(item.url or item.account for item in content.items),
        "name": content.notifier["name"],
        "email": content.notifier["email"],
        "reference": content.notice_id,
    }
