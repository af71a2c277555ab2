"""The interview, as data: what is asked, of whom, in which words, and why.

A question's address is its place in this list, its answer is kept under its name. To change the interview,
change this list; only `interview.submission_of`, which turns the answers into a report, knows them, too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from reports.intake import forms
from reports.intake.forms import Answer, QuestionForm
from reports.intake.words import Words, same
from reports.states import Circumstance, Kind

Answers = Mapping[str, Answer]


def always(answers: Answers) -> bool:
    """Asked of everyone."""
    return True


def is_threatened(answers: Answers) -> bool:
    """Somebody threatens, or asks for something."""
    return answers.get("kind", {}).get("kind") == Kind.THREAT or Circumstance.BLACKMAIL in answers.get(
        "circumstances", {}
    ).get("circumstances", [])


@dataclass(frozen=True, slots=True)
class Question:
    """One page. Without an answer to those that can't be skipped, nothing can be sent."""

    name: str
    heading: Words
    why: Words
    form: type[QuestionForm]
    lead: Words | None = None
    asked_if: Callable[[Answers], bool] = always
    is_skippable: bool = False
    title: Words | None = None  # on the last page, where the heading would be too long
    template: str = "reports/question.html"

    @property
    def short(self) -> Words:
        """What it is called on the last page."""
        return self.title or self.heading


WHO = Question(
    name="who",
    heading=same(_("Who is it about?")),
    lead=Words(
        me=_("No name needed. You can stop at any moment and come back."),
        friend=_("No name needed. You can stop at any moment and come back."),
        adult=pgettext_lazy("adult", "No name needed. You can stop at any moment and come back."),
    ),
    why=same(_("So that the next questions fit.")),
    form=forms.WhoForm,
)

SAFETY = Question(
    name="safety",
    heading=Words(
        me=_("Are you safe right now?"),
        friend=_("Is your friend safe right now?"),
        adult=pgettext_lazy("adult", "Is the young person safe right now?"),
    ),
    why=Words(
        me=_("If you are in danger, you need someone faster than us. We show you who."),
        friend=_("If your friend is in danger, they need someone faster than us. We show you who."),
        adult=pgettext_lazy(
            "adult", "If someone is in danger, others can be there faster than us. We show you who."
        ),
    ),
    form=forms.SafetyForm,
    title=same(_("Safe right now?")),
)

AGE = Question(
    name="age",
    heading=Words(
        me=_("How old are you?"),
        friend=_("How old is your friend?"),
        adult=pgettext_lazy("adult", "How old is the young person?"),
    ),
    why=Words(
        me=_("We help you at any age. Some sites act faster when someone is under 18. You need no proof."),
        friend=_(
            "We help at any age. Some sites act faster when someone is under 18. We never ask for proof."
        ),
        adult=pgettext_lazy(
            "adult",
            "We help at any age. Some sites act faster when someone is under 18. We never ask for proof.",
        ),
    ),
    form=forms.AgeForm,
    title=same(_("Age")),
)

KIND = Question(
    name="kind",
    heading=same(_("What happened?")),
    lead=same(_("Choose what comes closest.")),
    why=same(_("Each kind is removed in a different way.")),
    form=forms.KindForm,
)

DEADLINE = Question(
    name="deadline",
    heading=Words(
        me=_("First, what helps when someone makes threats"),
        friend=_("First, what you can tell your friend"),
        adult=pgettext_lazy("adult", "First, what you can tell the young person"),
    ),
    why=same(_("The less time there is, the sooner a person reads it.")),
    form=forms.DeadlineForm,
    asked_if=is_threatened,
    title=same(_("Time limit")),
    template="reports/threat.html",
)

DEMAND = Question(
    name="demand",
    heading=same(_("What do they want?")),
    lead=same(_("Tick all that fits.")),
    why=same(_("It tells us who may be behind it, and what to do next.")),
    form=forms.DemandForm,
    asked_if=is_threatened,
    is_skippable=True,
)

PLACES = Question(
    name="places",
    heading=same(_("Where is it?")),
    lead=same(_("A link or an account name is enough. We never need the picture.")),
    why=same(_("A site can only remove what it can find. The more exact the link, the faster it goes.")),
    form=forms.WhereForm,
    template="reports/places.html",
)

CIRCUMSTANCES = Question(
    name="circumstances",
    heading=same(_("Is any of this true?")),
    lead=same(_("Tick what is true. None of it? Go on.")),
    why=same(_("It tells us what is most urgent, and who else can help.")),
    form=forms.CircumstancesForm,
    is_skippable=True,
    title=same(_("What else is true")),
)

STORY = Question(
    name="story",
    heading=Words(
        me=_("Do you want to tell it in your own words?"),
        friend=_("Do you want to tell it in your own words?"),
        adult=pgettext_lazy("adult", "Do you want to tell it in your own words?"),
    ),
    lead=Words(
        me=_("A few words are enough. You do not have to describe the picture."),
        friend=_("A few words are enough. You do not have to describe the picture."),
        adult=pgettext_lazy("adult", "A few words are enough. Please do not describe the picture."),
    ),
    why=Words(
        me=_("It can help us to understand. Only the people who help you can read it."),
        friend=_("It can help us to understand. Only the people who help can read it."),
        adult=pgettext_lazy("adult", "It can help us to understand. Only the people who help can read it."),
    ),
    form=forms.StoryForm,
    is_skippable=True,
    title=same(_("In your own words")),
    template="reports/story.html",
)

SCHOOL = Question(
    name="school",
    heading=same(_("Which school is it about?")),
    lead=Words(
        me=_(
            "Only if it has to do with a school. We do not tell the school without asking you first, "
            "unless the law says we must."
        ),
        friend=_(
            "Only if it has to do with a school. We do not tell the school without asking you first, "
            "unless the law says we must."
        ),
        adult=pgettext_lazy(
            "adult",
            "Only if it has to do with a school. We do not tell the school without asking you first, "
            "unless the law says we must.",
        ),
    ),
    why=same(_("Often several people in one school need help with the same thing. This lets us see it.")),
    form=forms.SchoolForm,
    is_skippable=True,
    title=same(_("Name of the school")),
)

CONTACT = Question(
    name="contact",
    heading=Words(
        me=_("How do you get our answer?"),
        friend=_("How do you get our answer?"),
        adult=pgettext_lazy("adult", "How do you get our answer?"),
    ),
    lead=Words(
        me=_("We do not call you and do not write to your phone. So nobody else can see that we talk."),
        friend=_("We do not call you and do not write to your phone. So nobody else can see that we talk."),
        adult=pgettext_lazy(
            "adult",
            "We do not call and do not write to a phone. So nobody else can see that we are in touch.",
        ),
    ),
    why=Words(
        me=_("Other ways, such as e-mail, are not possible yet. Your code works from any phone or computer."),
        friend=_(
            "Other ways, such as e-mail, are not possible yet. Your code works from any phone or computer."
        ),
        adult=pgettext_lazy(
            "adult",
            "Other ways, such as e-mail, are not possible yet. The code works on any phone or computer.",
        ),
    ),
    form=forms.ContactForm,
    title=same(_("Our answer")),
)

QUESTIONS: tuple[Question, ...] = (
    WHO,
    SAFETY,
    AGE,
    KIND,
    DEADLINE,
    DEMAND,
    PLACES,
    CIRCUMSTANCES,
    STORY,
    SCHOOL,
    CONTACT,
)
# Whoever is being threatened reads the card before anything is asked.
THREAT_FIRST = (DEADLINE, DEMAND)
