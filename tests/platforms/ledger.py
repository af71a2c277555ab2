"""What the simulated platforms know: the notices they took, what they will decide, which pages are gone.

A decision is drawn the moment a notice is taken, together with the time it falls. What a page or a status
query answers is then only a question of the clock: nothing has to run for a page to vanish, and a restart
changes nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from tests.platforms import addresses, dice
from tests.platforms.behaviour import Behaviour

TAKES_DOWN = frozenset({"removed", "disabled", "account_removed", "already_gone"})
"""The outcomes after which the page is gone."""


@dataclass(slots=True)
class Item:
    """One address of a notice and what becomes of it."""

    item_id: str
    url: str
    account: str | None
    outcome: str = "never"


@dataclass(slots=True)
class Notice:
    """One delivery that a platform took, by whichever channel; times in Unix seconds."""

    slug: str
    notice_id: str
    delivery: int  # the how-manieth of this notice; more than 1 only where keys are ignored
    channel: str
    reference: str
    accepted_at: float
    items: list[Item]
    callback_url: str | None = None
    review_at: float | None = None
    decide_at: float | None = None
    decisions: int = 1  # counts up when a person decides anew
    told: list[str] = field(default_factory=list)  # events whose callback was taken

    @property
    def key(self) -> str:
        """What it is kept under; the first delivery of a notice has the plain key."""
        return key_of(self.slug, self.notice_id, self.delivery)

    def decided(self, now: float) -> bool:
        """Whether the decision has fallen."""
        return self.decide_at is not None and self.decide_at <= now

    def status(self, item: Item, now: float) -> tuple[str, float]:
        """How far an item has come, and since when."""
        if self.decide_at is not None and self.decide_at <= now and item.outcome != "never":
            return item.outcome, self.decide_at
        if self.review_at is not None and self.review_at <= now:
            return "under_review", self.review_at
        return "received", self.accepted_at


@dataclass(slots=True)
class Absence:
    """One stretch of time in which a page is not there; `status` overrides the platform's own."""

    slug: str
    since: float
    until: float | None = None
    status: int | None = None
    because: str = ""  # key of the notice


@dataclass(slots=True)
class Reupload:
    """The same content again, elsewhere."""

    slug: str
    at: float
    old: str
    new: str


def key_of(slug: str, notice_id: str, delivery: int = 1) -> str:
    """The ledger's key of one delivery."""
    return f"{slug}/{notice_id}" + (f"#{delivery}" if delivery > 1 else "")


def plain(one: Item | Notice | Absence | Reupload) -> dict[str, Any]:
    """The fields of a record; `asdict` would copy them deeply, at ten times the price."""
    return {name: getattr(one, name) for name in NAMES[type(one)]}


NAMES = {kind: [one.name for one in fields(kind)] for kind in (Item, Notice, Absence, Reupload)}


class Ledger:
    """Notices by key, absences by page identity (`host/@account/*` for a whole account)."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.notices: dict[str, Notice] = {}
        self.absences: dict[str, list[Absence]] = {}
        self.reuploads: list[Reupload] = []

    def find(self, slug: str, notice_id: str, delivery: int = 1) -> Notice | None:
        """A notice that this platform took."""
        return self.notices.get(key_of(slug, notice_id, delivery))

    def take(self, behaviour: Behaviour, notice: Notice) -> Notice:
        """Keep a notice and draw what will be decided about it, and when."""
        self.notices[notice.key] = notice
        if behaviour.outcomes.get("never", 0) >= 1 or behaviour.mailbox == "bounces":
            return notice
        for item in notice.items:
            drawn = dice.fraction(self.seed, "outcome", notice.key, item.item_id)
            item.outcome = dice.pick(behaviour.outcomes, drawn, "removed")
        if any(item.outcome != "never" for item in notice.items):
            wait = dice.between(behaviour.decide_after, self.seed, "wait", notice.key)
            notice.decide_at = notice.accepted_at + wait
            notice.review_at = notice.accepted_at + wait / 2 if behaviour.review else None
        self._let_pages_go(behaviour, notice)
        return notice

    def decide(self, behaviour: Behaviour, notice: Notice, outcome: str, now: float) -> None:
        """Decide all items of a notice now, whatever was drawn for them."""
        for absences in self.absences.values():
            absences[:] = [one for one in absences if one.because != notice.key]
        notice.decisions += notice.decided(now)
        notice.decide_at = now
        for item in notice.items:
            item.outcome = outcome
        self._let_pages_go(behaviour, notice)

    def absence(self, page: str, now: float) -> Absence | None:
        """Why a page is not there at this moment; None when it is there."""
        for key in (page, *self._accounts_above(page)):
            for one in reversed(self.absences.get(key, ())):
                if one.since <= now and (one.until is None or now < one.until):
                    return one
        return None

    def put_page(self, slug: str, page: str, *, gone: bool, now: float) -> None:
        """Make a page gone, or there again, by hand."""
        if gone:
            self.absences.setdefault(page, []).append(Absence(slug=slug, since=now, because="by hand"))
        else:
            self.absences.pop(page, None)

    def gone(self, now: float) -> Iterator[tuple[str, Absence]]:
        """The pages that are not there at this moment."""
        for page, absences in self.absences.items():
            for one in absences:
                if one.since <= now and (one.until is None or now < one.until):
                    yield page, one
                    break

    def of_platform(self, slug: str) -> Iterator[Notice]:
        """All that a platform took."""
        return (notice for notice in self.notices.values() if notice.slug == slug)

    def as_json(self) -> dict[str, Any]:
        """Everything, as `restore` reads it."""
        return {
            "notices": [
                plain(notice) | {"items": [plain(item) for item in notice.items]}
                for notice in self.notices.values()
            ],
            "absences": {page: [plain(one) for one in absences] for page, absences in self.absences.items()},
            "reuploads": [plain(one) for one in self.reuploads],
        }

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Take back what `as_json` gave."""
        for one in kept.get("notices", ()):
            items = [Item(**item) for item in one["items"]]
            notice = Notice(**(one | {"items": items}))
            self.notices[notice.key] = notice
        for page, absences in kept.get("absences", {}).items():
            self.absences[page] = [Absence(**one) for one in absences]
        self.reuploads = [Reupload(**one) for one in kept.get("reuploads", ())]

    def _let_pages_go(self, behaviour: Behaviour, notice: Notice) -> None:
        if notice.decide_at is None:
            return
        for item in notice.items:
            if item.outcome in TAKES_DOWN:
                since = notice.accepted_at if item.outcome == "already_gone" else notice.decide_at
                status = 451 if item.outcome == "disabled" else None
                absence = Absence(slug=notice.slug, since=since, status=status, because=notice.key)
                page = addresses.identity(item.url)
                self._let_come_back(behaviour, page, absence)
                for key in self._keys(item, page):
                    self.absences.setdefault(key, []).append(absence)

    def _let_come_back(self, behaviour: Behaviour, page: str, absence: Absence) -> None:
        if behaviour.reappear_after is None:
            return
        at = absence.since + behaviour.reappear_after
        if behaviour.reappear_where == "same":
            earlier = self.absences.get(page, ())
            if sum(one.until is not None for one in earlier) < behaviour.reappear_times:
                absence.until = at
        elif page.count("-again") < behaviour.reappear_times:
            path, mark, query = page.partition("?")
            self.reuploads.append(Reupload(absence.slug, at, page, f"{path}-again{mark}{query}"))

    @staticmethod
    def _accounts_above(page: str) -> Iterator[str]:
        above = page.partition("?")[0]
        while "/" in above:
            above = above.rpartition("/")[0]
            yield f"{above}/*"

    @staticmethod
    def _keys(item: Item, page: str) -> Iterator[str]:
        yield page
        if item.outcome == "account_removed" and (prefix := addresses.account_prefix(item.url, item.account)):
            yield prefix
            yield f"{prefix}/*"
