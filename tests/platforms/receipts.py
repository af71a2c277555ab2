"""Reads the receipts that a simulator wrote, to be compared with what the helpline believes.

`python -m tests.platforms.receipts FILE` prints the counts and fails when something was delivered twice.

Kinds of line: `notice`, `mail` and `form` (taken as new work), `replay` (a key that was already taken:
answered, no new work), `turned_away` (answered or dropped without being taken), `status_query`, `callback`,
`reset`.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Receipt = dict[str, Any]
WORK = frozenset({"notice", "mail", "form"})


def lines(path: Path | str) -> Iterator[Receipt]:
    """Every receipt, oldest first; a last line torn by a kill is passed over."""
    try:
        with Path(path).open("rb") as file:
            for line in file:
                if line.endswith(b"\n") and line.strip():
                    yield json.loads(line)
    except FileNotFoundError:
        return


def of_kind(path: Path | str, *kinds: str, slug: str | None = None) -> list[Receipt]:
    """The receipts of these kinds, of one platform if named."""
    return [one for one in lines(path) if one["kind"] in kinds and slug in (None, one.get("slug"))]


def notices(path: Path | str, slug: str | None = None) -> list[Receipt]:
    """Notices that were taken over HTTP as new work, one line a delivery."""
    return of_kind(path, "notice", slug=slug)


def mails(path: Path | str, slug: str | None = None) -> list[Receipt]:
    """Mails that arrived, one line for each platform written to."""
    return of_kind(path, "mail", slug=slug)


def forms(path: Path | str, slug: str | None = None) -> list[Receipt]:
    """Forms that people filed."""
    return of_kind(path, "form", slug=slug)


def replays(path: Path | str, slug: str | None = None) -> list[Receipt]:
    """Deliveries of a key that was already taken, to a platform that honours keys."""
    return of_kind(path, "replay", slug=slug)


def turned_away(path: Path | str, slug: str | None = None) -> list[Receipt]:
    """Deliveries that were not taken, with how they were answered."""
    return of_kind(path, "turned_away", slug=slug)


def status_queries(path: Path | str, slug: str | None = None) -> list[Receipt]:
    """Questions for the state of a notice, with the answer's status."""
    return of_kind(path, "status_query", slug=slug)


def callbacks(path: Path | str, slug: str | None = None) -> list[Receipt]:
    """Tries to deliver a callback, with the status that came back (null: no answer)."""
    return of_kind(path, "callback", slug=slug)


def deliveries(path: Path | str) -> Counter[tuple[str, str]]:
    """How often each (slug, notice id or message id) was taken as new work."""
    return Counter((one["slug"], one["notice_id"]) for one in lines(path) if one["kind"] in WORK)


def delivered_more_than_once(path: Path | str) -> dict[tuple[str, str], int]:
    """What a platform took as new work more than once; empty is what everyone wants to see."""
    return {key: count for key, count in deliveries(path).items() if count > 1}


def keys_of(path: Path | str) -> dict[tuple[str, str], set[str]]:
    """The idempotency keys seen with each (slug, notice id)."""
    seen: dict[tuple[str, str], set[str]] = {}
    for one in lines(path):
        if one["kind"] in {"notice", "replay", "turned_away"} and one.get("key"):
            seen.setdefault((one["slug"], one["notice_id"]), set()).add(one["key"])
    return seen


def never_delivered(path: Path | str, notice_ids: Iterable[str]) -> set[str]:
    """Those of the ids that no platform took."""
    return set(notice_ids) - {notice_id for _, notice_id in deliveries(path)}


def main(arguments: list[str]) -> int:
    """Print the counts of a file; 1 when something was delivered more than once, 2 when there is no file."""
    if len(arguments) != 1 or not Path(arguments[0]).is_file():
        print("usage: python -m tests.platforms.receipts FILE", file=sys.stderr)
        return 2
    counts: Counter[tuple[str, str]] = Counter()
    for one in lines(arguments[0]):
        counts[(one["kind"], str(one.get("slug", "")))] += 1
    for (kind, slug), count in sorted(counts.items()):
        print(f"{kind:<14} {slug:<24} {count:>8}")
    doubled = delivered_more_than_once(arguments[0])
    for (slug, notice_id), count in sorted(doubled.items()):
        print(f"DELIVERED {count} TIMES: {notice_id} to {slug}")
    print(f"delivered more than once: {len(doubled)}")
    return 1 if doubled else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
