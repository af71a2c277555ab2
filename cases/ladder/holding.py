"""Why a step's notice did not leave, kept in the step with whose facts it is of, and read back as one case may know it.

One step stands for everybody who shares a request: on the page of each case stands what its own young person has to do with
it, and of the others only that there is something.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cases.takedowns import linting
from cases.takedowns.linting import Judged
from cases.takedowns.notices import Finding


def kept(judged: Judged) -> list[dict[str, Any]]:
    """How it stands in the step."""
    about = [(None, judged.by_itself), *judged.by_case.items()]
    return [{**one, "case": case} for case, found in about for one in linting.kept(found)]


def seen_from(case: int, findings: Iterable[Mapping[str, Any]]) -> Sequence[Finding]:
    """Read back for the pages of one case, in the reader's language."""
    by_itself: list[Finding] = []
    by_case: dict[int, list[Finding]] = {}
    for one in findings:
        group = by_itself if one.get("case") is None else by_case.setdefault(one["case"], [])
        group += linting.shown({"findings": [one]})
    return Judged(by_itself, by_case).seen_from({case})
