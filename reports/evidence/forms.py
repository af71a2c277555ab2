"""What comes with a screenshot."""

from django import forms
from django.utils.translation import gettext_lazy as _

from reports.states import Picture


class PictureForm(forms.Form):
    """What it shows, and that it was looked at. The picture itself is put in by the editor only."""

    use_required_attribute = False
    what = forms.ChoiceField(
        label=_("What does it show?"),
        choices=Picture.choices,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose what it shows."),
            "invalid_choice": _("Choose one of these two. We take nothing else."),
        },
    )
    sure = forms.BooleanField(
        label=_("This shows only messages or a profile. Nothing naked."),
        error_messages={"required": _("Look at it once more, then tick this.")},
    )
