"""The frame of every page, and what the pages are made of. All text that comes from outside passes `text`."""

import html
from collections.abc import Iterable, Sequence
from pathlib import Path

from aiohttp import web

STYLE = (Path(__file__).parent / "style.css").read_bytes()
STYLE_PATH = "/_style.css"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
SECTIONS = (("/", "Platforms"), ("/notices", "Notices"), ("/mail", "Mail"), ("/forms", "Forms"))
LAMP = (
    '<svg class="lamp" viewBox="0 0 24 24" width="28" height="28" aria-hidden="true">'
    '<path d="M7 3h10l3 9H4z"/><path class="post" d="M11 12h2v7h4v2H7v-2h4z"/></svg>'
)


def text(value: object) -> str:
    """Anything, as text that a page cannot mistake for markup."""
    return html.escape(str(value), quote=True)


def link(address: str, words: object) -> str:
    """A link."""
    return f'<a href="{text(address)}">{text(words)}</a>'


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> str:
    """A table of ready-made cells, or a sentence where there are no rows."""
    body = "".join(
        "<tr>"
        + "".join(f'<td data-head="{text(head)}">{cell}</td>' for head, cell in zip(heads, row, strict=True))
        + "</tr>"
        for row in rows
    )
    if not body:
        return f'<p class="empty">{text(empty)}</p>'
    head = "".join(f'<th scope="col">{text(one)}</th>' for one in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def badge(status: str) -> str:
    """A status as a word in its colour."""
    return f'<span class="badge {text(status)}">{text(status.replace("_", " "))}</span>'


def page(title: str, body: str, *, here: str = "", status: int = 200) -> web.Response:
    """A page of the simulator itself."""
    links = "".join(
        f'<li><a href="{path}"{" aria-current=page" if path == here else ""}>{name}</a></li>'
        for path, name in SECTIONS
    )
    return answer(
        f"{title} – platform simulator",
        f'<header class="frame"><p class="brand">{LAMP}<span>Platform simulator</span></p>'
        f"<nav><ul>{links}</ul></nav></header>"
        f"<main><h1>{text(title)}</h1>{body}</main>"
        '<footer class="frame"><p>Everything here is invented. It stands in for platforms in the demo and '
        "the tests, and talks to this machine only.</p></footer>",
        status,
    )


def answer(title: str, body: str, status: int = 200) -> web.Response:
    """A whole HTML document."""
    return web.Response(
        text='<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{text(title)}</title><link rel="stylesheet" href="{STYLE_PATH}"></head>'
        f"<body>{body}</body></html>",
        status=status,
        content_type="text/html",
        headers=HEADERS,
    )


def style() -> web.Response:
    """The stylesheet of all pages."""
    return web.Response(body=STYLE, content_type="text/css", headers={"Cache-Control": "max-age=300"})
