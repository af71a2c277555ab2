"""The platform table by host name, kept for a minute, so that reading a link costs no query."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache

import tldextract

from helpline.platforms.models import Platform

KEPT_SECONDS = 60


@cache
def _suffixes() -> tldextract.TLDExtract:
    """The public suffixes as shipped with the library; never fetched, never written to disk."""
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


@lru_cache(maxsize=4096)
def registrable(host: str) -> tuple[str, str]:
    """The name a site registered and its public suffix, as ("bbc", "co.uk"); "" for what is not known."""
    parts = _suffixes()(host)
    return parts.domain, parts.suffix


@lru_cache(maxsize=4096)
def host_keys(host: str) -> tuple[str, ...]:
    """What a list of domains may call `host`, most exact first: itself, each parent, and `name.*`."""
    labels = host.split(".")
    parents = [".".join(labels[start:]) for start in range(len(labels))]
    name, suffix = registrable(host)
    return (*parents, f"{name}.*") if name and suffix else tuple(parents)


@dataclass(frozen=True, slots=True)
class Directory:
    """The platforms, findable by host name and by slug."""

    by_domain: dict[str, Platform] = field(default_factory=dict)
    by_slug: dict[str, Platform] = field(default_factory=dict)
    other: Platform | None = None

    @classmethod
    def of(cls, platforms: Iterable[Platform]) -> "Directory":
        """A directory of these platforms. Of two that claim one domain, the first keeps it.

        What became part of another platform leads there.
        """
        directory, other = cls(), None
        found = list(platforms)
        by_id = {platform.pk: platform for platform in found}
        for one in found:
            platform = by_id.get(one.merged_into_id or 0, one)
            if platform is not one:
                directory.by_slug[one.slug] = platform
                continue
            directory.by_slug[platform.slug] = platform
            for domain in platform.domains:
                directory.by_domain.setdefault(domain, platform)
            other = platform if platform.is_other else other
        return cls(directory.by_domain, directory.by_slug, other)

    def at_host(self, host: str) -> Platform | None:
        """The platform with the longest domain that covers `host`."""
        return next((self.by_domain[key] for key in host_keys(host) if key in self.by_domain), None)


_kept: tuple[float, Directory] | None = None


def current() -> Directory:
    """The directory as it stood within the last minute."""
    global _kept
    if _kept is None or time.monotonic() - _kept[0] > KEPT_SECONDS:
        _kept = (time.monotonic(), Directory.of(Platform.objects.order_by("id")))
    return _kept[1]


def forget() -> None:
    """Read the table again at the next question: after a change, and between tests."""
    global _kept
    _kept = None
