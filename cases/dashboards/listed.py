"""What each count of the page is made of: the facts that a figure counts, and what tells them apart further.

Conditions and words, and nothing is read here: metrics.py reads facts by them, behind.py lists the rows, and a page leads
only to counts that stand here.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field

from django.db.models import Model, Q
from django.utils.translation import gettext as _

from cases import words as desk
from cases.dashboards import bins
from cases.dashboards.bins import BACK_BARS, BARS
from cases.dashboards.cells import MEANS, REDRESS_MEANS, SOME_MEANS, STEP_MEANS
from cases.dashboards.definitions import DEFINITIONS, Words
from cases.dashboards.models import RedressFact, ReportFact, StepFact, TakedownFact
from cases.dashboards.words import AGE_GROUPS, content, short_span, weekday
from cases.ladder.states import Rung
from cases.takedowns.states import Outcome
from cases.views.answers import CASEWORK, READERS
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.platforms.models import Channel, Regime
from reports.states import Channel as CameBy
from reports.states import Circumstance


@dataclass(frozen=True, slots=True)
class Dim:
    """What tells the facts of a figure apart: which they are, and what the value is called.

    `values` are those a page may show; where it is None the directory knows them, and `words` raises LookupError for others.
    """

    where: Callable[[str], Q]
    words: Callable[[str], Words]
    values: Container[str] | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of fact: the figures that count it, and what tells it apart."""

    name: str
    fact: type[Model]
    moment: str  # by which it belongs to a period
    figures: Mapping[str, Q]
    dims: Mapping[str, Dim] = field(default_factory=dict)
    has_platform: bool = True
    readers: tuple[Permission, ...] = CASEWORK

    def is_for(self, staff: Staff) -> bool:
        """Does their role see rows of this kind at all?"""
        return any(staff.can(one) for one in self.readers)

    def where(self, figure: str, dim: str, value: str) -> Q:
        """Which facts `figure` counts, of the slice. Raises ValueError for what no page shows."""
        if not is_listed(figure, dim, value):
            raise ValueError(f"No page shows {figure!r} by {dim!r} {value!r}.")
        return self.figures[figure] & (self.dims[dim].where(value) if dim else Q())


def _named(column: str, names: Mapping[str, Words]) -> Dim:
    """The values of one column, each with its name."""
    return Dim(lambda value: Q(**{column: value}), names.__getitem__, frozenset(names))


def _held(column: str, names: Mapping[str, Words]) -> Dim:
    """The same of a column that holds several."""
    return Dim(lambda value: Q(**{f"{column}__contains": [value]}), names.__getitem__, frozenset(names))


# --- takedowns --------------------------------------------------------------------------------------------

# What became of it where the platform said nothing.
OTHERWISE: Mapping[str, Words] = {
    "seen_gone": DEFINITIONS["seen_gone"].label,
    "no_answer": DEFINITIONS["no_answer"].label,
    "withdrawn": DEFINITIONS["withdrawn"].label,
    "not_sent": DEFINITIONS["unsent"].label,
}
ACTIONS: Mapping[str, Words] = {**OTHERWISE, **dict(Outcome.choices)}
CONTENTS = frozenset(f"{kind}/{age}" for kind in desk.KINDS for age in AGE_GROUPS)


def _content(value: str) -> Q:
    kind, _slash, age = value.partition("/")
    return Q(kind=kind, age=age)


def _action(value: str) -> Q:
    about, _slash, action = value.rpartition("/")
    return _content(about) & Q(action=action)


def _action_words(value: str) -> str:
    about, _slash, action = value.rpartition("/")
    return f"{content(about)} · {ACTIONS[action]}"


def _channel_words(slug: str) -> str:
    channel = Channel.objects.select_related("platform").filter(slug=slug).first()
    if channel is None:
        raise LookupError(slug)
    return f"{channel.platform} · {channel.get_kind_display()}"


def _bar(value: str) -> Q:
    """Facts have the bin of their time; a bar is a sum of whole ones."""
    start = int(value)
    end = next((edge for edge in BARS if edge > start), None)
    return Q(bin__gte=bins.place(start)) & (Q(bin__lt=bins.place(end)) if end else Q())


def _bar_words(value: str) -> str:
    start = int(value)
    end = next((edge for edge in BARS if edge > start), None)
    if end is None:
        return _("acted on after more than %(first)s") % {"first": short_span(start)}
    return _("acted on within %(first)s to %(last)s") % {"first": short_span(start), "last": short_span(end)}


def _back_words(value: str) -> str:
    start = int(value)
    end = next((edge for edge in BACK_BARS if edge > start), None)
    if end is None:
        return _("back after more than %(first)s") % {"first": short_span(start)}
    return _("back after %(first)s to %(last)s") % {"first": short_span(start), "last": short_span(end)}


TAKEDOWNS = Source(
    "takedown",
    TakedownFact,
    "requested_at",
    {
        **{name: Q(**means, is_counted=True) for name, means in {**MEANS, **SOME_MEANS}.items()},
        "left_up": Q(is_sent=True, is_counted=True) & ~Q(fate="acted_on"),
        "unsent": Q(is_sent=False, is_counted=True),
    },
    {
        "channel": Dim(
            lambda slug: Q(channel__in=Channel.objects.filter(slug=slug).values("id")), _channel_words
        ),
        "regime": _held("regimes", dict(Regime.choices)),
        "content": Dim(_content, content, CONTENTS),
        "action": Dim(
            _action,
            _action_words,
            frozenset(f"{about}/{action}" for about in CONTENTS for action in ACTIONS),
        ),
        "bar": Dim(_bar, _bar_words, frozenset(map(str, (0, *BARS)))),
        "back": Dim(lambda value: Q(back=int(value)), _back_words, frozenset(map(str, (0, *BACK_BARS)))),
    },
)

# --- what was done after a silence or a refusal -----------------------------------------------------------


def _any_of(means: Mapping[str, frozenset[str]]) -> Q:
    return Q(**{f"{column}__in": sorted(values) for column, values in means.items()})


STEPS = Source(
    "step",
    StepFact,
    "state_at",
    {name: _any_of(means) for name, means in STEP_MEANS.items()},
    {"rung": _named("rung", dict(Rung.choices))},
)
REDRESS = Source(
    "redress", RedressFact, "state_at", {name: _any_of(means) for name, means in REDRESS_MEANS.items()}
)

# --- reports ----------------------------------------------------------------------------------------------

DAYS, HOURS = range(7), range(24)


def hour_words(hour: int) -> str:
    """An hour of the day, from when to when."""
    return _("%(start)s–%(end)s h") % {"start": hour, "end": hour + 1}


def _hour_of_week(value: str) -> str:
    day, _dash, hour = value.partition("-")
    return f"{weekday(int(day))}, {hour_words(int(hour))}"


REPORTS = Source(
    "report",
    ReportFact,
    "submitted_at",
    {
        "reports": Q(),
        "blackmail": Q(circumstances__contains=[Circumstance.BLACKMAIL.value]),
        "school": Q(circumstances__contains=[Circumstance.SCHOOL.value]),
        "school_named": Q(with_school=True),
    },
    {
        "age": _named("age_range", desk.AGES),
        "kind": _named("kind", desk.KINDS),
        "who": _named("who", desk.WRITERS),
        "came-by": _named("channel", dict(CameBy.choices)),
        "circumstance": _held(
            "circumstances", {code: desk.circumstance(code) for code in Circumstance.values}
        ),
        "hour": Dim(
            lambda value: Q(hour=value),
            _hour_of_week,
            frozenset(f"{day}-{hour}" for day in DAYS for hour in HOURS),
        ),
        "weekday": Dim(
            lambda day: Q(hour__startswith=f"{day}-"),
            lambda day: weekday(int(day)),
            frozenset(map(str, DAYS)),
        ),
        "clock": Dim(
            lambda hour: Q(hour__endswith=f"-{hour}"),
            lambda hour: hour_words(int(hour)),
            frozenset(map(str, HOURS)),
        ),
    },
    has_platform=False,
    readers=READERS,
)

SOURCES = (TAKEDOWNS, STEPS, REDRESS, REPORTS)
FIGURES: Mapping[str, Source] = {figure: source for source in SOURCES for figure in source.figures}


def is_listed(figure: str, dim: str = "", value: str = "") -> bool:
    """Is there a list behind this count? Whether the directory knows a channel is not asked here."""
    source = FIGURES.get(figure)
    if source is None or bool(dim) is not bool(value) or "\0" in value:
        return False
    if not dim:
        return True
    found = source.dims.get(dim)
    return found is not None and (found.values is None or value in found.values)


def lists_for(staff: Staff) -> frozenset[str]:
    """The sources of which this person may open lists."""
    return frozenset(source.name for source in SOURCES if source.is_for(staff))
