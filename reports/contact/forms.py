"""How somebody wants to learn that there is something to read: on the way in, and on a page of its own later."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from reports.contact import addresses, carriers, contract
from reports.contact.addresses import NotAnAddress
from reports.contact.contract import Contract
from reports.contact.sign import Sign, sign
from reports.contact.words import clock
from reports.states import Via

WAYS: dict[str, str | Promise] = {
    Via.NONE: _("I come back here with my code"),
    Via.EMAIL: _("Send me an e-mail when there is something new"),
    Via.SMS: _("Send me a text message when there is something new"),
}
HINTS: dict[str, str | Promise] = {Via.NONE: _("The safest way. Nothing is sent anywhere.")}


def ways() -> list[tuple[str, str | Promise]]:
    """The default, and what the operator has switched on."""
    on = carriers.offered()
    return [(via, words) for via, words in WAYS.items() if via == Via.NONE or via in on]


def hours(first: int) -> list[tuple[int | str, str | Promise]]:
    """The 24 full hours from `first` on."""
    return [("", _("Choose")), *((hour, clock(hour)) for hour in range(first, first + 24))]


class ContactForm(forms.Form):
    """Nothing, a mailbox or a mobile phone; the hours; and that it is safe. Valid, it knows its `contract`.

    To be mixed into a question. What an answer holds (`cleaned_data`) makes the same contract later: `contract_of`.
    """

    use_required_attribute = False
    language = ""  # of the report, where it is not the page's

    via = forms.ChoiceField(
        label=_("How do you learn that there is something new?"),
        choices=ways,
        widget=forms.RadioSelect,
        initial=Via.NONE,
        error_messages={
            "required": _("Choose the answer that fits best."),
            "invalid_choice": _("Choose one of these answers."),
        },
    )
    email = forms.CharField(
        label=_("Your e-mail address"),
        required=False,
        help_text=_("One that only you open. Not the family’s, not the school’s."),
        widget=forms.TextInput(attrs={"inputmode": "email", "autocapitalize": "none", "autocorrect": "off"}),
    )
    phone = forms.CharField(
        label=_("Your mobile phone number"),
        required=False,
        help_text=_("Does anybody else see your screen? Then the code is safer."),
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
    )
    from_hour = forms.TypedChoiceField(
        label=_("Not before"), required=False, choices=lambda: hours(0), coerce=int, empty_value=None
    )
    to_hour = forms.TypedChoiceField(
        label=_("Not after"), required=False, choices=lambda: hours(1), coerce=int, empty_value=None
    )
    any_time = forms.BooleanField(label=_("Any hour is fine, also at night"), required=False)
    is_safe = forms.BooleanField(
        label=_("Yes, it is safe to write there. Nobody else reads it."), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["via"].hints = HINTS  # type: ignore[attr-defined]

    @staticmethod
    def initial_of(agreed: Contract) -> dict[str, Any]:
        """What stands in the form of somebody who agreed to this before. That it is safe is asked again."""
        if agreed.via not in {Via.EMAIL, Via.SMS}:
            return {"via": Via.NONE}
        is_hours = agreed.is_clear and not agreed.is_any_time
        return {
            "via": agreed.via,
            "email" if agreed.via == Via.EMAIL else "phone": agreed.address,
            "from_hour": agreed.from_hour if is_hours else None,
            "to_hour": agreed.to_hour if is_hours else None,
            "any_time": agreed.is_any_time,
        }

    @property
    def has_ways(self) -> bool:
        """Is there anything to choose?"""
        return len(ways()) > 1

    @property
    def sign(self) -> Sign:
        """The exact words that would be sent."""
        return sign(self.language or get_language() or settings.LANGUAGE_CODE)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        via = data.get("via")
        if via == Via.NONE:
            # What was typed before the change of mind is not kept.
            data |= {"email": "", "phone": "", "from_hour": None, "to_hour": None}
            data |= {"any_time": False, "is_safe": False}
        elif via:
            self._read_address(via, data)
            self._read_hours(data)
            if not data.get("is_safe"):
                self.add_error(
                    "is_safe",
                    _(
                        "We only write where nobody else reads. If you are not sure, choose “I come back here with my "
                        "code”: that stays the safest way."
                    ),
                )
        return data

    def _read_address(self, via: str, data: dict[str, Any]) -> None:
        name = "email" if via == Via.EMAIL else "phone"
        data["phone" if via == Via.EMAIL else "email"] = ""
        try:
            data[name] = addresses.read(via, data[name])
        except NotAnAddress as error:
            self.add_error(name, str(error.sentence))

    def _read_hours(self, data: dict[str, Any]) -> None:
        begins, ends = data.get("from_hour"), data.get("to_hour")
        if self.errors.keys() & {"from_hour", "to_hour"}:
            return
        if begins is None and ends is None:
            if not data.get("any_time"):
                self.add_error("from_hour", _("Choose from when until when, or tick that any hour is fine."))
        elif begins is None or ends is None:
            name = "from_hour" if begins is None else "to_hour"
            self.add_error(name, _("Choose both: from when, and until when."))
        elif not contract.are_hours(begins, ends):
            self.add_error("to_hour", _("This is the same hour twice. Choose a later one."))
        else:
            data["any_time"] = False  # hours say it more closely

    @property
    def contract(self) -> Contract:
        """What a valid form agrees to."""
        return contract_of(self.cleaned_data)

    def contract_json(self) -> dict[str, Any]:
        """The same, as it is sealed."""
        return self.contract.as_json()


def contract_of(answer: Mapping[str, Any]) -> Contract:
    """The contract in the cleaned data of a form; nothing for {}, as when the question was skipped."""
    via = answer.get("via", Via.NONE)
    is_any = bool(answer.get("any_time"))
    return contract.read(
        {
            "via": via,
            "address": answer.get("email" if via == Via.EMAIL else "phone", ""),
            "from_hour": 0 if is_any else answer.get("from_hour"),
            "to_hour": 24 if is_any else answer.get("to_hour"),
            "is_safe": answer.get("is_safe"),
        }
    )
