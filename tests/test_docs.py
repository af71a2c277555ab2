"""What the documents say is so."""

import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command, get_commands

from cases.management.commands import state_diagrams
from cases.states import CaseStatus
from reports.states import Status

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], key=lambda path: path.relative_to(ROOT).as_posix()
)
TEXTS = [*DOCUMENTS, ROOT / ".env.example", ROOT / "docker-compose.yml", ROOT / "Dockerfile"]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# --- The drawings -----------------------------------------------------------------------------------------------


def test_the_state_diagrams_are_in_step() -> None:
    call_command("state_diagrams", "--check")


def test_a_drawing_out_of_step_is_noticed_and_mended(tmp_path: Path) -> None:
    document = tmp_path / "architecture.md"
    document.write_text(f"before\n{state_diagrams.BEGIN}\nold\n{state_diagrams.END}\nafter\n")

    with pytest.raises(CommandError, match="out of step"):
        call_command("state_diagrams", "--check", "--file", str(document))
    assert "old" in document.read_text()

    call_command("state_diagrams", "--file", str(document))
    call_command("state_diagrams", "--check", "--file", str(document))
    text = document.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "old" not in text


def test_a_document_without_markers_is_refused(tmp_path: Path) -> None:
    document = tmp_path / "architecture.md"
    document.write_text("nothing")

    with pytest.raises(CommandError, match="needs the two lines"):
        call_command("state_diagrams", "--file", str(document))


def test_every_table_of_transitions_is_drawn() -> None:
    found = {f"{module}.{name}" for _title, module, name, _arrows in state_diagrams.tables()}
    named = {
        f"{name_of(path)[:-3].replace('/', '.')}.{name}"
        for package in ("helpline", "reports", "cases")
        for path in (ROOT / package).rglob("states.py")
        for name in re.findall(r"^(\w*TRANSITIONS)\b", path.read_text(), re.M)
    }
    assert found == named
    assert len(found) >= 3


def test_a_diagram_shows_every_arrow_once() -> None:
    arrows = {
        Status.SUBMITTED: frozenset({Status.IN_CASE, Status.ERASED}),
        Status.IN_CASE: frozenset({Status.ERASED}),
        Status.ERASED: frozenset(),
    }
    drawn = state_diagrams.diagram(arrows)

    assert re.findall(r"(\S+) --> (\S+)", drawn) == [
        ("[*]", "submitted"),
        ("submitted", "in_case"),
        ("submitted", "erased"),
        ("in_case", "erased"),
        ("erased", "[*]"),
    ]


def test_states_that_all_lead_to_one_another_are_drawn_as_one() -> None:
    everyone = frozenset(CaseStatus)
    drawn = state_diagrams.diagram({status: everyone - {status} for status in CaseStatus})

    assert 'state "from each of these to each other" as answers {' in drawn
    assert re.findall(r"(\S+) --> (\S+)", drawn) == [("[*]", "open")]


# --- The settings -----------------------------------------------------------------------------------------------


def names_in_env_example() -> list[str]:
    return re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M)


def names_the_code_reads() -> set[str]:
    settings = (ROOT / "helpline" / "settings.py").read_text()
    names = set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", settings)) | set(
        re.findall(r"secret\(\"(\w+)\"", settings)
    )
    bootstrap = (ROOT / "helpline/health/management/commands/bootstrap.py").read_text()
    return names | set(re.findall(r"environ\.get\(\"([A-Z_]+)\"", bootstrap))


def names_of_keys() -> set[str]:
    from helpline.crypto import keyring

    return {keyring.variable(name) for name in keyring.NAMES}


def names_in_compose() -> set[str]:
    text = (ROOT / "docker-compose.yml").read_text()
    passed_on = set(re.findall(r"^ +([A-Z][A-Z_]+):$", text, re.M))
    return passed_on | set(re.findall(r"\$\{([A-Z_]+)", text))


def test_env_example_names_what_is_read_and_nothing_else() -> None:
    names = names_in_env_example()
    assert len(names) == len(set(names))
    assert set(names) == names_the_code_reads() | names_of_keys() | names_in_compose()


def test_every_setting_reaches_the_containers_that_want_it() -> None:
    """Otherwise a line in .env would silently do nothing."""
    text = (ROOT / "docker-compose.yml").read_text()
    set_here = set(re.findall(r"^ +([A-Z][A-Z_]+):", text, re.M))
    not_for_containers = {
        "HELPLINE_VAR",
        "HELPLINE_KEYS_DIR",
        "HELPLINE_DEMO",
        "HELPLINE_DEBUG",
        "HELPLINE_SIMULATOR",
        "HELPLINE_BROKER_NUMBER",
    }
    assert names_the_code_reads() - set_here == not_for_containers


# --- The texts --------------------------------------------------------------------------------------------------


def test_commands_in_the_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    commands = set(get_commands())
    for document in DOCUMENTS:
        text = document.read_text()
        for target in re.findall(r"`?\bmake ([a-z]+)\b", code_in(text)):
            assert target in targets, f"{name_of(document)}: make {target}"
        for command in re.findall(r"manage\.py ([a-z_]+)", code_in(text)):
            assert command in commands, f"{name_of(document)}: manage.py {command}"


def code_in(text: str) -> str:
    """What stands between backticks."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.S))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if re.match(r"https?://|mailto:", target):
            continue
        path, _hash, part = target.partition("#")
        found = (document.parent / path).resolve() if path else document
        assert found.exists(), f"{target} does not exist"
        if part:
            anchors = {
                re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")
                for heading in re.findall(r"^#+ (.+)$", found.read_text(), re.M)
            }
            assert part in anchors, f"{target}: there is no such heading"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_files_named_in_the_documents_exist(document: Path) -> None:
    pattern = r"`((?:helpline|reports|cases|tests|docs|docker|templates|static)/[\w./-]*)`"
    missing = [path for path in re.findall(pattern, document.read_text()) if not (ROOT / path).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_functions_named_in_the_documents_exist(document: Path) -> None:
    pattern = r"`((?:helpline|reports|cases)(?:\.[a-z_]+)+)\.(\w+)`"
    for module, name in re.findall(pattern, document.read_text()):
        path = ROOT / (module.replace(".", "/") + ".py")
        source = path if path.exists() else path.with_suffix("") / "__init__.py"
        if not source.exists():
            continue  # an attribute of an attribute
        assert re.search(rf"\b{name}\b", source.read_text()), f"{module}.{name}"


# In capitals: `cases/todo/` is what there is to do in a case.
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|TBD)\b|(?i:lorem ipsum)|/home/\w+|/Users/\w+|/root/")


@pytest.mark.parametrize("text", TEXTS, ids=name_of)
def test_no_text_is_unfinished_or_speaks_of_somebodys_machine(text: Path) -> None:
    assert UNFINISHED.findall(text.read_text()) == []


def test_the_licence_is_the_agpl_whole() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert text.splitlines()[0].strip() == "GNU AFFERO GENERAL PUBLIC LICENSE"
    assert "13. Remote Network Interaction" in text
    assert text.rstrip().endswith("<https://www.gnu.org/licenses/>.")
    assert len(text.splitlines()) > 650


def test_every_decision_stands_in_the_list() -> None:
    folder = ROOT / "docs" / "adr"
    listed = set(re.findall(r"\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text()))
    assert listed == {path.name for path in folder.glob("[0-9]*.md")}
