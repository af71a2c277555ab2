"""Notices made of anything, for connectors that must stand whatever stands in them."""

from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from cases.takedowns.connectors import Route
from cases.takedowns.notices import CYBER_VIOLENCE, KEYWORDS, PROTECTION_OF_MINORS, Item, NoticeContent
from helpline.platforms.models import Regime

NOTIFIER = {
    "name": "Example Helpline",
    "email": "notices@helpline.example",
    "trusted_flagger": True,
    "designated_by": "Arcom",
}
NOTICE = UUID("5f0c7a52-9d1e-4f0b-8a35-2f6c1f7f8f10")


def content(**changes: Any) -> NoticeContent:
    """A good notice about one post, with anything changed."""
    facts: dict[str, Any] = {
        "notice_id": str(NOTICE),
        "notifier": NOTIFIER,
        "regimes": ("eu-dsa-16",),
        "category": PROTECTION_OF_MINORS,
        "keywords": ("KEYWORD_NON_CONSENSUAL_MATERIAL_DEEPFAKE",),
        "depicts_minor": True,
        "explanation": "The content is an intimate image that was generated to show a real person." * 2,
        "good_faith": "We believe in good faith that this is so.",
        "items": (
            Item(item_id=str(UUID(int=7)), url="https://chatter.example/p/1", account="", kind="post"),
        ),
        "language": "en",
    }
    return NoticeContent(**(facts | changes))


def route(address: str, kind: str = "email") -> Route:
    """A channel at this address."""
    return Route(channel_id=1, slug="abuse", kind=kind, address=address)


hexadecimal = st.text("0123456789abcdef", min_size=64, max_size=64)
prints = st.lists(
    st.one_of(
        st.fixed_dictionaries({"algorithm": st.sampled_from(["pdq", "sha256"]), "value": hexadecimal}),
        st.fixed_dictionaries({"algorithm": st.just("md5"), "value": hexadecimal.map(lambda one: one[:32])}),
    ),
    max_size=4,
).map(tuple)
hosts = st.sampled_from(
    [
        "chatter.example",
        "www.pix-board.example",
        "bücher.example",
        "192.0.2.7",
        "[2001:db8::1]",
        "UPPER.example.",
    ]
)
urls = st.builds(
    lambda scheme, host, path: f"{scheme}://{host}/{path}",
    st.sampled_from(["http", "https"]),
    hosts,
    st.text(max_size=60),
)
items = st.builds(
    Item,
    item_id=st.uuids(version=4).map(str),
    url=urls,
    account=st.text(max_size=40),
    kind=st.sampled_from(["post", "profile", "message"]),
    fingerprints=prints,
)
contents = st.builds(
    NoticeContent,
    notice_id=st.uuids(version=4).map(str),
    notifier=st.text(min_size=1, max_size=300).map(lambda name: NOTIFIER | {"name": name}),
    regimes=st.lists(st.sampled_from(Regime.values), min_size=1, max_size=3, unique=True).map(tuple),
    category=st.sampled_from([PROTECTION_OF_MINORS, CYBER_VIOLENCE]),
    keywords=st.sampled_from(sorted(set(KEYWORDS.values()))).map(lambda one: (one,)),
    depicts_minor=st.booleans(),
    explanation=st.text(min_size=80, max_size=3000),
    good_faith=st.text(min_size=1, max_size=200),
    items=st.lists(items, min_size=1, max_size=4).map(tuple),
    language=st.sampled_from(["fr", "en"]),
)
