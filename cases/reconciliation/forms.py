"""A file, and a name that means a platform."""

from django import forms
from django.utils.translation import gettext_lazy as _

from helpline.platforms.models import Platform

# Those of the directory that stand for themselves.
PLATFORMS = Platform.objects.filter(merged_into=None, is_other=False).order_by("name")


class UploadForm(forms.Form):
    """A CSV file, or an archive of some."""

    prefix = "statements"
    use_required_attribute = False
    platform = forms.ModelChoiceField(
        label=_("Whose file it is"),
        help_text=_("Only if the file has no column “platform_name”."),
        queryset=PLATFORMS,
        required=False,
        empty_label=_("It says so itself"),
        to_field_name="slug",
    )


class NameForm(forms.Form):
    """Which platform a name means. Cleaned into `platform`."""

    name = forms.CharField(widget=forms.HiddenInput, max_length=100)
    platform = forms.ModelChoiceField(
        label=_("Is this platform"),
        queryset=PLATFORMS,
        empty_label=_("Choose…"),
        to_field_name="slug",
    )
