"""The suite's own servers (tests/servers.py): one set a run, apart for each process, gone afterwards."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpline.embedded.processes import ROOT
from tests.helpline.embedded.strays import eventually, mentioning

pytestmark = pytest.mark.slow

Run = Callable[..., subprocess.Popen[str]]

SUITE = """
import os, time
from pathlib import Path
import psycopg2, pytest, redis
from helpline.embedded import addresses

var = Path(os.environ["HELPLINE_VAR"])
number = int(os.environ["HELPLINE_BROKER_NUMBER"])

@pytest.mark.parametrize("n", range(4))
def test_both_answer(n):
    entry = addresses.database(var)
    psycopg2.connect(host=entry["HOST"], port=entry["PORT"], user=entry["USER"], dbname=entry["NAME"]).close()
    with redis.Redis.from_url(addresses.cache_url(var, number)) as cache:
        assert cache.incr("seen by this process") <= 4
        cache.incr("seen")
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(f"{var} {number} {os.environ['HELPLINE_DEMO']} {os.environ['DATABASE_URL']}\\n")
    time.sleep(float(os.environ.get("SLOWLY", "0.2")))
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a small suite under the plugin; gives its process."""
    (tmp_path / "test_small.py").write_text(SUITE)

    def start(*words: str, **environment: str) -> subprocess.Popen[str]:
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        kept |= {"NOTES": str(tmp_path / "notes.txt"), "HELPLINE_DEMO": "1"}
        ini = ("-c", os.devnull, "--rootdir", str(tmp_path), "-p", "no:django", "-p", "no:cacheprovider")
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", "-p", "tests.servers", *ini, *words, str(tmp_path)],
            cwd=ROOT,
            env=kept | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


def notes(tmp_path: Path) -> list[list[str]]:
    return [line.split(" ") for line in (tmp_path / "notes.txt").read_text().splitlines()]


@pytest.mark.parametrize(("words", "numbers"), [(("-n0",), {"0"}), (("-n2", "--dist=each"), {"1", "2"})])
def test_one_set_of_servers_with_a_place_for_each_process(
    run: Run, tmp_path: Path, words: tuple[str, ...], numbers: set[str]
) -> None:
    process = run(*words)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said

    # All were given the same folder, each its own number, and none the demo
    told = notes(tmp_path)
    assert {number for _, number, _, _ in told} == numbers
    assert {demo for _, _, demo, _ in told} == {"0"}
    (var,) = {var for var, _, _, _ in told}

    # And afterwards there is nothing
    assert eventually(lambda: mentioning(var) == [])
    assert not Path(var).exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_leaves_no_server(run: Run, tmp_path: Path, number: signal.Signals) -> None:
    process = run("-n0", SLOWLY="600")
    assert eventually(lambda: (tmp_path / "notes.txt").exists() and notes(tmp_path))
    var = notes(tmp_path)[0][0]
    assert len(mentioning(var)) >= 2

    process.send_signal(number)
    process.communicate(timeout=30)

    assert eventually(lambda: mentioning(var) == [])
    shutil.rmtree(var, ignore_errors=True)  # what a kill -9 cannot


def test_collecting_starts_nothing(run: Run, tmp_path: Path) -> None:
    process = run("--collect-only")
    said, _ = process.communicate(timeout=60)

    assert "4 tests collected" in said
    assert not (tmp_path / "notes.txt").exists()


def test_a_server_named_in_the_environment_is_used_instead(run: Run, tmp_path: Path) -> None:
    # Given addresses at which nothing answers
    process = run("-n0", DATABASE_URL="postgres://127.0.0.1:1/x", REDIS_URL="redis://127.0.0.1:1/0")
    said, _ = process.communicate(timeout=60)

    # Then no embedded server stood in for them
    assert process.returncode == 1
    assert "4 failed" in said
