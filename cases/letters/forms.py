"""What is typed: a template's parts, a mandate, and facts for one platform."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.letters.content import FACTS_MAX, one_line
from cases.letters.parts import KINDS, LONGEST, PLACEHOLDERS, parts_of, tidied, what_is_wrong
from cases.letters.states import GivenBy, GivenHow


class TemplateForm(forms.Form):
    """Every part of a template, each with its placeholders beside it."""

    prefix = "template"

    def __init__(self, *args: Any, regime: str, kind: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.layout = parts_of(regime, kind)
        for part in self.layout:
            typed: type[forms.Widget] = forms.Textarea if part.long else forms.TextInput
            attrs = {"autocomplete": "off"} | ({"rows": "3"} if part.long else {})
            holds = ", ".join(f"{{{name}}} – {PLACEHOLDERS[name]}" for name in part.holds)
            self.fields[part.name] = forms.CharField(
                label=str(part.label),
                max_length=LONGEST if part.long else 300,
                required=False,  # said by `clean`, with what else is wrong
                help_text=_("Must hold %(holds)s.") % {"holds": holds} if holds else "",
                widget=typed(attrs=attrs),
            )
        self.fields["text"] = forms.CharField(
            label=_("Why, for whoever decides"),
            max_length=500,
            widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
        )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        for part in self.layout:
            if part.name in data:
                data[part.name] = tidied(data[part.name])
                for sentence in what_is_wrong(part, data[part.name]):
                    self.add_error(part.name, sentence)
        return data

    def parts(self) -> Mapping[str, str]:
        """What was typed, by part."""
        return {part.name: self.cleaned_data[part.name] for part in self.layout}


class PreviewForm(forms.Form):
    """Which invented case a template is shown with."""

    case_kind = forms.ChoiceField(label=_("Kind of report"), choices=list(KINDS.items()), required=False)
    age = forms.ChoiceField(
        label=_("The person shown"),
        choices=[("minor", _("a minor")), ("adult", _("an adult"))],
        required=False,
    )


class MandateForm(forms.Form):
    """Who allowed us to sign, how and when."""

    prefix = "mandate"
    given_by = forms.ChoiceField(label=_("Who allowed it"), choices=GivenBy.choices)
    given_how = forms.ChoiceField(label=_("How"), choices=GivenHow.choices)
    given_on = forms.DateField(
        label=_("On which day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    words = forms.CharField(
        label=_("In their words"),
        required=False,
        max_length=1000,
        help_text=_("Sealed with the case. It is never part of a notice."),
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
    )

    def clean_given_on(self) -> date:
        given: date = self.cleaned_data["given_on"]
        today = timezone.localdate()
        if given > today:
            raise forms.ValidationError(_("This day is still to come."))
        if given < today - timedelta(days=3650):
            raise forms.ValidationError(_("This day is too long ago."))
        return given


def facts_of(given: Mapping[str, Any]) -> dict[str, str]:
    """What a colleague added for each platform, by its slug: the fields `facts-<slug>` of the request page, one line each.

    What is too long is kept: the linter says so, and nothing typed is lost.
    """
    return {
        name.removeprefix("facts-"): one_line(str(given[name]))[: FACTS_MAX * 2]
        for name in given
        if name.startswith("facts-")
    }
