"""What each kind of approval means. The classes stand above the floor and are found by name."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from django.conf import settings
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.approvals.models import Approval

M = TypeVar("M", bound=Model)


class CannotBeDone(Exception):
    """What was asked can't be done to the object as it stands. `sentence` is for the person."""

    def __init__(self, sentence: str | Promise) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a yes would change, in words."""

    label: str | Promise
    before: str | Promise
    after: str | Promise

    @property
    def is_new(self) -> bool:
        """Is it another than before?"""
        return str(self.before) != str(self.after)


class Handler(ABC, Generic[M]):
    """One kind of approval: who may ask, who may decide, what it is in words, and doing it. See the package's docstring."""

    title: ClassVar[str | Promise]
    does: ClassVar[str | Promise]
    undone: ClassVar[str | Promise] = ""
    deciders: ClassVar[frozenset[Permission]] = frozenset()
    whys: ClassVar[Mapping[str, str | Promise]] = {}
    life: ClassVar[timedelta | None] = timedelta(days=14)
    # False where asking does something at once that one person alone must not be left with.
    can_be_taken_back: ClassVar[bool] = True

    @abstractmethod
    def find(self, ids: Collection[str]) -> Mapping[str, M]:
        """The objects that are still there, by their key as text, in one or two statements."""

    @abstractmethod
    def check_can_ask(self, obj: M, *, by: Staff) -> None:
        """Raises PermissionDenied when `by` may not ask this of `obj`, CannotBeDone when nobody can."""

    @abstractmethod
    def check_can_decide(self, obj: M, *, by: Staff) -> None:
        """Raises PermissionDenied when `by`, who holds APPROVE and `deciders`, may still not decide on `obj`."""

    @abstractmethod
    def granted(self, approval: Approval, obj: M, *, by: Staff, at: datetime) -> None:
        """Do it, in the transaction of the decision."""

    def asked(self, approval: Approval, obj: M, *, by: Staff, at: datetime) -> None:
        """What has to happen the moment it is asked."""

    def not_granted(self, approval: Approval, obj: M, *, at: datetime) -> None:
        """It was refused, withdrawn or expired: `approval.status` says which."""

    def changes(self, approval: Approval, obj: M) -> Sequence["Change"]:
        """What a yes would change, for whoever decides: `approval.proposal` in words."""
        return ()

    def name(self, obj: M) -> str:
        """Which one it is, for whoever decides: coarse words, nothing sealed."""
        return str(obj)

    def url(self, obj: M) -> str:
        """The desk's page of the object; '' for none."""
        return ""

    def belongs_to(self, obj: M) -> UUID | None:
        """Whose erasure takes the reason along."""
        return None


@cache
def _at(path: str) -> Handler[Any]:
    handler: type[Handler[Any]] = import_string(path)
    return handler()


def of(what: str) -> Handler[Any]:
    """The handler of a kind. Raises LookupError for a kind that settings do not name."""
    return _at(settings.APPROVAL_HANDLERS[what])


def kinds() -> list[str]:
    """Every kind there is."""
    return list(settings.APPROVAL_HANDLERS)


def can_be_taken_back(what: str) -> bool:
    """May whoever asked take the question back? A kind that settings no longer name can go."""
    return what not in kinds() or of(what).can_be_taken_back


def decided_by(staff: Staff) -> list[str]:
    """The kinds on which this person may be the second one; [] without APPROVE."""
    if not staff.can(Permission.APPROVE):
        return []
    return [what for what in kinds() if all(staff.can(one) for one in of(what).deciders)]
