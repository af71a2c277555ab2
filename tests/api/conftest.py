"""Calls the API as programs do, and holds every answer against the published description."""

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import jsonschema
import pytest
from django.test import Client

from helpline.accounts import actions as accounts
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.platforms.models import Platform
from helpline.web import schema
from helpline.web.problems import MEDIA_TYPE
from tests.cast import NOON

REPORT: dict[str, Any] = {
    "channel": "web",
    "language": "en",
    "who": "self",
    "age_range": "13-14",
    "kind": "deepnude",
    "circumstances": ["blackmail"],
    "story": "Somebody made a fake picture of me and sends it round.",
    "links": [{"url": "https://chatter.example/p/1", "account": "mean.one", "reported_before": True}],
    "fingerprints": [
        {"algorithm": "pdq", "value": "ab" * 32, "quality": 88},
        {"algorithm": "sha256", "value": "cd" * 32},
    ],
    "safe_contact": {"via": "none"},
}
"""A complete report."""


@cache
def description() -> dict[str, Any]:
    """The OpenAPI document."""
    found: dict[str, Any] = json.loads(schema.document())
    return found


@cache
def _paths() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    return [
        (re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)) + r"\Z"), operations)
        for path, operations in description()["paths"].items()
    ]


def described(method: str, path: str, response: Any) -> None:
    """Fails unless this answer is one that the description promises for this call."""
    operations = next((found for pattern, found in _paths() if pattern.match(path)), None)
    if operations is None or method.lower() not in operations:
        assert response.status_code in {404, 405}, f"{method} {path} is not described"
        return
    answers = operations[method.lower()]["responses"]
    answer = answers.get(str(response.status_code), answers["default"])
    if response.status_code == 204:
        assert "204" in answers
        assert not response.content
        return
    assert str(response.status_code) in answers or response.status_code >= 400
    media_type = response["Content-Type"].partition(";")[0]
    assert media_type == ("application/json" if response.status_code < 400 else MEDIA_TYPE)
    if response.get("Idempotency-Replayed"):
        return  # only the identifiers of the first answer
    wanted = answer["content"][media_type]["schema"]
    jsonschema.validate(
        response.json(), wanted | {"components": description()["components"]}, jsonschema.Draft202012Validator
    )


class Caller:
    """`call("POST", "/api/v1/…", body, by=nour)`: a token is made for `by` as needed."""

    def __init__(self) -> None:
        self.client = Client()
        self.tokens: dict[int, str] = {}

    def token(self, staff: Staff, scopes: Any = tuple(Permission)) -> str:
        """A new bearer token for this person."""
        return accounts.create_token(staff=staff, name="test", scopes=scopes, by=staff, at=NOON)[1]

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        by: Staff | None = None,
        token: str | None = None,
        code: str | None = None,
        key: str | None = None,
        raw: bytes | None = None,
        content_type: str = "application/json",
        **headers: str,
    ) -> Any:
        if by is not None:
            if by.pk not in self.tokens:
                self.tokens[by.pk] = self.token(by)
            token = self.tokens[by.pk]
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if code is not None:
            headers["Receipt-Code"] = code
        if key is not None:
            headers["Idempotency-Key"] = key
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        response = self.client.generic(method, path, content, content_type=content_type, headers=headers)
        described(method, path.partition("?")[0], response)
        return response


@pytest.fixture
def call(db: None) -> Caller:
    """The API."""
    Platform.objects.catch_all()
    return Caller()


@pytest.fixture
def submit(call: Caller) -> Callable[..., str]:
    """Somebody reports through the API: `submit(kind="threat")` answers the code."""

    def make(**changes: Any) -> str:
        response = call("POST", "/api/v1/reports/", REPORT | changes)
        assert response.status_code == 201, response.content
        code: str = response.json()["receipt_code"]
        return code

    return make


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """Fails unless the answer is this problem; its body."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == MEDIA_TYPE
    body: dict[str, Any] = response.json()
    assert (body["status"], body["code"]) == (status, code), body
    assert body["type"] and body["title"] and body["detail"]
    return body
