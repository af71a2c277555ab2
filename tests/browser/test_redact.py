"""Cover, cut, look, send: what was covered never leaves the browser."""

import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from reports import actions, receipts
from reports.actions import Submission
from reports.evidence import views
from reports.evidence.sanitise import sanitise
from reports.models import Evidence, Report
from reports.states import AgeRange, Kind, Who

CHROMIUM = Path("/usr/bin/chromium")
PHONE = {"width": 360, "height": 740}
SECRET = (255, 0, 200)
BLOCK = (300, 600, 800, 760)  # where the secret is, in the picture of 1080 × 1600
SIZE = (1080, 1600)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def told() -> tuple[Report, str]:
    """A report that was sent, and its code."""
    code = receipts.new_code()
    facts = Submission(language="en", who=Who.SELF, age_range=AgeRange.FROM_13, kind=Kind.THREAT)
    return actions.submit_report(submission=facts, code=code, at=timezone.now()), code


@pytest.fixture
def arrived(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The bodies that reached the server as pictures."""
    bodies: list[bytes] = []

    def noting(body: bytes) -> Any:
        bodies.append(body)
        return sanitise(body)

    monkeypatch.setattr(views, "sanitise", noting)
    return bodies


@pytest.fixture
def editor(chromium: Any, live_server: Any, told: tuple[Report, str]) -> Iterator[Callable[..., Any]]:
    """`editor(touch=…)`: the page for screenshots with the report open. Foreign requests and errors fail the test;
    with `quiet`, not the browser's own line about a request that failed.
    """
    contexts, troubles = [], []
    ours = urlsplit(live_server.url).netloc

    def open_page(*, scripts: bool = True, quiet: bool = False, **options: Any) -> Any:
        context = chromium.new_context(
            viewport=options.pop("viewport", PHONE),
            java_script_enabled=scripts,
            base_url=live_server.url,
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda r: urlsplit(r.url).netloc == ours or troubles.append(f"foreign: {r.url}"))
        page.on("pageerror", lambda error: troubles.append(f"script: {error}"))
        page.on(
            "console",
            lambda line: (
                line.type == "error"
                and "422" not in line.text
                and not (quiet and "ERR_FAILED" in line.text)
                and troubles.append(f"console: {line.text}")
            ),
        )
        page.goto("/follow/?lang=en")
        page.get_by_label("Your code").fill(told[1])
        page.get_by_role("button", name="Open my page").click()
        page.goto("/report/pictures/")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def screenshot() -> bytes:
    """Drawn bubbles, and a block of a colour that is nowhere else, with a camera's notes."""
    image = Image.new("RGB", SIZE, (236, 240, 244))
    pen = ImageDraw.Draw(image)
    for line in range(7):
        left, top = (60 if line % 2 else 340), 60 + line * 220
        pen.rounded_rectangle((left, top, left + 640, top + 150), 40, fill=(90, 130, 40 + 30 * line))
    pen.rectangle(BLOCK, fill=SECRET)
    notes = Image.Exif()
    notes[0x010E] = "A place that nobody needs to know"
    out = io.BytesIO()
    image.save(out, "PNG", exif=notes)
    return out.getvalue()


def choose(page: Any, picture: bytes) -> None:
    page.locator("#redact-file").set_input_files(
        {"name": "IMG_0042.png", "mimeType": "image/png", "buffer": picture}
    )
    page.get_by_role("heading", name="Cover what nobody needs to see").wait_for()


def drag(
    page: Any, start: tuple[float, float], end: tuple[float, float], *, size: tuple[int, int] = SIZE
) -> None:
    """With the mouse, between two points of the picture."""
    view = page.locator("[data-view]")
    view.scroll_into_view_if_needed()
    box = view.bounding_box()
    points = [
        (box["x"] + x / size[0] * box["width"], box["y"] + y / size[1] * box["height"])
        for x, y in (start, end)
    ]
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move(*points[1], steps=6)
    page.mouse.up()


def look(page: Any) -> None:
    page.get_by_role("button", name="Look at it before sending").click()
    page.get_by_role("heading", name="This is exactly what leaves your device").wait_for()


def send(page: Any) -> None:
    page.get_by_text("Messages, such as a threat").last.click()
    page.get_by_text("This shows only messages or a profile.").click()
    page.get_by_role("button", name="Send this screenshot").click()
    page.get_by_text("The screenshot is added.").wait_for()


def stored(evidence: Evidence) -> Image.Image:
    """As the staff's key opens it."""
    return Image.open(io.BytesIO(evidence.box_for_staff().open_bytes(evidence, "picture")))


def colours(image: Image.Image) -> set[tuple[int, ...]]:
    return {colour for _count, colour in image.getcolors(1_000_000) or []}


def test_what_was_covered_and_cut_never_leaves(
    editor: Callable[..., Any], screenshot: bytes, arrived: list[bytes]
) -> None:
    """Given a screenshot with a secret, when it is covered, the rest cut, and it is sent, then the secret is nowhere."""
    page = editor()
    choose(page, screenshot)
    drag(page, (BLOCK[0] - 30, BLOCK[1] - 30), (BLOCK[2] + 30, BLOCK[3] + 30))
    page.get_by_role("button", name="Cut").click()
    drag(page, (8, SIZE[1] - 8), (8, 1000))
    page.get_by_role("button", name="Keep only this part").click()
    look(page)
    send(page)

    evidence = Evidence.objects.get()
    image = stored(evidence)
    assert image.width == SIZE[0]
    assert abs(image.height - 1000) < 30
    for x in range(BLOCK[0], BLOCK[2], 50):
        for y in range(BLOCK[1], BLOCK[3], 40):
            assert image.getpixel((x, y)) == (0, 0, 0)
    assert SECRET not in colours(image)
    assert (evidence.width, evidence.height) == image.size

    (sent,) = arrived
    assert SECRET not in colours(Image.open(io.BytesIO(sent)).convert("RGB"))
    assert b"nobody needs to know" not in sent and b"IMG_0042" not in sent
    assert screenshot not in sent
    assert "Screenshot 1" in page.locator(".added").inner_text()
    assert page.evaluate(
        "document.querySelector('[data-view]').width * document.querySelector('[data-preview]').width"
    ) == (
        300 * 300  # fresh canvases of a fresh page
    )

    page.get_by_role("button", name="Remove").click()
    page.get_by_text("The screenshot is removed.").wait_for()
    assert not Evidence.objects.exists()
    page.get_by_role("link", name="Go on").click()
    assert page.url.endswith("/follow/")


def test_painting_and_going_back(editor: Callable[..., Any], screenshot: bytes, arrived: list[bytes]) -> None:
    """Given strokes and boxes, when some are undone, done again or all of it is begun again, then that is what is sent."""
    page = editor(viewport={"width": 1280, "height": 900})
    choose(page, screenshot)
    page.get_by_role("button", name="Paint over").click()
    drag(page, (BLOCK[0] - 20, 680), (BLOCK[2] + 20, 680))
    page.get_by_role("button", name="Undo").click()
    assert page.get_by_role("button", name="Undo").is_disabled()
    page.get_by_role("button", name="Redo").click()
    page.get_by_role("button", name="Cover", exact=True).click()
    drag(page, (100, 100), (200, 200))
    page.keyboard.press("Control+z")
    look(page)
    page.get_by_role("button", name="Cover more").click()
    drag(page, (0, 1400), (1080, 1600))
    look(page)
    send(page)

    image = stored(Evidence.objects.get())
    assert image.size == SIZE
    assert image.getpixel((550, 680)) == (0, 0, 0)
    assert image.getpixel((150, 150)) != (0, 0, 0)
    assert image.getpixel((550, 1500)) == (0, 0, 0)


def test_the_keyboard_alone_covers_and_sends(
    editor: Callable[..., Any], screenshot: bytes, arrived: list[bytes]
) -> None:
    page = editor()
    choose(page, screenshot)
    view = page.locator("[data-view]")
    view.focus()
    page.keyboard.press("ArrowDown")  # the frame appears in the middle
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    for _ in range(20):
        page.keyboard.press("Shift+ArrowRight")
    page.locator("[data-live]", has_text="percent from the left").wait_for(state="attached")
    said = page.locator("[data-live]").inner_text()
    assert "35 percent from the left, 38 percent from the top" in said
    page.keyboard.press("Enter")
    page.locator("[data-live]", has_text="Covered.").wait_for(state="attached")
    page.get_by_role("button", name="Look at it before sending").press("Enter")
    page.get_by_role("heading", name="This is exactly").wait_for()
    assert page.evaluate("document.activeElement.id") == "check-title"
    page.get_by_role("button", name="Send this screenshot").press("Enter")
    assert "Choose what it shows" in page.locator("[data-error]").inner_text()
    assert arrived == []
    page.keyboard.press("Space")
    page.get_by_role("checkbox").press("Space")
    page.get_by_role("button", name="Send this screenshot").press("Enter")
    page.get_by_text("The screenshot is added.").wait_for()

    image = stored(Evidence.objects.get())
    assert image.getpixel((400, 680)) == (0, 0, 0)
    assert image.getpixel((100, 680)) != (0, 0, 0)


def test_a_refusal_is_said_and_the_picture_waits(
    editor: Callable[..., Any], screenshot: bytes, settings: Any
) -> None:
    page = editor()
    choose(page, screenshot)
    look(page)
    settings.EVIDENCE_MAX_PIXELS = 100
    page.get_by_text("Messages, such as a threat").last.click()
    page.get_by_text("This shows only messages or a profile.").click()
    answered = page.expect_response("**/report/pictures/")
    with answered as response:
        page.get_by_role("button", name="Send this screenshot").click()
    assert response.value.status == 422
    # The answer is there before the page has said it.
    expect(page.locator("[data-error]")).to_contain_text("This picture is too large")


def test_what_is_no_picture_is_not_opened(editor: Callable[..., Any]) -> None:
    page = editor()
    page.locator("#redact-file").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": b"<html>no picture</html>"}
    )
    page.locator("[data-error]", has_text="cannot be opened").wait_for()
    assert page.get_by_role("heading", name="Choose a screenshot").is_visible()


def test_the_editor_comes_only_with_a_picture(editor: Callable[..., Any], screenshot: bytes) -> None:
    """Given the page, when nothing is chosen, then what covers a picture is not loaded; chosen, it is, once."""
    asked: list[str] = []
    page = editor()
    page.on("request", lambda request: asked.append(urlsplit(request.url).path.rpartition("/")[2]))
    page.reload()
    page.wait_for_load_state("networkidle")

    assert "pictures.js" in asked
    assert not {"redact.js", "redact.css"} & {*asked}
    choose(page, screenshot)
    page.get_by_role("button", name="Take another screenshot, or none").click()
    choose(page, screenshot)
    assert sorted(name for name in asked if name.startswith("redact.")) == ["redact.css", "redact.js"]


@pytest.mark.parametrize("missing", ["js", "css"])
def test_without_its_tools_nothing_is_sent(
    editor: Callable[..., Any], screenshot: bytes, arrived: list[bytes], missing: str
) -> None:
    """Given a network that drops the editor, when a picture is chosen, then that is said; chosen again, it works."""
    page = editor(quiet=True)
    page.route(f"**/redact.{missing}", lambda route: route.abort())
    sent: list[str] = []
    page.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    file = page.locator("#redact-file")
    file.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": screenshot})

    page.locator("[data-error]", has_text="did not come through. Nothing was sent.").wait_for()
    assert page.get_by_role("heading", name="Choose a screenshot").is_visible()
    assert not page.locator("[data-opening]").is_visible()
    assert file.input_value() == ""
    assert sent == [] == arrived
    choose(page, screenshot)
    look(page)
    send(page)
    assert len(arrived) == 1


def test_without_scripts_words_are_offered(editor: Callable[..., Any]) -> None:
    page = editor(scripts=False)

    assert "Describe it in words" in page.locator("main").inner_text()
    assert not page.locator("#redact").is_visible()
    assert page.get_by_role("link", name="Go on without a screenshot").is_visible()


def test_leaving_forgets_the_picture(editor: Callable[..., Any], screenshot: bytes) -> None:
    page = editor()
    choose(page, screenshot)
    page.evaluate("document.dispatchEvent(new Event('wipe'))")

    assert page.evaluate("document.querySelector('[data-view]').width") == 0
    assert page.locator("#redact-file").input_value() == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_kept_out(editor: Callable[..., Any], screenshot: bytes, scheme: str) -> None:
    """Each step on a narrow phone: nothing sticks out, and axe has nothing to say."""
    from axe_playwright_python.sync_playwright import Axe

    page = editor(viewport={"width": 320, "height": 640}, color_scheme=scheme)
    steps: list[Callable[[], None]] = [
        lambda: None,
        lambda: choose(page, screenshot),
        lambda: page.get_by_role("button", name="Cut").click(),
        lambda: look(page),
    ]
    for step in steps:
        step()
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_finger_covers(editor: Callable[..., Any], screenshot: bytes, arrived: list[bytes]) -> None:
    """Given a phone, when a finger draws a box, then the page does not move and the box is black."""
    page = editor(has_touch=True, is_mobile=True)
    choose(page, screenshot)
    view = page.locator("[data-view]")
    view.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    box = view.bounding_box()
    finger = page.context.new_cdp_session(page)
    for kind, x, y in (
        ("touchStart", BLOCK[0] - 30, BLOCK[1] - 30),
        ("touchMove", 500, 650),
        ("touchMove", BLOCK[2] + 30, BLOCK[3] + 30),
        ("touchEnd", 0, 0),
    ):
        point = {"x": box["x"] + x / SIZE[0] * box["width"], "y": box["y"] + y / SIZE[1] * box["height"]}
        points = [] if kind == "touchEnd" else [point]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert page.evaluate("scrollY") == before
    look(page)
    send(page)

    assert SECRET not in colours(stored(Evidence.objects.get()))


PASTE = """
([kind, encoded, within]) => {
  const bytes = Uint8Array.from(atob(encoded), (one) => one.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], "a.png", { type: "image/png" }));
  const options = { bubbles: true, cancelable: true };
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { ...options, clipboardData: carried })
    : new DragEvent("drop", { ...options, dataTransfer: carried });
  document.querySelector(within).dispatchEvent(event);
  return event.defaultPrevented;
}
"""


@pytest.mark.parametrize("kind", ["paste", "drop"])
def test_a_large_one_is_pasted_or_dropped_into_the_box_only(
    editor: Callable[..., Any], arrived: list[bytes], kind: str
) -> None:
    """Given 21 million pixels, when they are put into the box, then they leave smaller; beside it nothing happens."""
    out = io.BytesIO()
    Image.new("RGB", (4600, 4600), (10, 90, 60)).save(out, "PNG")
    carried = base64.b64encode(out.getvalue()).decode()
    page = editor()

    page.evaluate(PASTE, [kind, carried, "h1"])
    page.wait_for_timeout(200)
    assert page.get_by_role("heading", name="Choose a screenshot").is_visible()
    page.evaluate(PASTE, [kind, carried, "[data-drop]"])
    page.get_by_role("heading", name="Cover what nobody needs to see").wait_for()
    look(page)
    send(page)

    assert stored(Evidence.objects.get()).size == (4096, 4096)
