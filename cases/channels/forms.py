"""What is typed about a channel. Checked as the importer checks a file (`platforms/layout.py`)."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.accounts.forms import reason_field
from helpline.approvals.models import Approval
from helpline.approvals.states import Status
from helpline.platforms import layout
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
            others = others.exclude(pk=self.platform.pk)
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

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        kind, address = data.get("kind", ""), data.get("address", "")
        try:
            layout.check_address(kind, address)
        except ValueError:
            mailed = kind in {ChannelKind.EMAIL, ChannelKind.XARF}
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
            "evidence_required",
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
