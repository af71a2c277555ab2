"""What every answer must carry, and the settings under which it does."""

from typing import Any

WANTED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains; preload",
}
SOURCES = {"'none'", "'self'", "data:", "blob:"}
CLOSED = {"default-src": {"'none'"}, "base-uri": {"'none'"}, "frame-ancestors": {"'none'"}}


def wrong_headers(response: Any) -> list[str]:
    """What is missing or too open, in words; none is good news."""
    headers = response.headers
    found = [
        f"{name} is {headers.get(name)!r}" for name, value in WANTED.items() if headers.get(name) != value
    ]
    policy = {
        name: set(sources)
        for name, *sources in (
            part.split() for part in headers.get("Content-Security-Policy", "").split(";") if part
        )
    }
    found += [
        f"{name} is {policy.get(name)}" for name, sources in CLOSED.items() if policy.get(name) != sources
    ]
    open_sources = set().union(*policy.values()) - SOURCES if policy else set()
    found += [f"the policy allows {open_sources}"] if open_sources else []
    for feature in ("camera", "microphone", "geolocation"):
        if f"{feature}=()" not in headers.get("Permissions-Policy", ""):
            found.append(f"Permissions-Policy allows the {feature}")
    is_asset = response.status_code < 400 and response.request["PATH_INFO"].startswith("/static/")
    if not is_asset and headers.get("Cache-Control") != "no-store":
        found.append(f"Cache-Control is {headers.get('Cache-Control')!r}")
    return found


def as_deployed(settings: Any) -> None:
    """The settings that an https:// address turns on."""
    settings.SECURE = True
    settings.SECURE_HSTS_SECONDS = 63_072_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    settings.SECURE_SSL_REDIRECT = True
