"""`pdq_browser`: a phone's picture fingerprinted in Chromium, beside the same script in node."""

import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Error, sync_playwright

from helpline.embedded.processes import ROOT
from tests.bench.figures import Figure, median
from tests.bench.house import Broken, House, say
from tests.js.pictures import Recipe, draw

CHROMIUM = Path("/usr/bin/chromium")
RECIPE = Recipe(kind="shapes", seed=12, width=4000, height=3000)
ROUNDS = 3
TIMES: dict[str, Any] = {"recipe": RECIPE, "warm": 3, "count": 5}
INSIDE = ROOT / "tests" / "bench" / "inside"

IN_NODE = f"""
import {{ Pdq }} from "{(ROOT / "static/js/pdq.js").as_uri()}";
import {{ draw }} from "{(ROOT / "tests/js/pictures.mjs").as_uri()}";
import {{ rounds }} from "{(INSIDE / "pdq_rounds.mjs").as_uri()}";
console.log(JSON.stringify(rounds({{ draw, Pdq, ...{json.dumps(TIMES)} }})));
"""
# Addresses that exist in this bench only; the page lets a Worker come from its own server and nowhere else.
SERVED = {
    "/bench/pictures.mjs": (ROOT / "tests/js/pictures.mjs").read_text(),
    "/bench/rounds.mjs": (INSIDE / "pdq_rounds.mjs").read_text(),
    "/bench/worker.mjs": f"""
import {{ Pdq }} from "/static/js/pdq.js";
import {{ draw }} from "./pictures.mjs";
import {{ rounds }} from "./rounds.mjs";
postMessage(rounds({{ draw, Pdq, ...{json.dumps(TIMES)} }}));
""",
}
ASK_WORKER = """() => new Promise((resolve, reject) => {
  const worker = new Worker("/bench/worker.mjs", { type: "module" });
  worker.onerror = (event) => reject(new Error(event.message));
  worker.onmessage = ({ data }) => { worker.terminate(); resolve(data); };
})"""


def bench(house: House) -> list[Figure]:
    """Milliseconds for 12 megapixels: the fingerprint alone, and all of it from the choice of a JPEG to its row."""
    node = shutil.which("node")
    if node is None or not CHROMIUM.exists():
        raise Broken(f"it needs node and Chromium ({CHROMIUM})")
    alone: dict[str, list[float]] = {"browser": [], "node": []}
    whole: list[float] = []
    longest = {"idle": 0.0, "stall": 0.0}
    environment = house.environment(DJANGO_SETTINGS_MODULE="tests.bench.inside.device")
    try:
        with house.web("helpline.wsgi", environment) as port, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-background-networking"]
            )
            page = browser.new_page(base_url=f"http://127.0.0.1:{port}")
            for path, script in SERVED.items():
                page.route(f"**{path}", _answer(script.encode(), "text/javascript"))
            page.route("**/bench/picture", _answer(_jpeg(), "image/jpeg"))
            page.goto("/try/?lang=en")
            choose = (INSIDE / "pdq_page.js").read_text().partition("async")
            choosing = f"{choose[1]}{choose[2]}"
            for number in range(ROUNDS):
                say(f"pdq_browser: round {number + 1} of {ROUNDS}")
                seen = {"node": _in_node(node), "browser": page.evaluate(ASK_WORKER)}
                if seen["node"]["print"] != seen["browser"]["print"]:
                    raise Broken(f"node and Chromium disagree: {seen}")
                for name, found in seen.items():
                    alone[name] += found["times"]
                chosen = page.evaluate(choosing, {"file": "/bench/picture", "count": TIMES["count"]})
                whole += chosen["times"]
                longest = {name: max(found, chosen[name]) for name, found in longest.items()}
            browser.close()
    except Error as error:
        raise Broken(str(error)) from error
    limit = median(alone["node"])
    return [
        Figure("pdq_browser", median(alone["browser"]), "ms", limit, at_most=2),
        Figure("pdq_browser.whole", median(whole), "ms", limit),
        Figure("pdq_browser.stall", longest["stall"], "ms", 100, at_most=1),
        Figure("pdq_browser.idle", longest["idle"], "ms", 100),
    ]


def _answer(body: bytes, content_type: str) -> Any:
    return lambda route: route.fulfill(body=body, content_type=content_type)


def _in_node(node: str) -> dict[str, Any]:
    done = subprocess.run(
        [node, "--input-type=module", "--eval", IN_NODE], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Broken(f"node failed:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _jpeg() -> bytes:
    file = io.BytesIO()
    picture = Image.frombytes("RGB", (RECIPE["width"], RECIPE["height"]), draw(RECIPE))
    picture.save(file, "JPEG", quality=90)
    return file.getvalue()
