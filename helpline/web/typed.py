"""What was typed into a form that could not be taken: shown again to whoever typed it, and kept nowhere."""

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.urls import Resolver404, resolve

# A form sent again carries what was typed, never the stale token nor a password.
NOT_SENT_AGAIN = frozenset({"csrfmiddlewaretoken"})
# Longer than an id or a moment that a form carries along unseen.
LONG = 40
NAMES_OF_WORDS = frozenset({"text", "addresses"})
NAME_OF_SEARCH = "q"


def is_from_our_own_page(request: HttpRequest) -> bool:
    """Whether the browser says that this post comes from a page of ours, so that it may be shown again."""
    site: str | None = request.META.get("HTTP_SEC_FETCH_SITE")
    if site is not None:
        return site == "same-origin"
    origin: str | None = request.META.get("HTTP_ORIGIN")
    try:
        return origin == f"{request.scheme}://{request.get_host()}"
    except DisallowedHost:
        return False


def typed_in(request: HttpRequest) -> list[tuple[str, str]]:
    """Every field of a form from a page of ours, to be sent once more. Another site's text is never shown under our name."""
    if request.method != "POST" or not is_from_our_own_page(request):
        return []
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name not in NOT_SENT_AGAIN and "password" not in name
        for value in values
    ]


def words_in(request: HttpRequest) -> list[str]:
    """What somebody wrote in their own words there, as far as a form's fields tell it from choices."""
    return [
        value.strip() for name, value in typed_in(request) if value.strip() and _is_words(name, value.strip())
    ]


def _is_words(name: str, value: str) -> bool:
    if name == NAME_OF_SEARCH:
        return False
    return len(value.split()) > 1 or len(value) > LONG or name.rpartition("-")[2] in NAMES_OF_WORDS


def page_before(path: str) -> str:
    """The page that a form of the staff zone stands on, as far as its address tells: one that answers a GET.

    A form's own address often answers nothing else, so nobody can be led back there.
    """
    parts = path.strip("/").split("/")
    named, kind = (f"/{'/'.join(parts[:depth])}/" for depth in (3, 2))
    if len(parts) > 3 and _names_one(named):
        return named
    return kind if len(parts) > 2 and _names_one(kind) is not None else "/staff/"


def _names_one(address: str) -> bool | None:
    """Whether this is the page of one case, one call, …; None where there is no page at all."""
    try:
        return bool(resolve(address).kwargs)
    except Resolver404:
        return None
