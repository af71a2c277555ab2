"""Changes to the directory. Each checks, writes, and leaves a line in the trail.

A new or changed contact is out of use until a second person approves it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.functional import Promise
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from helpline.accounts.models import Staff
from helpline.audit import actions as audit
from helpline.crypto import box
from helpline.crypto.wrapping import WrongKey
from helpline.platforms import directory, layout, words
from helpline.platforms.layout import BadLayout, ChannelEntry, PlatformEntry, Problem, Value
from helpline.platforms.models import Channel, Platform

# Whoever can change these can send our notices elsewhere, or answer in the platform's name.
CONTACT = frozenset({"kind", "address", *layout.SECRETS.values()})

REFUSALS: dict[str, Promise] = {
    "no_address": _("This channel has no address yet."),
    "same_person": _("Somebody else has to approve a contact that you changed."),
    "not_approved": _("A second person has to approve this contact first."),
    "same": _("Both are the same platform."),
    "other": _("What stands for all other sites can’t become another platform, nor take one in."),
    "merged": _("One of the two is part of another platform already."),
    "has_merged": _("Other platforms became part of this one. Part them first, then merge each of them."),
    "not_merged": _("It stands for itself already."),
}


class ChannelRefused(Exception):
    """This can't be done to the channel as it stands. `code` is stable, `sentence` is for the person."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def sentence(self) -> str:
        """What to say."""
        return str(REFUSALS[self.code])


class MergeRefused(ChannelRefused):
    """These two platforms can't become one as they stand."""


def check_can_merge(platform: Platform, into: Platform) -> None:
    """Raises MergeRefused. One step only: what took others in is not taken in itself."""
    if platform.pk == into.pk:
        raise MergeRefused("same")
    if platform.is_other or into.is_other:
        raise MergeRefused("other")
    if platform.merged_into_id is not None or into.merged_into_id is not None:
        raise MergeRefused("merged")
    if platform.merged.exists():
        raise MergeRefused("has_merged")


@transaction.atomic
def merge_platform(*, platform: Platform, into: Platform, by: Staff, at: datetime) -> None:
    """This platform is part of another one from now on: its hosts and new links are that one's, and its figures count there.

    What is under way keeps the channel it left by. Raises MergeRefused.
    """
    _lock_both(platform, into)
    check_can_merge(platform, into)
    platform.merged_into = into
    # A host is one platform's: what both had stays with `into`, also when they part.
    platform.domains = [one for one in platform.domains if one not in into.domains]
    into.domains = [*into.domains, *platform.domains]
    _save_both(platform, into)
    audit.record(by=by, verb="platform.merged", obj=platform, detail={"into": into.slug}, at=at)


@transaction.atomic
def part_platform(*, platform: Platform, by: Staff, at: datetime) -> None:
    """It stands for itself again, with the hosts that it brought. Raises MergeRefused where it is part of none."""
    into = platform.merged_into
    if into is None:
        raise MergeRefused("not_merged")
    _lock_both(platform, into)
    if platform.merged_into_id != into.pk:
        raise MergeRefused("not_merged")
    platform.merged_into = None
    into.domains = [one for one in into.domains if one not in platform.domains]
    _save_both(platform, into)
    audit.record(by=by, verb="platform.parted", obj=platform, detail={"from": into.slug}, at=at)


def _lock_both(*both: Platform) -> None:
    for one in sorted(both, key=lambda one: one.pk):
        one.refresh_from_db(from_queryset=Platform.objects.select_for_update(of=("self",)))


def _save_both(platform: Platform, into: Platform) -> None:
    platform.save(update_fields=["domains", "merged_into", "updated_at"])
    into.save(update_fields=["domains", "updated_at"])
    directory.forget()
    transaction.on_commit(directory.forget)


def check_can_approve(channel: Channel, by: Staff) -> None:
    """Raises ChannelRefused when `by` can't be the second person for this contact."""
    if not channel.address:
        raise ChannelRefused("no_address")
    if channel.changed_by_id == by.pk:
        raise ChannelRefused("same_person")


def can_approve(channel: Channel, by: Staff) -> bool:
    """May `by` be the second person for this contact?"""
    try:
        check_can_approve(channel, by)
    except ChannelRefused:
        return False
    return True


@transaction.atomic
def verify_channel(*, channel: Channel, by: Staff, at: datetime) -> None:
    """Somebody checked that the contact works. Raises ChannelRefused when there is none."""
    _lock(channel)
    if not channel.address:
        raise ChannelRefused("no_address")
    channel.verified_at, channel.verified_by = at, by
    channel.save(update_fields=["verified_at", "verified_by", "updated_at"])
    _record(channel, "channel.verified", by, at)


@transaction.atomic
def approve_channel(*, channel: Channel, by: Staff, at: datetime) -> None:
    """The second person says yes, and the channel comes into use. Approving twice changes nothing.

    Raises ChannelRefused for the person who changed the contact, and when there is no address.
    """
    _lock(channel)
    if channel.approved_at is not None:
        return
    check_can_approve(channel, by)
    channel.approved_at, channel.approved_by, channel.enabled = at, by, True
    channel.save(update_fields=["approved_at", "approved_by", "enabled", "updated_at"])
    _record(channel, "channel.approved", by, at)


@transaction.atomic
def switch_channel(*, channel: Channel, enabled: bool, by: Staff, at: datetime) -> None:
    """Take a channel out of use, or back into it. Raises ChannelRefused when it is not approved."""
    _lock(channel)
    if enabled and channel.approved_at is None:
        raise ChannelRefused("not_approved")
    if channel.enabled == enabled:
        return
    channel.enabled = enabled
    channel.save(update_fields=["enabled", "updated_at"])
    _record(channel, "channel.switched", by, at, enabled=enabled)


@transaction.atomic
def change_channel(*, channel: Channel, values: Mapping[str, object], by: Staff, at: datetime) -> None:
    """Set some fields, named as in `layout`. Another contact or secret is out of use until approved.

    Raises BadLayout with a problem for each field that can't be taken.
    """
    _lock(channel)
    problems: list[Problem] = []
    columns = layout.parse_values(channel.slug, values, layout.CHANNEL_FIELDS, layout.SECRETS, problems)
    secrets = layout.parse_secrets(channel.slug, values, problems)
    try:
        layout.check_address(
            str(columns.get("kind", channel.kind)), str(columns.get("address", channel.address))
        )
    except ValueError as error:
        problems.append(Problem(channel.slug, "address", str(error)))
    if problems:
        raise BadLayout(problems)
    changed = {column for column, value in columns.items() if _set(channel, column, value)}
    changed |= {column for column, secret in secrets.items() if _seal(channel, column, secret)}
    if not changed:
        return
    if changed & CONTACT:
        _unapprove(channel, by, at)
    channel.save()
    _record(channel, "channel.changed", by, at, contact=bool(changed & CONTACT))


@transaction.atomic
def add_platform(*, name: str, by: Staff, at: datetime) -> Platform:
    """A platform without a domain: no link leads to it before `set_domains`."""
    platform = Platform.objects.create(slug=_free_slug(Platform, name, 50), name=name)
    audit.record(by=by, verb="platform.added", obj=platform, at=at)
    directory.forget()
    transaction.on_commit(directory.forget)
    return platform


@transaction.atomic
def add_channel(*, platform: Platform, kind: str, by: Staff, at: datetime) -> Channel:
    """A channel without an address: nothing can leave by it."""
    channel = Channel(platform=platform, kind=kind, changed_at=at, changed_by=by)
    channel.slug = _free_slug(Channel, f"{platform.slug}-{kind}", 60)
    channel.save(force_insert=True)
    _record(channel, "channel.added", by, at)
    return channel


@transaction.atomic
def set_domains(*, platform: Platform, domains: Sequence[str], by: Staff, at: datetime) -> None:
    """The hosts that are this platform's. Raises BadLayout for what is no host, and for another platform's."""
    platform.refresh_from_db(from_queryset=Platform.objects.select_for_update())
    problems: list[Problem] = []
    values = layout.parse_values(
        platform.slug, {"domains": list(domains)}, layout.PLATFORM_FIELDS, (), problems
    )
    others = {
        domain: other.slug
        for other in Platform.objects.exclude(pk=platform.pk).exclude(merged_into=platform)
        for domain in other.domains
    }
    problems += [
        Problem(platform.slug, "domains", f"{one} belongs to {others[one]}")
        for one in domains
        if one in others
    ]
    if problems:
        raise BadLayout(problems)
    if not _set(platform, "domains", values["domains"]):
        return
    platform.save(update_fields=["domains", "updated_at"])
    audit.record(by=by, verb="platform.domains_set", obj=platform, at=at)
    directory.forget()
    transaction.on_commit(directory.forget)


@transaction.atomic
def pause_platform(*, platform: Platform, reason: str, by: Staff, at: datetime) -> bool:
    """Send nothing to it, by whatever channel, until a person says otherwise. What is due waits, and is lost to nobody.

    False, and nothing is written, where it was paused before: the first reason stands.
    """
    platform.refresh_from_db(from_queryset=Platform.objects.select_for_update())
    if platform.paused_at is not None:
        return False
    platform.paused_at, platform.paused_by, platform.pause_reason = at, by, reason.strip()[:200]
    platform.save(update_fields=["paused_at", "paused_by", "pause_reason", "updated_at"])
    audit.record(by=by, verb="platform.paused", obj=platform, at=at)
    directory.forget()
    transaction.on_commit(directory.forget)
    return True


@transaction.atomic
def resume_platform(*, platform: Platform, by: Staff, at: datetime) -> bool:
    """Send to it again, what waited first. False where nobody had paused it."""
    platform.refresh_from_db(from_queryset=Platform.objects.select_for_update())
    if platform.paused_at is None:
        return False
    seconds = int((at - platform.paused_at).total_seconds())
    platform.paused_at, platform.paused_by, platform.pause_reason = None, None, ""
    platform.save(update_fields=["paused_at", "paused_by", "pause_reason", "updated_at"])
    audit.record(by=by, verb="platform.resumed", obj=platform, detail={"seconds": seconds}, at=at)
    directory.forget()
    transaction.on_commit(directory.forget)
    return True


@transaction.atomic
def switch_recheck(*, platform: Platform, enabled: bool, by: Staff, at: datetime, reason: str = "") -> None:
    """Leave the platform's links alone, and why, or look at them again. What is due waits meanwhile, lost to nobody."""
    platform.refresh_from_db(from_queryset=Platform.objects.select_for_update())
    if platform.recheck == enabled:
        return
    platform.recheck, platform.recheck_reason = enabled, "" if enabled else reason.strip()[:200]
    platform.save(update_fields=["recheck", "recheck_reason", "updated_at"])
    audit.record(by=by, verb="platform.recheck_switched", obj=platform, detail={"enabled": enabled}, at=at)
    directory.forget()
    transaction.on_commit(directory.forget)


@transaction.atomic
def set_gone_words(*, platform: Platform, words: Sequence[str], by: Staff, at: datetime) -> None:
    """By which words a page of this platform says that nothing is there. Raises BadLayout."""
    platform.refresh_from_db(from_queryset=Platform.objects.select_for_update())
    problems: list[Problem] = []
    said = {"gone_words": list(words)}
    values = layout.parse_values(platform.slug, said, layout.PLATFORM_FIELDS, (), problems)
    if problems:
        raise BadLayout(problems)
    if not _set(platform, "gone_words", values["gone_words"]):
        return
    platform.save(update_fields=["gone_words", "updated_at"])
    audit.record(by=by, verb="platform.gone_words_set", obj=platform, detail={"count": len(words)}, at=at)
    directory.forget()
    transaction.on_commit(directory.forget)


@transaction.atomic
def pause_channel(
    *, channel: Channel, until: datetime, at: datetime, by: Staff | None = None, reason: str = ""
) -> None:
    """Send nothing before `until`: the breaker (`by` is None) or a person, who says why."""
    _lock(channel)
    channel.paused_until, channel.pause_reason = until, reason.strip()[:200]
    channel.save(update_fields=["paused_until", "pause_reason", "updated_at"])
    _record(channel, "channel.paused", by, at, seconds=int((until - at).total_seconds()))


@transaction.atomic
def resume_channel(*, channel: Channel, at: datetime, by: Staff | None = None) -> None:
    """Send again. A channel that is not paused stays as it is."""
    _lock(channel)
    if channel.paused_until is None:
        return
    channel.paused_until, channel.pause_reason = None, ""
    channel.save(update_fields=["paused_until", "pause_reason", "updated_at"])
    _record(channel, "channel.resumed", by, at)


@transaction.atomic
def note_bounce(*, channel: Channel, at: datetime) -> None:
    """A message to this contact came back."""
    _lock(channel)
    channel.last_bounce_at = at
    channel.save(update_fields=["last_bounce_at", "updated_at"])
    _record(channel, "channel.bounced", None, at)


# --- Import -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Imported:
    """What an import did, by slug."""

    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    approved: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)  # have an address and wait for the second person


@transaction.atomic
def import_platforms(*, data: object, approved_by: Staff | None, at: datetime) -> Imported:
    """Bring the directory up to a file in the layout of `layout`. All of it or, with BadLayout, nothing.

    Only what the file says differently from the last import is written, so what an operator changed since
    stays. New and changed contacts are out of use until approved; `approved_by` approves those the file still
    describes.
    """
    entries = layout.parse(words.spoken(data))
    problems: list[Problem] = []
    done = Imported()
    _check_against_table(entries, problems)
    if not problems:
        for entry in entries:
            platform = _import_platform(entry, at, done)
            for channel_entry in entry.channels:
                channel = _import_channel(channel_entry, platform, at, done)
                _approve_imported(channel, channel_entry, approved_by, at, done, problems)
    if problems:
        raise BadLayout(problems)
    directory.forget()
    transaction.on_commit(directory.forget)
    return done


def _check_against_table(entries: list[PlatformEntry], problems: list[Problem]) -> None:
    """What the file alone can't show: a domain, a channel or the catch-all of another platform."""
    named = {entry.slug for entry in entries}
    standing = Platform.objects.exclude(slug__in=named).filter(merged_into=None).order_by("id")
    domains = {d: p.slug for p in standing for d in p.domains}
    others = Platform.objects.filter(is_other=True).exclude(slug__in=named).values_list("slug", flat=True)
    owners = dict(Channel.objects.values_list("slug", "platform__slug"))
    for entry in entries:
        claimed = entry.values.get("domains")
        problems.extend(
            Problem(entry.name, "domains", f"{domain} belongs to {domains[domain]}")
            for domain in (claimed if isinstance(claimed, list) else [])
            if domain in domains
        )
        if entry.values.get("is_other") and others:
            problems.append(Problem(entry.name, "other", f"the catch-all is {others[0]}"))
        problems.extend(
            Problem(channel.name, "slug", f"belongs to {owners[channel.slug]}")
            for channel in entry.channels
            if owners.get(channel.slug, entry.slug) != entry.slug
        )


def _import_platform(entry: PlatformEntry, at: datetime, done: Imported) -> Platform:
    platform = Platform.objects.select_for_update().filter(slug=entry.slug).first()
    is_new = platform is None
    platform = platform or Platform(slug=entry.slug)
    remembered = platform.imported
    changed = _take(platform, entry.values, keep_unknown=False)
    if is_new or platform.imported != remembered:
        platform.save()
    if is_new or changed:
        audit.record(by=None, verb="platform.imported", obj=platform, detail={"new": is_new}, at=at)
    _count(done, entry.slug, is_new=is_new, is_changed=bool(changed))
    return platform


def _import_channel(entry: ChannelEntry, platform: Platform, at: datetime, done: Imported) -> Channel:
    channel = Channel.objects.select_for_update().filter(slug=entry.slug).first()
    is_new = channel is None
    channel = channel or Channel(slug=entry.slug, platform=platform)
    remembered = channel.imported
    changed = _take(channel, entry.values, keep_unknown=channel.verified_at is not None)
    if is_new:
        channel.save()  # a secret is bound to its row, so the row comes first
    changed |= _take_secrets(channel, entry.secrets)
    if is_new or changed & CONTACT:
        _unapprove(channel, None, at)
    if is_new or channel.imported != remembered:
        channel.save()
    if is_new or changed:
        _record(channel, "channel.imported", None, at, new=is_new, contact=bool(changed & CONTACT))
    _count(done, entry.slug, is_new=is_new, is_changed=bool(changed))
    return channel


def _approve_imported(
    channel: Channel,
    entry: ChannelEntry,
    by: Staff | None,
    at: datetime,
    done: Imported,
    problems: list[Problem],
) -> None:
    if channel.approved_at is not None or not channel.address:
        return
    # An approval of the file does not cover a contact that somebody changed since.
    stands_as_written = all(getattr(channel, column) == value for column, value in entry.values.items())
    if by is None or not stands_as_written:
        done.waiting.append(channel.slug)
        return
    try:
        approve_channel(channel=channel, by=by, at=at)
    except ChannelRefused as refused:
        problems.append(Problem(entry.name, "address", refused.sentence))
    else:
        done.approved.append(channel.slug)


def _take(row: Platform | Channel, values: Mapping[str, Value], *, keep_unknown: bool) -> set[str]:
    """Set what the file says differently from last time; answers the columns that changed.

    With `keep_unknown`, a column the file speaks of for the first time is remembered and left as it is.
    """
    last: dict[str, Any] = row.imported
    news = [column for column, value in values.items() if column not in last or last[column] != value]
    changed = {
        column
        for column in news
        if not (keep_unknown and column not in last) and _set(row, column, values[column])
    }
    row.imported = {**last, **values}
    return changed


def _take_secrets(channel: Channel, secrets: Mapping[str, str]) -> set[str]:
    """As `_take`. A secret is remembered by its keyed digest only."""
    changed = set()
    for column, secret in secrets.items():
        digest = salted_hmac("helpline.platforms.import", f"{channel.slug}|{column}|{secret}").hexdigest()
        if channel.imported.get(column) != digest and _seal(channel, column, secret):
            changed.add(column)
        channel.imported = {**channel.imported, column: digest}
    return changed


def _count(done: Imported, slug: str, *, is_new: bool, is_changed: bool) -> None:
    (done.created if is_new else done.changed if is_changed else done.unchanged).append(slug)


# --- Steps shared by the actions ----------------------------------------------------------------------


def _lock(channel: Channel) -> None:
    channel.refresh_from_db(from_queryset=Channel.objects.select_for_update())


def _free_slug(model: type[Platform] | type[Channel], words: str, longest: int) -> str:
    """A slug of these words that nobody has: site, site-2, site-3."""
    base = slugify(words.replace("_", "-"))[: longest - 4].strip("-_") or "site"
    taken = set(model._default_manager.filter(slug__startswith=base).values_list("slug", flat=True))
    taken.add("new")  # the page on which a new site is proposed
    return next(
        slug
        for number in range(1, len(taken) + 2)
        if (slug := base if number == 1 else f"{base}-{number}") not in taken
    )


def _set(row: Platform | Channel, column: str, value: Value) -> bool:
    """Set a column; answers whether that changed it."""
    if getattr(row, column) == value:
        return False
    setattr(row, column, value)
    return True


def _seal(channel: Channel, column: str, secret: str) -> bool:
    """Seal a secret into its column; answers whether it was another one before."""
    settings_box = box.settings_box()
    try:
        if constant_time_compare(settings_box.open(channel, column), secret):
            return False
    except WrongKey:
        pass  # sealed under a key that is gone: the new secret replaces it
    setattr(channel, column, settings_box.seal(channel, column, secret))
    return True


def _unapprove(channel: Channel, by: Staff | None, at: datetime) -> None:
    """Out of use: nobody has vouched for this contact yet."""
    channel.enabled = False
    channel.verified_at = channel.verified_by = None
    channel.approved_at = channel.approved_by = None
    channel.last_bounce_at = channel.paused_until = None
    channel.pause_reason = ""
    channel.changed_at, channel.changed_by = at, by


def _record(channel: Channel, verb: str, by: Staff | None, at: datetime, **detail: str | int | bool) -> None:
    audit.record(by=by, verb=verb, obj=channel, detail={"channel": channel.slug, **detail}, at=at)
