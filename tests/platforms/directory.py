"""Which platforms there are in this run: those of the profile, changed by a file and at run time."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tests.platforms.behaviour import SLUG, BadBehaviour, Behaviour
from tests.platforms.cast import BENCH, DEFAULT, company

GENERAL = frozenset(
    {"abuse", "contact", "copyright", "dsa", "help", "info", "legal"}
    | {"notices", "report", "reports", "safety", "support", "trust"}
)
"""Names of mailboxes that say what is read there, not on which platform."""


class Directory:
    """Platforms by slug and by host; one that nobody named behaves like the default."""

    def __init__(self, profile: str, *, bench: bool = False) -> None:
        cast = company(profile)
        extra = BENCH if bench else {}
        self._default = Behaviour(slug="default").changed(cast.pop(DEFAULT) | extra)
        self._named = {slug: Behaviour(slug=slug).changed(known | extra) for slug, known in cast.items()}
        self._strangers: dict[str, Behaviour] = {}

    def named(self) -> list[Behaviour]:
        """The platforms that were described, in the order they came."""
        return list(self._named.values())

    def of(self, slug: str) -> Behaviour:
        """The platform of this slug; raises BadBehaviour when no platform could be called that."""
        known = self._named.get(slug) or self._strangers.get(slug)
        if known is None:
            if not SLUG.match(slug):
                raise BadBehaviour(f"{slug!r} is no slug: lower-case letters, digits, - and _")
            known = self._stranger(slug)
            if len(self._strangers) < 10_000:
                self._strangers[slug] = known
        return known

    def at_host(self, host: str) -> Behaviour:
        """The platform whose pages this host serves; subdomains belong to their platform."""
        for one in self._named.values():
            if host == one.host or host.endswith("." + one.host):
                return one
        label = host.split(".")[-2] if "." in host else host
        return self.of(label) if SLUG.match(label) else self._default

    def for_mail(self, address: str) -> Behaviour:
        """Whose mailbox an address is: the platform's own, else by host, else `<slug>@anything.example`."""
        local, _, domain = address.lower().rpartition("@")
        for one in self._named.values():
            if address.lower() == one.mailbox_address or domain == one.host:
                return one
        if domain.endswith(".example") and local not in GENERAL and SLUG.match(local):
            return self.of(local)
        return self.at_host(domain)

    def change(self, slug: str, changes: Mapping[str, object]) -> Behaviour:
        """Give a platform these fields from now on (DEFAULT: every platform not named)."""
        if slug == DEFAULT:
            self._default = self._default.changed(changes)
            self._strangers.clear()
            return self._default
        self._named[slug] = self.of(slug).changed(changes)
        self._strangers.pop(slug, None)
        return self._named[slug]

    def read(self, path: Path) -> None:
        """Change platforms as a file says: `{"<slug>": {"<field>": ...}, ...}`."""
        try:
            config = json.loads(path.read_text())
            for slug, changes in config.items():
                self.change(slug, changes)
        except (OSError, ValueError, AttributeError) as error:
            raise BadBehaviour(f"{path}: {error}") from error

    def _stranger(self, slug: str) -> Behaviour:
        """The default under another name: everything that is derived from the slug is derived anew."""
        return replace(
            self._default,
            slug=slug,
            name="",
            host="",
            mailbox_address="",
            token="",
            notice_secret="",
            callback_secret="",
        )
