"""Fingerprints of pictures and videos, made on the young person's own device: what one is, and the form that takes them."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from reports.actions import FingerprintFacts

MAX_FINGERPRINTS = 100
MAX_WRITTEN = 40_000  # characters of JSON: more than twice what so many need
HEX_DIGITS = {"pdq": 64, "sha256": 64, "md5": 32}
HEX = frozenset("0123456789abcdef")


class MalformedFingerprint(ValueError):
    """`part` of it ("algorithm", "value" or "quality") can't be taken; `sentence` says why."""

    def __init__(self, part: str, sentence: str) -> None:
        super().__init__(part)
        self.part = part
        self.sentence = sentence


def read_one(item: Mapping[str, Any]) -> FingerprintFacts:
    """`{"algorithm", "value", "quality"?}` as facts. Raises MalformedFingerprint."""
    algorithm, digits, quality = item.get("algorithm"), item.get("value"), item.get("quality")
    if not isinstance(algorithm, str) or algorithm not in HEX_DIGITS:
        words = ", ".join(HEX_DIGITS)
        raise MalformedFingerprint("algorithm", gettext("This must be one of: %(words)s.") % {"words": words})
    wanted = HEX_DIGITS[algorithm]
    if not isinstance(digits, str) or len(digits) != wanted or not HEX.issuperset(digits.lower()):
        raise MalformedFingerprint(
            "value", gettext("This must be %(count)s hexadecimal digits.") % {"count": wanted}
        )
    if quality is not None and (type(quality) is not int or not 0 <= quality <= 100):
        raise MalformedFingerprint("quality", gettext("This must be a whole number from 0 to 100."))
    return FingerprintFacts(algorithm=algorithm, value=digits.lower(), quality=quality)


def once(found: Iterable[FingerprintFacts]) -> list[FingerprintFacts]:
    """Each fingerprint once, in the order they came."""
    return list({(facts.algorithm, facts.value): facts for facts in found}.values())


def read(text: str) -> list[FingerprintFacts]:
    """The fingerprints in the JSON that a page sent, each once. Raises MalformedFingerprint."""
    if not text:
        return []
    try:
        rows = json.loads(text) if len(text) <= MAX_WRITTEN else None
    except (ValueError, RecursionError):
        rows = None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise MalformedFingerprint("", gettext("This must be a list."))
    return once(map(read_one, rows))


class FingerprintsForm(forms.Form):
    """What static/js/fingerprint.js wrote into its hidden field. Valid, it knows `facts`.

    templates/reports/_fingerprint.html is the box that goes around it.
    """

    fingerprints = forms.CharField(
        label=_("Fingerprints"), required=False, widget=forms.HiddenInput(attrs={"autocomplete": "off"})
    )
    most_fingerprints = MAX_FINGERPRINTS
    use_required_attribute = False
    facts: list[FingerprintFacts]

    def clean_fingerprints(self) -> str:
        text: str = self.cleaned_data["fingerprints"]
        self.facts = []
        try:
            found = read(text)
        except MalformedFingerprint as error:
            raise forms.ValidationError(
                _("A fingerprint did not arrive whole. Remove it and make it once more, or leave it out.")
            ) from error
        if len(found) > MAX_FINGERPRINTS:
            over = ngettext(
                "We can take %(most)s fingerprint at a time. Remove some, and send them with your code.",
                "We can take %(most)s fingerprints at a time. Remove some, and send them with your code.",
                MAX_FINGERPRINTS,
            )
            raise forms.ValidationError(over % {"most": MAX_FINGERPRINTS})
        self.facts = found
        return text
