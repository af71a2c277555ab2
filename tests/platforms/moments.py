"""Time as Unix seconds inside, as RFC 3339 outside."""

from datetime import UTC, date, datetime


def rfc3339(at: float) -> str:
    """The moment in UTC, to the microsecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def read(moment: str) -> float:
    """Back from what `rfc3339` wrote."""
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()


def day(at: float) -> str:
    """The day in UTC."""
    return (
        date.fromtimestamp(at).isoformat() if at < 0 else datetime.fromtimestamp(at, UTC).date().isoformat()
    )


def clock(at: float) -> str:
    """Date and time as a person reads them."""
    return datetime.fromtimestamp(at).astimezone().strftime("%d %b %H:%M:%S")
