"""Where it is: what was pasted and the account names, read into links, on the way in and when coming back."""

import re
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from helpline.platforms import directory, links
from helpline.platforms.links import LinkKind, MalformedLink
from reports.actions import LinkFacts
from reports.evidence.text import without_pictures

MAX_PLACES = 50
MAX_PASTED = 20_000
MAX_SITE = 100
SHORT = 38


@dataclass(frozen=True, slots=True)
class Place:
    """One link or account, as it is shown back."""

    facts: LinkFacts
    platform: str
    what: str
    is_private: bool

    @property
    def label(self) -> str:
        """Short enough for a line on a phone."""
        return shortened(self.facts.url) if self.facts.url else self.facts.account

    @property
    def line(self) -> str:
        """The same where the platform is not written beside it: an address names it already."""
        return self.label if self.facts.url else f"{self.platform} · {self.label}"


def shortened(url: str) -> str:
    """An address without what everybody knows: `tiktok.com/@name/video/72…41`. Never a link to tap on."""
    text = re.sub(r"\Ahttps?://(?:www\.|m\.|mobile\.)?", "", url).rstrip("/")
    return text if len(text) <= SHORT else f"{text[: SHORT - 9]}…{text[-8:]}"


def platform_name(slug: str, url: str = "") -> str:
    """What the platform is called; for a site the directory does not name, its host."""
    platform = directory.current().by_slug.get(slug)
    if platform is not None and not platform.is_other:
        return platform.name
    host = re.sub(r"\Ahttps?://(?:www\.)?", "", url).partition("/")[0]
    return host or str(_("Another site"))


def describe(facts: LinkFacts) -> Place:
    """The place in words. `facts.url` must be clean."""
    if not facts.url:
        name = facts.site or platform_name(facts.platform)
        return Place(facts, name, str(LinkKind.PROFILE.label), is_private=False)
    found = links.recognise(facts.url)
    name = platform_name(found.platform_slug, facts.url)
    return Place(facts, name, str(found.kind.label), is_private=found.private_hint)


def read(
    pasted: str, names: str, platform: str, site: str = "", *, skip_malformed: bool = False
) -> list[LinkFacts]:
    """The links in `pasted` and the accounts in `names` (one a line, or commas), each once.

    `site` is what they call the place of these accounts where `platform` is "other".
    Raises MalformedLink, unless what can't be read is to be left out.
    """
    found = links.find_links(pasted, skip_malformed=skip_malformed)
    facts = [LinkFacts(url=one.url, account=one.account) for one in found]
    known = {
        links.account_key(links.recognise(one.url).platform_slug, one.account)
        for one in facts
        if one.account and links.recognise(one.url).kind == LinkKind.PROFILE
    }
    for name in (part.strip() for part in re.split(r"[\n,;]", names)):
        if not name:
            continue
        try:
            key = links.account_key(platform, name)
        except MalformedLink:
            if skip_malformed:
                continue
            raise
        if key not in known:
            known.add(key)
            facts.append(LinkFacts(account=name, platform=platform, site=site if platform == "other" else ""))
    return facts


def has_words(pasted: str) -> bool:
    """Is there more in this than links?"""
    rest = pasted
    for found in links.find_links(pasted, skip_malformed=True):
        rest = rest.replace(found.written, " ")
    return any(char.isalpha() for char in rest)


def platform_choices() -> list[tuple[str, str | Promise]]:
    """Every platform of the directory by name, and last "Another site or app"."""
    known = [(one.slug, one.name) for one in directory.current().by_slug.values() if not one.is_other]
    return [
        ("", _("Choose the site or app")),
        *sorted(known, key=lambda row: row[1].casefold()),
        ("other", _("Another site or app")),
    ]


class PlacesForm(forms.Form):
    """A box for links of any kind, and one for account names. Valid, it knows `facts` and `places`."""

    pasted = forms.CharField(
        label=_("Links"),
        required=False,
        widget=forms.Textarea(
            attrs={
                "rows": 4,
                "inputmode": "url",
                "autocapitalize": "none",
                "autocorrect": "off",
                "data-look": "pasted",
            }
        ),
        help_text=_("In most apps: Share, then Copy link."),
    )
    account = forms.CharField(
        label=_("The name of the account"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocorrect": "off"}),
        error_messages={
            "max_length": _("This is too long for a name. Write one name, or a few with commas.")
        },
    )
    platform = forms.ChoiceField(label=_("Where is this account?"), required=False, choices=platform_choices)
    site = forms.CharField(
        label=_("What is this site or app called?"),
        required=False,
        max_length=MAX_SITE,
        help_text=_("If you know. Its name is enough."),
        widget=forms.TextInput(attrs={"autocorrect": "off"}),
        error_messages={"max_length": _("This is too long. The name of the site or app is enough.")},
    )

    use_required_attribute = False
    facts: list[LinkFacts]

    def clean_pasted(self) -> str:
        pasted = without_pictures(self.cleaned_data["pasted"])
        if len(pasted) > MAX_PASTED:
            raise forms.ValidationError(
                _("This is too long to read at once. Paste only the links, a few at a time.")
            )
        return pasted

    def clean_site(self) -> str:
        return " ".join(without_pictures(self.cleaned_data["site"]).split())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        self.facts = []
        if "pasted" in data and "account" in data:
            self._read(data)
        return data

    def _read(self, data: dict[str, Any]) -> None:
        platform = data.get("platform") or ""
        if data["account"] and not platform:
            self.add_error(
                "platform",
                _("Choose where this account is. If you do not know, choose “Another site or app”."),
            )
        try:
            self.facts = read(data["pasted"], "", "")
        except MalformedLink as error:
            written = error.written if len(error.written) <= SHORT else f"{error.written[:SHORT]}…"
            self.add_error(
                "pasted", _("“%(written)s” – %(why)s") % {"written": written, "why": error.sentence}
            )
            return
        try:
            self.facts = read(data["pasted"], data["account"], platform or "other", data.get("site", ""))
        except MalformedLink:
            self.add_error("account", _("There is no name in this yet. Write it as you see it in the app."))
        if len(self.facts) > MAX_PLACES:
            over = ngettext(
                "We can take %(most)s link at a time. Send it now, and the others with your code.",
                "We can take %(most)s links at a time. Send these now, and the others with your code.",
                MAX_PLACES,
            )
            self.add_error("pasted", over % {"most": MAX_PLACES})

    def sentence(self) -> str:
        """What is wrong with what was pasted; nothing when nothing is."""
        return " ".join(map(str, self.errors["pasted"])) if "pasted" in self.errors else ""

    def has_words(self) -> bool:
        """Was more pasted than links? It is kept, too."""
        return bool(self.facts) and has_words(self.cleaned_data.get("pasted", ""))

    def places(self) -> list[Place]:
        """What was found, to be shown back."""
        return [describe(facts) for facts in self.facts]
