"""What the figures look like once they are counted; metrics.py counts, and docs/figures.md says what each means."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Counts:
    """Takedowns by what became of them. The seven from `acted_on` make up `sent`: each sent one is in exactly one."""

    total: int = 0
    items: int = (
        0  # content asked for: what harms several people is one item, although each has a takedown of it
    )
    notices: int = 0
    sent: int = 0
    said_removed: int = 0
    seen_gone: int = 0
    gone_long_ago: int = 0  # judged: a look found it gone after STAYED, or it came back
    stayed_gone: int = 0
    reappeared: int = 0
    acted_on: int = 0
    refused: int = 0
    not_found: int = 0
    more_information: int = 0
    under_way: int = 0
    no_answer: int = 0
    withdrawn: int = 0
    p50_s: float | None = None
    p90_s: float | None = None

    @property
    def left_up(self) -> int:
        """Sent, and not acted on: what still harms. Platforms are ordered by it."""
        return self.sent - self.acted_on

    @property
    def unsent(self) -> int:
        """Requested, and not known to have left."""
        return self.total - self.sent


@dataclass(frozen=True, slots=True)
class Some:
    """Some is not all: of those said removed, what the platform blocked in some places only, and what it removed in part."""

    blocked: int = 0
    partly: int = 0


MEASURES = tuple(field.name for field in fields(Counts) if not field.name.endswith("_s"))


@dataclass(frozen=True, slots=True)
class Bar:
    """How many took [`from_s`, `to_s`) seconds; `to_s` None: or longer."""

    from_s: int
    to_s: int | None
    count: int


@dataclass(frozen=True, slots=True)
class Times:
    """Takedowns, and how long it took until they were acted on: every bar, the empty ones too."""

    counts: Counts
    spread: Sequence[Bar]


@dataclass(frozen=True, slots=True)
class MonthPoint:
    """One month of the helpline's time zone, by its first day. Of a broken month, the days inside the period."""

    month: date
    counts: Counts


@dataclass(frozen=True, slots=True)
class PlatformCounts:
    """One platform, under its name of today; what was merged into it is in it."""

    slug: str
    name: str
    counts: Counts
    months: Sequence[MonthPoint] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """The takedowns that share `value`: a channel's slug, a Regime, or a report's kind and an age group (`deepnude/minor`).

    `kind` is the ChannelKind of a channel and empty for others.
    """

    value: str
    counts: Counts
    kind: str = ""


@dataclass(frozen=True, slots=True)
class LadderRow:
    """Steps of one rung that came to `state` (StepState) in `month`, with their `outcome` (StepOutcome) or none yet."""

    month: date
    rung: str
    state: str
    outcome: str
    count: int


@dataclass(frozen=True, slots=True)
class RedressRow:
    """Ways to contest, of one kind (Kind), that came to `state` (RedressState) in `month`."""

    month: date
    kind: str
    state: str
    count: int


@dataclass(frozen=True, slots=True)
class Returns:
    """How long what came back had been gone: from first seen gone to first seen again."""

    seen_gone: int = 0
    reappeared: int = 0
    spread: Sequence[Bar] = ()


@dataclass(frozen=True, slots=True)
class Volumes:
    """Reports received in the period. Mappings by the words of reports.states; `hours[weekday][hour]`, Monday is 0.

    `circumstances` overlap: a report may have several.
    """

    total: int
    hours: Sequence[Sequence[int]]
    kinds: dict[str, int]
    age_ranges: dict[str, int]
    who: dict[str, int]
    channels: dict[str, int]
    circumstances: dict[str, int]
    with_school: int
    months: Sequence[tuple[date, int]]


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """One line of provider × content × action. Each takedown stands in exactly one.

    `action`: the platform's latest word (Outcome), or where it said nothing `seen_gone`, `no_answer`, `withdrawn`,
    `not_sent`. `age` is `minor`, `adult` or `unknown`.
    """

    slug: str
    name: str
    kind: str
    age: str
    action: str
    takedowns: int
    items: int
    notices: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything about a period. `platforms` come worst first: most left up, then slowest."""

    since: datetime
    until: datetime
    platform: str | None
    as_of: datetime | None  # every change up to then is in; None: nothing was counted yet
    overall: Counts
    platforms: Sequence[PlatformCounts]
    channels: Sequence[Slice]
    regimes: Sequence[Slice]
    contents: Sequence[Slice]
    months: Sequence[MonthPoint]
    spread: Sequence[Bar]
    ladder: Sequence[LadderRow]
    redress: Sequence[RedressRow]
    returns: Returns
    reports: Volumes | None  # None for one platform: a report is of none
    some: Some = Some()

    def as_dict(self) -> dict[str, Any]:
        """The shape of `GET /api/v1/statistics/`."""
        overall = _counted(self.overall)
        return {
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "period": {
                "since": self.since.isoformat(),
                "until": self.until.isoformat(),
                "platform": self.platform,
            },
            **overall,
            "takedowns": overall["takedowns"] | asdict(self.some),
            "platforms": [
                {"slug": one.slug, "name": one.name, **_counted(one.counts)} for one in self.platforms
            ],
            "months": [{"month": one.month.isoformat(), **_counted(one.counts)} for one in self.months],
        }


def _counted(counts: Counts) -> dict[str, Any]:
    """Counts and times, apart."""
    said = asdict(counts)
    times = {"p50": said.pop("p50_s"), "p90": said.pop("p90_s")}
    return {"takedowns": said, "time_to_action_s": times}


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits at this moment, in the whole helpline. Counts stop at `cases.queue.COUNT_UP_TO`."""

    reports: int
    in_danger: int
    oldest_at: datetime | None  # since when the oldest report waits
    due_at: datetime | None  # the earliest deadline of a threat that is not answered
    to_file: int
    unknown: int
    late: dict[str, str]  # parts that are silent or behind, as /readyz names them, and how late
