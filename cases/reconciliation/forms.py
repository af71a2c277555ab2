"""A file, and a name that means a platform."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from helpline.platforms.models import Platform


def platforms() -> Any:
    """Those of the directory that stand for themselves."""
    return Platform.objects.filter(merged_into=None, is_other=False).order_by("name")


class UploadForm(forms.Form):
    """A CSV file, or an archive of some."""

    prefix = "statements"
    use_required_attribute = False
    platform = forms.ModelChoiceField(
        label=_("Whose file it is"),
        help_text=_("Only if the file has no column “platform_name”."),
        queryset=Platform.objects.none(),
        required=False,
        empty_label=_("It says so itself"),
        to_field_name="slug",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["platform"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = platforms()


class NameForm(forms.Form):
    """Which platform a name means. Cleaned into `platform`."""

    name = forms.CharField(widget=forms.HiddenInput, max_length=100)
    platform = forms.ModelChoiceField(
        label=_("Is this platform"),
        queryset=Platform.objects.none(),
        empty_label=_("Choose…"),
        to_field_name="slug",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["platform"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = platforms()
