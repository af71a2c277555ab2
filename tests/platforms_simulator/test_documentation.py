"""What docs/notice-api.md says is so."""

import json
import re
import shutil
import subprocess
import time
from dataclasses import fields
from typing import Any

import jsonschema
import pytest

from tests.platforms import __main__, signatures
from tests.platforms.behaviour import ANSWERS, OUTCOMES, Behaviour
from tests.platforms.simulator import ROOT, RunningSimulator
from tests.platforms_simulator.helplines import file_notice

PAGE = (ROOT / "docs/notice-api.md").read_text()


def blocks(language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def cell(name: str) -> str:
    """The second cell of the row of the example's table."""
    found = re.search(rf"^\| {re.escape(name)} \| `(.*)` \|$", PAGE, re.MULTILINE)
    assert found, name
    return found.group(1)


NOTICE, OUTCOME = (json.loads(block) for block in blocks("json"))


@pytest.mark.parametrize(
    ("secret", "header"),
    [
        ("secret of the helpline", "header of the notice"),
        ("secret of the platform", "header of a callback with the same body"),
    ],
)
def test_the_worked_example_is_right(secret: str, header: str) -> None:
    at, body = int(cell("`t`")), cell("body").encode()
    assert signatures.sign(cell(secret), body, at) == cell(header)
    assert signatures.refusal(cell(secret), cell(header), body, at + 299) is None


def test_the_shell_line_computes_the_example() -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    (script,) = [block for block in blocks("sh") if "openssl" in block]
    ended = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.strip().endswith(cell("header of the notice").partition("v1=")[2])


def test_the_python_of_the_page_checks_signatures_as_the_simulator_does() -> None:
    (code,) = blocks("python")
    namespace: dict[str, Any] = {}
    exec(code, namespace)
    is_genuine = namespace["is_genuine"]
    body, now = b'{"a": 1}', int(time.time())
    good = signatures.sign("secret", body, now)
    for header, tried, moment in [
        (good, body, now),
        (good, body, now + 299),
        (good, body, now + 301),
        (good, body, now - 301),
        (good, body + b" ", now),
        (good.replace("v1=", "v1=0"), body, now),
        (f"t={now},v1=00,v1={signatures.digest('secret', now, body)}", body, now),
        ("", body, now),
        ("t=x,v1=00", body, now),
    ]:
        expected = signatures.refusal("secret", header, tried, moment) is None
        assert is_genuine(b"secret", header, tried, moment) is expected, header


def test_the_examples_are_what_the_schemas_and_the_simulator_take(
    simulator: RunningSimulator, slug: str
) -> None:
    for name, example in (("notice", NOTICE), ("outcome", OUTCOME)):
        content = json.loads((ROOT / f"docs/notice-api/takedown-{name}-1.json").read_text())
        jsonschema.Draft202012Validator(content).validate(example)
    assert file_notice(simulator, slug, NOTICE).status == 202
    assert OUTCOME["notice_id"] == NOTICE["notice_id"]


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", PAGE)
    assert links
    for link in links:
        assert (ROOT / "docs" / link).is_file(), link


def test_every_field_answer_outcome_and_option_is_described() -> None:
    for name in {one.name for one in fields(Behaviour)} - {"slug", "name", "host", "channel", "token"}:
        if name not in {"notice_secret", "callback_secret", "mailbox_address"}:
            assert f"`{name}`" in PAGE, name
    for name in (ANSWERS | OUTCOMES) - {"accepted"}:
        assert f"`{name}`" in PAGE, name
    options = __main__.parser().format_help()
    for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE)):
        assert option in options, option
