"""Which channel a notice takes: by its law, by how well each carries now, by how many contents there are to ask for."""

from collections.abc import Collection, Iterable
from datetime import datetime

from cases.takedowns.connectors import CONNECTORS, connector
from helpline.platforms.models import PREFERENCE, Channel, ChannelKind, ChannelWarning

# What makes another way better, the worst last. A channel nobody vouched for is never chosen: it is not in use.
TROUBLE: dict[ChannelWarning, int] = {
    ChannelWarning.NEVER_VERIFIED: 1,
    ChannelWarning.STALE: 1,
    ChannelWarning.BOUNCED: 2,
}
BREAKER_OPEN = 3


def ranked(
    channels: Iterable[Channel], *, regimes: Collection[str] = (), items: int = 1, at: datetime
) -> list[Channel]:
    """Those of a platform's `channels` that take a notice under all of `regimes`, the best for `items` contents first.

    Sound ones come before stale ones, those before ones whose last message came back, those before ones that fail right now.
    Among equals, the fewest forms for a person to fill in; then the kind that answers soonest; then the fewest notices.
    """
    return sorted(
        (one for one in channels if one.enabled and one.kind in CONNECTORS and _takes(one, regimes)),
        key=lambda one: _place(one, items=items, at=at),
    )


def best(
    channels: Iterable[Channel], *, regimes: Collection[str] = (), items: int = 1, at: datetime
) -> Channel | None:
    """The first of them; None when no channel in use takes it."""
    return next(iter(ranked(channels, regimes=regimes, items=items, at=at)), None)


def trouble(channel: Channel, *, at: datetime) -> int:
    """0 for a sound channel; more for one that another should be taken for."""
    if channel.is_paused(at):
        return BREAKER_OPEN
    return max((TROUBLE.get(one, 0) for one in channel.warnings(at)), default=0)


def _takes(channel: Channel, regimes: Collection[str]) -> bool:
    return not channel.regimes or set(regimes) <= set(channel.regimes)


def _place(channel: Channel, *, items: int, at: datetime) -> tuple[int, int, int, int, int]:
    notices = -(-items // channel.max_items)
    by_hand = notices if connector(channel.kind).by_hand else 0
    kind = PREFERENCE.index(ChannelKind(channel.kind))
    return trouble(channel, at=at), by_hand, kind, notices, channel.pk or 0
