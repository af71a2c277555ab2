"""Every address × every method × every role × whose it is, from one table. An address that is not in it fails."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from cases import actions as cases
from cases.alerts.models import Alert
from cases.annual import actions as annual
from cases.dashboards.models import LastFold
from cases.dashboards.periods import Period
from cases.handover import actions as handover
from cases.handover import leaving, shifts
from cases.handover.models import Move
from cases.incidents.school import make_code
from cases.ladder.models import Redress, Step
from cases.ladder.states import Kind, Rung
from cases.letters import starting as letters_starting
from cases.letters.actions import record_mandate
from cases.letters.models import NoticeTemplate
from cases.letters.states import GivenBy, GivenHow
from cases.listening import actions as calls
from cases.mailbox.actions import take_in
from cases.mailbox.models import Mail
from cases.models import Case, Incident, SavedView
from cases.reconciliation.models import Line, Upload
from cases.referrals.actions import Facts, prepare
from cases.referrals.states import RecipientKind
from cases.takedowns.actions import request_takedown
from cases.takedowns.models import Takedown
from cases.todo import starting
from cases.todo.actions import add_task, write_plan
from cases.todo.models import PARTS, Checklist, MessageTemplate
from cases.wellbeing.models import Talk
from helpline.accounts import actions as accounts
from helpline.accounts.models import Role, Staff
from helpline.accounts.permissions import Permission
from helpline.approvals import actions as approvals
from helpline.crypto import wrapping
from helpline.crypto.box import Box
from helpline.platforms.models import Platform
from reports.actions import LinkFacts
from reports.intake.interview import Interview
from reports.models import Evidence
from reports.states import Channel
from tests.cases.mailbox.mails import mail
from tests.cast import NOON
from tests.safety.headers import as_deployed, wrong_headers

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


ONES_OWN: Answers = {frozenset({"counsellor"}): 200, frozenset({"supervisor"}): 404}
ONES_OWN_AFTER: Answers = {frozenset({"counsellor"}): 302, frozenset({"supervisor"}): 404}
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
    "follow/code/": public(GET=200, POST=200),
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
    # Switched off, as a new helpline is.
    "statistics/": public(GET=404),
    # --- for whoever operates it (no worker runs here, so it is not ready)
    "healthz": public(**every(200)),
    "readyz": public(**every(503)),
    # From this host, as these requests are.
    "metrics": public(GET=200),
    # --- the desk
    "staff/": desk(
        STAFF, GET={CASEWORK: 200, ADMINISTRATOR | AUDITOR: 302, frozenset({"partner", "nobody"}): 403}
    ),
    "staff/search/": desk(CASEWORK, POST=200),
    "staff/here/": desk(STAFF, GET=200),
    "staff/queue/news/": desk(CASEWORK, GET=200),
    "staff/queue/danger/": desk(CASEWORK, GET=200),
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
    "staff/reports/<uuid:report_id>/together/": desk(CASEWORK, POST=302),
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
    "staff/cases/<slug:ref>/danger/over/": own(CASEWORK, POST=422),
    # Nothing was over: it says so.
    "staff/cases/<slug:ref>/danger/again/": own(CASEWORK, POST=302),
    "staff/cases/<slug:ref>/deadline/": own(CASEWORK, POST=422),
    "staff/cases/<slug:ref>/takedowns/": own(CASEWORK, GET=200, POST=200),
    "staff/incidents/": desk(CASEWORK, GET=200),
    "staff/incidents/<slug:ref>/": own(CASEWORK, GET=200),
    "staff/incidents/<slug:ref>/title/": own(CASEWORK, POST=302),
    "staff/incidents/<slug:ref>/members/<int:member_id>/": own(CASEWORK, POST=302),
    "staff/incidents/<slug:ref>/join/": own(CASEWORK, POST=302),
    "staff/incidents/<slug:ref>/add/": own(CASEWORK, POST=422),
    "staff/incidents/<slug:ref>/split/": own(CASEWORK, POST=302),
    "staff/incidents/<slug:ref>/merge/": own(CASEWORK, POST=422),
    "staff/incidents/<slug:ref>/close/": own(CASEWORK, POST=302),
    "staff/incidents/<slug:ref>/undo/<uuid:step_id>/": own(CASEWORK, POST=302),
    "staff/incidents/<slug:ref>/code/": desk(frozenset({"supervisor"}), POST=302),
    "staff/incidents/<slug:ref>/code/card/": own(CASEWORK, GET=200),
    "staff/incidents/<slug:ref>/ask/<slug:slug>/": own(CASEWORK, GET=200, POST=302),
    "staff/incidents/<slug:ref>/worksheet/": own(CASEWORK, GET=200, POST=422),
    "staff/incidents/<slug:ref>/worksheet/paper/": own(CASEWORK, POST=404),
    "staff/takedowns/": desk(CASEWORK, GET=200),
    "staff/takedowns/<uuid:takedown_id>/": own(CASEWORK, GET=200),
    "staff/takedowns/<uuid:takedown_id>/filed/": own(CASEWORK, POST=302),
    "staff/takedowns/<uuid:takedown_id>/outcome/": own(CASEWORK, POST=422),
    "staff/takedowns/<uuid:takedown_id>/answered/": own(CASEWORK, POST=302),
    "staff/takedowns/<uuid:takedown_id>/settle/": own(CASEWORK, POST=302),
    "staff/takedowns/<uuid:takedown_id>/settle/undo/": own(CASEWORK, POST=302),
    "staff/takedowns/<uuid:takedown_id>/cancel/": own(CASEWORK, POST=302),
    "staff/takedowns/<uuid:takedown_id>/retry/": own(CASEWORK, POST=302),
    "staff/takedowns/<uuid:takedown_id>/check/": own(CASEWORK, POST=302),
    "staff/takedowns/<uuid:takedown_id>/escalate/": own(CASEWORK, POST=302),
    "staff/takedowns/<uuid:takedown_id>/dispute/": own(CASEWORK, POST=302),
    "staff/takedowns/<uuid:takedown_id>/clock/pause/": own(CASEWORK, POST=302),
    "staff/takedowns/<uuid:takedown_id>/clock/resume/": own(CASEWORK, POST=302),
    "staff/takedowns/<uuid:takedown_id>/clock/undo/": own(CASEWORK, POST=302),
    "staff/ladder/": desk(CASEWORK, GET=200),
    "staff/ladder/steps/<uuid:step_id>/": own(CASEWORK, GET=200),
    "staff/ladder/steps/<uuid:step_id>/take/": own(CASEWORK, POST=302),
    "staff/ladder/steps/<uuid:step_id>/done/": own(CASEWORK, POST=302),
    "staff/ladder/steps/<uuid:step_id>/skip/": own(CASEWORK, POST=302),
    "staff/ladder/steps/<uuid:step_id>/outcome/": own(CASEWORK, POST=422),
    "staff/ladder/steps/<uuid:step_id>/undo/": own(CASEWORK, POST=302),
    "staff/ladder/steps/<uuid:step_id>/pack/": own(CASEWORK, POST=200),
    "staff/ladder/redress/<uuid:redress_id>/": own(CASEWORK, GET=200),
    "staff/ladder/redress/<uuid:redress_id>/file/": own(CASEWORK, POST=302),
    "staff/ladder/redress/<uuid:redress_id>/decide/": own(CASEWORK, POST=422),
    "staff/ladder/redress/<uuid:redress_id>/drop/": own(CASEWORK, POST=302),
    "staff/ladder/redress/<uuid:redress_id>/undo/": own(CASEWORK, POST=302),
    "staff/ladder/redress/<uuid:redress_id>/pack/": own(CASEWORK, POST=200),
    "staff/takedowns/bulk/": desk(CASEWORK, POST=302),
    "staff/takedowns/<uuid:takedown_id>/not-filed/": own(CASEWORK, POST=302),
    "staff/mailbox/": desk(CASEWORK, GET=200),
    "staff/mailbox/<uuid:mail_id>/": own(CASEWORK, GET=200),
    "staff/mailbox/<uuid:mail_id>/confirm/": own(CASEWORK, POST=422),
    "staff/mailbox/<uuid:mail_id>/undelivered/": own(CASEWORK, POST=302),
    "staff/mailbox/<uuid:mail_id>/dismiss/": own(CASEWORK, POST=302),
    "staff/mailbox/<uuid:mail_id>/restore/": own(CASEWORK, POST=302),
    "staff/mailbox/<uuid:mail_id>/write/": own(CASEWORK, POST=422),
    "staff/mailbox/<uuid:mail_id>/lead/": desk(frozenset({"supervisor"}), POST=422),
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
    # One's own and nobody else's, a supervisor's neither.
    "staff/calls/": desk(CASEWORK, GET=200),
    "staff/calls/new/": desk(CASEWORK, GET=200),
    "staff/calls/<uuid:call_id>/": own(
        CASEWORK,
        GET=ONES_OWN,
        POST={
            frozenset({"counsellor"}): 409,
            frozenset({"supervisor"}): 404,
        },  # from a page that saw nothing of it
    ),
    "staff/calls/<uuid:call_id>/save/": own(CASEWORK, POST=ONES_OWN),
    "staff/calls/<uuid:call_id>/discard/": own(CASEWORK, POST=ONES_OWN_AFTER),
    "staff/calls/<uuid:call_id>/restore/": own(CASEWORK, POST=ONES_OWN_AFTER),
    "staff/calls/<uuid:call_id>/code/": own(CASEWORK, GET=ONES_OWN_AFTER, POST=ONES_OWN_AFTER),
    "staff/cases/<slug:ref>/code/": own(CASEWORK, GET=200, POST=422),
    # --- what there is to do
    "staff/tasks/": desk(CASEWORK, GET=200),
    "staff/tasks/<uuid:task_id>/": own(CASEWORK, GET=200, POST=422),
    "staff/tasks/<uuid:task_id>/done/": own(CASEWORK, POST=302),
    "staff/tasks/<uuid:task_id>/not-done/": own(CASEWORK, POST=302),
    "staff/tasks/<uuid:task_id>/remove/": own(CASEWORK, POST=302),
    "staff/tasks/<uuid:task_id>/restore/": own(CASEWORK, POST=302),
    "staff/cases/<slug:ref>/tasks/": own(CASEWORK, POST=422),
    "staff/cases/<slug:ref>/checklists/<uuid:checklist_id>/": own(CASEWORK, POST=302),
    "staff/cases/<slug:ref>/plan/": own(CASEWORK, GET=200, POST=422),
    "staff/cases/<slug:ref>/plan/share/": own(CASEWORK, GET=200, POST=422),
    "staff/cases/<slug:ref>/plan/<int:number>/": own(CASEWORK, GET=200),
    "staff/cases/<slug:ref>/messages/text/": own(CASEWORK, POST=422),
    # Too late for everyone: it was written long ago.
    "staff/cases/<slug:ref>/checklists/<uuid:checklist_id>/take-back/": own(CASEWORK, POST=302),
    "staff/cases/<slug:ref>/messages/<uuid:message_id>/take-back/": own(CASEWORK, GET=302, POST=302),
    "staff/cases/<slug:ref>/notes/<uuid:note_id>/remove/": own(CASEWORK, POST=302),
    "staff/cases/<slug:ref>/notes/<uuid:note_id>/restore/": own(CASEWORK, POST=302),
    "staff/cases/<slug:ref>/close/undo/": own(CASEWORK, POST=302),
    "staff/checklists/": desk(frozenset({"supervisor"}), GET=200),
    "staff/checklists/new/": desk(frozenset({"supervisor"}), GET=200, POST=422),
    "staff/checklists/<uuid:checklist_id>/": desk(frozenset({"supervisor"}), GET=200, POST=422),
    "staff/checklists/<uuid:checklist_id>/back/": desk(frozenset({"supervisor"}), POST=302),
    "staff/templates/": desk(frozenset({"supervisor"}), GET=200),
    "staff/templates/new/": desk(frozenset({"supervisor"}), GET=200, POST=422),
    "staff/templates/<uuid:template_id>/": desk(frozenset({"supervisor"}), GET=200, POST=422),
    "staff/templates/<uuid:template_id>/back/": desk(frozenset({"supervisor"}), POST=302),
    "staff/cases/<slug:ref>/hand-over/": own(CASEWORK, GET=200, POST=422),
    "staff/cases/<slug:ref>/share/": own(CASEWORK, GET=200, POST=422),
    "staff/cases/<slug:ref>/take/": own(CASEWORK, POST=302),
    "staff/cases/<slug:ref>/watch/": own(CASEWORK, POST=302),
    "staff/watched/": desk(CASEWORK, GET=200),
    "staff/transfers/": desk(CASEWORK, GET=200),
    # The counsellor offered it to the supervisor: one takes it back, the other answers.
    "staff/transfers/<uuid:transfer_id>/": own(CASEWORK, GET=200),
    "staff/transfers/<uuid:transfer_id>/accept/": own(
        CASEWORK, POST={frozenset({"counsellor"}): 403, CASEWORK: 302}
    ),
    "staff/transfers/<uuid:transfer_id>/decline/": own(CASEWORK, POST=422),
    "staff/transfers/<uuid:transfer_id>/take-back/": own(CASEWORK, POST=302),
    "staff/transfers/<uuid:transfer_id>/seen/": own(
        CASEWORK, POST={frozenset({"counsellor"}): 302, CASEWORK: 403}
    ),
    "staff/shares/<uuid:share_id>/end/": own(CASEWORK, POST=302),
    "staff/shift/": desk(CASEWORK, GET=200),
    "staff/shift/start/": desk(CASEWORK, POST=302),
    "staff/shift/end/": desk(CASEWORK, GET=200, POST=302),
    "staff/shift/away/": desk(CASEWORK, POST=422),
    "staff/shift/notes/<uuid:handover_id>/": own(CASEWORK, GET=200),
    "staff/shift/notes/<uuid:handover_id>/read/": own(CASEWORK, POST=302),
    "staff/away/<uuid:away_id>/end/": own(CASEWORK, POST=302),
    "staff/team/<int:staff_id>/": desk(frozenset({"supervisor"}), GET=200, POST=422),
    "staff/team/<int:staff_id>/away/": desk(frozenset({"supervisor"}), POST=422),
    "staff/team/moves/<uuid:batch>/undo/": desk(frozenset({"supervisor"}), POST=302),
    "staff/platforms/": desk(CASEWORK | ADMINISTRATOR, GET=200),
    "staff/platforms/<slug:slug>/verify/": desk(ADMINISTRATOR, POST=302),
    "staff/platforms/<slug:slug>/approve/": desk(ADMINISTRATOR, POST=302),
    "staff/platforms/<slug:slug>/switch/": desk(ADMINISTRATOR, POST=302),
    "staff/team/": desk(ADMINISTRATOR | {"supervisor"}, GET=200),
    "staff/platforms/new/": desk(CASEWORK | ADMINISTRATOR, GET=200, POST=422),
    "staff/platforms/<slug:slug>/": desk(CASEWORK | ADMINISTRATOR, GET=200),
    "staff/platforms/<slug:slug>/sending/": desk(ADMINISTRATOR, POST=422),
    "staff/platforms/<slug:slug>/looks/": desk(ADMINISTRATOR, POST=422),
    "staff/platforms/<slug:slug>/merge/": desk(ADMINISTRATOR, GET=200, POST=422),
    "staff/platforms/<slug:slug>/part/": desk(ADMINISTRATOR, POST=302),
    "staff/platforms/<slug:slug>/words/": desk(ADMINISTRATOR, GET=200, POST=422),
    "staff/platforms/<slug:slug>/pause/": desk(ADMINISTRATOR, POST=422),
    "staff/platforms/<slug:slug>/resume/": desk(ADMINISTRATOR, POST=302),
    "staff/platforms/<slug:slug>/trial/": desk(ADMINISTRATOR, GET=200, POST=422),
    "staff/platforms/<slug:slug>/channel/": desk(CASEWORK | ADMINISTRATOR, GET=200, POST=422),
    "staff/platforms/<slug:slug>/change/": desk(CASEWORK | ADMINISTRATOR, GET=200, POST=422),
    "staff/letters/": desk(CASEWORK | ADMINISTRATOR, GET=200),
    "staff/letters/versions/<int:pk>/": desk(CASEWORK | ADMINISTRATOR, GET=200),
    "staff/letters/versions/<int:pk>/again/": desk(ADMINISTRATOR, POST=302),
    "staff/letters/<slug:regime>/<slug:language>/": desk(CASEWORK | ADMINISTRATOR, GET=200),
    "staff/letters/<slug:regime>/<slug:language>/change/": desk(ADMINISTRATOR, GET=200, POST=422),
    "staff/letters/<slug:regime>/<slug:language>/<slug:kind>/": desk(CASEWORK | ADMINISTRATOR, GET=200),
    "staff/letters/<slug:regime>/<slug:language>/<slug:kind>/change/": desk(ADMINISTRATOR, GET=200, POST=422),
    "staff/cases/<slug:ref>/mandate/": own(CASEWORK, GET=200, POST=422),
    "staff/cases/<slug:ref>/mandate/<uuid:mandate_id>/revoke/": own(CASEWORK, POST=302),
    "staff/cases/<slug:ref>/mandate/<uuid:mandate_id>/restore/": own(CASEWORK, POST=302),
    "staff/cases/<slug:ref>/export/": own(CASEWORK, GET=200, POST=422),
    "staff/cases/<slug:ref>/export/file/": own(CASEWORK, POST=302),
    "staff/accounts/": desk(ADMINISTRATOR, GET=200),
    "staff/accounts/new/": desk(ADMINISTRATOR, GET=200, POST=422),
    "staff/accounts/mine/": desk(STAFF, GET=200),
    "staff/accounts/roles/": desk(ADMINISTRATOR, GET=200, POST=422),
    "staff/accounts/roles/<slug:role_id>/": desk(ADMINISTRATOR, GET=200, POST=422),
    "staff/accounts/teams/": desk(ADMINISTRATOR, GET=200, POST=422),
    "staff/accounts/teams/<slug:team_id>/": desk(ADMINISTRATOR, POST=302),
    "staff/accounts/<int:staff_id>/": desk(ADMINISTRATOR, GET=200),
    "staff/accounts/<int:staff_id>/details/": desk(ADMINISTRATOR, POST=422),
    "staff/accounts/<int:staff_id>/role/": desk(ADMINISTRATOR, POST=422),
    "staff/accounts/<int:staff_id>/email/": desk(ADMINISTRATOR, POST=422),
    "staff/accounts/<int:staff_id>/close/": desk(ADMINISTRATOR, POST=302),
    "staff/accounts/<int:staff_id>/open/": desk(ADMINISTRATOR, POST=422),
    "staff/accounts/<int:staff_id>/access/": desk(ADMINISTRATOR, POST=422),
    "staff/accounts/<int:staff_id>/link/": desk(ADMINISTRATOR, POST=302),
    # The counsellor's own tokens, and an administrator's way to end them.
    "staff/accounts/<int:staff_id>/tokens/": desk(
        STAFF, POST={ADMINISTRATOR | {"counsellor"}: 422, STAFF: 403}
    ),
    "staff/accounts/tokens/<int:token_id>/revoke/": desk(
        STAFF, POST={ADMINISTRATOR | {"counsellor"}: 302, STAFF: 404}
    ),
    # Who is no supervisor is led to their own page.
    "staff/wellbeing/": desk(CASEWORK, GET={frozenset({"supervisor"}): 200, CASEWORK: 302}),
    "staff/wellbeing/mine/": desk(CASEWORK, GET=200),
    "staff/wellbeing/mine/lighter/": desk(CASEWORK, POST=302),
    "staff/wellbeing/mine/forget/": desk(CASEWORK, POST=302),
    "staff/wellbeing/talks/": desk(CASEWORK, POST=302),
    "staff/wellbeing/talks/<uuid:talk_id>/answer/": own(
        CASEWORK, POST={frozenset({"counsellor"}): 302, frozenset({"supervisor"}): 404}
    ),
    "staff/wellbeing/talks/<uuid:talk_id>/talked/": desk(frozenset({"supervisor"}), POST=302),
    "staff/wellbeing/unfolded/<uuid:report_id>/": own(CASEWORK, POST=204),
    "staff/audit/": desk(AUDITOR, GET=200),
    "staff/audit/check/": desk(AUDITOR, POST=302),
    "staff/dashboard/": desk(FIGURES, GET=200),
    "staff/dashboard/behind/": desk(FIGURES, GET=404),
    "staff/dashboard/export/": desk(FIGURES, GET=200, POST=422),
    "staff/dashboard/export/figures/": desk(FIGURES, POST=404),
    "staff/dashboard/export/requests/": desk(FIGURES, POST=302),
    # Switched off, as a new helpline is.
    "staff/dashboard/public/": desk(FIGURES, GET=404, POST=404),
    "staff/dashboard/public/take-down/": desk(FIGURES, POST=404),
    # Whoever sees the figures sees what stands; supervisors answer.
    "staff/alerts/": desk(FIGURES, GET=200),
    "staff/alerts/mail/": desk(frozenset({"supervisor"}), POST=302),
    "staff/alerts/<uuid:alert_id>/acknowledge/": desk(frozenset({"supervisor"}), POST=302),
    "staff/alerts/<uuid:alert_id>/take-back/": desk(frozenset({"supervisor"}), POST=302),
    "staff/annual-report/": desk(FIGURES, GET=200, POST={frozenset({"supervisor"}): 422, FIGURES: 403}),
    "staff/annual-report/<uuid:report_id>/": desk(
        FIGURES, GET=200, POST={frozenset({"supervisor"}): 422, FIGURES: 403}
    ),
    "staff/annual-report/<uuid:report_id>/recount/": desk(frozenset({"supervisor"}), POST=302),
    "staff/annual-report/<uuid:report_id>/send/": desk(frozenset({"supervisor"}), POST=302),
    "staff/annual-report/<uuid:report_id>/discard/": desk(frozenset({"supervisor"}), POST=302),
    "staff/annual-report/<uuid:report_id>/restore/": desk(frozenset({"supervisor"}), POST=302),
    "staff/annual-report/<uuid:report_id>/correct/": desk(frozenset({"supervisor"}), POST=302),
    "staff/annual-report/<uuid:report_id>/published/": desk(frozenset({"supervisor"}), POST=302),
    "staff/annual-report/<uuid:report_id>/not-published/": desk(frozenset({"supervisor"}), POST=302),
    # Only what is frozen can be saved.
    "staff/annual-report/<uuid:report_id>/file/<slug:kind>/": desk(FIGURES, GET=404),
    "staff/reconciliation/": desk(FIGURES, GET=200),
    "staff/reconciliation/upload/": desk(frozenset({"supervisor"}), POST=422),
    "staff/reconciliation/<uuid:upload_id>/": desk(FIGURES, GET=200),
    "staff/reconciliation/<uuid:upload_id>/progress/": desk(FIGURES, GET=200),
    "staff/reconciliation/<uuid:upload_id>/table/": desk(FIGURES, GET=200),
    "staff/reconciliation/<uuid:upload_id>/name/": desk(frozenset({"supervisor"}), POST=302),
    "staff/reconciliation/<uuid:upload_id>/again/": desk(frozenset({"supervisor"}), POST=302),
    "staff/reconciliation/<uuid:upload_id>/delete/": desk(frozenset({"supervisor"}), POST=302),
    "staff/reconciliation/lines/<uuid:line_id>/": desk(FIGURES, GET=200),
    "staff/reconciliation/lines/<uuid:line_id>/settle/": desk(frozenset({"supervisor"}), POST=302),
    "staff/reconciliation/lines/<uuid:line_id>/unsettle/": desk(frozenset({"supervisor"}), POST=302),
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
    "api/v1/incidents/": call(CASEWORK, GET=200, POST=400),
    "api/v1/incidents/<slug:ref>/": own_call(CASEWORK, GET=200),
    "api/v1/incidents/<slug:ref>/add/": own_call(CASEWORK, POST=400),
    "api/v1/incidents/<slug:ref>/join/": own_call(CASEWORK, POST=200),
    "api/v1/incidents/<slug:ref>/detach/": own_call(CASEWORK, POST=400),
    "api/v1/takedowns/": call(CASEWORK, GET=200),
    "api/v1/takedowns/<uuid:pk>/": own_call(CASEWORK, GET=200),
    "api/v1/takedowns/<uuid:pk>/outcome/": own_call(CASEWORK, POST=400),
    "api/v1/takedowns/<uuid:pk>/filed/": own_call(CASEWORK, POST=409),
    "api/v1/takedowns/<uuid:pk>/cancel/": own_call(CASEWORK, POST=200),
    "api/v1/takedowns/<uuid:pk>/retry/": own_call(CASEWORK, POST=409),
    "api/v1/takedowns/<uuid:pk>/escalate/": own_call(CASEWORK, POST=409),
    "api/v1/takedowns/<uuid:pk>/resolve-unknown/": own_call(CASEWORK, POST=400),
    "api/v1/takedowns/<uuid:pk>/check/": own_call(CASEWORK, POST=409),
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

    def ask(self, role: str, method: str, route: str) -> Any:
        """What this role is answered. Whatever it changes is undone."""
        client, headers = Client(), {}
        if not route.startswith("api/v1/"):
            client.cookies.load(self.cookies[role])
        elif role in self.tokens:
            headers["Authorization"] = f"Bearer {self.tokens[role]}"
        cache.clear()  # of the login's own rate limits
        with transaction.atomic():
            response = client.generic(
                method, self.address(route), content_type="application/json", headers=headers, secure=True
            )
            transaction.set_rollback(True)
        return response


def said_by(response: Any) -> int | str:
    """The status of an answer, or LOGIN."""
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


def begun_call() -> calls.Writing:
    """The first words of a call."""
    said = Interview({"who": {"who": "self"}})
    return calls.Writing(said, Channel.PHONE, "fr", page="1", begins=True)


def ladder_samples(takedown: Takedown) -> dict[tuple[str, str], str]:
    """A step that a person takes, and a complaint that is open."""
    step = Step.objects.create(takedown=takedown, rung=Rung.COORDINATOR, state_at=NOON, due_at=NOON)
    complaint = Redress.objects.create(
        takedown=takedown,
        kind=Kind.INTERNAL,
        state_at=NOON,
        opened_at=NOON,
        decision_at=NOON,
        window_until=NOON.date(),
    )
    return {("steps/<", "step_id"): str(step.pk), ("redress/<", "redress_id"): str(complaint.pk)}


def mail_of(takedown: Takedown) -> Mail:
    """A platform's answer by mail."""
    found = take_in(mail(takedown.notice), at=NOON)
    assert found is not None
    return found


def todo_samples(case: Case, by: Staff) -> dict[tuple[str, str], str]:
    """A task, a plan, a message and a note of the case; a checklist and a text."""
    starting.make_missing()
    task = add_task(case=case, text="x", due_at=None, for_whom=None, by=by, at=NOON)
    said = dict.fromkeys(PARTS, "x")
    write_plan(case=case, based_on=0, said=said, review_on=None, by=by, at=NOON)
    message = cases.write_to_young_person(case=case, text="x", by=by, at=NOON)
    note = cases.add_note(case=case, text="x", by=by, at=NOON)
    return {
        ("tasks/<", "task_id"): str(task.pk),
        ("plan/<", "number"): "1",
        ("messages/<", "message_id"): str(message.pk),
        ("notes/<", "note_id"): str(note.pk),
        ("checklists/<", "checklist_id"): str(Checklist.objects.get(name_en="Fake nude").pk),
        ("templates/<", "template_id"): str(MessageTemplate.objects.get(occasion="first").pk),
    }


def letter_samples(case: Case, by: Staff) -> dict[tuple[str, str], str]:
    """A template, a version of it, and that somebody allowed us to sign."""
    letters_starting.make_missing()
    mandate = record_mandate(
        case=case,
        given_by=GivenBy.YOUNG_PERSON,
        given_how=GivenHow.ALOUD,
        given_on=NOON.date(),
        words="",
        by=by,
        at=NOON,
    )
    return {
        ("mandate/<", "mandate_id"): str(mandate.pk),
        ("versions/<", "pk"): str(NoticeTemplate.objects.get(regime="eu-dsa-16", language="fr").pk),
        ("letters/<", "regime"): "eu-dsa-16",
        ("letters/<", "language"): "fr",
        ("letters/<", "kind"): "threat",
    }


def handed_over(case: Case, *, by: Staff, to: Staff) -> dict[tuple[str, str], str]:
    """An offer, a share, words to the next shift and days away of the counsellor's, and a case that was given away."""
    third = accounts.create_staff(
        username="third", display_name="", role=by.role, password=None, by=None, at=NOON
    )
    given = handover.offer(case=case, to=to, reason="x", by=by, at=NOON)
    shared = handover.share(
        case=case, to=third, may_work=False, lasts=timedelta(days=1), reason="x", by=by, at=NOON
    )
    shifts.start_shift(by=by, at=NOON)
    left = shifts.end_shift(by=by, words="x", at=NOON)
    assert left is not None
    now = timezone.now()
    next_week = timezone.localdate() + timedelta(days=7)
    days = leaving.set_away(staff=by, first_day=next_week, last_day=next_week, by=to, at=now)
    moved = Move.objects.create(batch=uuid4(), case=case, was=by, by=to, at=NOON, changed_at=NOON)
    return {
        ("transfers/<", "transfer_id"): str(given.pk),
        ("shares/<", "share_id"): str(shared.pk),
        ("notes/<", "handover_id"): str(left.pk),
        ("away/<", "away_id"): str(days.pk),
        ("team/<", "staff_id"): str(by.pk),
        ("moves/<", "batch"): str(moved.batch),
    }


def statement_samples(platform: Platform, by: Staff) -> dict[tuple[str, str], str]:
    """A platform's file that was compared, and a line of it."""
    upload = Upload.objects.create(
        sha256="0" * 64,
        size=1,
        uploaded_at=NOON,
        uploaded_by=by,
        state="ready",
        first_day=NOON,
        last_day=NOON,
    )
    line = Line.objects.create(
        upload=upload, platform=platform, category="X", decision="removed", day=NOON.date(), theirs=1
    )
    return {
        ("reconciliation/<", "upload_id"): str(upload.pk),
        ("reconciliation/lines/<", "line_id"): str(line.pk),
    }


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
    step = incident.steps.get()
    make_code(incident=incident, by=maud, at=NOON)
    LastFold.objects.create(as_of=NOON)
    approval = approvals.ask(what="erase-report", obj=other.report, by=nour, reason="They said so.", at=NOON)
    call = calls.save(call_id=uuid4(), writing=begun_call(), by=nour, at=NOON)
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
            ("mailbox/<", "mail_id"): str(mail_of(takedown).pk),
            ("members/<", "member_id"): str(member.pk),
            ("undo/<", "step_id"): str(step.pk),
            ("ask/<", "slug"): "chatter",
            **todo_samples(case, nour),
            **letter_samples(case, nour),
            **ladder_samples(takedown),
            **handed_over(case, by=nour, to=maud),
            ("views/<", "view_id"): str(SavedView.objects.create(staff=nour, name="x", query="kind=sent").pk),
            ("calls/<", "call_id"): str(call.pk),
            ("platforms/<", "slug"): "chatter",
            ("roles/<", "role_id"): "counsellor",
            ("teams/<", "team_id"): "night",
            ("accounts/<", "staff_id"): str(nour.pk),
            ("tokens/<", "token_id"): str(
                accounts.create_token(staff=nour, name="x", scopes=[], by=nour, at=NOON)[0].pk
            ),
            **statement_samples(takedown.platform, maud),
            ("alerts/<", "alert_id"): str(
                Alert.objects.create(rule="wait", state="standing", seen_at=NOON, raised_at=NOON).pk
            ),
            ("annual-report/<", "report_id"): str(
                annual.start(
                    period=Period(date(2025, 1, 1), date(2025, 12, 1)), language="en", by=maud, at=NOON
                ).pk
            ),
            ("annual-report/<", "kind"): "pdf",
            ("talks/<", "talk_id"): str(Talk.objects.create(staff=nour, day=NOON.date(), why="heavy").pk),
            ("unfolded/<", "report_id"): str(case.report_id),
            ("inbound/<", "channel"): "chatter",
            ("report/<", "number"): "1",
            ("follow/", "number"): "1",
        },
    )


# --- the matrix ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_everyone_is_answered_as_the_table_says(world: World, method: str, settings: Any) -> None:
    """And every answer carries its headers."""
    as_deployed(settings)
    wrong = []
    for route, row in TABLE.items():
        for role in ROLES:
            response = world.ask(role, method, route)
            told = f"{method} /{route} as {role}"
            if (answer := said_by(response)) != row.expected(role, method):
                wrong.append(f"{told}: {answer} instead of {row.expected(role, method)}")
            wrong += [f"{told}: {one}" for one in wrong_headers(response)]
    assert not wrong, "\n".join(wrong)


def test_the_table_knows_every_kind_of_answer() -> None:
    kinds = {row.expected(role, method) for row in TABLE.values() for role in ROLES for method in METHODS}
    assert {200, LOGIN, 302, 401, 403, 404, 405} <= kinds


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


# What belongs to the whole house, or waits for anybody: its addresses name a thing and have no owner.
NOBODYS = (
    "staff/letters/",
    *("staff/reports/<uuid:report_id>/keep/", "staff/reports/<uuid:report_id>/release/"),
    *("staff/reports/<uuid:report_id>/take-over/", "staff/reports/<uuid:report_id>/open/"),
    "staff/reports/<uuid:report_id>/together/",
    *("staff/platforms/", "staff/checklists/", "staff/templates/", "staff/team/", "staff/accounts/"),
    "staff/account/",  # the doors
    "staff/approvals/<uuid:approval_id>/decide/",  # whoever asked is the one who may not
    "staff/incidents/<slug:ref>/code/",  # for supervisors, who see all
    "staff/wellbeing/talks/<uuid:talk_id>/talked/",  # the same
    "staff/mailbox/<uuid:mail_id>/lead/",  # the same
    *("staff/alerts/", "staff/reconciliation/", "staff/annual-report/"),  # the same
)


def test_whatever_has_an_owner_is_tried_by_a_stranger() -> None:
    """An address that names a thing says in the table whose it is, or here that it is nobody's."""
    named = {route for route, row in TABLE.items() if row.door is not None and "<" in route}
    unsaid = {route for route in named if not TABLE[route].owned and not route.startswith(NOBODYS)}
    assert unsaid == set(), "Say own(...) or own_call(...) in TABLE."
    owned_twice = {route for route in NOBODYS if route in TABLE and TABLE[route].owned}
    assert owned_twice == set()


def test_what_is_not_yours_looks_like_what_is_not_there(world: World) -> None:
    """Byte for byte, but for the address itself, by every method that is offered."""

    def ask(method: str, address: str, **sent: Any) -> tuple[int, bytes]:
        client, headers = Client(), {}
        client.cookies.load(world.cookies["stranger"])
        if address.startswith("/api/v1/"):
            headers["Authorization"] = f"Bearer {world.tokens['stranger']}"
        sent = {"content_type": "application/json", **sent}
        answer = client.generic(method, address, headers=headers, **sent)
        body = re.sub(rb"nonce-[\w=+/-]+|csrfmiddlewaretoken[^>]+", b"", answer.content)
        return answer.status_code, body.replace(address.encode(), b"")

    wrong = []
    for route, row in TABLE.items():
        if not row.owned:
            continue
        foreign = world.address(route)
        invented = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", str(uuid4()), foreign)
        invented = re.sub(r"(cases|incidents)/[0-9A-Z]{8}/", r"\1/0000000X/", invented)
        assert invented != foreign
        for method in row.may:
            there, not_there = ask(method, foreign), ask(method, invented)
            if there != not_there or there[0] != 404:
                wrong.append(f"{method} {route}: {there[0]}, invented {not_there[0]}")
    assert wrong == []

    # The one call that names its report in the body.
    theirs = world.samples["reports/<", "pk"]
    bodies = [json.dumps({"report": one}) for one in (theirs, str(uuid4()))]
    answers = [ask("POST", "/api/v1/cases/", data=body) for body in bodies]
    assert answers[0] == answers[1]
    assert answers[0][0] == 404


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
    of_the_public = {
        route for route in TABLE if route.startswith(("report/", "follow/", "statistics/", "api/v1/follow/"))
    }
    assert found == (both | of_the_public if face == "public" else set(TABLE) - of_the_public)
    (reports,) = [line for line in run.stdout.splitlines() if line.startswith("api/v1/reports/ ")]
    assert ("'post'" in reports, "'get'" in reports) == ((True, False) if face == "public" else (False, True))
