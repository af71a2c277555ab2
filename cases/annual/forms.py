"""What is typed for a report."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.annual.actions import MAX_WORDS

# What is still to be written in a text that is unfinished.
MISSING: Mapping[str, Promise] = {
    "independence": _(
        "Say how you stayed independent of every platform. Check what stands here, then take out the words in brackets."
    ),
    "funding": _(
        "Say who pays, with what share, and which agreements with platforms exist. Then take out the words in brackets."
    ),
    "procedure": _("Check that this is how you work, complete it, then take out the words in brackets."),
}


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

    def add_missing(self, names: Iterable[str]) -> None:
        """Beside each of these what is still to be written."""
        for name in names:
            self.add_error(name, str(MISSING[name]))
