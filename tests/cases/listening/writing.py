"""What a counsellor types, and what their page brings."""

from typing import Any
from uuid import UUID, uuid4

from django.http import QueryDict

from cases.listening import actions
from cases.listening.interview import Sheet
from cases.listening.models import CallDraft
from helpline.accounts.models import Staff
from reports.intake.interview import Interview
from reports.states import Channel
from tests.cast import NOON

TYPED: dict[str, Any] = {
    "channel": "phone",
    "language": "fr",
    "who": "self",
    "safety": "safe",
    "age_range": "13-14",
    "kind": "deepnude",
    "story": "Somebody sent it round my class.",
    "pasted": "https://chatter.example/p/1",
    "via": "none",
}


def posted(**changes: Any) -> QueryDict:
    """The form, with anything changed; None takes an answer out."""
    data = QueryDict(mutable=True)
    for name, value in (TYPED | changes).items():
        if value is not None:
            data.setlist(name, value if isinstance(value, list) else [value])
    return data


def interview(**changes: Any) -> Interview:
    """The same, as the page reads it."""
    return Sheet(posted(**changes)).read(NOON, is_sent=True)


def writing(page: str = "a", *, said: Interview | None = None, **changes: Any) -> actions.Writing:
    """The first words of a new call, or those of a page that goes on with one (`begins=False`)."""
    facts: dict[str, Any] = {"channel": Channel.PHONE, "language": "fr", "begins": True}
    named = {name: changes.pop(name) for name in ("version", "serial", "begins") if name in changes}
    return actions.Writing(interview=said or interview(**changes), page=page, **(facts | named))


def begun(by: Staff, call_id: UUID | None = None, **changes: Any) -> CallDraft:
    """A call that was begun at noon."""
    return actions.save(call_id=call_id or uuid4(), writing=writing(**changes), by=by, at=NOON)
