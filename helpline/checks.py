"""What `manage.py check --deploy` says about settings that must not reach real young people.

Nothing here talks to a server: `manage.py doctor` does. `helpline.health` imports this file to register them.
"""

import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.db import connection

from helpline.crypto import keyring
from helpline.crypto.keyring import KeyUnavailable

TAG = "helpline"
LOCAL_HOSTS = frozenset({"", "localhost", "127.0.0.1", "::1"})
RESERVED_ENDINGS = (".example", ".test", ".invalid", ".localhost")


@register(TAG, deploy=True)
def demo_is_off(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The demo has known passwords, and leads its invented platforms to this machine."""
    found: list[CheckMessage] = []
    if settings.DEMO:
        found.append(
            Error(
                "The demo is on: its passwords are printed.", hint="Unset HELPLINE_DEMO.", id="helpline.E001"
            )
        )
    if settings.SIMULATOR and not settings.DEMO:
        found.append(
            Error(
                "HELPLINE_SIMULATOR is set, so *.example names would lead to a simulator.",
                hint="Unset HELPLINE_SIMULATOR.",
                id="helpline.E002",
            )
        )
    return found


@register(TAG, deploy=True)
def servers_are_real(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The embedded servers have no backups, no replicas and no password."""
    embedded = {"DATABASE_URL": settings.EMBEDDED_DATABASE, "REDIS_URL": settings.EMBEDDED_BROKER}
    found: list[CheckMessage] = [
        Error(
            f"{name} is not set: the embedded server would be used, which is for demo and development.",
            hint=f"Set {name} to the address of a server of your own.",
            id="helpline.E003",
        )
        for name, is_embedded in embedded.items()
        if is_embedded
    ]
    database = connection.settings_dict
    if (
        not settings.EMBEDDED_DATABASE
        and is_remote(database.get("HOST") or "")
        and not database.get("PASSWORD")
    ):
        found.append(
            Error(
                "The database is reached over a network without a password.",
                hint="Put one into DATABASE_URL.",
                id="helpline.E004",
            )
        )
    broker = urlsplit(settings.CACHE_URL)
    if not settings.EMBEDDED_BROKER and is_remote(broker.hostname or "") and not broker.password:
        found.append(
            Error(
                "The broker is reached over a network without a password.",
                hint="Put one into REDIS_URL.",
                id="helpline.E005",
            )
        )
    return found


@register(TAG, deploy=True)
def addresses_are_ours(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """HTTPS only, under names that are ours."""
    found: list[CheckMessage] = []
    address = urlsplit(settings.PUBLIC_URL)
    if address.scheme != "https":
        found.append(
            Error(
                f"HELPLINE_PUBLIC_URL is {settings.PUBLIC_URL}: young people would write to us in the clear.",
                hint="Set it to the https:// address that the proxy serves.",
                id="helpline.E006",
            )
        )
    elif settings.TRUSTED_PROXIES < 1:
        found.append(
            Error(
                "HELPLINE_TRUSTED_PROXIES is 0, but our processes speak HTTP: they could not know that the "
                "visitor used HTTPS, and would redirect for ever.",
                hint="Set it to the number of proxies in front, usually 1.",
                id="helpline.E007",
            )
        )
    if "*" in settings.ALLOWED_HOSTS:
        found.append(
            Error("HELPLINE_HOSTS allows every name.", hint="Name the hosts you serve.", id="helpline.E008")
        )
    elif address.hostname not in settings.ALLOWED_HOSTS:
        found.append(
            Error(
                f"HELPLINE_HOSTS does not name {address.hostname}, the host of HELPLINE_PUBLIC_URL.",
                hint="Add it, or every page will answer 400.",
                id="helpline.E009",
            )
        )
    return found


@register(TAG, deploy=True)
def keys_are_in_place(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Each face holds the keys it needs, and the public one none of those that open reports."""
    is_public = settings.FACE == "public"
    found: list[CheckMessage] = []
    for name in keyring.EVERY_FACE if is_public else keyring.NAMES:
        try:
            keyring.load(name)
        except KeyUnavailable as error:
            found.append(Error(str(error), hint="See docs/deploy.md, “Keys”.", id="helpline.E010"))
    if is_public:
        found += [
            Error(
                f"The public face can reach {name}. It never needs it, and whoever broke in would have it.",
                hint="Give this process a folder of its own with intake.pub, index.key and pepper.key only.",
                id="helpline.E011",
            )
            for name in keyring.STAFF_ONLY
            if within_reach(name)
        ]
    elif not found and not keys_match():
        found.append(
            Error(
                "intake.pub does not belong to intake.key: nobody could open what is being sent.",
                hint="Restore both from the same backup.",
                id="helpline.E012",
            )
        )
    return found


@register(TAG, deploy=True)
def notices_can_be_answered(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A notice carries the helpline's name and an address that answers."""
    found: list[CheckMessage] = []
    host = settings.NOTIFIER["email"].rpartition("@")[2]
    if not host or f".{host}".endswith(RESERVED_ENDINGS):
        found.append(
            Error(
                f"Notices would leave in the name of {settings.NOTIFIER['email']}, which nobody can answer.",
                hint="Set HELPLINE_NOTIFIER_EMAIL and HELPLINE_NOTIFIER_NAME.",
                id="helpline.E013",
            )
        )
    if bool(settings.EMAIL_HOST_USER) != bool(settings.EMAIL_HOST_PASSWORD):
        found.append(
            Error(
                "Only one of EMAIL_HOST_USER and EMAIL_HOST_PASSWORD is set.",
                hint="Set both, or neither.",
                id="helpline.E014",
            )
        )
    if is_remote(settings.EMAIL_HOST) and not settings.EMAIL_USE_TLS:
        found.append(
            Warning(
                f"Mail goes to {settings.EMAIL_HOST} without TLS; notices hold the addresses of the content.",
                hint="Set EMAIL_USE_TLS=1.",
                id="helpline.W001",
            )
        )
    return found


@register(TAG, deploy=True)
def signs_tell_nothing(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """What reaches a young person's phone or mailbox names nobody, and the way there is private."""
    found: list[CheckMessage] = []
    gateway = urlsplit(settings.SMS_GATEWAY_URL)
    if settings.SMS_GATEWAY_URL and gateway.scheme != "https" and is_remote(gateway.hostname or "?"):
        found.append(
            Error(
                "HELPLINE_SMS_GATEWAY_URL is no https:// address: no text message is offered or sent.",
                hint="Set it to the gateway's https:// address, or leave it out.",
                id="helpline.E015",
            )
        )
    domain = settings.NUDGE_FROM.rpartition("@")[2].lower()
    ours = {
        urlsplit(settings.PUBLIC_URL).hostname or "",
        settings.NOTIFIER["email"].rpartition("@")[2].lower(),
    }
    if domain and any(f".{one}".endswith(f".{domain}") for one in ours):
        found.append(
            Warning(
                f"HELPLINE_NUDGE_FROM ends in {domain}, which is the helpline's: whoever sees the mail knows who writes.",
                hint="Use an address of a domain whose name tells nothing.",
                id="helpline.W002",
            )
        )
    return found


def is_remote(host: str) -> bool:
    """Whether `host` is reached over a network. A path is a socket of this machine."""
    return not host.startswith("/") and host not in LOCAL_HOSTS


def within_reach(name: str) -> bool:
    """Whether this process could read the key `name`, allowed or not."""
    return bool(os.environ.get(keyring.variable(name))) or os.access(settings.KEYS_DIR / name, os.R_OK)


def keys_match() -> bool:
    """Whether every intake public key belongs to a private one of the same id."""
    private = keyring.load("intake.key")
    return all(
        key_id in private
        and X25519PrivateKey.from_private_bytes(private[key_id]).public_key().public_bytes_raw() == public
        for key_id, public in keyring.load("intake.pub").items()
    )
