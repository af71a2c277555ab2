"""What a young person told us, sealed; and what we told them back."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from helpline.crypto import wrapping
from helpline.crypto.box import Box
from helpline.crypto.fields import SealedField
from helpline.platforms.models import Platform
from reports import states
from reports.states import (
    DANGER,
    THREATS,
    AgeRange,
    Channel,
    Circumstance,
    ForbiddenMove,
    Kind,
    LinkStatus,
    News,
    NudgeStatus,
    Picture,
    SealedWhy,
    Status,
    Via,
    Who,
)


class Draft(models.Model):
    """A report being written. Only its code opens it: not even the staff can read what was not sent."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    language = models.CharField(max_length=8)
    answers = SealedField()
    code_key = models.BinaryField()
    locator = models.BinaryField(max_length=32, unique=True)
    started_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = _("notes not sent yet")

    class Privacy:
        keep = ("id", "language", "started_at", "changed_at", "expires_at")
        blank = ("code_key", "locator")
        sealed = ("answers",)
        says = _(
            "What you have written but not sent. Nobody but you can read it. "
            "It is deleted 7 days after you last wrote."
        )

    def __str__(self) -> str:
        return f"draft {self.pk}"

    @property
    def about(self) -> str:
        """What its data key is bound to. The same for the report it becomes, so the key goes along."""
        return f"report:{self.pk}"

    def box_for_code(self, code: str) -> Box:
        """Opened by the code. Raises WrongKey."""
        return Box(wrapping.unwrap_for_code(self.code_key, code=code, about=self.about))


class Report(models.Model):
    """One person's report. Words, names, addresses are sealed; coarse facts are columns, so that a queue can sort them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.SUBMITTED)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    language = models.CharField(max_length=8)
    who = models.CharField(max_length=10, choices=Who.choices)
    age_range = models.CharField(max_length=10, choices=AgeRange.choices)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    circumstances = ArrayField(
        models.CharField(max_length=12, choices=Circumstance.choices), default=list, blank=True
    )
    deadline_at = models.DateTimeField(null=True, blank=True)
    # When danger was told, or told again.
    danger_at = models.DateTimeField(null=True, blank=True)
    # When a colleague was sure that it is over; empty again once it is told again.
    danger_over_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField()
    last_contact_at = models.DateTimeField()
    contact_via = models.CharField(max_length=10, default=Via.NONE)
    # False while somebody in danger, whose report was raised at once, is still answering.
    is_complete = models.BooleanField(default=True, db_default=True)
    # Facts were added since the queue last read them.
    is_retold = models.BooleanField(default=False, db_default=False)
    # Its code was said aloud, on the phone or in a chat: whoever comes with it takes one of their own first.
    code_said_aloud = models.BooleanField(default=False, db_default=False)
    story = SealedField()
    # {"handle", "demand", "already_reported", …}: whatever else was written in words
    answers = SealedField()
    contact = SealedField()
    school = SealedField()
    school_index = models.BinaryField(max_length=32, null=True)
    # The data key, wrapped for the staff's private key and for the receipt code. Erasing a report destroys both.
    staff_key = models.BinaryField(null=True)
    code_key = models.BinaryField(null=True)
    locator = models.BinaryField(max_length=32, null=True, unique=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = _("what you told us")
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                name="report_erased_means_no_keys",
                condition=~Q(status=Status.ERASED)
                | Q(
                    erased_at__isnull=False,
                    staff_key=None,
                    code_key=None,
                    locator=None,
                    deadline_at=None,
                    school_index=None,
                    story=None,
                    answers=None,
                    contact=None,
                    school=None,
                ),
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["submitted_at"], name="report_new", condition=Q(status=Status.SUBMITTED)),
            models.Index(fields=["last_contact_at"], name="report_kept", condition=~Q(status=Status.ERASED)),
            models.Index(fields=["id"], name="report_retold", condition=Q(is_retold=True)),
            models.Index(
                fields=["school_index"], name="report_school", condition=Q(school_index__isnull=False)
            ),
        ]

    class Privacy:
        keep = (
            "id",
            "status",
            "channel",
            "language",
            "who",
            "age_range",
            "kind",
            "circumstances",
            "submitted_at",
            "last_contact_at",
            "contact_via",
            "is_complete",
            "is_retold",
            "code_said_aloud",
            "erased_at",
        )
        blank = (
            *("deadline_at", "danger_at", "danger_over_at"),
            *("school_index", "staff_key", "code_key", "locator"),
        )
        sealed = ("story", "answers", "contact", "school")
        says = _(
            "Your words are locked: only the people who help you and your code can open them. "
            "They stay for %(time)s after the last contact. When you erase them, they are gone at once. "
            "A few plain facts stay, such as an age range: nobody can tell that they were yours."
        )

    def __str__(self) -> str:
        return f"report {self.pk}"

    @property
    def holds(self) -> list[str]:
        """The circumstances that still are true: all that were told, but for a danger that is over."""
        return [one for one in self.circumstances if self.danger_over_at is None or one not in DANGER]

    @property
    def is_in_danger(self) -> bool:
        """Did they say so, and did nobody say since that it is over?"""
        return not DANGER.isdisjoint(self.holds)

    @property
    def is_under_threat(self) -> bool:
        """Does somebody threaten, demand something or set a time?"""
        return self.kind == Kind.THREAT or not THREATS.isdisjoint(self.circumstances)

    @property
    def about(self) -> str:
        """What its data key is bound to."""
        return f"report:{self.pk}"

    def box_for_staff(self) -> Box:
        """Opened with the staff's private key. Raises KeyUnavailable on the public face, WrongKey once erased."""
        if self.staff_key is None:
            raise wrapping.WrongKey("This report was erased.")
        return Box(wrapping.unwrap_for_staff(self.staff_key, about=self.about))

    def box_for_code(self, code: str) -> Box:
        """Opened by the receipt code. Raises WrongKey."""
        if self.code_key is None:
            raise wrapping.WrongKey("This report was erased.")
        return Box(wrapping.unwrap_for_code(self.code_key, code=code, about=self.about))

    def move(self, status: Status) -> None:
        """Along an arrow of TRANSITIONS, in memory. Raises ForbiddenMove."""
        if status not in states.TRANSITIONS[Status(self.status)]:
            raise ForbiddenMove(f"A report that is {self.status} can't become {status}.")
        self.status = status


class Link(models.Model):
    """An address or an account where the picture is, and what became of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # No index of their own: the constraint below begins with the report, and nobody asks for a platform's links.
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="links", db_index=False)
    position = models.PositiveSmallIntegerField()
    platform = models.ForeignKey(Platform, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=10)  # post, profile, message, group, file, unknown
    url = SealedField()
    account = SealedField()
    url_index = models.BinaryField(max_length=32, null=True)
    account_index = models.BinaryField(max_length=32, null=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    reported_before = models.BooleanField(null=True)
    status = models.CharField(max_length=12, choices=LinkStatus.choices, default=LinkStatus.RECEIVED)
    status_at = models.DateTimeField()
    added_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = _("links and accounts")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["report", "position"], name="link_position_once"),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["url_index"], name="link_url", condition=Q(url_index__isnull=False)),
            models.Index(
                fields=["account_index"], name="link_account", condition=Q(account_index__isnull=False)
            ),
        ]

    class Privacy:
        keep = (
            "id",
            "report",
            "position",
            "platform",
            "kind",
            "reported_before",
            "status",
            "status_at",
            "added_at",
        )
        blank = ("url_index", "account_index", "seen_at")
        sealed = ("url", "account")
        says = _(
            "The links and account names you gave us. They are locked, and unlocked to ask for the removal. "
            "They stay for %(time)s after the last contact. When you erase them, they are gone at once."
        )

    def __str__(self) -> str:
        return f"link {self.pk}"


class Fingerprint(models.Model):
    """A picture's fingerprint, computed on the person's own device. The picture never came here."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="fingerprints")
    algorithm = models.CharField(max_length=10, choices=[(a, a) for a in ("pdq", "sha256", "md5")])
    value = SealedField()
    value_index = models.BinaryField(max_length=32, null=True)
    quality = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        verbose_name_plural = _("fingerprints")
        indexes: ClassVar[list[Any]] = [
            models.Index(
                fields=["value_index"], name="fingerprint_value", condition=Q(value_index__isnull=False)
            ),
        ]

    class Privacy:
        keep = ("id", "report", "algorithm", "quality")
        blank = ("value_index",)
        sealed = ("value",)
        says = _(
            "A fingerprint of a picture (a row of numbers made from it), if you made one. "
            "Nobody can make the picture again from it. "
            "It stays for %(time)s after the last contact. When you erase it, it is gone at once."
        )

    def __str__(self) -> str:
        return f"{self.algorithm} {self.pk}"


class Update(models.Model):
    """News for the young person: a dated fact about the report or one of its links. Only added to, and never changed; one
    goes again, the close of a case that is undone within minutes and that nobody can have seen.
    """

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="updates", db_index=False)
    link = models.ForeignKey(Link, on_delete=models.CASCADE, null=True, blank=True, related_name="updates")
    what = models.CharField(max_length=20, choices=[(news.value, news.value) for news in News])
    at = models.DateTimeField()
    data = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = _("what we did")
        indexes: ClassVar[list[Any]] = [models.Index(fields=["report", "at"], name="update_report_at")]

    class Privacy:
        keep = ("id", "report", "link", "what", "at", "data")
        says = _(
            "Each step, and when. It holds neither your name nor your words. "
            "It stays also when you erase the rest: nobody can tell that it was yours."
        )

    def __str__(self) -> str:
        return f"{self.what} {self.at:%Y-%m-%d %H:%M}"


class Message(models.Model):
    """A line of the conversation, sealed with the report's key."""

    class Author(models.TextChoices):
        YOUNG_PERSON = "young-person", _("You")
        HELPLINE = "helpline", _("The helpline")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="messages", db_index=False)
    author = models.CharField(max_length=12, choices=Author.choices)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    body = SealedField()

    class Meta:
        verbose_name_plural = _("messages")
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                name="message_staff_only_from_helpline",
                condition=Q(author="helpline") | Q(staff=None),
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["report", "at"], name="message_report_at"),
            models.Index(
                fields=["report"], name="message_unread", condition=Q(read_at=None, author="young-person")
            ),
        ]

    class Privacy:
        keep = ("id", "report", "author", "staff", "at", "read_at")
        sealed = ("body",)
        says = _(
            "What you wrote to us here, and what we answered. They are locked, too. "
            "They stay for %(time)s after the last contact. When you erase them, they are gone at once."
        )

    def __str__(self) -> str:
        return f"message {self.pk}"


class Evidence(models.Model):
    """A screenshot of messages or of a profile: redacted on the person's own device, then decoded and made anew here.

    Each has a data key of its own, so that one picture can be destroyed for good and everything else stays. It belongs
    to a draft, which only the code opens, until that is sent.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, null=True, blank=True, related_name="evidence")
    report = models.ForeignKey(
        Report, on_delete=models.CASCADE, null=True, blank=True, related_name="evidence"
    )
    what = models.CharField(max_length=10, choices=Picture.choices)
    picture = SealedField()
    sha256 = models.BinaryField(max_length=32, null=True)  # of the picture as it is kept
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size = models.PositiveIntegerField()  # bytes
    staff_key = models.BinaryField(null=True)
    code_key = models.BinaryField(null=True)
    added_at = models.DateTimeField()
    # Shown to nobody from this moment: somebody asked to destroy it.
    hidden_at = models.DateTimeField(null=True, blank=True)
    # Destroyed for good: no key and no bytes are left, the fact and the digest are.
    destroyed_at = models.DateTimeField(null=True, blank=True)
    destroyed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    destroyed_why = models.CharField(max_length=10, choices=SealedWhy.choices, blank=True)

    class Meta:
        verbose_name_plural = _("screenshots")
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                name="evidence_of_a_draft_or_a_report",
                condition=Q(draft=None, report__isnull=False)
                | Q(draft__isnull=False, report=None, staff_key=None),
            ),
            models.CheckConstraint(
                name="evidence_destroyed_means_no_keys",
                condition=Q(destroyed_at=None, destroyed_by=None, destroyed_why="")
                | Q(
                    destroyed_at__isnull=False,
                    destroyed_by__isnull=False,
                    draft=None,
                    staff_key=None,
                    code_key=None,
                    picture=None,
                )
                & ~Q(destroyed_why=""),
            ),
        ]

    class Privacy:
        keep = (
            *("id", "draft", "report", "what", "width", "height", "size", "added_at"),
            *("hidden_at", "destroyed_at", "destroyed_by", "destroyed_why"),
        )
        blank = ("sha256", "staff_key", "code_key")
        sealed = ("picture",)
        says = _(
            "Screenshots of messages or of a profile, if you chose to add some. They are locked, each with a key of "
            "its own. They stay for %(time)s after the last contact. When you erase them, they are gone at once."
        )

    def __str__(self) -> str:
        return f"screenshot {self.pk}"

    @property
    def about(self) -> str:
        """What its data key is bound to."""
        return f"evidence:{self.pk}"

    def box_for_staff(self) -> Box:
        """Opened with the staff's private key. Raises KeyUnavailable on the public face, WrongKey once hidden or gone."""
        if self.staff_key is None:
            raise wrapping.WrongKey("This screenshot was destroyed or never sent.")
        if self.hidden_at is not None:
            raise wrapping.WrongKey(
                "Somebody asked to destroy this screenshot: nobody sees it until that is decided."
            )
        return Box(wrapping.unwrap_for_staff(self.staff_key, about=self.about))

    def key_for_code(self, code: str) -> bytes:
        """The data key, by the receipt code. Raises WrongKey."""
        if self.code_key is None:
            raise wrapping.WrongKey("This screenshot was destroyed.")
        return wrapping.unwrap_for_code(self.code_key, code=code, about=self.about)


class Nudge(models.Model):
    """A neutral sign that there is something to read, sent the way the young person chose. It says nothing of what.

    The row is the message: a worker sends it when the hour is one that was agreed.
    """

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="nudges")
    status = models.CharField(max_length=10, choices=NudgeStatus.choices, default=NudgeStatus.WAITING)
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    why = models.CharField(max_length=20, blank=True)  # a word of contact.contract.Refusal, or what failed

    class Meta:
        verbose_name_plural = _("signs that there is something to read")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["report"], name="nudge_waits_once", condition=Q(status=NudgeStatus.WAITING)
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["due_at"], name="nudge_due", condition=Q(status=NudgeStatus.WAITING)),
        ]

    class Privacy:
        keep = ("id", "report", "status", "made_at", "due_at", "tries", "leased_until", "done_at", "why")
        says = _(
            "When we sent you a sign that there is something to read, if you wanted one. "
            "Not where to: that is locked with your words."
        )

    def __str__(self) -> str:
        return f"nudge {self.pk}"
