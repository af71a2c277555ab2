"""What colleagues type and choose on the desk's pages."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.states import Outcome
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.platforms import links
from helpline.platforms.models import Platform
from reports.actions import LinkFacts
from reports.states import SealedWhy

MAX_WORDS = 10_000  # characters of a note or a message
MAX_LINKS = 20
A_YEAR = timedelta(days=366)


def may_hold_cases() -> QuerySet[Staff]:
    """Colleagues a case can be given to."""
    holding = [Permission.CASES_OWN, Permission.CASES_ALL]
    return Staff.objects.filter(is_active=True, role__permissions__overlap=holding).order_by(
        "display_name", "username"
    )


def choose_from(field: Any, rows: QuerySet[Any]) -> None:
    """The rows a choice is made from, read anew for every form."""
    field.queryset = rows


def spelled(moment: datetime | None) -> str:
    """A moment as a form carries it along unseen, to the microsecond: to be told apart from a later one."""
    return moment.isoformat() if moment else ""


class _Moment(forms.CharField):
    """What `spelled` wrote, read again; None for nothing."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False)

    def clean(self, value: Any) -> datetime | None:
        text = super().clean(value)
        try:
            moment = datetime.fromisoformat(text) if text else None
        except ValueError:
            raise forms.ValidationError(_("Open the page again.")) from None
        return moment if moment is None or moment.tzinfo else timezone.make_aware(moment)


class TextForm(forms.Form):
    """Words to keep or to send."""

    text = forms.CharField(
        label=_("Text"), max_length=MAX_WORDS, widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"})
    )


class NoteForm(TextForm):
    """For colleagues only."""

    prefix = "note"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].label = _("New note")
        self.fields["text"].help_text = _("Only colleagues read it. The young person never does.")


class MessageForm(TextForm):
    """To the young person, read when they come back with their code. `seen`: the newest message its writer had read."""

    prefix = "message"
    seen = _Moment()
    is_asked_again = False
    since: datetime | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].label = _("Your message")
        self.fields["text"].help_text = _(
            "They read it when they come back with their code. If they chose a sign, one is sent that says nothing of it."
        )


def once_more(typed: QueryDict, *, since: datetime | None, seen: datetime | None) -> MessageForm:
    """The same message, to be sent although there are newer ones: those after `since`, which its writer reads now."""
    again = MessageForm({**typed.dict(), f"{MessageForm.prefix}-seen": spelled(seen)})
    again.is_asked_again, again.since = True, since
    return again


class AssignForm(forms.Form):
    """Who works on it. `was`: with whom it was when this was chosen, "" for nobody."""

    prefix = "assign"
    was = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    to = forms.ModelChoiceField(label=_("Who works on it"), queryset=Staff.objects.none(), empty_label=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose_from(self.fields["to"], may_hold_cases())


class HandleForm(forms.Form):
    """How colleagues call the case aloud."""

    prefix = "handle"
    text = forms.CharField(
        label=_("How we call this case"),
        max_length=40,
        required=False,
        help_text=_("Initials or a word you choose. Never a full name."),
    )


class CloseForm(forms.Form):
    """How it ended."""

    prefix = "close"
    outcome = forms.ChoiceField(
        label=_("How it ended"),
        choices=[("", _("Choose…")), *Outcome.choices],
        error_messages={"required": _("Say how it ended.")},
    )
    is_safe = forms.BooleanField(
        label=_("They are safe, or others look after them."),
        error_messages={"required": _("A life may be at stake here. Close it only when you can say this.")},
    )

    def __init__(self, *args: Any, in_danger: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not in_danger:
            del self.fields["is_safe"]


class DangerForm(forms.Form):
    """The danger they told is over, and why we can say so."""

    prefix = "danger"
    told = _Moment()
    text = forms.CharField(
        label=_("Why we can say so"),
        max_length=2000,
        help_text=_("Kept as a note. For example: who is with them, who called back."),
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
        error_messages={"required": _("Say why: a colleague must be able to follow it.")},
    )


class DeadlineForm(forms.Form):
    """When the threat runs out, in the helpline's own time."""

    prefix = "deadline"
    was = _Moment()
    until = forms.DateTimeField(
        label=_("Until when"),
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local", "autocomplete": "off"}, format="%Y-%m-%dT%H:%M"
        ),
        error_messages={"required": _("Say the day and the hour.")},
    )

    def __init__(self, *args: Any, removes: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["until"].required = not removes

    def clean_until(self) -> datetime | None:
        until: datetime | None = self.cleaned_data["until"]
        if until is not None and abs(until - timezone.now()) > A_YEAR:
            raise forms.ValidationError(_("Look at the year again."))
        return until


class LinksForm(forms.Form):
    """More places: addresses, or the name of an account on a platform. Cleaned into `facts`."""

    prefix = "links"
    addresses = forms.CharField(
        label=_("Addresses"),
        required=False,
        max_length=20_000,
        help_text=_("One or several, as they were pasted to you. Do not open them."),
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
    )
    account = forms.CharField(label=_("Or the name of an account"), required=False, max_length=100)
    platform = forms.ModelChoiceField(
        label=_("On"),
        queryset=Platform.objects.none(),
        required=False,
        empty_label=_("Choose…"),
        to_field_name="slug",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        standing = Platform.objects.filter(merged_into=None).order_by("is_other", "name")
        choose_from(self.fields["platform"], standing)

    def clean_addresses(self) -> list[LinkFacts]:
        text = self.cleaned_data["addresses"]
        try:
            found = links.find_links(text)
        except links.MalformedLink as error:
            raise forms.ValidationError(f"“{error.written}”: {error.sentence}") from error
        if text.strip() and not found:
            raise forms.ValidationError(_("There is no address in this text."))
        if len(found) > MAX_LINKS:
            raise forms.ValidationError(_("That is more than %(max)s addresses.") % {"max": MAX_LINKS})
        return [LinkFacts(url=one.url, account=one.account) for one in found]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("account") and not data.get("platform"):
            self.add_error("platform", _("Say on which platform this account is."))
        if not self.errors and not data.get("addresses") and not data.get("account"):
            self.add_error("addresses", _("Paste an address, or name an account."))
        data["facts"] = [] if self.errors else self._facts(data)
        return data

    @staticmethod
    def _facts(data: dict[str, Any]) -> list[LinkFacts]:
        found: list[LinkFacts] = list(data["addresses"])
        if data["account"]:
            found.append(LinkFacts(account=data["account"], platform=data["platform"].slug))
        return found


class AskForm(forms.Form):
    """Asking for a second person: the reason, which only whoever decides reads."""

    prefix = "ask"
    text = forms.CharField(
        label=_("Why, in your words"),
        max_length=2000,
        help_text=_("Whoever decides reads it. Do not describe a picture."),
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
    )


class SealForm(AskForm):
    """Asking to destroy a screenshot."""

    why = forms.ChoiceField(
        label=_("What is wrong with it"),
        choices=[("", _("Choose…")), *SealedWhy.choices],
        error_messages={"required": _("Say what is wrong with it.")},
    )
    field_order = ("why", "text")


class DecideForm(forms.Form):
    """The second person's answer. Yes takes a tick."""

    prefix = "answer"
    granted = forms.ChoiceField(choices=[("yes", _("Yes")), ("no", _("No"))])
    sure = forms.BooleanField(
        label=_("I have read the reason and what a yes does. My name stands beside it."), required=False
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("granted") == "yes" and not data.get("sure"):
            self.add_error("sure", _("Tick this first. Nothing was done."))
        return data
