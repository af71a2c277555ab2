"""The public face alone, in a process of its own with only the keys it may hold: it takes reports and opens none."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from helpline.crypto.keyring import EVERY_FACE, STAFF_ONLY
from reports.models import Report
from tests.helpline.web.test_middleware import MUST_CARRY
from tests.processes import ROOT, environment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SCRIPT = """
import json
import django
django.setup()
from django.conf import settings
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
from django.test import Client
from helpline.crypto.keyring import KeyUnavailable
from reports.intake.interview import NUMBERS
from reports.models import Report


browser = Client(HTTP_HOST="localhost")
answers = {
    "who": {"who": "self"}, "safety": {"safety": "safe"}, "age": {"age_range": "13-14"}, "kind": {"kind": "deepnude"},
    "places": {"pasted": "https://chatter.example/p/1"}, "circumstances": {"finish": "1"}, "contact": {"via": "none"},
}
whose = {}
for name, data in answers.items():
    browser.post(f"/report/{NUMBERS[name]}/", data | whose)
    page = browser.get("/report/review/", follow=True).content.decode()
    whose = {"whose": page.partition('name="whose" value="')[2].partition('"')[0]}
sent = browser.post("/report/review/", whose)
report = Report.objects.get()
try:
    report.box_for_staff()
    opened = True
except KeyUnavailable:
    opened = False
follow = browser.get("/follow/")

report = {"who": "self", "age_range": "13-14", "kind": "deepnude"}
answers = [browser.get("/help/"), browser.get("/staff/"),
           browser.post("/api/v1/reports/", report, content_type="application/json")]
print(json.dumps({
    "answers": [[one.status_code, dict(one.headers), sorted(one.cookies)] for one in answers],
    "sent": sent["Location"], "opened": opened, "read_back": "chatter.example/p/1" in follow.content.decode(),
    "staff": browser.get("/staff/").status_code, "login": browser.get("/staff/login/").status_code,
    "api": browser.get("/api/v1/cases/").status_code, "first": browser.get("/").status_code,
}))
"""


@pytest.fixture
def public_keys(tmp_path: Path) -> Path:
    """A folder with what the public face may hold, and nothing else."""
    for name in EVERY_FACE:
        shutil.copy(Path(settings.KEYS_DIR) / name, tmp_path / name)
    assert not any((tmp_path / name).exists() for name in STAFF_ONLY)
    return tmp_path


def test_it_takes_reports_and_opens_none(public_keys: Path) -> None:
    env = environment(HELPLINE_FACE="public", HELPLINE_KEYS_DIR=str(public_keys))

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    answers = told.pop("answers")
    assert told == {
        "sent": "/report/code/",
        "opened": False,
        "read_back": True,
        "staff": 404,
        "login": 404,
        "api": 404,
        "first": 200,
    }
    # It answers without the middlewares of the staff, and promises the same.
    assert [status for status, _headers, _cookies in answers] == [200, 404, 201]
    for _status, headers, cookies in answers:
        assert MUST_CARRY.items() <= headers.items()
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert settings.SESSION_COOKIE_NAME not in cookies
    # What it took, the staff's key opens.
    report = Report.objects.exclude(links=None).get()
    assert report.box_for_staff().open(report.links.get(), "url") == "https://chatter.example/p/1"


def test_it_does_not_even_look_for_the_keys_it_may_not_hold(tmp_path: Path) -> None:
    shutil.copytree(settings.KEYS_DIR, tmp_path / "all")
    env = environment(HELPLINE_FACE="public", HELPLINE_KEYS_DIR=str(tmp_path / "all"))

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["opened"] is False
