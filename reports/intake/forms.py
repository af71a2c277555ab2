"""One small form for each question. A form's answer is plain data that can be sealed, and shown again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from reports import fingerprints, places
from reports.contact import forms as contact_forms
from reports.contact import words as contact_words
from reports.evidence.text import without_pictures
from reports.states import (
    AgeRange,
    Circumstance,
    Deadline,
    Demand,
    Home,
    Knows,
    Reported,
    Safety,
    Who,
)
from reports.voice import Voice
from reports.words import CIRCUMSTANCES, KINDS, Words, same

Answer = dict[str, Any]

CHOOSE_ONE = {
    "required": _("Choose the answer that fits best."),
    "invalid_choice": _("Choose one of these answers."),
}


Options = Sequence[tuple[str, Words]]


class QuestionForm(forms.Form):
    """A question. `voice` chooses the words, `earlier` is the answer before, `heading` names its rows."""

    use_required_attribute = False
    hides_label: ClassVar[bool] = True  # the heading says it already

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        voice: Voice = Voice.ME,
        earlier: Answer | None = None,
        heading: str = "",
        auto_id: str = "f-%s",
    ) -> None:
        super().__init__(data, initial=earlier, auto_id=auto_id)
        self.heading = heading
        if self.hides_label:
            for field in self.fields.values():
                field.label = heading
        self.voice = voice
        self.earlier = earlier or {}

    def answer(self, at: datetime) -> Answer:
        """What to keep: JSON, for a valid form."""
        return dict(self.cleaned_data)

    @classmethod
    def shown(cls, answer: Answer, voice: Voice) -> list[str]:
        """The answer in words, a line each, for the page where everything is looked at once more."""
        return [str(value) for value in answer.values() if value]


class ChoiceForm(QuestionForm):
    """One of a few rows."""

    name: ClassVar[str]
    options: ClassVar[Options]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[self.name] = forms.ChoiceField(
            label=self.label(),
            choices=[(value, words.to(self.voice)) for value, words in self.options],
            widget=forms.RadioSelect,
            error_messages=CHOOSE_ONE,
        )

    def label(self) -> str:
        """Only heard, not seen, where the heading stands right above."""
        return self.heading

    @classmethod
    def shown(cls, answer: Answer, voice: Voice) -> list[str]:
        return [words.to(voice) for value, words in cls.options if value == answer.get(cls.name)]


class TicksForm(QuestionForm):
    """Any number of rows."""

    name: ClassVar[str]
    options: ClassVar[Options]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[self.name] = forms.MultipleChoiceField(
            label=self.heading,
            choices=[(value, words.to(self.voice)) for value, words in self.options],
            widget=forms.CheckboxSelectMultiple,
            required=False,
            error_messages={"invalid_choice": _("Tick only what is in the list.")},
        )

    @classmethod
    def shown(cls, answer: Answer, voice: Voice) -> list[str]:
        return [words.to(voice) for value, words in cls.options if value in answer.get(cls.name, [])]


class WhoForm(ChoiceForm):
    name = "who"
    options = (
        (Who.SELF, same(pgettext_lazy("whom it is about", "Me"))),
        (Who.FRIEND, same(_("A friend"))),
        (Who.CHILD, same(_("My child"))),
        (Who.PUPIL, same(_("A young person I work with"))),
    )


class SafetyForm(ChoiceForm):
    name = "safety"
    options = (
        (Safety.SAFE, same(pgettext_lazy("safe right now?", "Yes"))),
        (
            Safety.IN_DANGER,
            Words(
                me=_("I am in danger"),
                friend=_("My friend is in danger"),
                adult=_("The young person is in danger"),
            ),
        ),
        (
            Safety.SELF_HARM,
            Words(
                me=_("I think of hurting myself"),
                friend=_("My friend speaks of hurting themselves"),
                adult=_("The young person speaks of self-harm"),
            ),
        ),
        (
            Safety.UNSAID,
            Words(
                me=_("Not sure, or rather not say"),
                friend=_("I do not know"),
            ),
        ),
    )


class AgeForm(ChoiceForm):
    name = "age_range"
    options = (
        (AgeRange.UNDER_13, same(AgeRange.UNDER_13.label)),
        (AgeRange.FROM_13, same(_("13–14"))),
        (AgeRange.FROM_15, same(_("15–17"))),
        (AgeRange.ADULT, same(AgeRange.ADULT.label)),
        (
            AgeRange.UNKNOWN,
            Words(
                me=_("Rather not say"),
                friend=_("I do not know"),
            ),
        ),
    )


class KindForm(ChoiceForm):
    name = "kind"
    options = tuple(KINDS.items())


class DeadlineForm(ChoiceForm):
    """Under the card: until when?"""

    name = "deadline"
    options = tuple((value, same(label)) for value, label in Deadline.choices)
    hides_label = False

    def label(self) -> str:
        return gettext("Is there a time limit?")

    def answer(self, at: datetime) -> Answer:
        chosen = Deadline(self.cleaned_data["deadline"])
        if self.earlier.get("deadline") == chosen:
            return self.earlier  # "today" was said then, not now
        ends = chosen.ends(at)
        return {"deadline": chosen, "ends": ends.isoformat() if ends else None}


class DemandForm(TicksForm):
    name = "demand"
    options = tuple((value, same(label)) for value, label in Demand.choices)


class WhereForm(places.PlacesForm, QuestionForm):
    """Links, account names, or none of both."""

    hides_label = False
    no_link = forms.BooleanField(label=_("No link, no account name"), required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self.errors and self.facts:
            data["no_link"] = False  # what was found says otherwise
        if not self.errors and not self.facts and not data.get("no_link"):
            if data["pasted"].strip():
                self.add_error(
                    "pasted",
                    _(
                        "We see no link in this. Copy the link once more, or tick “No link, no account name”: "
                        "then we keep these words as they are."
                    ),
                )
            else:
                self.add_error(
                    "pasted",
                    _("Paste a link, write an account name, or tick “No link, no account name”."),
                )
        return data

    @classmethod
    def shown(cls, answer: Answer, voice: Voice) -> list[str]:
        facts = places.read(
            answer.get("pasted", ""),
            answer.get("account", ""),
            answer.get("platform") or "other",
            answer.get("site", ""),
            skip_malformed=True,
        )
        lines = [place.line for place in map(places.describe, facts)]
        if not facts and answer.get("site"):
            lines = [answer["site"]]
        if not lines and answer.get("pasted"):
            lines = [answer["pasted"]]
        return lines or ([gettext("No link, no account name")] if answer else [])


class FingerprintsForm(fingerprints.FingerprintsForm, QuestionForm):
    """Made on the device by a script; without it there is nothing to send."""

    hides_label = False

    @classmethod
    def shown(cls, answer: Answer, voice: Voice) -> list[str]:
        try:
            count = len(fingerprints.read(answer.get("fingerprints", "")))
        except fingerprints.MalformedFingerprint:
            count = 0
        if not count:
            return []
        return [ngettext("%(count)s fingerprint", "%(count)s fingerprints", count) % {"count": count}]


class ScreenshotsForm(QuestionForm):
    """Nothing to fill in: screenshots are painted over and added on a page of their own."""


class ReportedForm(ChoiceForm):
    name = "reported"
    options = (
        (Reported.NO, same(Reported.NO.label)),
        (
            Reported.WAITING,
            Words(
                me=Reported.WAITING.label,
                friend=_("Yes, and there is no answer yet"),
            ),
        ),
        (Reported.IGNORED, same(Reported.IGNORED.label)),
        (Reported.REFUSED, same(Reported.REFUSED.label)),
        (Reported.UNKNOWN, same(Reported.UNKNOWN.label)),
    )


class KnowsForm(TicksForm):
    name = "knows"
    options = tuple((value, same(label)) for value, label in Knows.choices)

    def clean_knows(self) -> list[str]:
        """Somebody is not nobody."""
        chosen: list[str] = self.cleaned_data["knows"]
        return [one for one in chosen if one != Knows.NOBODY] or chosen


class HomeForm(ChoiceForm):
    name = "home"
    options = (
        (Home.SAFE, same(Home.SAFE.label)),
        (Home.SECRET, same(Home.SECRET.label)),
        (Home.UNSAFE, same(Home.UNSAFE.label)),
        (
            Home.UNSAID,
            Words(
                me=Home.UNSAID.label,
                friend=_("I do not know"),
            ),
        ),
    )


class CircumstancesForm(TicksForm):
    """Danger and home are questions of their own, and so is whether it was reported."""

    name = "circumstances"
    options = tuple(
        (one, CIRCUMSTANCES[one])
        for one in (
            Circumstance.BLACKMAIL,
            Circumstance.SPREADING,
            Circumstance.NAMED,
            Circumstance.SCHOOL,
            Circumstance.SEVERAL,
            Circumstance.ADULT,
            Circumstance.VIOLENCE,
            Circumstance.REPEATED,
            Circumstance.VULNERABLE,
        )
    )


class StoryForm(QuestionForm):
    # Not max_length: browsers cut what is longer without a word, and what was written would be lost.
    story = forms.CharField(
        required=False,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 8}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["story"].widget.attrs["data-most"] = settings.STORY_MAX_CHARS

    def clean_story(self) -> str:
        return fitting(self.cleaned_data["story"])


def fitting(text: str) -> str:
    """`text`, if it is not longer than a story may be. Raises ValidationError that says by how much."""
    text = without_pictures(text)
    over = len(text) - settings.STORY_MAX_CHARS
    if over > 0:
        raise forms.ValidationError(
            ngettext(
                "This is %(over)s character too long. Shorten it, or send the end as a message later.",
                "This is %(over)s characters too long. Shorten it, or send the end as a message later.",
                over,
            )
            % {"over": over}
        )
    return text


class SchoolForm(QuestionForm):
    school = forms.CharField(
        required=False,
        help_text=_(
            "Its name and the town are enough. If you have a card with a code for your school, write the code."
        ),
        max_length=200,
        widget=forms.TextInput(attrs={"autocapitalize": "words"}),
        error_messages={"max_length": _("This is too long. The name of the school and the town are enough.")},
    )


class ContactForm(contact_forms.ContactForm, QuestionForm):
    """Nothing, a mailbox or a mobile phone; the hours; and that it is safe."""

    hides_label = False

    @classmethod
    def shown(cls, answer: Answer, voice: Voice) -> list[str]:
        return contact_words.lines(contact_forms.contract_of(answer)) if answer else []


def posted(form: forms.BaseForm) -> Mapping[str, Any]:
    """What was typed into a form, valid or not, to be kept while the person is away."""
    return {
        name: _kept(field.widget.value_from_datadict(form.data, form.files, form.add_prefix(name)))
        for name, field in form.fields.items()
    }


def _kept(value: Any) -> Any:
    return without_pictures(value) if isinstance(value, str) else value
