"""Which question comes next, and what the answers say. Pure: no database, no request."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from reports import fingerprints, places
from reports.actions import Submission
from reports.contact.forms import contract_of
from reports.intake.forms import Answer
from reports.intake.questions import (
    CIRCUMSTANCES,
    DEMAND,
    HOME,
    KIND,
    QUESTIONS,
    SAFETY,
    THREAT_FIRST,
    Question,
    is_threatened,
)
from reports.states import CHILD_IN_DANGER, AgeRange, Circumstance, Demand, Home, Kind, Reported, Safety, Who
from reports.voice import Voice, voice_of

NUMBERS = {question.name: number for number, question in enumerate(QUESTIONS, start=1)}


@dataclass(slots=True)
class Interview:
    """The answers so far. `{}` is a question that was skipped; one not reached has no answer at all."""

    answers: dict[str, Answer] = field(default_factory=dict)
    unfinished: dict[str, Answer] = field(default_factory=dict)  # typed, not yet accepted
    threat_first: bool = False
    to_the_end: bool = False  # the extra questions are not brought up again
    is_raised: bool = (
        False  # somebody is in danger: our team has it already, and gets what is said from now on
    )

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Interview":
        """What `as_json` gave; an empty one for {}."""
        return cls(
            answers=value.get("answers", {}),
            unfinished=value.get("unfinished", {}),
            threat_first=value.get("threat_first", False),
            to_the_end=value.get("to_the_end", False),
            is_raised=value.get("is_raised", False),
        )

    def as_json(self) -> dict[str, Any]:
        """To be sealed in a draft."""
        return {
            "answers": self.answers,
            "unfinished": self.unfinished,
            "threat_first": self.threat_first,
            "to_the_end": self.to_the_end,
            "is_raised": self.is_raised,
        }

    @property
    def voice(self) -> Voice:
        """Who is being spoken to."""
        return voice_of(self.answers.get("who", {}).get("who", ""))

    @property
    def is_urgent(self) -> bool:
        """Help comes before questions."""
        return self._safety.is_urgent

    @property
    def speaks_of_self_harm(self) -> bool:
        """Some help fits better than other."""
        return self._safety == Safety.SELF_HARM

    @property
    def is_under_threat(self) -> bool:
        """Somebody threatens, or asks for something."""
        return is_threatened(self.answers)

    def calls_for_protection(self, *questions: Question) -> bool:
        """Do the answers to these say that an adult is behind it, or that they are hurt or not safe at home?"""
        said: set[str] = set()
        if CIRCUMSTANCES in questions:
            said |= set(self.answers.get(CIRCUMSTANCES.name, {}).get("circumstances", []))
        if HOME in questions and self.answers.get(HOME.name, {}).get("home") == Home.UNSAFE:
            said.add(Circumstance.UNSAFE_HOME)
        return not CHILD_IN_DANGER.isdisjoint(said)

    def has_just_told_the_demand(self, question: Question) -> bool:
        """Is `question` the one after what they want, and can what is there be sent already?"""
        return self.before(question) is DEMAND and DEMAND.name in self.answers and not self.is_raised

    @property
    def _safety(self) -> Safety:
        return Safety(self.answers.get(SAFETY.name, {}).get("safety", Safety.UNSAID))

    def begin_with_threat(self) -> None:
        """The way of those who are being threatened: the card first, and we know what happened."""
        self.threat_first = True
        self.answers.setdefault(KIND.name, {"kind": Kind.THREAT.value})

    def path(self) -> list[Question]:
        """The questions of this interview, in order."""
        order = (
            [*THREAT_FIRST, *(q for q in QUESTIONS if q not in THREAT_FIRST)]
            if self.threat_first
            else QUESTIONS
        )
        return [question for question in order if question.asked_if(self.answers)]

    def next(self) -> Question | None:
        """The first question without an answer; None when everything can be looked at once more."""
        return next((question for question in self.path() if self._is_open(question)), None)

    def _is_open(self, question: Question) -> bool:
        if question.name in self.answers:
            return False
        return not (self.to_the_end and question.is_extra)

    def before(self, question: Question) -> Question | None:
        """The question before this one; None at the beginning."""
        path = self.path()
        place = path.index(question)
        return path[place - 1] if place else None

    def last(self) -> Question | None:
        """The question that was answered last along the way; None before the first."""
        return next((question for question in reversed(self.path()) if question.name in self.answers), None)

    def step(self, question: Question) -> tuple[int, int]:
        """(3, 6): the third of about six. The extra ones are counted for themselves."""
        alike = [one for one in self.path() if one.is_extra == question.is_extra]
        return alike.index(question) + 1, len(alike)

    def is_enough(self, question: Question) -> bool:
        """After this one, or without it, everything that is needed is said."""
        needed = [one for one in self.path() if not one.is_extra and one is not question]
        return not any(self._is_open(one) for one in needed)

    def keep(self, question: Question, answer: Answer) -> None:
        """Take an answer; {} when it was skipped."""
        self.answers[question.name] = answer
        self.unfinished.pop(question.name, None)

    def keep_unfinished(self, question: Question, typed: Answer) -> None:
        """Keep what was typed without taking it as an answer."""
        self.unfinished[question.name] = typed

    def earlier(self, question: Question) -> Answer:
        """What stands in the form when the question is opened again."""
        return self.unfinished.get(question.name) or self.answers.get(question.name, {})


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the last page."""

    question: Question
    number: int
    title: str
    lines: list[str]


def rows(interview: Interview) -> list[Row]:
    """Every question with its answer in words."""
    voice = interview.voice
    return [
        Row(
            question=question,
            number=NUMBERS[question.name],
            title=question.short.to(voice),
            lines=question.form.shown(interview.answers.get(question.name, {}), voice),
        )
        for question in interview.path()
    ]


def submission_of(interview: Interview, *, language: str) -> Submission:
    """The report these answers make, also when some are missing: nobody in danger has to finish first."""
    answers = interview.answers

    def said(name: str, key: str, default: Any) -> Any:
        return answers.get(name, {}).get(key) or default

    asked = {question.name for question in interview.path()}
    demand = said("demand", "demand", []) if "demand" in asked else []
    ends = said("deadline", "ends", None) if "deadline" in asked else None
    kind = Kind(said("kind", "kind", Kind.UNSURE))
    reported = Reported(said("reported", "reported", Reported.UNKNOWN))
    circumstances = set(said("circumstances", "circumstances", []))
    if reported in {Reported.IGNORED, Reported.REFUSED}:
        circumstances.add(Circumstance.IGNORED)
    if said("home", "home", "") == Home.UNSAFE:
        circumstances.add(Circumstance.UNSAFE_HOME)
    if interview.is_urgent:
        circumstances.add(said("safety", "safety", ""))
    if ends:
        circumstances.add(Circumstance.DEADLINE)
    if kind == Kind.THREAT and set(demand) - {Demand.UNKNOWN}:
        circumstances.add(Circumstance.BLACKMAIL)
    pasted = said("places", "pasted", "")
    facts = places.read(
        pasted, said("places", "account", ""), said("places", "platform", "other"), skip_malformed=True
    )
    words: dict[str, Any] = {
        "demand": demand,
        "deadline": said("deadline", "deadline", "") if "deadline" in asked else "",
        "reported": said("reported", "reported", ""),
        "knows": said("knows", "knows", []),
        "home": said("home", "home", "") if "home" in asked else "",
        "unanswered": [
            question.name
            for question in interview.path()
            if not (question.is_extra or question.is_skippable or question.name in answers)
        ],
    }
    if places.has_words(pasted):
        words["pasted"] = pasted
    words["site"] = said("places", "site", "")
    return Submission(
        language=language,
        who=Who(said("who", "who", Who.SELF)),
        age_range=AgeRange(said("age", "age_range", AgeRange.UNKNOWN)),
        kind=kind,
        circumstances=tuple(one for one in Circumstance if one in circumstances),
        story=said("story", "story", ""),
        school=said("school", "school", ""),
        deadline_at=datetime.fromisoformat(ends) if ends else None,
        fingerprints=tuple(fingerprints.read(said("fingerprints", "fingerprints", ""))),
        links=tuple(replace(one, reported_before=reported.is_done) for one in facts),
        contact=contract_of(answers.get("contact", {})).as_json(),
        answers={name: value for name, value in words.items() if value},
    )
