"""Walks the public pages as somebody without scripts: reads the form, answers it, follows. Knows no page by its address.

Needs neither Django nor a browser, so that it can run beside a real server. In a crowd it does what a page with scripts
would do: it solves the riddle and goes on.
"""

import http.client
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

from tests.riddles import solve

# What a field is answered with; of other rows the first is taken, other texts stay empty.
ANSWERS: dict[str, str] = {
    "who": "self",
    "safety": "safe",
    "age_range": "13-14",
    "kind": "deepnude",
    "pasted": "https://chatter.example/p/1",
    "via": "none",
}
MOST_PAGES = 30
TIMEOUT = 60.0
# A crowd that holds somebody again and again is no crowd but a wall.
MOST_HELD = 5


@dataclass
class Form:
    """A form as a browser holds it: what it would send by itself, and what can be chosen."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)
    rows: dict[str, list[str]] = field(default_factory=dict)
    ticks: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    riddle: tuple[str, int] | None = None

    def filled(
        self, answers: dict[str, str], press: str | None = None, *, every_text: bool = False
    ) -> list[tuple[str, str]]:
        """What is sent: unseen fields, texts, one of each rows, the button pressed."""
        sent = [(name, value) for name, value in self.fields if name not in self.rows]
        for name in sorted(self.texts):
            sent = [(known, value) for known, value in sent if known != name]
            sent.append((name, answers.get(name, answers.get("*", "") if every_text else "")))
        for name, values in self.rows.items():
            wanted = answers.get(name)
            sent.append((name, wanted if wanted in values else values[0]))
        for name, values in self.ticks.items():
            if answers.get(name) in values and (name, answers[name]) not in sent:
                sent.append((name, answers[name]))
        return sent + [button for button in self.buttons if press and button[0] == press]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.main = False
        self._form: Form | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "main":
            self.main = True
        if tag == "form" and self.main:
            self._form = Form(has.get("action", ""), has.get("method", "get").lower())
            self.forms.append(self._form)
        if tag == "a" and "href" in has:
            self.links.append(has["href"])
        if (self._form is not None and has.get("name")) or tag == "option":
            self._control(tag, has)

    def _control(self, tag: str, has: dict[str, str]) -> None:
        form, name, value = self._form, has.get("name", ""), has.get("value", "")
        if form is None:
            return
        kind = has.get("type", "text" if tag == "input" else tag)
        if tag == "option":
            if self._select:
                form.rows.setdefault(self._select, []).append(value)
        elif tag == "select":
            self._select = name
        elif tag == "button" or kind == "submit":
            form.buttons.append((name, value))
        elif kind == "radio":
            form.rows.setdefault(name, []).append(value or "on")
        elif kind == "checkbox":
            form.ticks.setdefault(name, []).append(value or "on")
            if "checked" in has:
                form.fields.append((name, value or "on"))
        elif kind == "hidden":
            form.fields.append((name, value))
            if "data-challenge" in has:
                form.riddle = (has["data-challenge"], int(has["data-bits"]))
        elif kind != "file":
            form.texts.add(name)
            form.fields.append((name, value))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        if tag == "select":
            self._select = ""
        if tag == "main":
            self.main = False


def forms_of(page: str) -> list[Form]:
    """The forms in the main part of a page, in order."""
    reader = _Reader()
    reader.feed(page)
    return reader.forms


def links_of(page: str) -> list[str]:
    """Where a page leads to, in order."""
    reader = _Reader()
    reader.feed(page)
    return reader.links


class Person:
    """A browser at `port` of this machine, with its cookies; `address` is where the proxy says it comes from."""

    def __init__(self, port: int, *, address: str = "", language: str = "en", **headers: str) -> None:
        self.port = port
        self.cookies: dict[str, str] = {"lang": language}
        self.headers = headers | ({"X-Forwarded-For": address} if address else {})
        self.place = "/"
        self.page = ""
        self.status = 0
        self.head = 0  # bytes of the last answer's headers
        self.statuses: list[int] = []
        self.held = 0

    def go(self, path: str, data: list[tuple[str, str]] | None = None) -> str:
        """GET, or POST with `data`; follows where it is led. Answers the page."""
        for _step in range(10):
            led = self._once(path, data)
            if led is None:
                break
            path, data = urljoin(path, led), None
        self.place = urlsplit(path).path
        return self.page

    def _once(self, path: str, data: list[tuple[str, str]] | None) -> str | None:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        headers = self.headers | {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        }
        body = None
        if data is not None:
            body = urlencode(data)
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        try:
            line.request("GET" if data is None else "POST", path, body, headers)
            answer = line.getresponse()
            self.page, self.status = answer.read().decode(errors="replace"), answer.status
            self.head = len(str(answer.headers))
        finally:
            line.close()
        self.statuses.append(self.status)
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        return answer.headers["Location"] if 300 <= answer.status < 400 else None

    def send(
        self, answers: dict[str, str] | None = None, press: str | None = None, *, every_text: bool = False
    ) -> str:
        """Answer the first form of the page and follow; through a crowd, too."""
        form = next(form for form in forms_of(self.page) if form.method == "post")
        self.go(form.action or self.place, form.filled(answers or ANSWERS, press, every_text=every_text))
        while self.status == 429 and (held := forms_of(self.page)) and held[0].riddle:
            self.held += 1
            if self.held > MOST_HELD:
                raise AssertionError("held more often than a crowd explains")
            riddle = held[0].riddle
            sent = [(name, value) for name, value in held[0].fields if name != "work"]
            self.go(held[0].action, [*sent, ("work", solve(*riddle))])
        return self.page

    def tell(
        self, answers: dict[str, str] | None = None, *, is_short: bool = True, every_text: bool = False
    ) -> str:
        """The whole interview, up to the code, which is answered. Short: as soon as there is a way to the end, by it."""
        self.go("/report/")
        for _page in range(MOST_PAGES):
            if 'id="code"' in self.page:
                return self.page.partition('id="code" data-code="')[2].partition('"')[0]
            form = next((form for form in forms_of(self.page) if form.method == "post"), None)
            if form is None or self.status >= 400:
                raise AssertionError(f"{self.place} answered {self.status}: {self.page[:2000]}")
            names = {name for name, _value in form.buttons}
            press = None
            if is_short and "finish" in names:
                press = "finish"
            elif is_short and "skip" in names and "pasted" not in form.texts:
                press = "skip"
            before = self.place
            self.send(answers, press, every_text=every_text)
            if self.place == before and 'id="code"' not in self.page and press:
                self.send(answers, every_text=every_text)  # that button asked for an answer first
            if self.place == before:
                break
        wrong = self.page.partition('class="error-summary"')[2][:600]
        raise AssertionError(f"the interview does not end; it stands at {self.place}: {wrong}")
