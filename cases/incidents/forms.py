"""What colleagues write on an incident's pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.models import Case
from helpline.accounts.models import Staff

MOST = 4000


class TitleForm(forms.Form):
    """A few words by which colleagues know an incident."""

    prefix = "title"
    text = forms.CharField(
        label=_("How we call this incident"),
        max_length=80,
        required=False,
        help_text=_("A few words. No names of pupils and no name of the school."),
    )


class AddForm(forms.Form):
    """A case that the machine did not find. Valid, it knows `case`."""

    prefix = "add"
    ref = forms.CharField(
        label=_("Reference of the case"), max_length=12, help_text=_("Eight letters and digits.")
    )
    case: Case

    def __init__(self, *args: Any, staff: Staff, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.staff = staff

    def clean_ref(self) -> str:
        ref: str = self.cleaned_data["ref"].strip().upper()
        found = Case.objects.workable_by(self.staff).filter(ref=ref).first()
        if found is None:
            # The same for one that is not there and for a colleague's.
            raise forms.ValidationError(_("You work on no case with this reference."))
        self.case = found
        return ref


class MergeForm(forms.Form):
    """The other incident. The view looks it up: what is not this person's is not there."""

    prefix = "merge"
    ref = forms.CharField(
        label=_("Reference of the other incident"),
        max_length=12,
        help_text=_("All cases of this one go into it. You can undo it here."),
    )


class WorksheetForm(forms.Form):
    """The words on the paper for the school and the authorities."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    agreed = forms.CharField(
        label=_("What was agreed with the school"),
        required=False,
        max_length=MOST,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Who does what, until when. No names of pupils."),
    )
    contact = forms.CharField(
        label=_("The school’s contact"),
        required=False,
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Their name, and how to reach them. It stands on the paper."),
    )
    tasks = forms.CharField(
        label=_("Tasks for the school"),
        required=False,
        max_length=MOST,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One a line. They come after the usual ones."),
    )

    def words(self) -> dict[str, str]:
        """For the action."""
        return {name: self.cleaned_data[name] for name in ("agreed", "contact", "tasks")}
