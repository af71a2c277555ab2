"""What a young person pastes, read: the one door to links for the rest of the program.

`find_links` takes a text apart, `clean_url` cleans one address, `recognise` and `platform_for` say what it
leads to, `blind_key` and `account_key` make it comparable. Nothing here touches the network: a short link
stays what it is.
"""

from dataclasses import dataclass

from helpline.platforms import directory as directories
from helpline.platforms.cleaning import MAX_LENGTH, MalformedLink, clean_url
from helpline.platforms.directory import Directory
from helpline.platforms.finding import FoundLink, find_links
from helpline.platforms.models import Platform
from helpline.platforms.reading import Reading, account_key, blind_key, key_of, read
from helpline.platforms.rules import OTHER, LinkKind

__all__ = [
    "MAX_LENGTH",
    "FoundLink",
    "LinkKind",
    "MalformedLink",
    "Recognised",
    "account_key",
    "blind_key",
    "clean_url",
    "find_links",
    "platform_for",
    "recognise",
    "recognise_cleaned",
]


@dataclass(frozen=True, slots=True)
class Recognised:
    """What an address leads to. `private_hint`: a check from outside probably sees nothing there; `key`: its `blind_key`."""

    platform_slug: str
    kind: LinkKind
    account: str | None
    private_hint: bool
    key: str


def recognise(url: str, *, directory: Directory | None = None) -> Recognised:
    """What `url` leads to, by its spelling alone. Raises MalformedLink.

    The platform is the one that claims the host in `directory` (by default the platform table, read once a
    minute), else the one the rules know.
    """
    return recognise_cleaned(clean_url(url), directory=directory)


def recognise_cleaned(url: str, *, directory: Directory | None = None) -> Recognised:
    """The same of what `clean_url` answered, without cleaning it once more."""
    reading = read(url)
    platform = _platform(reading, directory if directory is not None else directories.current())
    return Recognised(
        platform_slug=platform.slug if platform else reading.site.slug,
        kind=reading.kind,
        account=reading.account or None,
        private_hint=reading.rule is not None and reading.rule.private,
        key=key_of(reading),
    )


def platform_for(url: str) -> Platform:
    """The platform that `url` is on, or the catch-all. Raises MalformedLink."""
    platform = _platform(read(clean_url(url)), directories.current())
    return platform or Platform.objects.catch_all()


def _platform(reading: Reading, directory: Directory) -> Platform | None:
    known = None if reading.site is OTHER else directory.by_slug.get(reading.site.slug)
    return directory.at_host(reading.host) or known or directory.other
