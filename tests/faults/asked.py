"""`python -m tests.faults.asked HELD LEAD_INSIDE SLUGS COUNT ADDRESS SLUG ...`: requests to several platforms, held back.

HELD: seconds until they would be due. LEAD_INSIDE: how many links of the platforms in SLUGS (with commas) lead to this
machine and its network instead. All in one process, since to begin one costs more than its work.
"""

import sys
from collections.abc import Sequence

# In spellings that a resolver or a kernel would follow.
INSIDE = (
    "http://127.0.0.1/",
    "http://127.0.0.1:8000/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://localhost/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://10.0.0.1/",
    "http://192.168.0.1/",
    "http://169.254.169.254/latest/meta-data/",
)


def lead_inside(count: int, slugs: Sequence[str]) -> None:
    """What is asked of the platform stays as it was; the re-check finds another address."""
    from cases.takedowns.models import Takedown
    from reports.models import Link

    rows = Takedown.objects.select_related("case", "link").filter(platform__slug__in=slugs).order_by("pk")
    for number, row in enumerate(rows[:count]):
        url = row.case.box().seal(row.link, "url", INSIDE[number % len(INSIDE)])
        Link.objects.filter(pk=row.link_id).update(url=url)


def main(held: str, inside: str, slugs: str, *asked: str) -> None:
    from tests.bench.inside import notices  # sets Django up

    for count, address, slug in zip(asked[::3], asked[1::3], asked[2::3], strict=True):
        notices.main(int(count), address, slug, held)
    lead_inside(int(inside), slugs.split(","))


if __name__ == "__main__":
    main(*sys.argv[1:])
