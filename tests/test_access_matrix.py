"""Every address × every method × every role × whose it is, from one table. An address that is not in it fails."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from cases.models import Case, Incident, SavedView
from cases.referrals.actions import Facts, prepare
from cases.referrals.states import RecipientKind
from cases.takedowns.actions import request_takedown
from helpline.accounts import actions as accounts
from helpline.accounts.models import Role, Staff
from helpline.accounts.permissions import Permission
from helpline.approvals import actions as approvals
from helpline.crypto import wrapping
from helpline.crypto.box import Box
from helpline.platforms.models import Platform
from reports.actions import LinkFacts
from reports.models import Evidence
from tests.cast import NOON

ROOT = Path(__file__).resolve().parent.parent
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# Who tries. The counsellor has the sample case; the stranger is a counsellor of another team; nobody's role is empty.
ROLES = (
    "anonymous",
    "counsellor",
    "stranger",
    "supervisor",
    "administrator",
    "auditor",
    "partner",
    "nobody",
)
Roles = frozenset[str]

EVERYONE = frozenset(ROLES)
STAFF = EVERYONE - {"anonymous"}
CASEWORK = frozenset({"counsellor", "stranger", "supervisor"})
ADMINISTRATOR = frozenset({"administrator"})
FIGURES = frozenset({"supervisor", "auditor"})
AUDITOR = frozenset({"auditor"})

LOGIN = "to the login"
LOGIN_PAGE = "/staff/login/"


Answers = int | str | dict[Roles, int | str]


@dataclass(frozen=True, slots=True)
class Row:
    """Who may do what at one address.

    `may` holds, for each method, what those who may are answered: one status for everyone in `roles`, or one for each
    group of roles. Whatever is not said: 405 for who may come in at all, else the door's own answer.
    """

    door: int | str | None  # what a stranger to the house is answered; None: there is no door
    roles: Roles = EVERYONE
    may: dict[str, Answers] = field(default_factory=dict)
    owned: bool = False  # the sample is the counsellor's: for the stranger it is not there

    def expected(self, role: str, method: str) -> int | str:
        """What this role is answered."""
        if self.door is not None and role == "anonymous":
            return self.door
        if role not in self.roles:
            return 403
        answers = self.may.get("GET" if method == "HEAD" else method)
        if answers is None:
            return 405
        if self.owned and role == "stranger":
            return 404
        if not isinstance(answers, dict):
            return answers
        return next(answer for roles, answer in answers.items() if role in roles)


def public(**may: Answers) -> Row:
    """Open to anyone."""
    return Row(None, EVERYONE, may)


def desk(roles: Roles, **may: Answers) -> Row:
    """A page of the staff, for these roles."""
    return Row(LOGIN, roles, may)


def own(roles: Roles, **may: Answers) -> Row:
    """The same, about something that belongs to the counsellor."""
    return Row(LOGIN, roles, may, owned=True)


def call(roles: Roles, **may: Answers) -> Row:
    """A call with a token, for these roles."""
    return Row(401, roles, may)


def own_call(roles: Roles, **may: Answers) -> Row:
    """The same, about something that belongs to the counsellor."""
    return Row(401, roles, may, owned=True)


def account(**may: Answers) -> Row:
    """allauth's page of a person about themselves."""
    return Row(LOGIN, STAFF, {"OPTIONS": 200} | may)


def outside(**may: Answers) -> Row:
    """allauth's page before the login."""
    return Row(None, EVERYONE, {"OPTIONS": 200} | may)


def every(answer: Answers) -> dict[str, Answers]:
    """The same for every method."""
    return dict.fromkeys(METHODS, answer)


GUESTS_ONLY: Answers = {frozenset({"anonymous"}): 200, STAFF: 302}

# A 400, 409 or 422 is a way in: the door was passed, and the empty body that is sent here is refused behind it.
TABLE: dict[str, Row] = {
    # --- the public zone
    "": public(GET=200),
    "help/": public(GET=200),
    "exit/": public(GET=302, POST=204),
    "privacy/": public(GET=200),
    "source/": public(GET=200),
    "robots.txt": public(GET=200),
    ".well-known/security.txt": public(GET=200),
    "report/": public(GET=200, POST=200),
    "report/<int:number>/": public(GET=200, POST=200),
    "report/now/": public(GET=200, POST=200),
    "report/review/": public(GET=200, POST=200),
    "report/pictures/": public(GET=200, POST=200),
    "report/code/": public(GET=302, POST=302),
    "report/code/card/": public(GET=302),
    "follow/": public(GET=200, POST=200),
    "follow/messages/": public(GET=200, POST=200),
    "follow/links/": public(GET=200, POST=200),
    "follow/fingerprints/": public(GET=200, POST=200),
    "follow/changed/": public(GET=200, POST=200),
    "follow/stop/": public(GET=200, POST=200),
    "follow/stop/<int:number>/": public(GET=200, POST=200),
    "follow/proof/": public(GET=200),
    "follow/erase/": public(GET=200, POST=200),
    "follow/contact/": public(GET=200, POST=200),
    "follow/leave/": public(POST=302),
    "follow/gone/": public(GET=200),
    "follow/left/": public(GET=200),
    # --- for whoever operates it (no worker runs here, so it is not ready)
    "healthz": public(**every(200)),
    "readyz": public(**every(503)),
    # --- the desk
    "staff/": desk(
        STAFF, GET={CASEWORK: 200, ADMINISTRATOR | AUDITOR: 302, frozenset({"partner", "nobody"}): 403}
    ),
    "staff/search/": desk(CASEWORK, POST=200),
    "staff/queue/news/": desk(CASEWORK, GET=200),
    "staff/queue/next/": desk(CASEWORK, POST=302),
    "staff/queue/assign/": desk(frozenset({"supervisor"}), POST=302),
    "staff/queue/views/": desk(CASEWORK, POST=302),
    # One's own and nobody else's, a supervisor's neither.
    "staff/queue/views/<uuid:view_id>/remove/": own(
        CASEWORK, POST={frozenset({"counsellor"}): 302, frozenset({"supervisor"}): 404}
    ),
    "staff/queue/views/<uuid:view_id>/restore/": own(
        CASEWORK, POST={frozenset({"counsellor"}): 302, frozenset({"supervisor"}): 404}
    ),
    "staff/reports/<uuid:report_id>/keep/": desk(CASEWORK, POST=302),
    "staff/reports/<uuid:report_id>/release/": desk(CASEWORK, POST=302),
    "staff/reports/<uuid:report_id>/take-over/": desk(frozenset({"supervisor"}), POST=302),
    "staff/reports/<uuid:report_id>/": own(CASEWORK, GET=302),
    # Whoever comes too late is told so: both had it in their list a moment ago.
    "staff/reports/<uuid:report_id>/open/": desk(CASEWORK, POST=302),
    "staff/evidence/<uuid:evidence_id>/": own(CASEWORK, GET=200),
    "staff/evidence/<uuid:evidence_id>/picture/": own(CASEWORK, GET=200),
    "staff/evidence/<uuid:evidence_id>/seal/": own(CASEWORK, POST=422),
    "staff/reports/<uuid:report_id>/erase/": own(CASEWORK, GET=200, POST=422),
    # Who asked and who may decide; for the others it is not there.
    "staff/approvals/": desk(CASEWORK | ADMINISTRATOR, GET=200),
    "staff/approvals/<uuid:approval_id>/": own(
        CASEWORK | ADMINISTRATOR, GET={CASEWORK: 200, ADMINISTRATOR: 404}
    ),
    "staff/approvals/<uuid:approval_id>/decide/": desk(
        ADMINISTRATOR | {"supervisor"}, POST={frozenset({"supervisor"}): 422, ADMINISTRATOR: 404}
    ),
    "staff/approvals/<uuid:approval_id>/withdraw/": own(
        CASEWORK | ADMINISTRATOR, POST={frozenset({"counsellor"}): 302, CASEWORK | ADMINISTRATOR: 404}
    ),
    "staff/cases/": desk(CASEWORK, GET=200),
    "staff/cases/<slug:ref>/": own(CASEWORK, GET=200),
    "staff/cases/<slug:ref>/notes/": own(CASEWORK, POST=422),
    "staff/cases/<slug:ref>/messages/": own(CASEWORK, POST=422),
    "staff/cases/<slug:ref>/assign/": own(CASEWORK, POST=422),
    "staff/cases/<slug:ref>/handle/": own(CASEWORK, POST=302),
    "staff/cases/<slug:ref>/links/": own(CASEWORK, POST=422),
    "staff/cases/<slug:ref>/waiting/": own(CASEWORK, POST=302),
    "staff/cases/<slug:ref>/close/": own(CASEWORK, POST=422),
    "staff/cases/<slug:ref>/reopen/": own(CASEWORK, POST=302),
    "staff/cases/<slug:ref>/takedowns/": own(CASEWORK, GET=200, POST=200),
    "staff/incidents/": desk(CASEWORK, GET=200),
    "staff/incidents/<slug:ref>/": own(CASEWORK, GET=200),
    "staff/incidents/<slug:ref>/title/": own(CASEWORK, POST=302),
    "staff/incidents/<slug:ref>/members/<int:member_id>/": own(CASEWORK, POST=302),
    "staff/takedowns/": desk(CASEWORK, GET=200),
    "staff/takedowns/<uuid:takedown_id>/": own(CASEWORK, GET=200),
    "staff/takedowns/<uuid:takedown_id>/filed/": own(CASEWORK, POST=302),
    "staff/takedowns/<uuid:takedown_id>/outcome/": own(CASEWORK, POST=422),
    "staff/takedowns/<uuid:takedown_id>/settle/": own(CASEWORK, POST=302),
    "staff/takedowns/<uuid:takedown_id>/cancel/": own(CASEWORK, POST=302),
    "staff/takedowns/<uuid:takedown_id>/retry/": own(CASEWORK, POST=302),
    "staff/referrals/": desk(CASEWORK, GET=200),
    "staff/referrals/<uuid:referral_id>/": own(CASEWORK, GET=200),
    "staff/referrals/<uuid:referral_id>/change/": own(CASEWORK, GET=200, POST=302),
    "staff/referrals/<uuid:referral_id>/approval/": own(CASEWORK, POST=302),
    "staff/referrals/<uuid:referral_id>/ready/": own(CASEWORK, POST=302),
    "staff/referrals/<uuid:referral_id>/dossier/": own(CASEWORK, POST=302),
    "staff/referrals/<uuid:referral_id>/sent/": own(CASEWORK, POST=302),
    "staff/referrals/<uuid:referral_id>/answer/": own(CASEWORK, POST=422),
    "staff/referrals/<uuid:referral_id>/follow-up/": own(CASEWORK, POST=422),
    "staff/referrals/<uuid:referral_id>/close/": own(CASEWORK, POST=422),
    "staff/referrals/<uuid:referral_id>/cancel/": own(CASEWORK, POST=302),
    "staff/referrals/<uuid:referral_id>/tell/": own(CASEWORK, POST=422),
    "staff/cases/<slug:ref>/referrals/new/": own(CASEWORK, GET=200, POST=422),
    "staff/platforms/": desk(CASEWORK | ADMINISTRATOR, GET=200),
    "staff/platforms/<slug:slug>/verify/": desk(ADMINISTRATOR, POST=302),
    "staff/platforms/<slug:slug>/approve/": desk(ADMINISTRATOR, POST=302),
    "staff/platforms/<slug:slug>/switch/": desk(ADMINISTRATOR, POST=302),
    "staff/team/": desk(ADMINISTRATOR | {"supervisor"}, GET=200),
    "staff/audit/": desk(AUDITOR, GET=200),
    "staff/audit/check/": desk(AUDITOR, POST=302),
    "staff/dashboard/": desk(FIGURES, GET=200),
    # --- the doors, which are allauth's
    "staff/login/": outside(
        GET=GUESTS_ONLY,
        POST=GUESTS_ONLY,
        PUT=GUESTS_ONLY,
        PATCH={frozenset({"anonymous"}): 405, STAFF: 302},
        DELETE={frozenset({"anonymous"}): 405, STAFF: 302},
        OPTIONS=GUESTS_ONLY,
    ),
    "staff/logout/": outside(GET={frozenset({"anonymous"}): 302, STAFF: 200}, POST=302),
    "staff/account/inactive/": outside(GET=200),
    # Closed to everyone, and said so.
    "staff/account/signup/": outside(**every(GUESTS_ONLY)),
    "staff/account/reauthenticate/": account(GET=200, POST=200, PUT=200),
    # Names that allauth reverses for what is not offered here: they lead back to the desk.
    "staff/account/email/": account(**every(302)),
    "staff/account/email/sent/": account(**every(302)),
    "staff/account/email/<str:key>/": account(**every(302)),
    "staff/account/code/": account(**every(302)),
    "staff/account/password/": account(GET=200, POST=200, PUT=200),
    "staff/account/password/set/": account(**every(302)),
    "staff/account/password/reset/": outside(GET=200, POST=200, PUT=200),
    "staff/account/password/reset/done/": outside(GET=200),
    "staff/account/password/reset/key/done/": outside(GET=200),
    r"staff/^account/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": outside(**every(200)),
    # --- the API, public
    "api/schema/": public(GET=200),
    "api/v1/follow/": public(GET=404, DELETE=404),  # without a code nothing is there
    "api/v1/follow/messages/": public(POST=404),
    "api/v1/follow/withdraw/": public(POST=404),
    "api/v1/follow/links/": public(POST=404),
    "api/v1/inbound/<slug:channel>/": public(POST=401),  # unsigned
    # --- the API, with a token
    "api/docs/": desk(STAFF - {"nobody"}, GET=200),
    "api/v1/reports/<uuid:pk>/": own_call(CASEWORK, GET=200),
    "api/v1/cases/": call(CASEWORK, GET=200, POST=400),
    "api/v1/cases/<slug:ref>/": own_call(CASEWORK, GET=200),
    "api/v1/cases/<slug:ref>/assign/": own_call(CASEWORK, POST=400),
    "api/v1/cases/<slug:ref>/notes/": own_call(CASEWORK, POST=400),
    "api/v1/cases/<slug:ref>/messages/": own_call(CASEWORK, POST=400),
    "api/v1/cases/<slug:ref>/close/": own_call(CASEWORK, POST=400),
    "api/v1/cases/<slug:ref>/reopen/": own_call(CASEWORK, POST=409),
    "api/v1/cases/<slug:ref>/takedowns/": own_call(CASEWORK, POST=400),
    "api/v1/incidents/": call(CASEWORK, GET=200),
    "api/v1/incidents/<slug:ref>/": own_call(CASEWORK, GET=200),
    "api/v1/incidents/<slug:ref>/add/": own_call(CASEWORK, POST=400),
    "api/v1/incidents/<slug:ref>/detach/": own_call(CASEWORK, POST=400),
    "api/v1/takedowns/": call(CASEWORK, GET=200),
    "api/v1/takedowns/<uuid:pk>/": own_call(CASEWORK, GET=200),
    "api/v1/takedowns/<uuid:pk>/outcome/": own_call(CASEWORK, POST=400),
    "api/v1/takedowns/<uuid:pk>/filed/": own_call(CASEWORK, POST=409),
    "api/v1/takedowns/<uuid:pk>/cancel/": own_call(CASEWORK, POST=200),
    "api/v1/takedowns/<uuid:pk>/retry/": own_call(CASEWORK, POST=409),
    "api/v1/takedowns/<uuid:pk>/resolve-unknown/": own_call(CASEWORK, POST=400),
    "api/v1/statistics/": call(FIGURES, GET=200),
    # Two faces at one address: anyone submits, the desk reads.
    "api/v1/reports/": Row(
        None,
        EVERYONE,
        {
            "POST": 400,
            **{
                method: {
                    frozenset({"anonymous"}): 401,
                    CASEWORK: 200 if method == "GET" else 405,
                    EVERYONE: 403,
                }
                for method in METHODS
                if method not in {"POST", "HEAD"}
            },
        },
    ),
}

# Samples for addresses that are written as a pattern.
PATTERNS = {
    r"staff/^account/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "staff/account/password/reset/key/1-x/",
}


# --- the addresses ---------------------------------------------------------------------------------------------------


def routes(resolver: URLResolver | None = None, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every address that exists, as it is written in the url modules, with what answers it."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        else:
            assert isinstance(pattern, URLPattern)
            yield route, pattern.callback


def test_every_address_is_in_the_table() -> None:
    found = [route for route, _view in routes()]
    assert sorted(set(found) - set(TABLE)) == [], "Say in TABLE who may do what there."
    assert sorted(set(TABLE) - set(found)) == [], "These addresses are gone: take them out of TABLE."
    assert len(found) == len(set(found)), "One address is answered by two views."


# --- the samples -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class World:
    """One of everything, the counsellor's; and a way in for every role."""

    cookies: dict[str, dict[str, str]]
    tokens: dict[str, str]
    samples: dict[tuple[str, str], str]

    def address(self, route: str) -> str:
        """The sample's address."""
        found = PATTERNS.get(route, route)
        for (where, name), value in self.samples.items():
            if where in route:
                found = re.sub(rf"<\w+:{name}>", value, found)
        return f"/{found}"

    def ask(self, role: str, method: str, route: str) -> int | str:
        """The status of the answer, or LOGIN. Whatever it changes is undone."""
        client, headers = Client(), {}
        if not route.startswith("api/v1/"):
            client.cookies.load(self.cookies[role])
        elif role in self.tokens:
            headers["Authorization"] = f"Bearer {self.tokens[role]}"
        cache.clear()  # of the login's own rate limits
        with transaction.atomic():
            response = client.generic(
                method, self.address(route), content_type="application/json", headers=headers
            )
            transaction.set_rollback(True)
        to_login = response.headers.get("Location", "").startswith(f"{LOGIN_PAGE}?next=")
        return LOGIN if to_login else response.status_code


def evidence_of(case: Case) -> Evidence:
    """A screenshot that belongs to its report; nobody here holds the code, so it is sealed for the staff only."""
    key = wrapping.new_data_key()
    row = Evidence(report=case.report, what="messages", width=1, height=1, size=9, added_at=NOON)
    row.picture = Box(key).seal_bytes(row, "picture", b"\x89PNG\r\n\x1a\n")
    row.staff_key = wrapping.wrap_for_staff(key, about=row.about)
    row.save()
    return row


@pytest.fixture
def world(
    roles: dict[str, Role],
    nour: Staff,
    sacha: Staff,
    maud: Staff,
    anouk: Staff,
    theo: Staff,
    chatter: Platform,
    make_staff: Callable[..., Staff],
    open_case: Callable[..., Case],
    log_in: Callable[[Staff], Client],
) -> World:
    """Everyone, and one of everything."""
    Role.objects.create(slug="nobody", name="Nobody")
    roles["nobody"] = Role.objects.get(slug="nobody")
    people = {
        "counsellor": nour,
        "stranger": sacha,
        "supervisor": maud,
        "administrator": anouk,
        "auditor": theo,
        "partner": make_staff("school-line", "partner"),
        "nobody": make_staff("nobody", "nobody"),
    }
    same = (LinkFacts(url="https://chatter.example/p/1"),)
    case, other = open_case(links=same), open_case(links=same, at=NOON + timedelta(hours=1))
    takedown = request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=NOON)[0]
    incident = Incident.objects.get()
    member = incident.members.get(case=case)
    approval = approvals.ask(what="erase-report", obj=other.report, by=nour, reason="They said so.", at=NOON)
    return World(
        cookies={"anonymous": {}}
        | {
            role: {name: morsel.value for name, morsel in log_in(staff).cookies.items()}
            for role, staff in people.items()
        },
        tokens={
            role: accounts.create_token(staff=staff, name="x", scopes=Permission, by=staff, at=NOON)[1]
            for role, staff in people.items()
        },
        samples={
            ("incidents/<", "ref"): incident.ref,
            ("cases/<", "ref"): case.ref,
            ("reports/<", "report_id"): str(case.report_id),
            ("reports/<", "pk"): str(case.report_id),
            ("evidence/<", "evidence_id"): str(evidence_of(case).pk),
            ("approvals/<", "approval_id"): str(approval.pk),
            ("takedowns/<", "pk"): str(takedown.pk),
            ("takedowns/<", "takedown_id"): str(takedown.pk),
            ("referrals/<", "referral_id"): str(
                prepare(case=case, kind=RecipientKind.SCHOOL, facts=Facts(), by=nour, at=NOON).pk
            ),
            ("members/<", "member_id"): str(member.pk),
            ("views/<", "view_id"): str(SavedView.objects.create(staff=nour, name="x", query="kind=sent").pk),
            ("platforms/<", "slug"): "chatter",
            ("inbound/<", "channel"): "chatter",
            ("report/<", "number"): "1",
            ("follow/", "number"): "1",
        },
    )


# --- the matrix ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_everyone_is_answered_as_the_table_says(world: World, method: str) -> None:
    wrong = [
        f"{method} /{route} as {role}: {answer} instead of {row.expected(role, method)}"
        for route, row in TABLE.items()
        for role in ROLES
        if (answer := world.ask(role, method, route)) != row.expected(role, method)
    ]
    assert not wrong, "\n".join(wrong)


def test_a_session_is_no_key_to_the_api(world: World) -> None:
    """Given a browser that is logged in, then a page of another site can't make it call the API."""
    for route in TABLE:
        if route.startswith("api/v1/") and TABLE[route].door == 401:
            client = Client()
            client.cookies.load(world.cookies["supervisor"])
            assert client.get(world.address(route)).status_code == 401, route


def test_a_token_is_no_key_to_the_pages(world: World) -> None:
    for route, row in TABLE.items():
        if row.door == LOGIN:
            token = world.tokens["supervisor"]
            response = Client().get(world.address(route), headers={"Authorization": f"Bearer {token}"})
            assert response.headers.get("Location", "").startswith(LOGIN_PAGE), route


def test_what_is_not_yours_looks_like_what_is_not_there(world: World) -> None:
    """Byte for byte, but for the address itself."""
    for route, row in TABLE.items():
        if not row.owned or "members" in route:
            continue
        method = "GET" if "GET" in row.may else "POST"
        foreign = world.address(route)
        invented = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", str(uuid4()), foreign)
        invented = re.sub(r"(cases|incidents)/[0-9A-Z]{8}/", r"\1/0000000X/", invented)
        assert invented != foreign
        answers = []
        for address in (foreign, invented):
            client, headers = Client(), {}
            client.cookies.load(world.cookies["stranger"])
            if route.startswith("api/v1/"):
                headers["Authorization"] = f"Bearer {world.tokens['stranger']}"
            response = client.generic(method, address, content_type="application/json", headers=headers)
            body = re.sub(rb"nonce-[\w=+/-]+|csrfmiddlewaretoken[^>]+", b"", response.content)
            answers.append((response.status_code, body.replace(address.encode(), b"")))
        assert answers[0] == answers[1], route
        assert answers[0][0] == 404, route


# --- two faces -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("face", ["public", "staff"])
def test_a_face_has_the_addresses_of_its_zone_only(face: str) -> None:
    """Each face runs as its own process, and knows no more than it serves."""
    script = (
        "import django; django.setup(); from tests.test_access_matrix import routes;"
        "print(*(f'{route} {sorted(getattr(view, \"cls\", view).__dict__)}' for route, view in routes()), sep='\\n')"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "HELPLINE_FACE": face, "DJANGO_SETTINGS_MODULE": "helpline.settings"},
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    found = {
        route for route in TABLE if any(line.startswith(f"{route} ") for line in run.stdout.splitlines())
    }
    both = {
        "",
        "help/",
        "exit/",
        "privacy/",
        "source/",
        "robots.txt",
        ".well-known/security.txt",
        "healthz",
        "readyz",
    }
    both |= {"api/schema/", "api/v1/reports/"}
    of_the_public = {route for route in TABLE if route.startswith(("report/", "follow/", "api/v1/follow/"))}
    assert found == (both | of_the_public if face == "public" else set(TABLE) - of_the_public)
    (reports,) = [line for line in run.stdout.splitlines() if line.startswith("api/v1/reports/ ")]
    assert ("'post'" in reports, "'get'" in reports) == ((True, False) if face == "public" else (False, True))
