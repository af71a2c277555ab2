"""The checker: what it counts, and what it lets pass."""

import json
from pathlib import Path

import pytest

from tests.platforms import receipts


def written(folder: Path, *lines: dict[str, object], tail: str = "") -> Path:
    """A receipts file."""
    path = folder / "receipts.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + tail)
    return path


def line(kind: str, notice_id: str, slug: str = "chatter", **facts: object) -> dict[str, object]:
    """One receipt."""
    return {"kind": kind, "slug": slug, "notice_id": notice_id, **facts}


def test_work_done_twice_is_found(folder: Path) -> None:
    path = written(folder, line("notice", "1"), line("mail", "2"), line("notice", "1"), line("mail", "2"))
    assert receipts.delivered_more_than_once(path) == {("chatter", "1"): 2, ("chatter", "2"): 2}


def test_replays_refusals_and_other_platforms_are_no_double(folder: Path) -> None:
    path = written(
        folder,
        line("turned_away", "1"),
        line("notice", "1"),
        line("replay", "1"),
        line("status_query", "1"),
        line("notice", "1", slug="clipshare"),
    )
    assert receipts.delivered_more_than_once(path) == {}
    assert receipts.deliveries(path) == {("chatter", "1"): 1, ("clipshare", "1"): 1}


def test_what_never_arrived_is_found(folder: Path) -> None:
    path = written(folder, line("notice", "1"), line("turned_away", "2"))
    assert receipts.never_delivered(path, ["1", "2", "3"]) == {"2", "3"}


def test_keys_are_collected(folder: Path) -> None:
    path = written(folder, line("turned_away", "1", key="1"), line("notice", "1", key="1"))
    assert receipts.keys_of(path) == {("chatter", "1"): {"1"}}


def test_a_torn_line_and_a_missing_file_are_passed_over(folder: Path) -> None:
    path = written(folder, line("notice", "1"), tail='{"kind":"notice","slug":"chat')
    assert len(receipts.notices(path)) == 1
    assert list(receipts.lines(folder / "none.jsonl")) == []


def test_the_command_fails_on_a_double(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert receipts.main([str(written(folder, line("notice", "1")))]) == 0
    assert "delivered more than once: 0" in capsys.readouterr().out
    assert receipts.main([str(written(folder, line("notice", "1"), line("notice", "1")))]) == 1
    assert "DELIVERED 2 TIMES: 1 to chatter" in capsys.readouterr().out
    assert receipts.main([]) == 2
