"""Signs of life."""

from django.db import models


class Heartbeat(models.Model):
    """The last time a process of this name was seen working."""

    name = models.CharField(max_length=40, primary_key=True)
    beaten_at = models.DateTimeField()

    class Privacy:
        keep = ("name", "beaten_at")

    def __str__(self) -> str:
        return self.name
