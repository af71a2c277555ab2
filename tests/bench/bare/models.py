"""A report as a form without any care would store it: fifteen columns in the clear."""

from django.db import models

WHO = [(word, word) for word in ("self", "friend", "child", "pupil")]
AGES = [(word, word) for word in ("under-13", "13-14", "15-17", "18+", "unknown")]
KINDS = [(word, word) for word in ("deepnude", "real-image", "threat", "sent", "unsure")]


class BareReport(models.Model):
    """What the intake's own request says, field for field."""

    language = models.CharField(max_length=8)
    who = models.CharField(max_length=10, choices=WHO)
    age_range = models.CharField(max_length=10, choices=AGES)
    kind = models.CharField(max_length=12, choices=KINDS)
    blackmail = models.BooleanField(default=False)
    story = models.TextField(max_length=20_000)
    school = models.CharField(max_length=200, blank=True)
    first_url = models.URLField(max_length=2000)
    first_seen_at = models.DateTimeField(null=True, blank=True)
    first_reported_before = models.BooleanField(default=False)
    second_url = models.URLField(max_length=2000)
    second_account = models.CharField(max_length=200, blank=True)
    fingerprint = models.CharField(max_length=64)
    quality = models.PositiveSmallIntegerField()
    contact_via = models.CharField(max_length=10)

    def __str__(self) -> str:
        return f"bare report {self.pk}"


class BareWord(models.Model):
    """A platform's word about an item, as it came."""

    event_id = models.UUIDField(unique=True)
    notice_id = models.UUIDField()
    item_id = models.UUIDField()
    status = models.CharField(max_length=20)
    decided_at = models.DateTimeField()
    reason = models.TextField()
    reference = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"bare word {self.pk}"
