"""The simulator without any wire: platforms, ledger, receipts, mailbox, and what is saved when."""

import hashlib
import json
import time
import uuid
from collections import Counter
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from tests.platforms import moments, receipts
from tests.platforms.behaviour import SLUG, Behaviour
from tests.platforms.directory import Directory
from tests.platforms.journal import Journal, fingerprint
from tests.platforms.ledger import Item, Ledger, Notice
from tests.platforms.mailbox import Mailbox, reply

ITEM_NAMES = uuid.UUID("6f0d7c8e-3c5e-4b53-9a43-0a8a6a1f2d11")


class World:
    """One run. `clock` gives Unix seconds; `took` is called with every notice that may want callbacks."""

    def __init__(
        self,
        *,
        directory: Directory,
        seed: int = 1,
        receipts_path: Path | None = None,
        state_path: Path | None = None,
        bench: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.directory = directory
        self.seed = seed
        self.bench = bench
        self.clock = clock
        self.ledger = Ledger(seed)
        self.mailbox = Mailbox()
        self.counts: Counter[tuple[str, str]] = Counter()
        self.tries: Counter[str] = Counter()
        self.deliveries: Counter[tuple[str, str]] = Counter()
        self.took: Callable[[Notice], None] = lambda notice: None
        self.journal = Journal(receipts_path)
        self._receipts_path = receipts_path
        self._state_path = None if bench else state_path
        self._unsaved = False

    # --- Deliveries -----------------------------------------------------------------------------------

    def take(
        self,
        kind: str,
        behaviour: Behaviour,
        *,
        notice_id: str,
        items: list[Item],
        body: bytes,
        callback_url: str | None = None,
        **facts: Any,
    ) -> Notice:
        """Take a delivery as new work: receipt first, then the ledger, then the timers of its callbacks."""
        now = self.clock()
        slug = behaviour.slug
        self.deliveries[slug, notice_id] += 1
        delivery = self.deliveries[slug, notice_id]
        reference = reference_of(slug, notice_id, delivery)
        self.journal.write(
            kind,
            now,
            slug=slug,
            notice_id=notice_id,
            delivery=delivery,
            reference=reference,
            sha256=fingerprint(body),
            callback_url=callback_url,
            items=[[item.item_id, item.url, item.account] for item in items],
            **facts,
        )
        self.counts[slug, kind] += 1
        notice = Notice(
            slug=slug,
            notice_id=notice_id,
            delivery=delivery,
            channel=kind,
            reference=reference,
            accepted_at=now,
            items=items,
            callback_url=callback_url,
        )
        self.ledger.take(behaviour, notice)
        self.took(notice)
        self._unsaved = True
        return notice

    def note(self, kind: str, slug: str, **facts: Any) -> None:
        """A receipt of something that is no new work."""
        self.counts[slug, kind] += 1
        self.journal.write(kind, self.clock(), slug=slug, **facts)

    def next_try(self, slug: str, notice_id: str) -> int:
        """The how-manieth delivery of this notice to this platform is coming in, taken or not."""
        key = f"{slug}/{notice_id}"
        self.tries[key] += 1
        return self.tries[key]

    def replies(self) -> list[EmailMessage]:
        """What platforms have written back by now, newest last."""
        now = self.clock()
        written = (
            reply(self.directory.of(one.slug), one, self.mailbox.by_message_id(one.notice_id), now)
            for one in self.ledger.notices.values()
            if one.channel == "mail"
        )
        return [answer for answer in written if answer is not None]

    # --- What people and tests change -----------------------------------------------------------------

    def decide(self, notice: Notice, outcome: str) -> None:
        """Decide a notice now."""
        self.ledger.decide(self.directory.of(notice.slug), notice, outcome, self.clock())
        self.took(notice)
        self._unsaved = True

    def put_page(self, page: str, *, gone: bool) -> None:
        """Make a page gone, or there again."""
        slug = self.directory.at_host(page.partition("/")[0]).slug
        self.ledger.put_page(slug, page, gone=gone, now=self.clock())
        self._unsaved = True

    def reset(self) -> None:
        """Forget every notice, page and mail; behaviours and receipts stay."""
        self.journal.write("reset", self.clock())
        self.ledger = Ledger(self.seed)
        self.mailbox = Mailbox()
        self.deliveries.clear()
        self.tries.clear()
        self.counts.clear()
        self._unsaved = True
        self.save()

    def changed(self) -> None:
        """Something was told that is worth saving."""
        self._unsaved = True

    # --- Keeping --------------------------------------------------------------------------------------

    def restore(self) -> None:
        """Take up the saved state, then whatever the receipts know that the state missed."""
        if self._state_path is not None and self._state_path.exists():
            kept = json.loads(self._state_path.read_text())
            self.ledger.restore(kept["ledger"])
            self.mailbox.restore(kept["mailbox"])
        if self._receipts_path is None or self.bench:
            return
        for one in receipts.lines(self._receipts_path):
            if one["kind"] == "reset":
                self.deliveries.clear()
                self.tries.clear()
                self.counts.clear()
                continue
            slug = str(one.get("slug", ""))
            self.counts[slug, one["kind"]] += 1
            if one["kind"] in {"notice", "turned_away"}:
                self.tries[f"{slug}/{one['notice_id']}"] += 1
            if one["kind"] in receipts.WORK and SLUG.match(slug):
                self.deliveries[slug, one["notice_id"]] = one["delivery"]
        self._take_from_receipts()

    def save(self) -> float:
        """Write the state if it changed, all or nothing; says how many seconds that took."""
        if not self._unsaved or self._state_path is None:
            return 0.0
        begun = time.monotonic()
        self._unsaved = False
        self._state_path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._state_path.with_name(self._state_path.name + ".draft")
        draft.write_text(json.dumps({"ledger": self.ledger.as_json(), "mailbox": self.mailbox.as_json()}))
        draft.replace(self._state_path)
        return time.monotonic() - begun

    def _take_from_receipts(self) -> None:
        pending: dict[str, Notice] = {}
        for one in receipts.lines(self._receipts_path or ""):
            if one["kind"] == "reset":
                pending.clear()
            elif one["kind"] in receipts.WORK and SLUG.match(one["slug"]):
                notice = Notice(
                    slug=one["slug"],
                    notice_id=one["notice_id"],
                    delivery=one["delivery"],
                    channel=one["kind"],
                    reference=one["reference"],
                    accepted_at=moments.read(one["at"]),
                    items=[Item(*item) for item in one["items"]],
                    callback_url=one["callback_url"],
                )
                pending[notice.key] = notice
        for key, notice in pending.items():
            if key not in self.ledger.notices:
                self.ledger.take(self.directory.of(notice.slug), notice)
                self._unsaved = True


def reference_of(slug: str, notice_id: str, delivery: int) -> str:
    """The number a platform gives a notice; always the same for the same one."""
    digest = hashlib.blake2b(f"{slug}/{notice_id}".encode(), digest_size=5).hexdigest().upper()
    return f"{slug[:3].upper()}-{digest}" + (f"-{delivery}" if delivery > 1 else "")


def items_of(slug: str, urls: list[str]) -> list[Item]:
    """Items for addresses that came in prose, without ids of their own."""
    return [Item(item_id=str(uuid.uuid5(ITEM_NAMES, f"{slug} {url}")), url=url, account=None) for url in urls]
