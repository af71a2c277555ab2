"""Fingerprints in a real browser: exact, on the device, and nothing of a file on any wire."""

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.js.pictures import Vector, draw

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("tests.browser.fingerprint_page"),
]

FOLDER = Path(__file__).resolve().parent.parent / "js"
VECTORS: list[Vector] = json.loads((FOLDER / "pdq_vectors.json").read_text())
WORKER = Path(__file__).resolve().parents[2] / "static" / "js" / "fingerprint-worker.js"
READY = "ready"


def png(vector: Vector) -> bytes:
    """The picture as a file."""
    file = io.BytesIO()
    Image.frombytes("RGB", (vector["width"], vector["height"]), draw(vector)).save(file, "PNG")
    return file.getvalue()


def upload(content: bytes, kind: str = "image/png", name: str = "my-secret-name.png") -> dict[str, Any]:
    """A file to choose."""
    return {"name": name, "mimeType": kind, "buffer": content}


def usable(*, lowest: int = 50) -> Iterator[Vector]:
    """Vectors of a picture that is small and worth matching."""
    return (one for one in VECTORS if one["quality"] >= lowest and one["width"] * one["height"] < 50_000)


class Box:
    """The box on the page, as a young person uses it; every request is written down."""

    def __init__(self, context: Any, ours: str) -> None:
        self.page = context.new_page()
        self.ours = ours
        self.requests: list[Any] = []
        self.troubles: list[str] = []
        context.on("request", lambda request: self.requests.append(request))
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("console", lambda line: line.type == "error" and self.troubles.append(line.text))
        self.page.goto("/try/?lang=en")

    def choose(self, *files: dict[str, Any]) -> None:
        """Choose these, and wait until all are read."""
        self.give(*files)
        expect(self.page.locator("[data-print-choose]")).to_be_visible(timeout=30_000)

    def give(self, *files: dict[str, Any] | Path) -> None:
        """Choose these."""
        self.page.locator("[data-print-files]").set_input_files(list(files))

    @property
    def facts(self) -> list[dict[str, Any]]:
        """What the form would send."""
        text = self.page.locator("input[name=fingerprints]").input_value()
        found: list[dict[str, Any]] = json.loads(text or "[]")
        return found

    @property
    def rows(self) -> list[str]:
        """The list, in words."""
        found: list[str] = self.page.locator("[data-print-list] li").all_inner_texts()
        return found

    @property
    def said(self) -> str:
        """The line that is read aloud."""
        return str(self.page.locator("[data-print-said]").inner_text())


@pytest.fixture
def box(chromium: Any, live_server: Any) -> Iterator[Callable[..., Box]]:
    """`box(before_worker=…)`: a page on a phone; `before_worker` is script that runs in the Worker first."""
    boxes, contexts = [], []

    def open_box(*, before_worker: str = "", **options: Any) -> Box:
        context = chromium.new_context(
            base_url=live_server.url, viewport={"width": 360, "height": 740}, **options
        )
        contexts.append(context)
        if before_worker:
            body = before_worker + WORKER.read_text()
            context.route(
                "**/fingerprint-worker.js",
                lambda route: route.fulfill(body=body, content_type="text/javascript"),
            )
        boxes.append(Box(context, urlsplit(live_server.url).netloc))
        return boxes[-1]

    yield open_box
    for context in contexts:
        context.close()
    assert [trouble for one in boxes for trouble in one.troubles] == []


def test_pictures_have_the_fingerprints_of_the_reference(box: Callable[..., Box]) -> None:
    page = box()
    chosen = list(usable())[:20]
    assert len({vector["kind"] for vector in chosen}) >= 4

    page.choose(*(upload(png(vector)) for vector in chosen))

    found = [(one["value"], one["quality"]) for one in page.facts if one["algorithm"] == "pdq"]
    assert found == [(vector["pdq"], vector["quality"]) for vector in chosen]
    digests = [one["value"] for one in page.facts if one["algorithm"] == "sha256"]
    assert digests == [hashlib.sha256(png(vector)).hexdigest() for vector in chosen]
    assert len(page.rows) == 20
    assert "Picture 20" in page.rows[-1]
    assert READY in page.said


def test_a_large_picture_in_strips_and_one_that_lies_on_its_side(box: Callable[..., Box]) -> None:
    """A picture of several strips is the same as in one piece; the camera's note which side is up is followed."""
    page = box()
    vector = next(one for one in VECTORS if one["kind"] == "bubbles" and one["width"] == 360)
    upright = Image.frombytes("RGB", (vector["width"], vector["height"]), draw(vector))
    lying, note = io.BytesIO(), Image.Exif()
    note[0x0112] = 6  # turn it a quarter to the right to see it
    upright.transpose(Image.Transpose.ROTATE_90).save(lying, "PNG", exif=note)
    large = io.BytesIO()
    upright.resize((1800, 3700), Image.Resampling.NEAREST).save(large, "PNG")

    page.choose(upload(lying.getvalue()), upload(large.getvalue()))

    turned, enlarged = (one["value"] for one in page.facts if one["algorithm"] == "pdq")
    assert turned == vector["pdq"]
    assert (int(enlarged, 16) ^ int(vector["pdq"], 16)).bit_count() <= 31


def test_more_pixels_than_fit_are_opened_smaller(box: Callable[..., Box]) -> None:
    page = box()
    vector = next(one for one in VECTORS if one["kind"] == "bubbles" and one["width"] == 360)
    upright = Image.frombytes("RGB", (vector["width"], vector["height"]), draw(vector))
    for form in ("PNG", "JPEG"):
        file = io.BytesIO()
        upright.resize((4600, 9457), Image.Resampling.NEAREST).save(file, form)
        page.choose(upload(file.getvalue(), f"image/{form.lower()}"))

    for one in page.facts[::2]:
        assert one["algorithm"] == "pdq"
        assert (int(one["value"], 16) ^ int(vector["pdq"], 16)).bit_count() <= 31


def test_no_request_carries_anything_of_a_file(box: Callable[..., Box]) -> None:
    page = box()
    picture = png(next(usable()))
    video = bytes(range(256)) * 20_000
    page.page.wait_for_load_state("networkidle")

    page.choose(upload(picture), upload(video, "video/mp4", "my-secret-name.mp4"))
    page.page.get_by_role("button", name="Continue").click()
    page.page.wait_for_load_state("networkidle")

    assert {urlsplit(request.url).netloc for request in page.requests} == {page.ours}
    sent = [request for request in page.requests if request.method != "GET"]
    assert [urlsplit(request.url).path for request in sent] == ["/try/"]
    assert all(not request.post_data_buffer for request in page.requests if request not in sent)
    assert sent[0].headers["content-type"] == "application/x-www-form-urlencoded"
    body = parse_qs(sent[0].post_data, strict_parsing=True)
    assert set(body) == {"csrfmiddlewaretoken", "fingerprints"}
    facts = json.loads(body["fingerprints"][0])
    assert [one["algorithm"] for one in facts] == ["pdq", "sha256", "sha256", "md5"]
    assert all(set(one) <= {"algorithm", "value", "quality"} for one in facts)
    assert all(set(one["value"]) <= set("0123456789abcdef") for one in facts)
    assert facts[2]["value"] == hashlib.sha256(video).hexdigest()
    assert facts[3]["value"] == hashlib.md5(video).hexdigest()
    # And the page that comes back shows the same rows, without any name.
    assert page.facts == facts
    assert [row.split("\n")[0] for row in page.rows] == ["Picture 1", "Video 1"]
    assert "secret" not in page.page.content()


def test_a_canvas_that_is_changed_leaves_exact_copies_only(box: Callable[..., Box]) -> None:
    page = box(
        before_worker="""
        const read = OffscreenCanvasRenderingContext2D.prototype.getImageData;
        OffscreenCanvasRenderingContext2D.prototype.getImageData = function (...where) {
          const image = read.apply(this, where);
          image.data[4 * 77] ^= 1;
          return image;
        };
        """
    )
    page.choose(upload(png(next(usable()))))

    assert [one["algorithm"] for one in page.facts] == ["sha256"]
    assert page.page.get_by_text(
        "Your browser does not let a page see a picture exactly as it is."
    ).is_visible()
    assert "For exact copies only." in page.rows[0]


def test_a_browser_without_a_canvas_in_workers(box: Callable[..., Box]) -> None:
    page = box(before_worker="delete self.OffscreenCanvas;")
    page.choose(upload(png(next(usable()))))

    assert page.page.locator("[data-print-blurred]").is_visible()
    assert [one["algorithm"] for one in page.facts] == ["sha256"]


def test_a_browser_without_module_workers(box: Callable[..., Box]) -> None:
    page = box(before_worker="import './there-is-no-such-file.js';")
    page.give(upload(png(next(usable()))))

    page.page.get_by_text("This browser cannot make fingerprints.").wait_for()
    assert page.facts == []
    page.page.get_by_role("button", name="Continue").click()  # and the report goes on
    page.page.wait_for_load_state()
    page.troubles = [one for one in page.troubles if "404" not in one]


def test_little_to_see_is_said_without_a_number(box: Callable[..., Box]) -> None:
    page = box()
    faint = next(one for one in VECTORS if 0 < one["quality"] < 50 and one["width"] > 64)

    page.choose(upload(png(faint)))

    assert page.facts[0] == {"algorithm": "pdq", "value": faint["pdq"], "quality": faint["quality"]}
    assert "too little to see" in page.rows[0]
    assert str(faint["quality"]) not in page.rows[0].replace("Picture 1", "")


def test_what_is_no_picture_or_can_not_be_opened(box: Callable[..., Box]) -> None:
    page = box()
    page.choose(upload(b"Dear diary", "text/plain", "a.txt"), upload(b"<svg/>", "image/svg+xml", "a.svg"))
    assert page.facts == []
    assert "Only pictures and videos" in page.said

    page.choose(upload(bytes(4) + b"ftypheic and the rest of it", "image/heic", "a.heic"))
    assert [one["algorithm"] for one in page.facts] == ["sha256"]
    assert "cannot open this kind of picture" in page.rows[0]


@pytest.mark.parametrize("content", [b"Dear diary, it is a secret", b"%PDF-1.7 and so on", b"x", bytes(3)])
@pytest.mark.parametrize("before_worker", ["", "delete self.OffscreenCanvas;"], ids=["exact", "blurred"])
def test_a_name_alone_makes_no_picture(box: Callable[..., Box], content: bytes, before_worker: str) -> None:
    """Given a file that is only called a picture, when it is chosen with a real one, then only that one counts."""
    page = box(before_worker=before_worker)
    page.choose(upload(content, "image/png", "a.png"), upload(png(next(usable()))))

    assert len(page.rows) == 1
    assert hashlib.sha256(content).hexdigest() not in [one["value"] for one in page.facts]
    assert READY in page.said and "whatever its name says, was left out" in page.said


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "WEBP", "JPEG", "ICO"])
def test_every_usual_kind_of_picture_counts(box: Callable[..., Box], kind: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (30, 90, 60)).save(file, kind)
    page = box()
    page.choose(upload(file.getvalue(), f"image/{kind.lower()}", "a"))

    assert [one["value"] for one in page.facts if one["algorithm"] == "sha256"] == [
        hashlib.sha256(file.getvalue()).hexdigest()
    ]


@pytest.fixture
def long_video(tmp_path: Path) -> Path:
    """A file that takes a while to read. It has a size and no content, and takes no room."""
    path = tmp_path / "long.mp4"
    with path.open("wb") as file:
        file.truncate(2**31)
    return path


def test_stop_keeps_what_was_ready_and_a_form_waits(box: Callable[..., Box], long_video: Path) -> None:
    page = box()
    page.choose(upload(png(next(usable()))))
    before = page.facts

    page.give(long_video)
    page.page.get_by_role("button", name="Continue").click()
    assert "not ready yet" in page.said
    expect(page.page.locator("[data-print-bar]")).not_to_have_js_property("value", 0)
    page.page.get_by_role("button", name="Stop").click()

    assert page.facts == before
    assert "Stopped" in page.said
    expect(page.page.locator("[data-print-choose]")).to_be_focused()
    page.choose(upload(bytes(5), "video/mp4"))
    assert len(page.rows) == 2


def test_one_is_removed_and_none_is_there_twice(box: Callable[..., Box]) -> None:
    page = box()
    first, second = (upload(png(vector)) for vector in list(usable())[:2])
    page.choose(first, second)
    kept = page.facts[2:]

    page.page.get_by_role("button", name="Remove Picture 1").click()
    assert page.facts == kept
    page.choose(second)
    assert page.facts == kept
    assert "already" in page.said
    page.page.get_by_role("button", name="Remove Picture 1").click()
    assert page.facts == []
    assert page.page.locator("input[name=fingerprints]").input_value() == ""


def test_files_dropped_on_the_box_are_taken_and_beside_it_they_do_not_open(box: Callable[..., Box]) -> None:
    page = box()
    drop = """(place, bytes) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([new Uint8Array(bytes)], "x.png", { type: "image/png" }));
      const event = new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true });
      document.querySelector(place).dispatchEvent(event);
      return event.defaultPrevented;
    }"""
    vector = next(usable())
    call = f"([place, bytes]) => ({drop})(place, bytes)"
    assert page.page.evaluate(call, ["h1", list(png(vector))])
    assert page.facts == []
    assert page.page.evaluate(call, [".prints-box", list(png(vector))])
    page.page.locator("[data-print-list] li").wait_for()
    assert page.facts[0]["value"] == vector["pdq"]


@pytest.mark.parametrize(
    "event", ["document.dispatchEvent(new Event('wipe'))", "dispatchEvent(new Event('pagehide'))"]
)
def test_leaving_wipes_it(box: Callable[..., Box], long_video: Path, event: str) -> None:
    page = box()
    page.choose(upload(png(next(usable()))))
    page.give(long_video)

    page.page.evaluate(event)

    assert page.facts == []
    assert page.rows == []
    assert page.page.evaluate("document.querySelector('[data-print-files]').files.length") == 0
    assert "name" not in page.page.evaluate(
        "document.querySelector('[data-print-files]').getAttributeNames()"
    )


def test_without_scripts_the_page_says_so(box: Callable[..., Box]) -> None:
    page = box(java_script_enabled=False)
    assert page.page.get_by_text("This step needs JavaScript").is_visible()
    assert not page.page.get_by_role("button", name="Choose pictures or videos").is_visible()


def test_it_fits_a_small_phone_and_everything_to_tap_is_large(box: Callable[..., Box]) -> None:
    page = box()
    page.page.set_viewport_size({"width": 320, "height": 640})
    page.choose(upload(png(next(usable()))), upload(b"video", "video/mp4"))
    page.page.locator("summary").click()

    assert page.page.evaluate("document.documentElement.scrollWidth") <= 320
    for button in page.page.locator(".prints button:visible, .prints summary").all():
        assert button.bounding_box()["height"] >= 48
