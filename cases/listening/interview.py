"""The public interview, all of it on one page. Its questions, choices and rules are those of `reports.intake`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import QueryDict

from cases.listening.forms import LineForm
from helpline.web.controls import ROWS, focus_id
from reports import places
from reports.intake import questions
from reports.intake.forms import QuestionForm, WhereForm, posted
from reports.intake.interview import Interview
from reports.intake.questions import QUESTIONS, Question
from reports.voice import Voice

AUTO_ID = "f-%s"
# What only the young person's own device can do.
ON_THEIR_DEVICE = (questions.FINGERPRINTS, questions.SCREENSHOTS)
# As one listens: who, how they are and what happened; then in their words and where; then what makes it worse, and who.
COLUMNS: tuple[tuple[Question, ...], ...] = (
    (questions.WHO, questions.SAFETY, questions.AGE, questions.KIND),
    (questions.DEADLINE, questions.DEMAND, questions.STORY, questions.PLACES, questions.REPORTED),
    (questions.CIRCUMSTANCES, questions.KNOWS, questions.HOME, questions.SCHOOL, questions.CONTACT),
)
ASKED = tuple(question for question in QUESTIONS if question not in ON_THEIR_DEVICE)


@dataclass(frozen=True, slots=True)
class Part:
    """One question on the page."""

    question: Question
    form: QuestionForm
    heading: str
    is_asked: bool  # what was answered so far says that it belongs there
    is_needed: bool
    is_wrong: bool

    @property
    def name(self) -> str:
        """What the page calls it."""
        return self.question.name


class Sheet:
    """The whole page: what was typed, read by the forms of the questions."""

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        before: Interview | None = None,
        line: dict[str, Any] | None = None,
    ) -> None:
        """`before` is what the draft says already; `data` what a form brings now."""
        self.before = before or Interview()
        self.data = data
        self.line = LineForm(data, initial=line, auto_id=AUTO_ID)
        self.wrong: set[str] = set()
        self.forms: dict[str, QuestionForm] = {}
        self.bind(self._voice())

    def _voice(self) -> Voice:
        if self.data is None:
            return self.before.voice
        return Interview({"who": {"who": self.data.get("who", "")}}).voice

    def bind(self, voice: Voice) -> None:
        """Make the forms, in the words for whoever is spoken to."""
        self.voice = voice
        self.forms = {
            one.name: one.form(
                self.data,
                voice=voice,
                earlier=self.before.earlier(one),
                heading=one.heading.to(voice),
                auto_id=AUTO_ID,
            )
            for one in ASKED
        }

    # --- reading what was typed ---------------------------------------------------------------------------

    def read(self, at: datetime, *, is_sent: bool = False) -> Interview:
        """Everything that was typed: what holds as answers, the rest as it stands.

        Where it is to be sent, no place at all says that there is none: nobody has to tick that while listening.
        """
        found = Interview()
        for question in ASKED:
            form = self.forms[question.name]
            typed = dict(posted(form))
            if is_sent and question is questions.PLACES and not _says_something(typed):
                found.keep(question, {"pasted": "", "account": "", "platform": "", "no_link": True})
                continue
            if not form.is_valid():
                if _says_something(typed):
                    found.unfinished[question.name] = typed
                continue
            answer = form.answer(at)
            if _says_something(answer) or not question.is_skippable:
                found.keep(question, answer)
        return found

    def check(self, found: Interview) -> bool:
        """May `found` be sent? What is needed and missing, or typed and not understood, is said beside its field."""
        asked = found.path()
        self.wrong = {
            one.name
            for one in ASKED
            if one in asked
            and (one.name in found.unfinished or (is_needed(one) and one.name not in found.answers))
        }
        return not self.wrong and self.line.is_valid()

    def settle(self, found: Interview) -> None:
        """Show everything as it was typed, and only what `check` found as wrong."""
        for one in ASKED:
            if one.name not in self.wrong:
                self.forms[one.name] = one.form(
                    None,
                    voice=self.voice,
                    earlier=found.earlier(one),
                    heading=one.heading.to(self.voice),
                    auto_id=AUTO_ID,
                )

    def words(self) -> list[tuple[str, str]]:
        """(id, text) of what is asked and of each answer, in the words of this voice: for a page that spoke to another."""
        found = []
        for one in ASKED:
            for field in self.forms[one.name]:
                found.append((field.auto_id, str(field.label)))
                if isinstance(field.field.widget, ROWS):
                    found += [
                        (f"{field.auto_id}_{place}", str(label))
                        for place, (_value, label) in enumerate(field.field.widget.choices)
                    ]
        return found

    def parts(self, found: Interview | None = None) -> list[list[Part]]:
        """The columns of the page."""
        asked = (found or self.before).path()
        return [
            [
                Part(
                    question=one,
                    form=self.forms[one.name],
                    heading=one.heading.to(self.voice)
                    if one is not questions.DEADLINE
                    else one.short.to(self.voice),
                    is_asked=one in asked,
                    is_needed=is_needed(one)
                    and one is not questions.PLACES,  # no place says that there is none
                    is_wrong=one.name in self.wrong,
                )
                for one in column
            ]
            for column in COLUMNS
        ]

    def errors(self) -> list[tuple[str, str]]:
        """(where to, sentence) for the summary on top, each with its question: many say the same."""
        found = [
            (focus_id(self.line[name]), f"{self.line[name].label} – {sentence}")
            for name, sentences in self.line.errors.items()
            for sentence in sentences
        ]
        return found + [
            (focus_id(field), f"{one.short.to(self.voice)} – {sentence}")
            for one in ASKED
            if one.name in self.wrong
            for field in self.forms[one.name]
            for sentence in field.errors
        ]

    def places(self) -> dict[str, Any]:
        """What was recognised in the links so far, for `reports/_found.html`."""
        form = self.forms[questions.PLACES.name]
        typed = {name: str(form[name].value() or "") for name in ("pasted", "account", "platform")}
        if not typed["pasted"].strip() and not typed["account"].strip():
            return {"places": None}
        if (
            isinstance(form, WhereForm)
            and form.is_bound
            and not form.is_valid()
            and (sentence := form.sentence())
        ):
            return {"places": [], "error": sentence}
        facts = places.read(
            typed["pasted"], typed["account"], typed["platform"] or "other", skip_malformed=True
        )
        return {
            "places": list(map(places.describe, facts)),
            "words": bool(facts) and places.has_words(typed["pasted"]),
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """One question that two pages answered otherwise, in words."""

    name: str
    heading: str
    here: list[str]
    there: list[str]


def differences(here: Interview, there: Interview, *, voice: Voice) -> list[Difference]:
    """What two pages of one call say otherwise."""
    return [
        Difference(one.name, one.short.to(voice), _lines(one, here, voice), _lines(one, there, voice))
        for one in ASKED
        if here.earlier(one) != there.earlier(one)
    ]


def _lines(question: Question, interview: Interview, voice: Voice) -> list[str]:
    """An answer in words; what was typed and not understood as it stands."""
    typed = interview.unfinished.get(question.name)
    if typed is None:
        return question.form.shown(interview.answers.get(question.name, {}), voice)
    return [str(value) for value in typed.values() if value not in (None, "", [], False)]


def is_needed(question: Question) -> bool:
    """Without an answer nothing is sent."""
    return not (question.is_extra or question.is_skippable)


def _says_something(typed: Mapping[str, Any]) -> bool:
    return any(value not in (None, "", [], False) for value in typed.values())
