"""Through every public page as somebody would walk it, and a picture at each stop.

The interview is walked as it is in `reports.intake.questions`: a question added there is seen without a word here.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

WIDTHS = {360: 740, 1280: 800}
SCHEMES = ("light", "dark")
LINKS = "https://chatter.example/p/1\nhttps://pictures.example/gallery/7\n@somebody"
WORDS = "It began on Monday. – Ça a commencé lundi."
WRONG_CODE = "AAAA BBBB CCCC DDDD"
# Answers that open further questions; of any other question, the first answer is chosen.
CHOSEN = {"kind": "threat", "safety": "in-danger"}
QUESTION = re.compile(r"/report/(\d+)/$")
# More than the server reads, and past the scripts that would say so before.
TOO_LONG = """() => {
  const form = document.querySelector("main form"), field = document.createElement("textarea");
  field.name = "words"; field.value = "word ".repeat(120000); form.append(field);
  HTMLFormElement.prototype.submit.call(form);
}"""
PATIENCE = 20_000  # milliseconds


class Camera:
    """Takes one page in every width and scheme."""

    def __init__(self, out: Path, language: str) -> None:
        self.out, self.language, self.names = out, language, list[str]()

    def take(self, page: Any, name: str) -> None:
        """PNGs called name-language-width-scheme. A stop seen before gets its picture once."""
        if name in self.names:
            return
        self.names.append(name)
        for width, height in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                path = self.out / f"{name}-{self.language}-{width}-{scheme}.png"
                page.screenshot(path=path, full_page=True)


class Walk:
    """One language. `questions` are the names in their order; `codes` lead to reports by state, if there are any."""

    def __init__(
        self, browser: Any, url: str, camera: Camera, questions: list[str], codes: Mapping[str, str]
    ) -> None:
        self.browser, self.url, self.camera = browser, url, camera
        self.questions, self.codes = questions, codes
        self.seen: set[str] = set()
        self.complaints: set[str] = set()

    def whole(self) -> None:
        """Every stop."""
        walks: list[Callable[[Any], None]] = [
            self.reading, self.threat, self.interview, self.draft, self.trouble, self.door,
        ]  # fmt: skip
        for walk in walks:
            with self.page() as page:
                walk(page)
        for state, code in self.codes.items():
            with self.page() as page:
                self.follow(page, state, code)

    @contextmanager
    def page(self) -> Iterator[Any]:
        """A browser that knows nothing yet."""
        context = self.browser.new_context(base_url=self.url)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.add(f"{urlsplit(page.url).path}: {error}"))
        page.on("console", lambda line: self._hear(page, line))
        page.goto(f"/?lang={self.camera.language}")
        yield page
        context.close()

    def _hear(self, page: Any, line: Any) -> None:
        """What a browser complains of, but for pages that are meant to be refused."""
        if line.type == "error" and not line.text.startswith("Failed to load resource"):
            self.complaints.add(f"{urlsplit(page.url).path}: {line.text}")

    # --- the stops ------------------------------------------------------------------------------------

    def reading(self, page: Any) -> None:
        """Pages that belong to no report."""
        for name, path in {
            "home": "/",
            "help": "/help/",
            "privacy": "/privacy/",
            "source": "/source/",
            "missing": "/none/",
        }.items():
            page.goto(path)
            self.camera.take(page, name)
        page.goto("/?type=large")
        self.camera.take(page, "home-large")

    def threat(self, page: Any) -> None:
        """The card that comes before questions."""
        page.goto("/report/?start=threat")
        self.camera.take(page, "threat")

    def interview(self, page: Any) -> None:
        """Every question that is asked, empty, wrong and answered; what is behind the last one."""
        page.goto("/report/")
        number = 1
        while True:
            name = self.questions[number - 1]
            self.seen.add(name)
            self._question(page, name)
            number = self._number(page)
            if "/report/now/" in page.url:
                self.camera.take(page, "now")
                page.goto("/report/")
                number = self._number(page)
            if not number:
                break
        self.camera.take(page, "review")
        self._press(page, "form button[type=submit]:not([name])")
        self.camera.take(page, "code")
        page.locator("input[name=code]").fill(WRONG_CODE)
        self._press(page, "form:has(input[name=code]) button[type=submit]:not([name])")
        self.camera.take(page, "code-wrong")
        self._press(page, "button[name=skip]")
        self.camera.take(page, "follow-first")
        page.goto("/report/")
        self.camera.take(page, "sent-before")

    def draft(self, page: Any) -> None:
        """Stopping on the way, and coming back."""
        page.goto("/report/")
        self._choose(page)
        self._press(page, "button[name=save]")
        self.camera.take(page, "code-draft")
        page.goto("/follow/")
        self.camera.take(page, "door-draft")
        page.goto("/follow/erase/")
        self.camera.take(page, "erase-draft")
        page.goto("/report/code/")
        self._press(page, 'form[action="/follow/leave/"] button[type=submit]')
        self.camera.take(page, "goodbye-left")

    def trouble(self, page: Any) -> None:
        """A form whose note has gone, one whose token has gone, one that is too long."""
        page.goto("/report/")
        self._choose(page)
        self._press(page, "form button[type=submit]:not([name])")
        cookies = page.context.cookies()
        for name, lost in (("locked", "note"), ("expired", "form")):
            page.context.add_cookies(cookies)
            page.goto("/report/2/")
            self._choose(page)
            page.context.clear_cookies(name=lost)
            self._press(page, "form button[type=submit]:not([name])")
            self.camera.take(page, name)
        page.context.clear_cookies()
        page.context.add_cookies(cookies)
        page.goto("/report/2/")
        with page.expect_navigation(wait_until="load"):
            page.evaluate(TOO_LONG)
        self.camera.take(page, "too-long")

    def door(self, page: Any) -> None:
        """The door, and a code that opens nothing."""
        page.goto("/follow/")
        self.camera.take(page, "door")
        page.locator("input[name=code]").fill(WRONG_CODE)
        self._press(page, "form:has(input[name=code]) button[type=submit]")
        self.camera.take(page, "door-wrong")

    def follow(self, page: Any, state: str, code: str) -> None:
        """A report that stands at `state`; at the first and the last, what can be done there, too."""
        page.goto("/follow/")
        page.locator("input[name=code]").fill(code)
        self._press(page, "form:has(input[name=code]) button[type=submit]")
        self.camera.take(page, f"follow-{state}")
        if state == next(iter(self.codes)):
            self._press(page, 'form[action="/follow/messages/"] button[type=submit]')
            self.camera.take(page, "follow-message-empty")
            self._doors(page)
            page.goto("/follow/stop/")
            self._press(page, "form button[type=submit]")
            self.camera.take(page, "follow-withdrawn")
        if state == list(self.codes)[-1]:
            page.goto("/follow/erase/")
            self.camera.take(page, "erase")
            self._press(
                page, 'form[action="/follow/erase/"] button[type=submit], main form button[type=submit]'
            )
            self.camera.take(page, "goodbye-erased")

    def _doors(self, page: Any) -> None:
        """Each page that the page of a report leads to."""
        page.goto("/follow/")
        found = [link.get_attribute("href") for link in page.locator('main a[href^="/follow/"]').all()]
        for path in sorted({address.partition("#")[0] for address in found} - {"/follow/"}):
            if "html" in page.request.get(path).headers["content-type"]:  # and no paper to save
                page.goto(path)
                self.camera.take(page, f"follow{path.removeprefix('/follow').rstrip('/').replace('/', '-')}")

    # --- one question ---------------------------------------------------------------------------------

    def _question(self, page: Any, name: str) -> None:
        """Look, try without an answer, answer, go on."""
        here = page.url
        self.camera.take(page, f"question-{name}")
        self._press(page, "form button[type=submit]:not([name])")
        if not page.locator(".error-summary").count():
            if page.url == here:  # asked once more
                self._press(page, "button[name=skip]")
            return
        self.camera.take(page, f"question-{name}-error")
        self._choose(page)
        if page.locator("textarea").count():
            page.wait_for_timeout(1500)  # what is recognised arrives
            self.camera.take(page, f"question-{name}-answered")
        self._press(page, "form button[type=submit]:not([name])")
        if page.locator(".error-summary").count():
            self._press(page, "button[name=skip]")

    def _choose(self, page: Any) -> None:
        """Some answer to whatever is asked."""
        for name in {radio.get_attribute("name") for radio in page.locator("main input[type=radio]").all()}:
            wanted = page.locator(f'main input[name="{name}"][value="{CHOSEN.get(name, "")}"]')
            (wanted if wanted.count() else page.locator(f'main input[name="{name}"]').first).check(force=True)
        for field in page.locator("main textarea:visible, main input[type=text]:visible").all():
            field.fill(LINKS if field.get_attribute("name") == "pasted" else WORDS)

    def _press(self, page: Any, button: str) -> None:
        """Press, and wait for the page behind it."""
        with page.expect_navigation(wait_until="load"):
            page.locator(button).first.click()

    def _number(self, page: Any) -> int:
        found = QUESTION.search(page.url)
        return int(found[1]) if found else 0
