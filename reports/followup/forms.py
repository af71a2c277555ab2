"""What can be written on the follow page."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from reports.places import PlacesForm


class MessageForm(forms.Form):
    """A line of the conversation."""

    use_required_attribute = False
    message = forms.CharField(
        label=_("Your message to us"),
        strip=True,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("Write something first. A few words are enough.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["message"].widget.attrs["data-most"] = settings.STORY_MAX_CHARS

    def clean_message(self) -> str:
        message: str = self.cleaned_data["message"]
        over = len(message) - settings.STORY_MAX_CHARS
        if over > 0:
            raise forms.ValidationError(
                ngettext(
                    "This is %(over)s character too long. Send it in two parts.",
                    "This is %(over)s characters too long. Send it in two parts.",
                    over,
                )
                % {"over": over}
            )
        return message


class MorePlacesForm(PlacesForm):
    """More links or accounts, sent later."""

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self.errors and not self.facts:
            self.add_error("pasted", _("We see no link in this. Copy the link once more and paste it here."))
        return data
