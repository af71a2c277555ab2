"""What colleagues say about a mail."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.mailbox.actions import LONGEST_LETTER
from cases.mailbox.models import Mail
from cases.takedowns.models import Takedown
from cases.takedowns.states import STATUS_OF, Outcome

NOTHING = ("", _("Says nothing of this one"))


class ConfirmForm(forms.Form):
    """What the mail says of each takedown; begun with the proposal."""

    prefix = "mail"
    redress_until = forms.DateField(
        label=_("Complaint possible until"),
        required=False,
        help_text=_("Only for a refusal, if they said so."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, mail: Mail, takedowns: Sequence[Takedown], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.takedowns = takedowns
        choices = [NOTHING, *((one.value, one.label) for one in STATUS_OF)]
        by_item: dict[str, str] = mail.found.get("by_item", {})
        several = len(takedowns) > 1
        for row in takedowns:
            initial = by_item.get(str(row.item), "" if by_item else mail.proposed)
            label = _("Content %(number)s") % {"number": len(self.fields)} if several else _("It says")
            self.fields[self._name(row)] = forms.ChoiceField(
                label=label, choices=choices, initial=initial, required=False
            )
        self.order_fields([*(self._name(row) for row in takedowns), "redress_until"])
        if found := mail.found.get("redress_until"):
            self.fields["redress_until"].initial = date.fromisoformat(found)

    @staticmethod
    def _name(row: Takedown) -> str:
        return f"outcome-{row.pk}"

    def field_of(self, row: Takedown) -> forms.BoundField:
        """The choice about this takedown."""
        return self[self._name(row)]

    def outcomes(self) -> dict[UUID, Outcome]:
        """What was chosen, without what the mail says nothing of."""
        said = {row.pk: self.cleaned_data.get(self._name(row), "") for row in self.takedowns}
        return {pk: Outcome(one) for pk, one in said.items() if one}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        said = [data.get(self._name(row)) for row in self.takedowns]
        if not any(said) and not self.errors:
            raise forms.ValidationError(_("Choose what it says, or put the mail aside."))
        if data.get("redress_until") and Outcome.REFUSED not in said:
            self.add_error("redress_until", _("Only a refusal has a time for complaints."))
        return data


class LetterForm(forms.Form):
    """What we write back."""

    prefix = "letter"
    words = forms.CharField(
        label=_("Your answer"),
        max_length=LONGEST_LETTER,
        help_text=_(
            "It leaves in the helpline’s name, in the same conversation. Never a name, a school or a picture."
        ),
        widget=forms.Textarea(attrs={"rows": 6, "autocomplete": "off"}),
    )
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)


class NotFiledForm(forms.Form):
    """Why the platform's form did not take it."""

    prefix = "not-filed"
    why = forms.CharField(label=_("It could not be filed, because…"), max_length=1000)


class LeadForm(forms.Form):
    """Which notice a stranger's mail answers."""

    prefix = "lead"
    notice = forms.UUIDField(
        label=_("Our reference"),
        help_text=_("The number of the notice, as it stands in the subject of what we sent."),
    )
