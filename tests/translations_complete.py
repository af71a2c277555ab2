"""`python -m tests.translations_complete`: is every sentence translated, compiled, and nothing left over?

For each language beside English: no empty and no fuzzy entry, the same placeholders on both sides, the compiled file in
step with its source, and, where GNU gettext is installed, no sentence of the code that the catalogue has not seen.
A second register of a language (`fr_Vous`) holds only what differs: each of its sentences is one of the language's.
Prints what is wrong, a line each, and exits with 1.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parents[1]
LOCALE = ROOT / "locale"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w+\}")


def problems() -> Iterator[str]:
    """What is wrong with the catalogues, a sentence each."""
    languages = sorted(path.parent.parent.name for path in LOCALE.glob("*/LC_MESSAGES/django.po"))
    if not languages:
        yield "There is no catalogue under locale/."
    for language in languages:
        yield from _catalogue(language)
    registers = [language for language in languages if "_" in language]
    for register in registers:
        languages.remove(register)
        yield from _left_over(register)
    if shutil.which("xgettext"):
        yield from _unseen(languages)
    elif os.environ.get("CI") == "true":
        yield "GNU gettext is not installed, so new sentences can't be looked for."


def _catalogue(language: str) -> Iterator[str]:
    source = LOCALE / language / "LC_MESSAGES" / "django.po"
    catalogue = polib.pofile(str(source))
    for entry in catalogue:
        if entry.obsolete:
            continue
        said = [entry.msgstr, *entry.msgstr_plural.values()] if entry.msgid_plural else [entry.msgstr]
        said = [text for text in said if text or not entry.msgid_plural]
        if entry.fuzzy or not said or not all(said):
            yield f"{language}: not translated: {entry.msgid[:80]!r}"
            continue
        wanted = set(PLACEHOLDER.findall(entry.msgid + (entry.msgid_plural or "")))
        if any(set(PLACEHOLDER.findall(text)) - wanted for text in said) or (
            wanted - set(PLACEHOLDER.findall(" ".join(said)))
        ):
            yield f"{language}: placeholders differ: {entry.msgid[:80]!r}"
    compiled = source.with_suffix(".mo")
    if not compiled.exists() or _texts(polib.mofile(str(compiled))) != _texts(catalogue):
        yield f"{language}: django.mo is not in step: run 'manage.py compilemessages'"


def _left_over(register: str) -> Iterator[str]:
    """Sentences of a register that its language does not say, or says in the same words."""
    own, whole = (
        _texts(polib.pofile(str(LOCALE / name / "LC_MESSAGES" / "django.po")))
        for name in (register, register.partition("_")[0])
    )
    for key, text in own.items():
        if whole.get(key) in {None, text}:
            yield f"{register}: not needed: {key[1][:80]!r}"


def _texts(catalogue: polib.POFile | polib.MOFile) -> dict[tuple[str, str], str]:
    return {
        (entry.msgctxt or "", entry.msgid): str(sorted(entry.msgstr_plural.items()) or entry.msgstr)
        for entry in catalogue
        if not entry.obsolete and (entry.msgstr or entry.msgstr_plural)
    }


def _unseen(languages: list[str]) -> Iterator[str]:
    """Extract again into a copy, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in ("helpline", "reports", "cases", "templates", "static", "locale", "manage.py"):
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, copy / name)
        options = [option for language in languages for option in ("-l", language)]
        made = subprocess.run(
            [
                sys.executable,
                "-W",
                "ignore",
                "manage.py",
                "makemessages",
                *options,
                "--no-wrap",
                "--no-location",
            ],
            cwd=copy,
            env={**os.environ, "SECRET_KEY": "only-for-extraction", "HELPLINE_VAR": folder},
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            yield f"makemessages failed: {made.stderr.strip()[-300:]}"
            return
        for language in languages:
            path = Path(language) / "LC_MESSAGES" / "django.po"
            now, before = (_ids(polib.pofile(str(base / path))) for base in (copy / "locale", LOCALE))
            yield from (
                f"{language}: new in the code: {text[:80]!r}" for _context, text in sorted(now - before)
            )
            yield from (
                f"{language}: no longer in the code: {text[:80]!r}" for _context, text in sorted(before - now)
            )


def _ids(catalogue: polib.POFile) -> set[tuple[str, str]]:
    return {(entry.msgctxt or "", entry.msgid) for entry in catalogue if not entry.obsolete}


if __name__ == "__main__":
    found = list(problems())
    print("\n".join(found) or "Every sentence is translated.")
    sys.exit(bool(found))
