"""The scripts of fingerprints in node: every vector, digests as Python makes them, and imports that lead somewhere."""

import hashlib
import json
import os
import posixpath
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.core.management import call_command

FOLDER = Path(__file__).resolve().parent
STATIC = FOLDER.parents[1] / "static"
PIECE = 2**21  # of static/js/fingerprint-digests.js
SIZES = [0, 1, 55, 56, 63, 64, 65, 119, 120, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 77]
IMPORT = re.compile(
    r"""^\s*(?:import|export)\b[^;"']*?\bfrom\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']""", re.M
)


@pytest.fixture(scope="module")
def node() -> str:
    """Node 20.19 or newer. Without it the tests are skipped by name, and fail where CI must have it."""
    found = shutil.which("node")
    if found:
        said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
        if tuple(map(int, said.strip().lstrip("v").split(".")[:2])) >= (20, 19):
            return found
    if os.environ.get("CI") == "true":
        pytest.fail("CI must have node 20.19 or newer.")
    pytest.skip("node 20.19 or newer is not installed.")


def test_pdq_equals_the_reference(node: str) -> None:
    """157 tests of its own: tests/js/pdq.test.mjs."""
    done = subprocess.run(
        [node, "--test", str(FOLDER / "pdq.test.mjs")], capture_output=True, text=True, timeout=300
    )
    failed = [line for line in done.stdout.splitlines() if line.lstrip().startswith("not ok")]
    assert (failed, done.returncode) == ([], 0), done.stdout[-3000:] + done.stderr[-3000:]


def test_digests_in_pieces_are_those_of_the_whole(node: str, tmp_path: Path) -> None:
    files = []
    for size in SIZES:
        path = tmp_path / str(size)
        path.write_bytes((bytes(range(251)) * (size // 251 + 1))[:size])
        files.append(path)

    done = subprocess.run(
        [node, str(FOLDER / "digests.mjs"), *map(str, files)],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )

    for path, line in zip(files, done.stdout.splitlines(), strict=True):
        content = path.read_bytes()
        assert json.loads(line) == {
            "facts": [
                {"algorithm": "sha256", "value": hashlib.sha256(content).hexdigest()},
                {"algorithm": "md5", "value": hashlib.md5(content).hexdigest()},
            ],
            "read": len(content),
        }


def imports(script: str) -> list[str]:
    """The modules it names."""
    without_comments = re.sub(r"/\*.*?\*/", "", script, flags=re.S)
    return [one or other for one, other in IMPORT.findall(without_comments)]


def test_every_import_resolves_under_the_storage_of_production(tmp_path: Path, settings: Any) -> None:
    """A Worker is started by its hashed name; what it imports from there must be there, too."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
    # The API's documentation is left out: large, not ours, and slow to compress.
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=["drf_spectacular*"])
    hashed = storages["staticfiles"].url("js/fingerprint-worker.js").removeprefix(settings.STATIC_URL)
    assert re.fullmatch(r"js/fingerprint-worker\.[0-9a-f]{12}\.js", hashed)

    seen: set[str] = set()
    waiting = [hashed]
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for wanted in imports((tmp_path / name).read_text()):
            assert wanted.startswith("."), f"{name} imports {wanted}, which no browser can find"
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), wanted))
            assert (tmp_path / target).is_file(), f"{name} imports {wanted}, which is not there"
            if target not in seen:
                waiting.append(target)

    names = {re.sub(r"\.[0-9a-f]{12}(?=\.js$)", "", name) for name in seen}
    assert names == {
        "js/fingerprint-worker.js",
        "js/fingerprint-digests.js",
        "js/pdq.js",
        *(f"vendor/noble-hashes/{name}.js" for name in ("sha2", "legacy", "_md", "_u64", "utils")),
    }


def test_the_vendored_files_are_those_of_the_package() -> None:
    """Nobody edits them: a change is a new version, with its digest in the README."""
    readme = (STATIC / "vendor" / "noble-hashes" / "README.md").read_text()
    for path in sorted((STATIC / "vendor" / "noble-hashes").glob("*.js")):
        assert f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" in readme
