"""From facts to cells, in SQL: the same statement fills the tallies and reads the broken ends of a period.

A cell has a dimension, a value, a month and a platform (0: all together). Dimensions of takedowns carry MEASURES, each at
its place, and those of TIMED the bins of the time to action behind them; every other dimension carries one number.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cases.dashboards.figures import MEASURES
from cases.ladder.states import DECIDED, LIVE, RedressState, StepOutcome, StepState
from cases.takedowns.states import Outcome

ALL = 0  # in the place of a platform: every one of them together

# Which facts a measure counts: what must stand in which column. All of them, for the total.
MEANS: dict[str, dict[str, str | bool]] = {
    "total": {},
    "items": {"is_first_of_item": True},
    "notices": {"is_first_of_notice": True},
    "sent": {"is_sent": True},
    "said_removed": {"said_removed": True},
    "seen_gone": {"seen_gone": True},
    "gone_long_ago": {"gone_long_ago": True},
    "stayed_gone": {"stayed_gone": True},
    "reappeared": {"reappeared": True},
    **{
        fate: {"fate": fate}
        for fate in (
            *("acted_on", "refused", "not_found", "more_information", "under_way", "no_answer"),
            "withdrawn",
        )
    },
}
# And what is read from the cells of an action: said removed, and not all of it.
SOME_MEANS: Mapping[str, Mapping[str, str]] = {
    "blocked": {"action": Outcome.DISABLED.value},
    "partly": {"action": Outcome.PARTLY_REMOVED.value},
}
# The same of steps and of complaints: one of which words must stand in which column.
Means = Mapping[str, frozenset[str]]
_DONE: Means = {"state": frozenset({StepState.DONE})}
STEP_MEANS: Mapping[str, Means] = {
    "steps": _DONE,
    "steps_acted": {**_DONE, "outcome": frozenset({StepOutcome.ACTED, StepOutcome.TAKEN_UP})},
    "steps_declined": {**_DONE, "outcome": frozenset({StepOutcome.DECLINED})},
    "steps_silent": {**_DONE, "outcome": frozenset({StepOutcome.SILENT})},
    "steps_open": {"state": LIVE},
}
REDRESS_MEANS: Mapping[str, Means] = {
    "redress": {"state": DECIDED | {RedressState.FILED}},
    "redress_overturned": {"state": frozenset({RedressState.OVERTURNED, RedressState.PARTLY})},
    "redress_upheld": {"state": frozenset({RedressState.UPHELD})},
    "redress_pending": {"state": frozenset({RedressState.FILED})},
}
FIRST_BIN = len(MEASURES) + 1  # places are counted from 1, as PostgreSQL does


def _filter(means: dict[str, str | bool]) -> str:
    """What must hold of a row, in SQL."""
    terms = [column if value is True else f"{column} = '{value}'" for column, value in means.items()]
    return f" FILTER (WHERE {' AND '.join(terms)})" if terms else ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fact: its table, the moment by which it belongs to a month, and the cells of one of its rows."""

    table: str
    moment: str
    cells: str  # SELECT month, platform, dim, value, place, weight … FROM weighed


_MEASURED = ", ".join(f"sum(weight){_filter(MEANS[name])}" for name in MEASURES)
_NAMES = ", ".join(f"m{place}" for place in range(1, len(MEASURES) + 1))
_PLACED = ", ".join(f"({place}, m{place})" for place in range(1, len(MEASURES) + 1))

TAKEDOWNS = Kind(
    "dashboards_takedownfact",
    "requested_at",
    f"""
    SELECT month, scope, dim, value, place, sum(number) AS number
    FROM (
        SELECT month, platform, dim, value, CASE WHEN timed THEN bin END AS bin, {_MEASURED}
        FROM weighed
        CROSS JOIN LATERAL (
            SELECT '' AS dim, '' AS value, true AS timed
            UNION ALL SELECT 'channel', channel::text, true
            UNION ALL SELECT 'regime', unnest(regimes), true
            UNION ALL SELECT 'content', kind || '/' || age, true
            UNION ALL SELECT 'action', kind || '/' || age || '/' || action, false
            UNION ALL SELECT 'back', back::text, false WHERE back IS NOT NULL
        ) AS dims
        WHERE is_counted
        GROUP BY 1, 2, 3, 4, 5
    ) AS measured(month, platform, dim, value, bin, {_NAMES})
    CROSS JOIN LATERAL (
        VALUES {_PLACED}, ({FIRST_BIN} + bin, CASE WHEN bin IS NOT NULL THEN m1 END)
    ) AS placed(place, number)
    CROSS JOIN LATERAL (VALUES ({ALL}::bigint), (platform)) AS scopes(scope)
    WHERE place IS NOT NULL AND number <> 0
    GROUP BY 1, 2, 3, 4, 5
    """,  # noqa: S608  our own names
)


def _numbered(dims: str, *, scopes: str) -> str:
    """Cells of one number each."""
    return f"""
    SELECT month, scope, dim, value, 1 AS place, sum(weight) AS number
    FROM weighed CROSS JOIN LATERAL ({dims}) AS dims(dim, value) CROSS JOIN LATERAL (VALUES {scopes}) AS scopes(scope)
    GROUP BY 1, 2, 3, 4
    """  # noqa: S608  our own names


_EACH_PLATFORM = f"({ALL}::bigint), (platform)"
REPORTS = Kind(
    "dashboards_reportfact",
    "submitted_at",
    _numbered(
        """
        SELECT 'report', ''
        UNION ALL SELECT 'report-hour', hour
        UNION ALL SELECT 'report-kind', kind
        UNION ALL SELECT 'report-age', age_range
        UNION ALL SELECT 'report-who', who
        UNION ALL SELECT 'report-channel', channel
        UNION ALL SELECT 'report-circumstance', unnest(circumstances)
        UNION ALL SELECT 'report-school', '' WHERE with_school
        """,
        scopes=f"({ALL}::bigint)",
    ),
)
STEPS = Kind(
    "dashboards_stepfact",
    "state_at",
    _numbered("SELECT 'step', rung || '/' || state || '/' || outcome", scopes=_EACH_PLATFORM),
)
REDRESS = Kind(
    "dashboards_redressfact",
    "state_at",
    _numbered("SELECT 'redress', kind || '/' || state", scopes=_EACH_PLATFORM),
)
KINDS = (TAKEDOWNS, REPORTS, STEPS, REDRESS)


def counted(kind: Kind, weighed: str) -> str:
    """A statement that answers cells: month, platform, dim, value, and the array of counts as a tally has it.

    `weighed` is SQL that gives facts of this kind with a `weight`: 1 to count it, -1 to take it out again.
    """
    return f"""
    WITH weighed AS ({weighed}), parts AS ({kind.cells})
    SELECT month, scope AS platform, dim, value,
        dashboards_plus('{{}}', array_agg(place), array_agg(number::integer)) AS counts
    FROM parts WHERE place IS NOT NULL AND number <> 0
    GROUP BY 1, 2, 3, 4
    """  # noqa: S608  our own names
