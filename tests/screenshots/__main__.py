"""Walk the public pages of a helpline that is started for it, or of one that runs; write PNGs and a contact sheet."""

import argparse
import os
import sys
from contextlib import ExitStack
from html import escape
from pathlib import Path

import django

from tests.bench.house import House, say

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
LANGUAGES = ["fr", "en"]


def main() -> int:
    """0 when every stop was seen; 1 when a question never came up or a browser complained."""
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the folder for the pictures")
    parser.add_argument("--url", help="a helpline that runs already (default: one is started and ended)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as ending:
        codes: dict[str, dict[str, str]] = {}
        url = options.url
        if url:
            os.environ.setdefault("SECRET_KEY", "not-used")
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpline.settings")
            django.setup()
        else:
            house = ending.enter_context(House())
            database = house.database("screenshots")
            surroundings = house.environment(
                database, DJANGO_SETTINGS_MODULE="tests.screenshots.product", HELPLINE_FACE="public"
            )
            os.environ.update(surroundings)
            django.setup()
            from tests.screenshots import stage

            codes = stage.set_up(LANGUAGES)
            url = f"http://127.0.0.1:{ending.enter_context(house.web('helpline.wsgi', surroundings))}"
        from reports.intake.questions import QUESTIONS

        troubles = photograph(url, options.out, [question.name for question in QUESTIONS], codes)
    for trouble in troubles:
        print(trouble, file=sys.stderr)
    return int(bool(troubles))


def photograph(url: str, out: Path, questions: list[str], codes: dict[str, dict[str, str]]) -> list[str]:
    """Everything, in every language, width and scheme. What went wrong, a sentence each."""
    from playwright.sync_api import sync_playwright

    from tests.screenshots.walk import Camera, Walk

    troubles: list[str] = []
    names: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        for language in LANGUAGES:
            say(f"walking in {language}")
            camera = Camera(out, language)
            walk = Walk(browser, url, camera, questions, codes.get(language, {}))
            walk.whole()
            troubles += [
                f"{language}: the question {name!r} never came up"
                for name in questions
                if name not in walk.seen
            ]
            troubles += [f"{language}: {complaint}" for complaint in sorted(walk.complaints)]
            names = camera.names
        browser.close()
    (out / "index.html").write_text(contact_sheet(out, names), encoding="utf-8")
    say(f"{len(names)} stops, {len(list(out.glob('*.png')))} pictures in {out}")
    return troubles


def contact_sheet(out: Path, names: list[str]) -> str:
    """A page with every picture, a row for each stop."""
    rows = []
    for name in names:
        shots = sorted(path.name for language in LANGUAGES for path in out.glob(f"{name}-{language}-*.png"))
        pictures = "".join(
            f'<a href="{escape(shot)}"><img loading="lazy" alt="{escape(shot)}" src="{escape(shot)}"></a>'
            for shot in shots
        )
        rows.append(f"<h2>{escape(name)}</h2><p>{pictures}</p>")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Public pages</title><style>'
        "body{font:16px sans-serif;margin:2rem}p{display:flex;gap:.5rem;overflow-x:auto;align-items:start}"
        "img{height:420px;border:1px solid #999}</style><h1>Public pages</h1>" + "\n".join(rows) + "</html>\n"
    )


if __name__ == "__main__":
    sys.exit(main())
