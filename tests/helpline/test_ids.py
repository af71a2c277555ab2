"""Keys that begin with the time."""

import time
from uuid import UUID

from helpline.ids import new_id


def test_it_is_a_uuid_of_the_seventh_version() -> None:
    found = new_id()
    assert (found.version, found.variant) == (7, UUID(int=0x2 << 62).variant)


def test_it_begins_with_the_time() -> None:
    before = time.time_ns() // 1_000_000
    found = new_id()
    assert before <= found.int >> 80 <= time.time_ns() // 1_000_000


def test_later_ones_stand_behind_and_no_two_are_the_same() -> None:
    first = [new_id() for _ in range(500)]
    time.sleep(0.002)
    second = [new_id() for _ in range(500)]
    assert max(first) < min(second)
    assert len({*first, *second}) == 1000


def test_all_but_the_time_is_drawn() -> None:
    seen = [new_id().int for _ in range(400)]
    drawn = [bit for bit in range(80) if len({number >> bit & 1 for number in seen}) == 2]
    assert len(drawn) == 74
