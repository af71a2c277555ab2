"""Stopping, killing and starting again: nothing is forgotten that was received."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.platforms import __main__, receipts
from tests.platforms.directory import Directory
from tests.platforms.simulator import PATIENCE, ROOT, RunningSimulator
from tests.platforms.world import World, items_of
from tests.platforms_simulator.helplines import Listener, ask_state, eventually, file_notice, notice, send

DECIDED_LATER: dict[str, dict[str, object]] = {
    "chatter": {"callback_after": 0, "decide_after": 0.7, "review": False}
}


def test_a_restart_forgets_nothing_and_tells_what_was_not_told(folder: Path, listener: Listener) -> None:
    with RunningSimulator(folder, callback_base=listener.url, config=DECIDED_LATER) as own:
        sent = notice("chatter", callback_url="https://helpline.example/api/v1/inbound/chatter/?a=1")
        url = sent["items"][0]["url"]
        reference = file_notice(own, "chatter", sent).json["reference"]
        own.put_page("https://chatter.example/by-hand", gone=True)
        eventually(lambda: own.ask("notices/chatter")[0]["told"] == ["received"])
        ports = (own.port, own.mail_port)
        own.stop()
        assert not list(folder.glob("*.draft"))
        eventually(lambda: time.time() > listener.told[0].at + 0.7)  # the decision falls while it is away
        own.start()
        assert (own.port, own.mail_port) == ports
        assert own.page_status(url) == 404
        assert own.page_status("https://chatter.example/by-hand") == 404
        again = file_notice(own, "chatter", sent)
        assert (again.status, again.json["reference"]) == (200, reference)
        eventually(lambda: len(listener.told) == 2)
    assert [one.statuses for one in listener.told] == [["received"], ["removed"]]
    assert {one.path for one in listener.told} == {"/api/v1/inbound/chatter/?a=1"}
    assert not receipts.delivered_more_than_once(own.receipts)


def test_a_kill_forgets_nothing_that_was_answered(folder: Path) -> None:
    with RunningSimulator(folder) as own:
        sent = notice("chatter")
        file_notice(own, "chatter", sent)
        eventually(own.state.exists)
        kept = json.loads(own.state.read_text())
        assert [one["notice_id"] for one in kept["ledger"]["notices"]] == [sent["notice_id"]]
        own.kill()
        own.state.unlink()
        with own.receipts.open("ab") as file:
            file.write(b'{"kind":"notice","torn')
        own.start()
        assert ask_state(own, "chatter", sent["notice_id"]).status == 200
        assert file_notice(own, "chatter", sent).status == 200
        assert file_notice(own, "chatter", notice("chatter")).status == 202


def world(folder: Path, now: float) -> World:
    """A simulator without wires, at a moment."""
    it = World(
        directory=Directory("rough"),
        seed=5,
        receipts_path=folder / "receipts.jsonl",
        state_path=folder / "state.json",
        clock=lambda: now,
    )
    it.restore()
    return it


def take_some(into: World) -> None:
    """Twenty notices of a rough platform."""
    for number in range(20):
        items = items_of("chatter", [f"https://chatter.example/{number}"])
        behaviour = into.directory.of("chatter")
        into.take("notice", behaviour, notice_id=str(number), items=items, body=b"")


def test_decisions_and_their_times_are_drawn_the_same_again(folder: Path) -> None:
    first = world(folder, 1_767_225_600.25)
    take_some(first)
    first.journal.close()
    second = world(folder, 1_767_225_700.0)
    second.journal.close()
    assert second.ledger.as_json() == first.ledger.as_json()
    assert len({one.items[0].outcome for one in first.ledger.notices.values()}) > 2


def test_a_reset_forgets_all_and_stays_forgotten(folder: Path) -> None:
    first = world(folder, 1_767_225_600.0)
    take_some(first)
    first.put_page("chatter.example/x", gone=True)
    first.save()
    first.reset()
    first.journal.close()
    second = world(folder, 1_767_225_700.0)
    second.journal.close()
    assert second.ledger.as_json() == {"notices": [], "absences": {}, "reuploads": []}


# --- The command --------------------------------------------------------------------------------------


def test_a_taken_port_is_said_in_a_sentence(
    simulator: RunningSimulator, capsys: pytest.CaptureFixture[str]
) -> None:
    assert __main__.main(["--port", str(simulator.port)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("The platform simulator cannot start: ")
    assert str(simulator.port) in said


def test_a_wrong_config_is_said_in_a_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "config.json"
    path.write_text('{"chatter": {"mood": "bad"}}')
    assert __main__.main(["--config", str(path)]) == 2
    assert "mood: no such field" in capsys.readouterr().err


def test_it_ends_when_its_starter_is_gone(folder: Path) -> None:
    own = RunningSimulator(folder)
    own.start()
    process = own._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()
    process.stdin = None
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


def test_it_needs_neither_the_project_nor_its_packages() -> None:
    look = (
        "import sys, tests.platforms.__main__, tests.platforms.simulator\n"
        "print([name for name in sys.modules if name.partition('.')[0] in"
        " {'django', 'helpline', 'reports', 'cases', 'jsonschema', 'celery', 'psycopg2'}])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert ended.stdout.strip() == "[]"


def test_it_listens_on_this_machine_only(simulator: RunningSimulator) -> None:
    for port in (simulator.port, simulator.mail_port):
        with socket.socket() as elsewhere:
            elsewhere.settimeout(2)
            with pytest.raises(ConnectionRefusedError):
                elsewhere.connect(("127.0.0.2", port))  # who listens everywhere answers here too


def test_only_this_machine_may_change_it(simulator: RunningSimulator) -> None:
    for host in ("evil.invalid", "simulator.invalid:80"):
        answer = send(simulator, "POST", "/_control/reset", headers={"Host": host})
        assert answer.status == 403
