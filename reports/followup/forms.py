"""What can be written on the follow page."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from reports.evidence.text import without_pictures
from reports.fingerprints import FingerprintsForm
from reports.places import PlacesForm
from reports.states import DANGER, Circumstance, Deadline
from reports.voice import Voice
from reports.words import CIRCUMSTANCES


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
        message = without_pictures(self.cleaned_data["message"])
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


class MoreFingerprintsForm(FingerprintsForm):
    """Fingerprints, sent later: at least one."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors and not self.facts:
            self.add_error(
                "fingerprints", _("Choose a picture or video first. Its fingerprint is made on this device.")
            )
        return data


class ChangedForm(forms.Form):
    """What is true now, beside what was told before; danger can be told again and again. Valid, it knows
    `circumstances` and `deadline`.
    """

    use_required_attribute = False

    def __init__(self, *args: Any, voice: Voice, told: Collection[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["circumstances"] = forms.MultipleChoiceField(
            label=_("What is true now?"),
            choices=[
                (one.value, words.to(voice))
                for one, words in sorted(CIRCUMSTANCES.items(), key=lambda row: row[0] not in DANGER)
                if (one not in told or one in DANGER) and one != Circumstance.DEADLINE
            ],
            widget=forms.CheckboxSelectMultiple,
            required=False,
            error_messages={"invalid_choice": _("Tick only what is in the list.")},
        )
        self.fields["deadline"] = forms.ChoiceField(
            label=_("Is there a time limit?"),
            choices=Deadline.choices,
            initial=Deadline.NONE,
            widget=forms.RadioSelect,
            required=False,
            error_messages={"invalid_choice": _("Choose one of these answers.")},
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors and not self.circumstances and self.deadline == Deadline.NONE:
            said = _("Tick what is true now. Nothing? Go back, nothing is lost.")
            self.add_error("circumstances", said)
        return data

    @property
    def circumstances(self) -> list[Circumstance]:
        """What was ticked, of a valid form."""
        return [Circumstance(one) for one in self.cleaned_data["circumstances"]]

    @property
    def deadline(self) -> Deadline:
        """Until when, counted from now, of a valid form."""
        return Deadline(self.cleaned_data["deadline"] or Deadline.NONE)

    @property
    def is_urgent(self) -> bool:
        """Help comes first."""
        return not DANGER.isdisjoint(self.circumstances)
