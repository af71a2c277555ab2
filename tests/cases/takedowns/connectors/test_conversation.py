"""What each way a mail server may behave means for a letter: servers on loopback that follow a script."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cases.takedowns.connectors import Lines, Sent, connector
from cases.takedowns.states import Result
from helpline.platforms.models import ChannelKind
from tests.cases.takedowns.connectors.notices import content, route

TO = "abuse@pixboard.example"
FINE = {"MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go", ".": "250 queued as 1", "RSET": "250 ok"}


class Server:
    """Answers each command from its script; an empty answer hangs up. `told` is what came, a group a list."""

    def __init__(self, *, in_groups: bool, scripts: list[dict[str, str]]) -> None:
        self.in_groups, self.scripts = in_groups, scripts
        self.told: list[list[str]] = []
        self.texts: list[bytes] = []
        self.lines = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                line, _address = self._socket.accept()
            except OSError:
                return
            script = FINE | self.scripts[min(self.lines, len(self.scripts) - 1)]
            self.lines += 1
            threading.Thread(target=self._converse, args=(line, script), daemon=True).start()

    def _converse(self, line: socket.socket, script: dict[str, str]) -> None:
        with line:
            line.sendall(b"220 mx.example\r\n")
            while group := line.recv(65536):
                commands = group.decode().split("\r\n")[:-1]
                if commands[0].upper().startswith("EHLO"):
                    line.sendall(
                        b"250-mx.example\r\n250 PIPELINING\r\n" if self.in_groups else b"250 mx.example\r\n"
                    )
                    continue
                self.told.append(commands)
                for command in commands:
                    answer = script[command[:4].upper()]
                    if not answer:
                        return
                    line.sendall(answer.encode() + b"\r\n")
                    if answer.startswith("354") and not self._take(line, script["."]):
                        return

    def _take(self, line: socket.socket, answer: str) -> bool:
        text = b""
        while not text.endswith(b"\r\n.\r\n"):
            text += (piece := line.recv(65536))
            if not piece:
                return False
        self.texts.append(text)
        if answer:
            line.sendall(answer.encode() + b"\r\n")
        return bool(answer)


@pytest.fixture
def serve(settings: Any) -> Any:
    """`serve(in_groups, script…)`: a server, each connection after the next script."""

    @contextmanager
    def make(in_groups: bool, *scripts: dict[str, str]) -> Iterator[Server]:
        server = Server(in_groups=in_groups, scripts=list(scripts) or [{}])
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        try:
            yield server
        finally:
            server.close()

    return make


def send(times: int = 1, *, to: str = TO) -> list[Sent]:
    """As many letters as that, one after another over one kept line."""

    async def converse() -> list[Sent]:
        by_mail, made, at = connector(ChannelKind.EMAIL), content(), route(to)
        async with Lines(in_flight=1) as lines:
            body = b"Subject: x\r\n\r\n.hidden\r\nend\r\n"
            return [await by_mail.send(body, made, at, lines, at=None) for _ in range(times)]  # type: ignore[arg-type]

    return asyncio.run(converse())


def test_a_server_that_takes_groups_gets_the_envelope_in_one(serve: Any) -> None:
    with serve(True) as server:
        assert [one.result for one in send(2)] == [Result.ACCEPTED] * 2
    assert [[one[:4] for one in group] for group in server.told] == [["MAIL", "RCPT"], ["DATA"]] * 2
    assert server.lines == 1


def test_a_server_that_does_not_say_so_is_asked_one_thing_at_a_time(serve: Any) -> None:
    with serve(False) as server:
        assert [one.result for one in send(2)] == [Result.ACCEPTED] * 2
    assert [[one[:4] for one in group] for group in server.told] == [["MAIL"], ["RCPT"], ["DATA"]] * 2


@pytest.mark.parametrize("in_groups", [True, False])
def test_the_text_arrives_as_it_left(serve: Any, in_groups: bool) -> None:
    with serve(in_groups) as server:
        send()
    assert server.texts == [b"Subject: x\r\n\r\n..hidden\r\nend\r\n.\r\n"]


@pytest.mark.parametrize("in_groups", [True, False])
@pytest.mark.parametrize(
    ("script", "result", "detail"),
    [
        ({"MAIL": "550 no", "RCPT": "503 no sender"}, Result.REFUSED, "SMTP 550 for the sender"),
        ({"MAIL": "451 later", "RCPT": "503 no sender"}, Result.RETRY, "SMTP 451 for the sender"),
        ({"RCPT": "550 no such mailbox"}, Result.REFUSED, "SMTP 550 for the recipient"),
        ({"RCPT": "450 greylisted"}, Result.RETRY, "SMTP 450 for the recipient"),
        ({"DATA": "554 no"}, Result.REFUSED, "SMTP 554 for the data"),
        ({".": "554 spam"}, Result.REFUSED, "SMTP 554 for the text"),
        ({".": "451 later"}, Result.RETRY, "SMTP 451 for the text"),
        ({"MAIL": ""}, Result.RETRY, "no connection: SMTPServerDisconnected"),
        ({"RCPT": ""}, Result.RETRY, "no connection: SMTPServerDisconnected"),
        ({"DATA": ""}, Result.RETRY, "broken before the text: SMTPServerDisconnected"),
        ({".": ""}, Result.UNKNOWN, "broken during the text: SMTPServerDisconnected"),
        ({".": "hello"}, Result.UNKNOWN, "no reply to the text that means anything"),
    ],
)
def test_how_it_ends(
    serve: Any, in_groups: bool, script: dict[str, str], result: Result, detail: str
) -> None:
    with serve(in_groups, script) as server:
        [sent] = send()
    assert (sent.result, sent.detail) == (result, detail)
    assert bool(server.texts) == ("." in script)


@pytest.mark.parametrize("in_groups", [True, False])
def test_what_was_refused_takes_nothing_along(serve: Any, in_groups: bool) -> None:
    """The next letter over the same line starts anew."""
    with serve(in_groups, {"RCPT": "550 no such mailbox"}) as server:
        assert [one.result for one in send(2)] == [Result.REFUSED] * 2
    assert server.lines == 1
    assert [group[0][:4] for group in server.told if group[0][:4] in {"MAIL", "rset"}] == ["MAIL", "rset"] * 2


@pytest.mark.parametrize("in_groups", [True, False])
@pytest.mark.parametrize("end", ["", "421 you slept too long"])
def test_a_line_that_grew_old_is_replaced_once(serve: Any, in_groups: bool, end: str) -> None:
    with serve(in_groups, {"MAIL": end, "RCPT": end}, {}) as server:
        [sent] = send()
    assert (sent.result, server.lines, len(server.texts)) == (Result.ACCEPTED, 2, 1)


def test_what_is_no_address_is_not_written_to(serve: Any, settings: Any) -> None:
    with serve(True) as server:
        [sent] = send(to="a@b.example>\r\nRCPT TO:<c@d.example")
        settings.MAIL_RETURN = "no tices+*@helpline.example"
        [from_nowhere] = send()
    assert (sent.result, from_nowhere.result, server.lines) == (Result.REFUSED, Result.REFUSED, 0)


def test_a_fault_of_ours_is_raised_where_it_is_awaited() -> None:
    def break_down() -> Sent:
        raise KeyError("ours")

    async def converse() -> None:
        async with Lines(in_flight=1) as lines:
            with pytest.raises(KeyError):
                await lines.in_mail_thread(break_down)
            fine = Sent(Result.ACCEPTED)
            many = [lines.in_mail_thread(lambda: fine) for _ in range(100)]
            assert await asyncio.gather(*many) == [fine] * 100

    asyncio.run(converse())
