"""What is typed about a channel. Checked as the importer checks a file (`platforms/layout.py`)."""

import re
from datetime import timedelta
from typing import Any

import holidays
from django import forms
from django.utils.translation import gettext_lazy as _

from cases.accounts.forms import reason_field
from cases.forms import choose_from
from helpline.approvals.models import Approval
from helpline.approvals.states import Status
from helpline.platforms import layout
from helpline.platforms.actions import MergeRefused, check_can_merge
from helpline.platforms.models import Channel, ChannelKind, Platform, Regime

# A notice API wants keys, which a page must not show: those come with import_platforms.
BY_HAND = [choice for choice in ChannelKind.choices if choice[0] != ChannelKind.HTTP_API]


class ChannelForm(forms.Form):
    """One channel. Cleaned into `values()`, by the names of the layout."""

    prefix = "channel"
    kind = forms.ChoiceField(label=_("How a notice travels"), choices=BY_HAND)
    address = forms.CharField(
        label=_("Address"),
        max_length=500,
        help_text=_("An e-mail address, or the page of the form, beginning with https://"),
    )
    domains = forms.CharField(
        label=_("Hosts of the platform"),
        max_length=2000,
        required=False,
        help_text=_(
            "One in each line, small letters: site.example covers its sub-domains, name.* covers name.com and name.fr."
        ),
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
    )
    regimes = forms.MultipleChoiceField(
        label=_("Laws it takes notices under"),
        choices=Regime.choices,
        required=False,
        help_text=_("None ticked: it takes any notice."),
        widget=forms.CheckboxSelectMultiple,
    )
    languages = forms.CharField(
        label=_("Languages it reads"), required=False, max_length=200, help_text=_("Codes, such as fr en de.")
    )
    max_items = forms.IntegerField(label=_("Items in one notice"), min_value=1, max_value=100_000, initial=1)
    promised_hours = forms.IntegerField(
        label=_("Promises an answer within, hours"), min_value=1, max_value=100_000, required=False
    )
    office_country = forms.CharField(
        label=_("Keeps the office hours of"),
        required=False,
        max_length=2,
        help_text=_(
            "A country, such as FR: its nights, weekends and holidays do not count. Empty: day and night."
        ),
    )
    max_in_flight = forms.IntegerField(
        label=_("Notices on their way at once"),
        min_value=1,
        max_value=layout.MOST_IN_FLIGHT,
        initial=100,
        required=False,
        help_text=_("Fewer spare a small host."),
    )
    evidence_required = forms.CharField(
        label=_("What it wants to see"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
    )
    text = reason_field()

    def __init__(
        self, *args: Any, platform: Platform | None, channel: Channel | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.platform, self.channel = platform, channel
        if channel is not None and channel.kind == ChannelKind.HTTP_API:
            kind: Any = self.fields["kind"]
            kind.choices = ChannelKind.choices

    def clean_domains(self) -> list[str]:
        hosts = list(dict.fromkeys(self.cleaned_data["domains"].lower().replace(",", " ").split()))
        for host in hosts:
            if not re.fullmatch(layout.HOST, host) or len(host) > 253:
                raise forms.ValidationError(
                    _("“%(host)s” is no host, such as site.example.") % {"host": host}
                )
        others = Platform.objects.filter(domains__overlap=hosts) if hosts else Platform.objects.none()
        if self.platform is not None:
            others = others.exclude(pk=self.platform.pk).exclude(merged_into=self.platform)
        if taken := others.first():
            said = _("This host belongs to %(platform)s already: propose a channel there.")
            raise forms.ValidationError(said % {"platform": taken})
        return hosts

    def clean_languages(self) -> list[str]:
        codes = list(dict.fromkeys(self.cleaned_data["languages"].replace(",", " ").split()))
        for code in codes:
            if not re.fullmatch(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?", code):
                raise forms.ValidationError(
                    _("“%(code)s” is no code of a language, such as fr.") % {"code": code}
                )
        return codes

    def clean_office_country(self) -> str:
        country: str = self.cleaned_data["office_country"].strip().upper()
        if country and country not in holidays.list_supported_countries():
            raise forms.ValidationError(
                _("“%(code)s” is no country whose holidays we know, such as FR.") % {"code": country}
            )
        return country

    def clean_max_in_flight(self) -> int:
        wanted = self.cleaned_data["max_in_flight"]
        return int(wanted) if wanted else Channel._meta.get_field("max_in_flight").default

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        kind, address = data.get("kind", ""), data.get("address", "")
        try:
            layout.check_address(kind, address)
        except ValueError:
            mailed = kind == ChannelKind.EMAIL or (kind == ChannelKind.XARF and "://" not in address)
            self.add_error(
                "address",
                _("Write an e-mail address, such as abuse@site.example.")
                if mailed
                else _("Write a web address that begins with https:// and holds no user name or password."),
            )
        return data

    def values(self) -> dict[str, Any]:
        """What is proposed."""
        names = (
            *("kind", "address", "domains", "regimes", "languages", "max_items", "promised_hours"),
            *("office_country", "max_in_flight", "evidence_required"),
        )
        return {name: self.cleaned_data[name] for name in names}


class NewSiteForm(ChannelForm):
    """The same for a site that the directory does not know."""

    name = forms.CharField(label=_("Name of the site"), max_length=80)
    field_order = ("name", "domains", "kind", "address")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["domains"].required = True

    def clean_domains(self) -> list[str]:
        hosts = super().clean_domains()
        waiting = Approval.objects.filter(what="change-channel", status=Status.WAITING)
        if any(waiting.filter(proposal__after__domains__contains=[host]).exists() for host in hosts):
            raise forms.ValidationError(
                _("Somebody proposed this site already. It waits for a second person.")
            )
        return hosts


class WordsForm(forms.Form):
    """By which words a page says that nothing is there, one in each line."""

    prefix = "words"
    words = forms.CharField(
        label=_("Words that mean gone"),
        required=False,
        max_length=2000,
        help_text=_(
            "One in each line, as a visitor of the page reads them. Only such that never stand on a page that is there."
        ),
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"}),
    )
    text = reason_field()

    def clean_words(self) -> list[str]:
        lines = [" ".join(one.split()) for one in self.cleaned_data["words"].splitlines()]
        words = list(dict.fromkeys(one for one in lines if one))
        for one in words:
            if not layout.SHORTEST_GONE_WORDS <= len(one) <= 100:
                said = _("“%(words)s” is too short or too long: from %(least)s to 100 characters.")
                raise forms.ValidationError(said % {"words": one[:100], "least": layout.SHORTEST_GONE_WORDS})
        return words


class MergeForm(forms.Form):
    """Of which platform this one is part from now on."""

    prefix = "merge"
    into = forms.ModelChoiceField(
        label=_("It is part of"),
        queryset=Platform.objects.none(),
        empty_label=_("Choose…"),
        to_field_name="slug",
    )
    text = reason_field()

    def __init__(self, *args: Any, platform: Platform, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.platform = platform
        standing = Platform.objects.filter(merged_into=None, is_other=False).exclude(pk=platform.pk)
        choose_from(self.fields["into"], standing.order_by("name"))

    def clean_into(self) -> Platform:
        into: Platform = self.cleaned_data["into"]
        try:
            check_can_merge(self.platform, into)
        except MergeRefused as refused:
            raise forms.ValidationError(refused.sentence) from refused
        return into


HOURS = {"1": _("for an hour"), "4": _("for four hours"), "24": _("for a day"), "168": _("for a week")}


def why_field() -> forms.CharField:
    """A few words of a person, beside what they switched off."""
    return forms.CharField(
        label=_("Why"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class PlatformPauseForm(forms.Form):
    """Why nothing is sent to a platform."""

    prefix = "sending"
    reason = why_field()


class LooksForm(forms.Form):
    """Why the links of a platform are left alone."""

    prefix = "looks"
    reason = why_field()


class PauseForm(forms.Form):
    """For how long nothing leaves this way, and why."""

    prefix = "pause"
    hours = forms.ChoiceField(label=_("How long"), choices=list(HOURS.items()), initial="4")
    reason = why_field()

    @property
    def span(self) -> timedelta:
        """How long."""
        return timedelta(hours=int(self.cleaned_data["hours"]))
