"""What the pages show of alerts: coarse words for everybody with the figures, case references for who may see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q
from django.urls import reverse

from cases.alerts import actions, words
from cases.alerts.looking import UNHEARD
from cases.alerts.models import Alert
from cases.alerts.rules import RULES
from cases.alerts.states import RuleName, State
from cases.models import Case
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission

# Where a rule is looked into, and who opens that page.
PLACES = {
    RuleName.WAIT: ("desk:queue", Permission.QUEUE_READ),
    RuleName.DANGER: ("desk:queue", Permission.QUEUE_READ),
    RuleName.DEADLINE: ("desk:queue", Permission.QUEUE_READ),
    RuleName.UNREAD: ("desk:cases", Permission.CASES_ALL),
    RuleName.ANSWERS_DUE: ("takedowns:desk", Permission.TAKEDOWNS),
    RuleName.DESK_LATE: ("takedowns:desk", Permission.TAKEDOWNS),
    RuleName.STEPS_LATE: ("ladder:list", Permission.TAKEDOWNS),
    RuleName.WINDOW: ("ladder:list", Permission.TAKEDOWNS),
    RuleName.SILENT: ("ladder:list", Permission.TAKEDOWNS),
    RuleName.SLOWER: ("dashboards:dashboard", Permission.FIGURES),
    RuleName.BREAKER: ("desk:platforms", Permission.CASES_ALL),
    RuleName.BOUNCED: ("desk:platforms", Permission.CASES_ALL),
    RuleName.STOPPED: ("alerts:alerts", Permission.FIGURES),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a list. `url` leads to where it is looked into; '' for who may not."""

    alert: Alert
    tone: str
    label: str
    sentence: str
    means: str
    word: str
    url: str
    ref: str


def lines(rows: Sequence[Alert], *, staff: Staff, now: datetime) -> list[Line]:
    """The rows as they are shown, with the references this person may see: one statement for all of them."""
    ids = [row.case_id for row in rows if row.case_id is not None]
    refs = dict(Case.objects.visible_to(staff).filter(pk__in=ids).values_list("pk", "ref")) if ids else {}
    found = []
    for row in rows:
        rule = RuleName(row.rule)
        ref = refs.get(row.case_id, "") if row.case_id is not None else ""
        found.append(
            Line(
                alert=row,
                tone=RULES[rule].tone if row.state == State.STANDING else "good",
                label=row.get_rule_display(),
                sentence=words.sentence(row, now=now),
                means=words.means(rule),
                word=actions.word_of(row) if staff.can(Permission.CASES_ALL) else "",
                url=reverse("desk:case", args=[ref]) if ref else _place(row, staff),
                ref=ref,
            )
        )
    return found


def _place(row: Alert, staff: Staff) -> str:
    """Where it is looked into; '' for who may not."""
    name, needed = PLACES[RuleName(row.rule)]
    if not staff.can(needed):
        return ""
    if row.rule == RuleName.DESK_LATE:
        return f"{reverse('ladder:list' if row.subject == UNHEARD else name)}?tab={row.subject}"
    return reverse(name) + ("#processes-heading" if row.rule == RuleName.STOPPED else "")


def order_of(*, over: bool) -> tuple[str, ...]:
    """What is urgent first, then the newest; of what is over, the latest."""
    return ("-over_at", "-id") if over else ("-urgent", "-raised_at", "-id")


def rules() -> list[tuple[str, str]]:
    """Every rule, and what it means."""
    return [(str(rule.label), words.means(rule)) for rule in RULES]


def counts() -> dict[str, int]:
    """How many stand, and how many of them somebody takes care of; one statement."""
    open_ones = Q(acknowledged_at=None)
    found: dict[str, int] = Alert.objects.filter(state=State.STANDING).aggregate(
        standing=Count("pk", filter=open_ones), acknowledged=Count("pk", filter=~open_ones)
    )
    return found


@dataclass(frozen=True, slots=True)
class Strip:
    """What a strip above another page says: the first few that nobody takes care of."""

    first: list[tuple[str, str, str]]  # tone, label, sentence
    count: int
    more: int
    urgent: bool


def strip(*, now: datetime, most: int = 3) -> Strip:
    """What stands and nobody takes care of, what is urgent first; one statement, few rows."""
    rows = list(
        Alert.objects.filter(state=State.STANDING, acknowledged_at=None)
        .select_related("platform")
        .order_by(*order_of(over=False))[:100]
    )
    first = [
        (RULES[RuleName(row.rule)].tone, words.for_mail(row), words.sentence(row, now=now))
        for row in rows[:most]
    ]
    return Strip(first, len(rows), max(0, len(rows) - most), rows[0].urgent if rows else False)
