"""Pages that say the same to everyone but for a few words: made once in each process, then only filled in.

A question that nobody has answered yet is such a page, and it is most of what a crowd asks for.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import escape

from helpline.web.middleware import has_large_type

MOST = 1000  # pages of some kilobytes
_pages: dict[Hashable, str] = {}


def page(
    request: HttpRequest,
    template: str,
    context: Callable[[], Mapping[str, Any]],
    *,
    key: Hashable,
    holes: Mapping[str, str],
) -> HttpResponse:
    """`template` with `context()`, from this process's memory when it was made there before.

    `key` says all that the context depends on; the language, its register and the size of the letters are added to it.
    Nothing that anybody typed may be in it. What differs from one person to the next are `holes`, names in the context
    with their values; the token against forged forms is one of them by itself.
    """
    holes = {"csrf_token": get_token(request), **holes}
    known = (template, key, translation.get_language(), has_large_type(request))
    html = _pages.get(known)
    if html is None:
        html = render_to_string(template, {**context(), **{name: _hole(name) for name in holes}}, request)
        if len(_pages) >= MOST:
            _pages.clear()
        if not settings.DEBUG:
            _pages[known] = html
    for name, value in holes.items():
        html = html.replace(_hole(name), escape(value))
    return HttpResponse(html)


def _hole(name: str) -> str:
    return f"[here comes {name}]"


def _forget(**kwargs: Any) -> None:
    _pages.clear()


setting_changed.connect(_forget, dispatch_uid="web.kept")
