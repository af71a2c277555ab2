"""What a platform says about a notice: the body of a callback and the answer to a status query."""

import json
import uuid
from typing import Any

from tests.platforms import dice, moments
from tests.platforms.ledger import Item, Notice

EVENT_NAMES = uuid.UUID("0a2f8c16-5a8e-4b1d-8e0b-4f7c3f1f9b10")
REDRESS = 183 * 86_400
"""A complaint is open for at least six months from the decision."""

VISIBILITY = {
    "removed": "DECISION_VISIBILITY_CONTENT_REMOVED",
    "account_removed": "DECISION_VISIBILITY_CONTENT_REMOVED",
    "disabled": "DECISION_VISIBILITY_CONTENT_DISABLED",
}
REASONS: dict[str, tuple[str, ...]] = {
    "removed": ("It broke our rules on intimate images shared without consent.",),
    "disabled": ("It is not shown in your country any more.",),
    "account_removed": ("The account that posted it was closed.",),
    "partly_removed": ("The picture was removed; the caption does not break our rules.",),
    "already_gone": ("Its author had deleted it before we looked.",),
    "refused": (
        "We reviewed the content and did not find that it goes against our community guidelines.",
        "The person shown could not be identified, so we could not confirm that consent was missing.",
        "The content was considered to be satire.",
    ),
    "more_information": ("Please tell us at which second of the video the content appears.",),
    "not_found": ("We could not find any content at this address.",),
}


def item_state(notice: Notice, item: Item, now: float) -> dict[str, Any]:
    """One item of a status object at this moment."""
    status, since = notice.status(item, now)
    reasons = REASONS.get(status, (None,))
    refused = status in {"refused", "partly_removed"}
    return {
        "item_id": item.item_id,
        "status": status,
        "decision_visibility": VISIBILITY.get(status),
        "decision_account": "DECISION_ACCOUNT_TERMINATED" if status == "account_removed" else None,
        "reason": reasons[int(dice.fraction("reason", item.item_id) * len(reasons))],
        "redress_until": moments.day(since + REDRESS) if refused else None,
        "decided_at": moments.rfc3339(since),
    }


def status_object(notice: Notice, now: float) -> dict[str, Any]:
    """The state of a whole notice."""
    return {"reference": notice.reference, "items": [item_state(notice, item, now) for item in notice.items]}


def event(notice: Notice, name: str, at: float, now: float) -> bytes:
    """A callback: how things stood at the moment it is about. The same event always has the same id."""
    return json.dumps(
        {
            "schema": "takedown-outcome/1",
            "event_id": event_id(notice, name),
            "notice_id": notice.notice_id,
            "reference": notice.reference,
            "sent_at": moments.rfc3339(now),
            "items": [item_state(notice, item, at) for item in notice.items],
        }
    ).encode()


def event_id(notice: Notice, name: str) -> str:
    """The id of one event of a notice."""
    return str(uuid.uuid5(EVENT_NAMES, f"{notice.key} {name}"))
