"""The report as files, each from the frozen text alone: the same bytes every time."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from cases.annual.content import TEXTS, digest
from helpline.web import paper, sheets

SHAPE = (Path(__file__).parent / "report.typ").read_bytes()
SHEET = (Path(__file__).parent / "file.css").read_text()
Body = Mapping[str, Any]


def laid_out(body: str) -> dict[str, Any]:
    """The report as tables of words, for a page, a file to read and a PDF alike."""
    whole = json.loads(body)
    words, figures = whole["words"], whole["figures"]
    with translation.override(whole["language"]):
        return {
            "lang": whole["language"],
            "rtl": translation.get_language_bidi(),
            "title": f"{words['title']} · {whole['helpline']['name']} · {whole['period']['label']}",
            "heading": words["title"],
            "law": words["law"],
            "helpline": whole["helpline"]["name"],
            "period": whole["period"]["label"],
            "facts": _facts(whole),
            "none": words["none"] if figures["total"] == 0 else "",
            "too_few": words["too_few"] if figures["total"] is None else "",
            "hidden": words["hidden"],
            "tables": _tables(whole) if figures["total"] else [],
            "texts": [{"heading": words[name], "lines": _paragraphs(whole["texts"][name])} for name in TEXTS],
            "methods": {"heading": words["methods"], "lines": words["how"]},
            "vocabulary": _vocabulary(words),
            "digest": digest(body),
            "digest_name": words["digest"],
            "date": _date(whole),
        }


def as_json(body: str) -> bytes:
    """The frozen text itself."""
    return body.encode()


def as_csv(body: str) -> bytes:
    """Every published number on a line of its own, told by its names in the database and in words."""
    return sheets.sheet(_csv_lines(json.loads(body)), delimiter=";")


def as_html(body: str) -> bytes:
    """A page that stands alone: no script, nothing fetched."""
    laid = laid_out(body)
    sheet = format_html("<style>{}</style>", mark_safe(SHEET))  # noqa: S308  our own file
    with translation.override(laid["lang"]):
        return render_to_string("annual/file.html", laid | {"sheet": sheet}).encode()


def as_pdf(body: str) -> bytes:
    """Tagged, PDF/UA-1. Its date is the day of the count."""
    return paper.pdf(SHAPE, laid_out(body))


MAKERS: Mapping[str, tuple[Callable[[str], bytes], str]] = {
    "pdf": (as_pdf, "application/pdf"),
    "html": (as_html, "text/html; charset=utf-8"),
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "json": (as_json, "application/json"),
}


# --- tables -----------------------------------------------------------------------------------------------


def _date(whole: Body) -> list[int]:
    day = date.fromisoformat(whole["figures"]["counted_on"])
    return [day.year, day.month, day.day]


def _paragraphs(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _facts(whole: Body) -> list[dict[str, str]]:
    words, figures, helpline = whole["words"], whole["figures"], whole["helpline"]
    found = [
        (words["flagger"], helpline["name"]),
        (words["coordinator"], helpline["coordinator"]),
        (words["period"], whole["period"]["label"]),
        (words["counted_on"], figures["counted_on"]),
        (words["version"], str(whole["version"])),
        (words["source"], helpline["source"]),
        (words["total"], _number(figures["total"], words)),
        (words["notices"], _number(figures["notices"], words)),
    ]
    if figures["stayed_gone_percent"] is not None:
        found.append((words["stayed"], f"{figures['stayed_gone_percent']} %"))
    if whole["replaces"]:
        found.append((words["replaces"], whole["replaces"]))
    return [{"name": name, "value": value} for name, value in found if value]


def _tables(whole: Body) -> list[dict[str, Any]]:
    words, figures = whole["words"], whole["figures"]
    actions = [code for code in words["action_order"] if code in figures["actions"]]
    providers = figures["providers"]
    contents = [code for code in words["content_order"] if code in figures["contents"]]
    heads = [words["actions"][code]["label"] for code in actions]
    tables = [
        _table(
            words["by_provider"],
            [words["provider"], *heads, words["all"]],
            [
                [
                    one["name"],
                    *_row(figures["provider_actions"].get(one["slug"]), actions, words),
                    _number(one["total"], words),
                ]
                for one in providers
            ]
            + [[words["all"], *_row(figures["actions"], actions, words), _number(figures["total"], words)]],
            sums=True,
        ),
        _table(
            words["by_content"],
            [words["content"], *heads, words["all"]],
            [
                [
                    words["contents"][code]["label"],
                    *_row(figures["content_actions"].get(code), actions, words),
                    _number(figures["contents"][code], words),
                ]
                for code in contents
            ]
            + [[words["all"], *_row(figures["actions"], actions, words), _number(figures["total"], words)]],
            sums=True,
        ),
        _table(
            words["lines"],
            [words["provider"], words["content"], words["action"], words["count"]],
            [
                [
                    next(one["name"] for one in providers if one["slug"] == slug),
                    words["contents"][content]["label"],
                    words["actions"][action]["label"],
                    _number(number, words),
                ]
                for slug, content, action, number in figures["lines"]
            ],
            empty=words["no_lines"],
        ),
        _table(
            words["times"],
            [words["provider"], words["median"], words["p90"]],
            [
                [one["name"], _span(one["p50_s"], words), _span(one["p90_s"], words)]
                for one in providers
                if one["p50_s"] is not None
            ],
            empty=words["too_few"],
        ),
    ]
    redress = figures["redress"]
    tables.append(
        _table(
            words["redress"],
            [words["action"], words["count"]],
            [
                *[
                    [words["redress_states"][state], _number(redress[state], words)]
                    for state in words["redress_states"]
                    if state in redress
                ],
                [words["filed_total"], _number(redress["total"], words)],
            ]
            if redress
            else [],
            empty=words["too_few"],
            sums=True,
        )
    )
    return tables


def _table(
    heading: str, heads: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str = "", sums: bool = False
) -> dict[str, Any]:
    return {
        "heading": heading,
        "heads": list(heads),
        "rows": [list(row) for row in rows],
        "empty": empty,
        "sums": sums,
    }


def _row(counts: Mapping[str, int | None] | None, codes: Sequence[str], words: Body) -> list[str]:
    return [words["hidden"] if counts is None else _number(counts.get(code, 0), words) for code in codes]


def _number(number: int | None, words: Body) -> str:
    return str(words["hidden"] if number is None else number)


def _span(seconds: int | None, words: Body) -> str:
    """In the largest unit that keeps two figures."""
    if seconds is None:
        return str(words["hidden"])
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {words[unit]}"
    return f"{seconds} {words['seconds']}"


def _vocabulary(words: Body) -> list[dict[str, Any]]:
    named = words["no_name"]
    return [
        _table(
            words["vocabulary"],
            [words["action"], words["decision"]],
            [
                [words["actions"][code]["label"], words["actions"][code]["decision"] or named]
                for code in words["action_order"]
            ],
        ),
        _table(
            words["content"],
            [words["content"], words["category"], words["keyword"]],
            [
                [one["label"], one["category"], one["keyword"]]
                for one in (words["contents"][code] for code in words["content_order"])
            ],
        ),
    ]


def _csv_lines(whole: Body) -> Iterator[Sequence[sheets.Cell]]:
    """One shape for all: blank means all of them; `hidden` says that a number is left out."""
    words, figures = whole["words"], whole["figures"]
    names = {one["slug"]: one["name"] for one in figures["providers"]}
    yield (
        *(
            "period",
            "provider",
            "category",
            "keyword",
            "source",
            "decision",
            "what_was_done",
            "type_of_content",
        ),
        *("items", "hidden"),
    )

    def line(slug: str, content: str, action: str, number: int | None) -> Sequence[sheets.Cell]:
        kind, done = words["contents"].get(content, {}), words["actions"].get(action, {})
        return (
            f"{whole['period']['first']}/{whole['period']['last']}",
            names.get(slug, ""),
            kind.get("category", ""),
            kind.get("keyword", ""),
            whole["helpline"]["source"],
            done.get("decision", ""),
            done.get("label", ""),
            kind.get("label", ""),
            number,
            "yes" if number is None else "",
        )

    yield line("", "", "", figures["total"])
    for one in figures["providers"]:
        yield line(one["slug"], "", "", one["total"])
    for code, number in figures["contents"].items():
        yield line("", code, "", number)
    for code, number in figures["actions"].items():
        yield line("", "", code, number)
    for slug, counts in figures["provider_actions"].items():
        for code, number in counts.items():
            yield line(slug, "", code, number)
    for content, counts in figures["content_actions"].items():
        for code, number in counts.items():
            yield line("", content, code, number)
    for slug, content, code, number in figures["lines"]:
        yield line(slug, content, code, number)
