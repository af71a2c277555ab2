"""Links on a site that the directory did not know when they were told, and knows now; or that became part of another."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from cases import words
from cases.models import Case
from helpline.audit import actions as audit
from helpline.crypto import blind
from helpline.platforms import directory, links
from reports.models import Link


@transaction.atomic
def placed(*, case: Case, links_of_case: Sequence[Link], at: datetime) -> Sequence[Link]:
    """The same links, each with the platform the directory names today. Raises WrongKey once the case is erased.

    Costs nothing where every platform is known.
    """
    unknown = [link for link in links_of_case if link.platform.is_other or link.platform.merged_into_id]
    if not unknown:
        return links_of_case
    box, known = case.box(), directory.current()
    for link in unknown:
        if link.platform.merged_into_id:
            platform = known.by_slug.get(link.platform.slug)
        else:
            platform = known.at_host(words.host(box.open(link, "url")))
        if platform is None or platform.is_other:
            continue
        link.platform = platform
        if account := box.open(link, "account"):
            link.account_index = blind.index("account", links.account_key(platform.slug, account))
        link.save(update_fields=["platform", "account_index"])
        audit.record(by=None, verb="link.placed", obj=link, detail={"platform": platform.slug}, at=at)
    return links_of_case
