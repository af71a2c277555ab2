"""What somebody tells is in no log, no queue and no table: a word is put everywhere, then everything is searched for it.

A real public face, a real worker, the broker watched command by command, and at the end the files of the database
themselves, its write-ahead log among them.
"""

import base64
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.utils import timezone

from cases import actions as case_actions
from cases.models import QueueItem
from helpline.accounts.models import Staff
from helpline.crypto.wrapping import WrongKey
from helpline.platforms.models import Platform
from reports import actions, receipts
from reports.models import Message, Report
from tests.bench.house import answers, free_port
from tests.processes import ROOT, end, environment, wait_for, worker
from tests.walker import ANSWERS, Person, forms_of, links_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

WORD = "zqcanary7"
# Where nobody listens: what can't be sent is tried again, and told to a log.
SIGNS = {"HELPLINE_NUDGE_FROM": "notes@helpline.example", "HELPLINE_SMS_GATEWAY_URL": "http://127.0.0.1:9/"}
ADDRESS = "8.119.87.63"
PHONE = "0699876543"
FILLED = ANSWERS | {
    "*": f"{WORD} said",
    "pasted": f"https://chatter.example/p/{WORD}?to={WORD}\n@{WORD}.account",
    "account": f"{WORD}.account",
    "platform": "other",
    "code": f"{WORD}",
    "email": f"{WORD}@mail.example",
    "phone": PHONE,
    "is_safe": "on",
    "any_time": "on",
}
REPORT = {
    "language": "en",
    "who": "self",
    "age_range": "13-14",
    "kind": "deepnude",
    "story": f"{WORD} story",
    "school": f"{WORD} school",
    "links": [{"url": f"https://chatter.example/p/{WORD}", "account": f"{WORD}.account"}],
}
# Where a word hides: as it is, as bytes in a dump, in an address, in base64 at each of its three places.
HIDINGS = {
    WORD.encode(),
    WORD.encode().hex().encode(),
    quote(WORD).encode(),
    *(base64.b64encode(b"\0" * shift + WORD.encode())[4 if shift else 0 : -4] for shift in range(3)),
    PHONE[1:].encode(),
    ADDRESS.encode(),
}


def found_in(body: bytes) -> set[bytes]:
    """The words of somebody that stand in `body`, whatever their case."""
    return {word for word in HIDINGS if word in body or word.lower() in body.lower()}


@contextmanager
def public_face(log: Path) -> Iterator[int]:
    """gunicorn on a free port, telling as much as it ever does."""
    port = free_port()
    env = environment(
        HELPLINE_TRUSTED_PROXIES="1",
        HELPLINE_LOG_LEVEL="DEBUG",
        HELPLINE_FACE="all",
        HELPLINE_PUBLIC_STATISTICS="true",
        DJANGO_SETTINGS_MODULE="tests.safety.deployed",
        **SIGNS,
    )
    command = [sys.executable, "-m", "gunicorn", "helpline.wsgi", "--bind", f"127.0.0.1:{port}"]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, "--workers", "1", "--no-control-socket"],
            cwd=ROOT,
            env=env,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_for(lambda: answers(port), what="the public face")
        yield port
    finally:
        end(process)


@contextmanager
def watched_broker() -> Iterator[list[bytes]]:
    """Every command that anybody gives to the broker or the cache meanwhile."""
    heard: list[bytes] = []
    ready, last_word = threading.Event(), b"the watch is over"
    client = redis.Redis.from_url(settings.CACHE_URL, socket_timeout=None)  # nothing may be said for long

    def listen() -> None:
        with client.monitor() as monitor:
            ready.set()
            while not heard or last_word not in heard[-1]:
                heard.append(bytes(monitor.connection.read_response()))

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield heard
    finally:
        client.execute_command("ECHO", last_word)
        thread.join(10)
        client.close()


def tables() -> bytes:
    """Every table of the database, as a dump would have it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        names = [row[0] for row in cursor.fetchall()]
        rows = []
        for name in names:
            cursor.execute(f'SELECT t::text FROM "{name}" AS t')
            rows += [f"{name}: {row[0]}" for row in cursor.fetchall()]
    return "\n".join(rows).encode()


def kept_by_broker() -> bytes:
    """Keys and values, whatever kind they are."""
    client = redis.Redis.from_url(settings.CACHE_URL)
    parts = [key + b" " + (client.dump(key) or b"") for key in client.scan_iter()]
    client.close()
    return b"\n".join(parts)


def files(folder: Path) -> dict[str, set[bytes]]:
    """The files below `folder` in which somebody's words stand."""
    found = {}
    for path in folder.rglob("*"):
        try:
            body = path.read_bytes() if path.is_file() else b""
        except OSError:  # gone meanwhile
            continue
        if words := found_in(body):
            found[str(path.relative_to(folder))] = words
    return found


def tell_by_pages(port: int) -> Person:
    """Everything, in every field of the interview; then every field behind the code."""
    person = Person(
        port, address=ADDRESS, **{"User-Agent": f"{WORD} phone", "Referer": f"https://{WORD}.example/"}
    )
    person.go(f"/?from={WORD}&lang=en")
    code = person.tell(FILLED, is_short=False, every_text=True)
    assert Report.objects.get().box_for_code(receipts.normalise(code))
    person.send({"code": code})  # typed once, to be sure
    home = person.go("/follow/")
    ways = {way.partition("#")[0] for way in links_of(home) if way.startswith("/follow/")}
    for way in sorted({"/follow/", *ways} - {"/follow/erase/", "/follow/leave/", "/follow/stop/"}):
        for number, form in enumerate(forms_of(person.go(way))):
            if form.method == "post" and form.texts:
                for via in ("email", "sms"):
                    again = forms_of(person.go(way))[number]
                    filled = again.filled(FILLED | {"via": via}, every_text=True)
                    person.go(again.action or person.place, filled)
                    assert person.status < 500
    return person


def tell_by_program(port: int) -> None:
    """The same over the API; wrong codes, wrong fields and unknown addresses as well."""
    line = HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": "application/json", "X-Forwarded-For": ADDRESS}
    for path, body, more in (
        ("/api/v1/reports/", REPORT, {}),
        ("/api/v1/reports/", REPORT | {"kind": WORD}, {}),
        ("/api/v1/follow/messages/", {"text": WORD}, {"Receipt-Code": WORD}),
        (f"/api/v1/{WORD}/", REPORT, {"Authorization": f"Bearer {WORD}"}),
    ):
        line.request("POST", path, json.dumps(body), headers | more)
        assert line.getresponse().read()
    line.close()


def break_the_message_page(person: Person) -> None:
    """A fault of ours, with somebody's words in the hand that fails."""
    table = Message._meta.db_table
    form = next(form for form in forms_of(person.go("/follow/")) if "message" in form.texts)
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{table}" RENAME TO "{table}_away"')
        try:
            person.go(form.action, form.filled(FILLED))
        finally:
            cursor.execute(f'ALTER TABLE "{table}_away" RENAME TO "{table}"')
    assert person.status == 500


def test_the_words_of_somebody_are_nowhere(tmp_path: Path, nour: Staff, chatter: Platform) -> None:
    web, work = tmp_path / "web.log", tmp_path / "worker.log"
    with (
        watched_broker() as heard,
        worker(work, HELPLINE_SWEEP_SECONDS="1", HELPLINE_LOG_LEVEL="DEBUG", **SIGNS),
        public_face(web) as port,
    ):
        person = tell_by_pages(port)
        tell_by_program(port)
        stranger = Person(port, address=ADDRESS)
        stranger.go(f"/follow/?code={WORD}")
        stranger.send({"code": f"{WORD} 0000 0000"})
        stranger.go(f"/statistics/?year={WORD}")
        stranger.go(f"/{WORD}/?q={WORD}")
        assert stranger.status == 404
        break_the_message_page(person)
        wait_for(lambda: QueueItem.objects.count() == 2, what="the queue")
        for report in Report.objects.all():
            case_actions.open_case(report=report, by=nour, at=timezone.now())
        time.sleep(4)  # a few sweeps, in which the news is told, or can't be
        kept = kept_by_broker()

    # It was told and can be read, by who may.
    for report in Report.objects.all():
        box = report.box_for_staff()
        assert WORD in box.open(report, "story")
        assert WORD in box.open(report, "school")
        assert WORD in box.open(report.links.get(position=1), "url")
    assert Message.objects.exists()
    # What is searched holds what it should.
    dump = tables()
    assert b"deepnude" in dump
    assert b"Traceback" in web.read_bytes()
    assert b"triage" in b"".join(heard)
    assert settings.ADMINS == []  # no mail is made of an error
    # And nothing of theirs.
    assert found_in(web.read_bytes()) == set()
    assert found_in(work.read_bytes()) == set()
    assert found_in(b"\n".join(heard)) == set()
    assert found_in(kept) == set()
    assert found_in(dump) == set()
    assert files(settings.VAR) == {}


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    for hidden in (
        WORD,
        WORD.upper(),
        WORD.encode().hex(),
        base64.b64encode(f"ab{WORD}".encode()).decode(),
        ADDRESS,
    ):
        assert found_in(f"before {hidden} after".encode())
    assert not found_in(b"before anything else after")
    (tmp_path / "one").write_text(f"a {WORD}")
    assert set(files(tmp_path)) == {"one"}


def test_ciphertexts_that_change_places_open_nothing(tell: Any) -> None:
    (first, first_code), (second, _code) = tell(), tell()
    box = first.box_for_code(receipts.normalise(first_code))
    one, other = first.links.get(), second.links.get()
    assert box.open(one, "url") == "https://chatter.example/p/1"
    sealed = [field.name for field in one._meta.get_fields() if type(field).__name__ == "SealedField"]
    assert "url" in sealed

    with connection.cursor() as cursor:  # the same key, another row; another key, the same column
        cursor.execute(
            f'UPDATE "{one._meta.db_table}" SET url = %s WHERE id = %s', [bytes(other.url), one.pk]
        )
    one.refresh_from_db()
    with pytest.raises(WrongKey):
        box.open(one, "url")

    added = actions.add_links(
        report=first, box=box, facts=[actions.LinkFacts(url="https://chatter.example/p/2")], by="young person",
        at=timezone.now(), most=10,
    )  # fmt: skip
    mine = added[0]
    with connection.cursor() as cursor:
        cursor.execute(f'UPDATE "{one._meta.db_table}" SET url = %s WHERE id = %s', [bytes(mine.url), one.pk])
    one.refresh_from_db()
    with pytest.raises(WrongKey):
        box.open(one, "url")
    assert box.open(mine, "url") == "https://chatter.example/p/2"
