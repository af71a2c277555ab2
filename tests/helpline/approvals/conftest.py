"""A kind of approval that renames a team: the floor knows no other."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied

from helpline.accounts.models import Staff, Team
from helpline.accounts.permissions import Permission
from helpline.approvals import actions
from helpline.approvals.handlers import Handler
from helpline.approvals.models import Approval
from tests.cast import NOON

ABOUT = UUID(int=7)


class Rename(Handler[Team]):
    """Granted, the team is called "done"; refused, withdrawn or expired, "not done"."""

    title = "Rename a team"
    does = "It gets another name."
    deciders = frozenset({Permission.CASES_ALL})
    life = timedelta(days=2)
    fails: ClassVar[bool] = False

    def find(self, ids: Collection[str]) -> Mapping[str, Team]:
        return {team.slug: team for team in Team.objects.filter(slug__in=ids)}

    def check_can_ask(self, obj: Team, *, by: Staff) -> None:
        if not by.can(Permission.CASES_OWN):
            raise PermissionDenied

    def check_can_decide(self, obj: Team, *, by: Staff) -> None:
        if obj.name == "Not yours":
            raise PermissionDenied

    def belongs_to(self, obj: Team) -> UUID | None:
        return ABOUT

    def asked(self, approval: Approval, obj: Team, *, by: Staff, at: datetime) -> None:
        self._name(obj, "asked")

    def granted(self, approval: Approval, obj: Team, *, by: Staff, at: datetime) -> None:
        self._name(obj, "done")
        if self.fails:
            raise RuntimeError("It went wrong half way.")

    def not_granted(self, approval: Approval, obj: Team, *, at: datetime) -> None:
        self._name(obj, "not done")

    @staticmethod
    def _name(team: Team, name: str) -> None:
        Team.objects.filter(pk=team.pk).update(name=name)


class Choosy(Rename):
    """The same with coarse reasons to choose from, that never expires and that whoever holds APPROVE decides."""

    whys: ClassVar[Mapping[str, Any]] = {"old": "It is old", "ugly": "It is ugly"}
    deciders = frozenset()
    life = None


@pytest.fixture(autouse=True)
def _kinds(settings: Any) -> None:
    settings.APPROVAL_HANDLERS = {
        "rename": "tests.helpline.approvals.conftest.Rename",
        "choosy": "tests.helpline.approvals.conftest.Choosy",
    }


@pytest.fixture
def ask(night_team: Team, nour: Staff) -> Callable[..., Approval]:
    """Nour asks to rename her team at noon; anything may be changed."""

    def asking(**changes: Any) -> Approval:
        said: dict[str, Any] = {"what": "rename", "obj": night_team, "by": nour, "at": NOON}
        return actions.ask(**({**said, "reason": "Nobody likes it."} | changes))

    return asking
