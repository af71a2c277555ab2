"""What colleagues say about takedowns."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.takedowns.states import Outcome

CLOCK_SLACK = timedelta(minutes=2)  # two clocks never agree to the second


class FiledForm(forms.Form):
    """The platform's form was filled in."""

    prefix = "filed"
    reference = forms.CharField(
        label=_("The platform’s reference"),
        max_length=200,
        required=False,
        help_text=_("The number it showed or mailed. Leave it empty if there was none."),
    )


class OutcomeForm(forms.Form):
    """What a colleague learned, by mail, by phone or by looking at the platform’s portal."""

    prefix = "outcome"
    outcome = forms.ChoiceField(label=_("What was learned"), choices=[("", _("Choose…")), *Outcome.choices])
    at = forms.DateTimeField(
        label=_("When"),
        required=False,
        help_text=_("Leave it empty for now."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    words = forms.CharField(
        label=_("In their words"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 2})
    )
    redress_until = forms.DateField(
        label=_("Complaint possible until"),
        required=False,
        help_text=_("Only for a refusal, if they said so."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def clean_at(self) -> datetime:
        now = timezone.now()
        at: datetime = self.cleaned_data["at"] or now
        if at > now + CLOCK_SLACK:
            raise forms.ValidationError(_("This moment is still to come."))
        return min(at, now)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("redress_until") and data.get("outcome") != Outcome.REFUSED:
            self.add_error("redress_until", _("Only a refusal has a time for complaints."))
        return data
