"""Asking a second person: for a line for each request as a file, and for putting a year on the public page."""

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.dashboards.approving import ROWS_WHYS
from cases.forms import AskForm


class RowsForm(AskForm):
    """Why, and for whom. The period is the page's."""

    why = forms.ChoiceField(
        label=_("What for"),
        choices=[("", _("Choose…")), *ROWS_WHYS.items()],
        error_messages={"required": _("Say what it is for.")},
    )
    field_order = ("why", "text")


class PublishForm(AskForm):
    """Why now, and that the preview was read. `seen` says which preview that was."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)
    sure = forms.BooleanField(
        label=_(
            "I read the preview. Everybody may read these figures, and copies of them can’t be called back."
        ),
        error_messages={"required": _("Read the preview first, then tick this.")},
    )
