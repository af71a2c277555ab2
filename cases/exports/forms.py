"""Asking for a file of a case."""

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.exports.approving import WHYS
from cases.forms import AskForm


class ExportForm(AskForm):
    """Why, for whom, and whether the notes go along."""

    why = forms.ChoiceField(
        label=_("Who asks for it"),
        choices=[("", _("Choose…")), *WHYS.items()],
        error_messages={"required": _("Say who asks for it.")},
    )
    notes = forms.BooleanField(
        label=_("With the notes of colleagues. They were written for us, and may name others."),
        required=False,
    )
    field_order = ("why", "text", "notes")
