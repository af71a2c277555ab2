"""Locks, image and compose file: what a fresh machine installs and runs."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.txt", "requirements-demo.txt", "requirements-dev.txt")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
APP = ("setup", "web-public", "web-staff", "worker", "beat")
DESK_SECRETS = (
    "HELPLINE_KEY_INTAKE_KEY",
    "HELPLINE_KEY_DESK_KEY",
    "EMAIL_HOST_PASSWORD",
    "HELPLINE_ADMIN_PASSWORD",
)


def program(name: str) -> str:
    """A program of the development requirements."""
    found = shutil.which(name, path=Path(sys.executable).parent)
    assert found, f"{name} is not installed: run `make check`, or pip install -r requirements-dev.txt"
    return found


# --- The locks ----------------------------------------------------------------------------------------


def locked(name: str) -> dict[str, tuple[str, frozenset[str]]]:
    """{package: (version, hashes)} of a lock."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    rows: dict[str, tuple[str, frozenset[str]]] = {}
    for line in text.splitlines():
        if match := re.match(r"([a-z0-9-]+)==([^ ;]+)", line):
            rows[match[1]] = (match[2], frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", line)))
    return rows


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_locked_with_hashes(name: str) -> None:
    rows = locked(name)
    assert len(rows) > 5
    assert [package for package, (_version, hashes) in rows.items() if not hashes] == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_download_address(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(r"://|--(extra-)?index-url|--find-links|^-e ", text, re.M)


def test_the_locks_agree_with_each_other() -> None:
    """All three are installed with one command: a package in two of them is the same package."""
    seen: dict[str, tuple[str, frozenset[str]]] = {}
    for name in LOCKS:
        for package, row in locked(name).items():
            assert seen.setdefault(package, row) == row, f"{package} differs in {name}"


@pytest.mark.parametrize("name", LOCKS)
def test_everything_asked_for_is_locked(name: str) -> None:
    asked = asked_for(name.replace(".txt", ".in"))
    assert asked
    assert asked <= set(locked(name))


def asked_for(name: str) -> set[str]:
    """The packages a `.in` file names."""
    lines = [line for line in (ROOT / name).read_text().splitlines() if not line.startswith(("#", "-"))]
    return {re.split(r"[\[<>=; ]", line, maxsplit=1)[0].lower().replace("_", "-") for line in lines if line}


def test_each_dependency_says_why() -> None:
    """A reason beside each package of requirements.in, or above it."""
    lines = (ROOT / "requirements.in").read_text().splitlines()
    silent = [line for line in lines if line and not line.startswith(("#", "-")) and "  # " not in line]
    assert silent == []


# How code names a package when that is not the package's own name.
NAMED = {
    "djangorestframework": "rest_framework",
    "psycopg2-binary": "psycopg2",
    "django-environ": "environ",
    "django-allauth": "allauth",
    "django-crispy-forms": "crispy_forms",
    "django-csp": "csp",
    "django-pgtrigger": "pgtrigger",
    "pillow": "PIL",
    "pyyaml": "yaml",
}


def imported_by(*packages: str) -> set[str]:
    """The packages of others that our code imports, by their first name."""
    ours = {"helpline", "reports", "cases", "tests", "docker"}
    found = set()
    for path in (path for package in packages for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - ours - set(sys.stdlib_module_names)


@pytest.mark.parametrize(
    ("packages", "files"),
    [
        (("helpline", "reports", "cases", "docker"), ["requirements.in"]),
        (("tests/platforms",), ["requirements.in", "requirements-demo.in"]),
        (("tests",), ["requirements.in", "requirements-demo.in", "requirements-dev.in"]),
    ],
)
def test_everything_imported_is_asked_for(packages: tuple[str, ...], files: list[str]) -> None:
    """Not only brought along by something else, which may stop bringing it."""
    asked = {package for name in files for package in asked_for(name)}
    names = {NAMED.get(package, package.replace("-", "_")) for package in asked}
    assert imported_by(*packages) - names == set()


def test_nothing_is_locked_that_the_code_does_not_use() -> None:
    code = "\n".join(
        path.read_text()
        for package in ("helpline", "reports", "cases")
        for path in (ROOT / package).rglob("*.py")
    )
    names = {
        package: NAMED.get(package, package.replace("-", "_")) for package in asked_for("requirements.in")
    }
    unused = [package for package, name in names.items() if not re.search(rf"\b{name}\b", code)]
    assert unused == []


# --- The image ----------------------------------------------------------------------------------------


def test_the_dockerfile_passes_the_linter() -> None:
    done = subprocess.run(
        [program("hadolint"), ROOT / "Dockerfile"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout


def test_the_image_runs_as_nobody_in_particular_and_brings_no_compiler() -> None:
    text = (ROOT / "Dockerfile").read_text()
    final = text[text.rindex("\nFROM ") :]
    assert re.search(r"^USER \d+:\d+$", final, re.M)
    assert not re.search(r"gcc|build-essential|apt-get|pip install", final)
    assert "HEALTHCHECK" in final


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", (ROOT / "Dockerfile").read_text(), re.M)
        for source in line.split()[:-1]
    ]
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert [source for source in copied if source not in kept] == []


# --- The compose file ---------------------------------------------------------------------------------


def test_the_compose_file_fits_the_specification() -> None:
    """The schema is the one check-jsonschema carries, so nothing is fetched."""
    done = subprocess.run(
        [program("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", ROOT / "docker-compose.yml"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_the_proxy_opens_ports() -> None:
    assert {name for name, service in SERVICES.items() if service.get("ports")} == {"proxy"}


def test_the_public_face_gets_its_own_keys_its_own_role_and_no_way_out() -> None:
    public = SERVICES["web-public"]
    internal = {name for name, network in COMPOSE["networks"].items() if (network or {}).get("internal")}

    assert public["environment"]["HELPLINE_FACE"] == "public"
    assert public["volumes"] == ["keys-public:/keys:ro"]
    assert "//helpline_public:" in public["environment"]["DATABASE_URL"]
    assert set(public["networks"]) <= internal
    assert not set(DESK_SECRETS) & set(public["environment"])
    assert public["environment"]["SECRET_KEY"] != SERVICES["web-staff"]["environment"]["SECRET_KEY"]


def test_only_setup_may_write_keys() -> None:
    for name in APP:
        for volume in SERVICES[name].get("volumes", []):
            assert volume.endswith(":ro") or name == "setup", f"{name} could change {volume}"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_each_container_can_do_little(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("read_only") or name == "postgres"
    assert not service.get("privileged")


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"setup"}))
def test_each_lasting_container_is_watched(name: str) -> None:
    """By a check of its own, or by the image's."""
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert "healthcheck" in service or name in {"web-public", "web-staff"}


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    secrets = re.findall(r"\$\{(\w*(?:PASSWORD|SECRET)\w*)(:?[-?]?)", text)
    assert secrets
    assert [name for name, mark in secrets if mark.endswith("-")] == []


def test_the_public_face_knows_whether_its_numbers_are_public() -> None:
    for name in APP:
        assert "HELPLINE_PUBLIC_STATISTICS" in SERVICES[name]["environment"], name


def test_no_image_floats() -> None:
    images = {service["image"] for service in SERVICES.values()}
    assert [image for image in images if ":" not in image or image.endswith(":latest")] == []


def test_commands_name_files_and_programs_that_are_there() -> None:
    words = [word for name in APP for word in SERVICES[name].get("command", [])]
    tests = [word for name in APP for word in SERVICES[name].get("healthcheck", {}).get("test", [])]
    files = [word for word in words + tests if word.startswith("docker/")]
    assert files
    assert [file for file in files if not (ROOT / file).exists()] == []
