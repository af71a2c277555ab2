"""What colleagues say about referrals."""

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.referrals import recipients
from cases.referrals.actions import Facts
from cases.referrals.recipients import Recipient
from cases.referrals.states import Basis, ConsentBy, ConsentHow, Outcome, Part

MAX_WORDS = 4000
CHOOSE = ("", _("Choose…"))
PART_HINTS = {
    Part.STORY: _("Only if they want these words to be read there."),
    Part.NAME: _("It tells who they are."),
    Part.SCHOOL: _("It tells who they are."),
    Part.CONTACT: _("It tells who they are. Ask them first."),
    Part.PICTURES: _(
        "Only messages or a profile. Look at each of them before. That you ticked this is recorded."
    ),
}


def words_field(label: Any, *, rows: int = 2, help_text: Any = "", required: bool = False) -> forms.CharField:
    """Sealed words."""
    widget = forms.Textarea(attrs={"rows": rows, "autocomplete": "off"})
    return forms.CharField(
        label=label, required=required, max_length=MAX_WORDS, widget=widget, help_text=help_text
    )


class ReferralForm(forms.Form):
    """A referral to one kind of recipient. What belongs together is checked by the action."""

    recipient = forms.CharField(
        label=_("Which office"),
        required=False,
        max_length=120,
        help_text=_("As it is called. Never the name of a person."),
    )
    contact = words_field(
        _("Where and how it is handed over"), help_text=_("An address, a number, a portal. It is sealed.")
    )
    basis = forms.ChoiceField(label=_("What allows it"), required=False, widget=forms.RadioSelect)
    consent_by = forms.ChoiceField(
        label=_("Who agreed"), required=False, choices=[CHOOSE, *ConsentBy.choices]
    )
    consent_at = forms.DateTimeField(
        label=_("When"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    consent_how = forms.ChoiceField(
        label=_("How it was recorded"), required=False, choices=[CHOOSE, *ConsentHow.choices]
    )
    consent_limits = words_field(
        _("Limits they set"), help_text=_("For example: not my name. It stands in the dossier.")
    )
    article = forms.ChoiceField(label=_("Which article"), required=False)
    reason = words_field(_("Why"), rows=3, help_text=_("Needed without consent: the second person reads it."))
    included = forms.MultipleChoiceField(
        label=_("What goes along"),
        required=False,
        choices=Part.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Only what they need. Nothing else goes into the dossier."),
    )

    def __init__(self, *args: Any, accepted: Recipient, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["basis"].choices = [
            *((one.value, one.label) for one in accepted.bases),
            ("", _("Not decided yet")),
        ]
        fields["basis"].hints = {
            Basis.LEGAL_DUTY: _("A second person has to agree."),
            Basis.VITAL_INTEREST: _("A second person has to agree."),
            "": _("It stays a draft."),
        }
        fields["article"].choices = [
            CHOOSE,
            *((one.code, f"{one.name} – {recipients.said(one.says)}") for one in accepted.articles),
        ]
        fields["included"].hints = PART_HINTS
        if not self.is_bound and "included" not in self.initial:
            self.initial["included"] = [part.value for part in accepted.ticked]
        if Basis.LEGAL_DUTY not in accepted.bases:
            del fields["article"]
        if Basis.CONSENT not in accepted.bases:
            for name in ("consent_by", "consent_at", "consent_how", "consent_limits"):
                del fields[name]

    def facts(self) -> Facts:
        """What was said, for the action."""
        data = dict(self.cleaned_data)
        return Facts(**data | {"included": tuple(data["included"])})


class SentForm(forms.Form):
    """It was handed over."""

    prefix = "sent"
    receipt = forms.CharField(
        label=_("Receipt"),
        required=False,
        max_length=200,
        help_text=_("Their number, or who took it. It is sealed. Leave it empty if there was none."),
    )


class AnswerForm(forms.Form):
    """What they said."""

    prefix = "answer"
    accepted = forms.ChoiceField(
        label=_("What they said"),
        choices=[("yes", _("They take it on")), ("no", _("They decline"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Say what they answered.")},
    )
    words = words_field(_("In their words"))


class FollowUpForm(forms.Form):
    """The day to ask again."""

    prefix = "follow"
    on = forms.DateField(
        label=_("Ask again on"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": _("Choose a day.")},
    )

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on < timezone.localdate():
            raise forms.ValidationError(_("This day has passed."))
        return on


class CloseForm(forms.Form):
    """What came of it."""

    prefix = "close"
    outcome = forms.ChoiceField(
        label=_("What came of it"),
        choices=[CHOOSE, *Outcome.choices],
        error_messages={"required": _("Say what came of it.")},
    )


class TellForm(forms.Form):
    """To the young person, if a colleague chooses to."""

    prefix = "tell"
    text = words_field(
        _("Your message"),
        rows=3,
        required=True,
        help_text=_("Plain words: somebody may look over their shoulder. They read it when they come back."),
    )
