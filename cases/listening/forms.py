"""How they reached us; and the code, as they repeat it."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from cases.listening.states import CHANNELS
from reports.intake.changing import AgainForm
from reports.states import Channel


class LineForm(forms.Form):
    """How they reached us, and what they speak."""

    use_required_attribute = False
    channel = forms.ChoiceField(
        label=_("Channel"), choices=[(one.value, one.label) for one in CHANNELS], widget=forms.RadioSelect
    )
    language = forms.ChoiceField(label=_("Their language"), choices=settings.LANGUAGES)

    @property
    def facts(self) -> tuple[Channel, str]:
        """What was chosen, or what is most likely."""
        self.is_valid()
        chosen = getattr(self, "cleaned_data", {})
        return (
            Channel(chosen.get("channel") or Channel.PHONE),
            chosen.get("language") or settings.LANGUAGE_CODE,
        )


class RepeatForm(AgainForm):
    """The code, typed as they say it back."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["code"]
        field.label = _("What they repeat")
        field.help_text = _("Type it as they say it. Spaces and dashes do not matter.")
        field.error_messages["required"] = _("Type what they repeat, or finish without checking.")
