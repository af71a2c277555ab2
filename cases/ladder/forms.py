"""What colleagues say about the ladder."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.ladder.states import DECIDED, RedressState, StepOutcome

MAX_WORDS = 4000


def _words(label: Any, *, required: bool = False, help_text: Any = "") -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 2, "autocomplete": "off"})
    return forms.CharField(
        label=label, required=required, max_length=MAX_WORDS, widget=widget, help_text=help_text
    )


def _day(label: Any, *, help_text: Any = "") -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget, help_text=help_text)


def _reference() -> forms.CharField:
    return forms.CharField(
        label=_("Their number or receipt"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("As they gave it. It is sealed."),
    )


class _NotBefore(forms.Form):
    """A day to ask again is still to come."""

    def clean_follow_up_on(self) -> Any:
        day = self.cleaned_data["follow_up_on"]
        if day is not None and day < timezone.localdate():
            raise forms.ValidationError(_("This day has been."))
        return day


class PauseForm(forms.Form):
    """Why the clock stands still."""

    reason = _words(_("Why"), required=True, help_text=_("It is sealed and stays in the timeline."))


class DoneForm(_NotBefore):
    """A person filed it."""

    reference = _reference()
    follow_up_on = _day(_("Ask again on"), help_text=_("Left empty: their usual day."))


class SkipForm(forms.Form):
    """It is left out."""

    reason = _words(_("Why it is left out"))


class OutcomeForm(_NotBefore):
    """What came of it."""

    outcome = forms.ChoiceField(
        label=_("What came of it"), choices=StepOutcome.choices, widget=forms.RadioSelect
    )
    words = _words(_("What they wrote"), help_text=_("It is sealed."))
    follow_up_on = _day(_("Ask again on"), help_text=_("Only if they took it up."))


class FileForm(forms.Form):
    """A complaint was filed."""

    reference = _reference()
    body = forms.CharField(
        label=_("Which body"),
        required=False,
        max_length=120,
        help_text=_("As it is called. Never the name of a person."),
    )
    is_complex = forms.BooleanField(label=_("They call it complex: 180 days instead of 90"), required=False)

    def __init__(self, *args: Any, out_of_court: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not out_of_court:
            del self.fields["body"], self.fields["is_complex"]


class DecisionForm(forms.Form):
    """What they decided."""

    state = forms.ChoiceField(
        label=_("What they decided"),
        choices=[(one.value, one.label) for one in RedressState if one in DECIDED],
        widget=forms.RadioSelect,
    )
    words = _words(_("What they wrote"), help_text=_("It is sealed."))
