"""The OpenAPI document, and the page that shows it."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.core.management import call_command
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpline.accounts.models import Staff
from helpline.web.problems import Problem
from reports.bodies import EXAMPLE, SUBMISSION_SCHEMA, read_submission
from tests.api.conftest import REPORT, description


def test_the_document_is_valid_and_complete() -> None:
    """drf-spectacular's own check, without one warning."""
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=StringIO(), stderr=StringIO())


def test_anyone_may_read_it(db: None) -> None:
    for accept in ("application/json", "application/vnd.oai.openapi+json", "*/*"):
        response = Client().get("/api/schema/", headers={"Accept": accept})
        assert response.status_code == 200
        assert json.loads(response.content)["openapi"].startswith("3.1")


def test_every_call_of_the_contract_is_in_it() -> None:
    calls = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, operations in description()["paths"].items()
        for method in operations
    }
    assert calls >= {
        "POST /reports/",
        "GET /reports/",
        "GET /reports/{id}/",
        "GET /follow/",
        "POST /follow/messages/",
        "POST /follow/withdraw/",
        "DELETE /follow/",
        "POST /cases/",
        "GET /cases/",
        "GET /cases/{ref}/",
        "POST /cases/{ref}/assign/",
        "POST /cases/{ref}/notes/",
        "POST /cases/{ref}/close/",
        "POST /cases/{ref}/reopen/",
        "GET /incidents/",
        "POST /cases/{ref}/takedowns/",
        "GET /takedowns/",
        "GET /takedowns/{id}/",
        "POST /takedowns/{id}/outcome/",
        "POST /takedowns/{id}/escalate/",
        "POST /takedowns/{id}/cancel/",
        "POST /takedowns/{id}/resolve-unknown/",
        "POST /inbound/{channel}/",
        "GET /statistics/",
    }


def test_every_call_says_how_it_fails_and_who_may() -> None:
    for path, operations in description()["paths"].items():
        for method, operation in operations.items():
            assert "application/problem+json" in operation["responses"]["default"]["content"], (method, path)
            public = path.startswith(("/api/v1/follow/", "/api/v1/inbound/")) or (
                (method, path) == ("post", "/api/v1/reports/")
            )
            assert ({} in operation.get("security", [{}])) is public, (method, path)


# --- the intake: read by hand, described by a schema -----------------------------------------------------------------


def test_the_examples_are_what_the_description_says() -> None:
    for body in (EXAMPLE, REPORT):
        jsonschema.validate(body, SUBMISSION_SCHEMA)


def bodies() -> st.SearchStrategy[Any]:
    """Bodies that the published schema allows, of any shape below it."""

    def of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
        if "oneOf" in schema:
            return st.one_of([of(one) for one in schema["oneOf"]])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        if "pattern" in schema:
            return st.from_regex(schema["pattern"], fullmatch=True)
        kind = schema["type"]
        if kind == "string":
            return st.text(max_size=min(schema.get("maxLength", 40), 40))
        if kind == "integer":
            return st.integers(schema["minimum"], schema["maximum"])
        if kind == "boolean":
            return st.booleans()
        if kind == "array":
            return st.lists(of(schema["items"]), max_size=4)
        fields = {name: of(one) for name, one in schema["properties"].items()}
        needed = set(schema.get("required", ()))
        return st.fixed_dictionaries(
            {name: one for name, one in fields.items() if name in needed},
            optional={name: one for name, one in fields.items() if name not in needed},
        )

    return of(SUBMISSION_SCHEMA)


# What a schema can't say: whether a text is an address, a name, a moment, or somewhere to write to, and whether hours
# belong together.
BEYOND_A_SCHEMA = (".url", ".account", "_at", "safe_contact.address", "safe_contact.from_hour")


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(bodies())
def test_what_the_description_allows_is_taken(db: None, body: dict[str, Any]) -> None:
    try:
        read_submission(body)
    except Problem as refused:
        assert refused.code == "invalid"
        assert all(name.endswith(BEYOND_A_SCHEMA) for name in refused.errors), refused.errors


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FIELDS = [*SUBMISSION_SCHEMA["properties"], "answers", ""]


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    anything | st.dictionaries(st.sampled_from(FIELDS), anything, max_size=8).map(lambda body: REPORT | body)
)
def test_what_is_taken_the_description_allows(db: None, body: Any) -> None:
    """Whatever comes, it is read or refused with names; and what is read fits the schema (null is nothing said)."""
    try:
        read_submission(body)
    except Problem as refused:
        assert refused.code == "invalid"
        assert refused.errors
    else:
        jsonschema.validate(without_nulls(body), SUBMISSION_SCHEMA)


def without_nulls(value: Any) -> Any:
    """`value` without what was left unsaid."""
    if isinstance(value, dict):
        return {name: without_nulls(one) for name, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


# --- the page --------------------------------------------------------------------------------------------------------


def test_the_page_is_for_staff(db: None, nour: Staff, log_in: Callable[[Staff], Client]) -> None:
    stranger = Client().get("/api/docs/")
    assert (stranger.status_code, stranger["Location"]) == (302, "/staff/login/?next=/api/docs/")
    response = log_in(nour).get("/api/docs/")
    assert response.status_code == 200
    assert b'data-schema="/api/schema/"' in response.content


def test_the_page_needs_no_exception_from_the_policy(
    db: None, nour: Staff, log_in: Callable[[Staff], Client]
) -> None:
    browser = log_in(nour)
    policy = browser.get("/api/docs/")["Content-Security-Policy"]
    assert policy == browser.get("/staff/")["Content-Security-Policy"]
    assert "unsafe" not in policy


@pytest.mark.parametrize("name", ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"])
def test_what_the_page_loads_is_there(name: str) -> None:
    from django.contrib.staticfiles import finders

    assert Path(str(finders.find(f"drf_spectacular_sidecar/swagger-ui-dist/{name}"))).is_file()
    assert Path(str(finders.find("js/api-docs.js"))).is_file()
