"""`manage.py state_diagrams`: draw every TRANSITIONS dict into docs/architecture.md."""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import TextChoices
from django.utils import translation
from django.utils.module_loading import module_has_submodule

Arrows = Mapping[TextChoices, frozenset[TextChoices]]

PACKAGES = ("helpline", "reports", "cases")
DOCUMENT = settings.BASE_DIR / "docs" / "architecture.md"
BEGIN = "<!-- state diagrams: begin (manage.py state_diagrams) -->"
END = "<!-- state diagrams: end -->"
SMALLEST_GROUP = 3


class Command(BaseCommand):
    help = (
        "Draw every TRANSITIONS dict of the states files as a Mermaid diagram into docs/architecture.md. "
        "With --check nothing is written; it fails when the drawings are out of step with the code."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="compare instead of writing")
        parser.add_argument("--file", type=Path, default=DOCUMENT, help="the document (docs/architecture.md)")

    def handle(self, *args: Any, **given: Any) -> None:
        document: Path = given["file"]
        text = document.read_text()
        fresh = redrawn(text)
        if given["check"]:
            if fresh != text:
                raise CommandError(f"{document.name} is out of step: run `manage.py state_diagrams`.")
            self.stdout.write(f"{document.name} is in step.")
            return
        document.write_text(fresh)
        self.stdout.write(f"{document.name}: {'nothing had changed' if fresh == text else 'drawn again'}.")


def redrawn(text: str) -> str:
    """`text` with fresh drawings between its markers. Raises CommandError when it has no markers."""
    before, begin, rest = text.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise CommandError(f"The document needs the two lines\n{BEGIN}\n{END}")
    return f"{before}{begin}\n\n{drawings()}\n{end}{after}"


def drawings() -> str:
    """A heading and a diagram for each table of transitions, in the order the applications are installed."""
    with translation.override("en"):
        return "\n".join(
            f"### {title}\n\n`{module}.{name}`\n\n```mermaid\n{diagram(arrows)}```\n"
            for title, module, name, arrows in tables()
        )


def tables() -> Iterator[tuple[str, str, str, Arrows]]:
    """(title, module, name, table) for every `…TRANSITIONS` in the states file of an application of ours."""
    for config in apps.get_app_configs():
        ours = config.name.partition(".")[0] in PACKAGES
        if not ours or config.module is None or not module_has_submodule(config.module, "states"):
            continue
        module = f"{config.name}.states"
        for name, value in vars(import_module(module)).items():
            if name.endswith("TRANSITIONS"):
                yield title_of(config.name, name), module, name, value


def title_of(application: str, name: str) -> str:
    """`Takedown` for cases.takedowns TRANSITIONS, `Case` for cases CASE_TRANSITIONS."""
    prefix = name.removesuffix("TRANSITIONS").strip("_")
    return (prefix or application.rpartition(".")[2].removesuffix("s")).replace("_", " ").capitalize()


def diagram(arrows: Arrows) -> str:
    """One Mermaid state diagram. States that all lead to one another are drawn as one group."""
    group = largest_clique(arrows)
    lines = ["stateDiagram-v2"]
    lines += [f"    {node(state)}: {label(state)}" for state in arrows if state not in group]
    if group:
        lines.append('    state "from each of these to each other" as answers {')
        lines += [f"        {node(state)}: {label(state)}" for state in arrows if state in group]
        lines.append("    }")
    reached = frozenset().union(*arrows.values())
    first = next(iter(arrows))
    lines += [f"    [*] --> {node(state)}" for state in arrows if state == first or state not in reached]
    lines += [f"    {start} --> {end}" for start, end in edges(arrows, group)]
    lines += [f"    {node(state)} --> [*]" for state in arrows if not arrows[state]]
    return "\n".join(lines) + "\n"


def edges(arrows: Arrows, group: frozenset[TextChoices]) -> Iterator[tuple[str, str]]:
    """The arrows that are not inside `group`; those that all its members share, drawn once."""
    shared = frozenset.intersection(*(arrows[state] for state in group)) - group if group else frozenset()
    for state in arrows:
        targets = arrows[state]
        if state in group:
            targets = targets - group - shared
        elif group and group <= targets:
            yield node(state), "answers"
            targets = targets - group
        yield from ((node(state), node(target)) for target in arrows if target in targets)
    yield from (("answers", node(target)) for target in arrows if target in shared)


def largest_clique(arrows: Arrows) -> frozenset[TextChoices]:
    """The largest set of states each of which leads to each other one; empty when it is too small to help."""
    best: frozenset[TextChoices] = frozenset()

    def grow(clique: list[TextChoices], left: list[TextChoices]) -> None:
        nonlocal best
        if len(clique) > len(best):
            best = frozenset(clique)
        for place, state in enumerate(left):
            grow([*clique, state], [other for other in left[place + 1 :] if mutual(arrows, state, other)])

    grow([], list(arrows))
    return best if len(best) >= SMALLEST_GROUP else frozenset()


def mutual(arrows: Arrows, one: TextChoices, other: TextChoices) -> bool:
    """Whether an arrow leads from each to the other."""
    return other in arrows[one] and one in arrows[other]


def node(state: TextChoices) -> str:
    """The state's name in the drawing: Mermaid takes no dash in one."""
    return re.sub(r"\W", "_", state.value)


def label(state: TextChoices) -> str:
    """The state's words in the drawing: a colon would end them."""
    return str(state.label).replace(":", " –").replace(";", ",")
