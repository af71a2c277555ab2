"""What a role may do. Roles are rows; permissions are these words and no others."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Permission(TextChoices):
    """Deny by default: a role holds a permission or does not. `own` includes the person's teams."""

    QUEUE_READ = "queue.read", _("See the queue and open reports")
    CASES_OWN = "cases.own", _("Work on own and team cases")
    CASES_ALL = "cases.all", _("Work on every case")
    TAKEDOWNS = "takedowns", _("Request takedowns and record outcomes")
    FIGURES = "figures", _("See the figures")
    APPROVE = "approve", _("Be the second person")
    PLATFORMS = "platforms", _("Change platforms and channels")
    ACCOUNTS = "accounts", _("Manage accounts and roles")
    TRAIL = "trail", _("Read the trail")
    SUBMIT = "submit", _("Submit reports as a partner")


# The roles a new helpline starts with; afterwards they are rows an administrator edits.
STARTING_ROLES: dict[str, tuple[str, frozenset[Permission]]] = {
    "counsellor": (
        "Counsellor",
        frozenset({Permission.QUEUE_READ, Permission.CASES_OWN, Permission.TAKEDOWNS}),
    ),
    "supervisor": (
        "Supervisor",
        frozenset(
            {
                Permission.QUEUE_READ,
                Permission.CASES_OWN,
                Permission.CASES_ALL,
                Permission.TAKEDOWNS,
                Permission.FIGURES,
                Permission.APPROVE,
            }
        ),
    ),
    "administrator": (
        "Administrator",
        frozenset({Permission.PLATFORMS, Permission.ACCOUNTS, Permission.APPROVE}),
    ),
    "auditor": ("Auditor", frozenset({Permission.TRAIL, Permission.FIGURES})),
    "partner": ("Partner", frozenset({Permission.SUBMIT})),
}
