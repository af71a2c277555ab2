"""What is typed for a report."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from cases.annual.actions import MAX_WORDS


class StartForm(forms.Form):
    """Which months, in which language. Months are read by cases.dashboards.periods."""

    since = forms.CharField(
        label=_("First month"),
        max_length=10,
        widget=forms.TextInput(attrs={"type": "month", "autocomplete": "off"}),
    )
    until = forms.CharField(
        label=_("Last month"),
        max_length=10,
        widget=forms.TextInput(attrs={"type": "month", "autocomplete": "off"}),
    )
    language = forms.ChoiceField(label=_("Language of the report"), choices=settings.LANGUAGES)


def _words(label: Any, hint: Any) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": 9, "autocomplete": "off"})
    return forms.CharField(label=label, help_text=hint, max_length=MAX_WORDS, required=False, widget=area)


class TextsForm(forms.Form):
    """The helpline's own words in the report."""

    independence = _words(
        _("How independence was kept"),
        _("Required: how the helpline stayed independent of every platform in this period."),
    )
    funding = _words(_("Funding"), _("Who pays, and which agreements with platforms exist."))
    procedure = _words(_("How notices are made"), _("From what somebody tells to what leaves. No names."))
