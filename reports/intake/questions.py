"""The interview, as data: what is asked, of whom, in which words, and why.

A question's address is its place in this list, its answer is kept under its name. To change the interview,
change this list; only `interview.submission_of`, which turns the answers into a report, knows them, too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from reports.intake import forms
from reports.intake.forms import Answer, QuestionForm
from reports.states import Circumstance, Kind, Who
from reports.words import Words, same

Answers = Mapping[str, Answer]


def always(answers: Answers) -> bool:
    """Asked of everyone."""
    return True


def is_threatened(answers: Answers) -> bool:
    """Somebody threatens, or asks for something."""
    return answers.get("kind", {}).get("kind") == Kind.THREAT or Circumstance.BLACKMAIL in answers.get(
        "circumstances", {}
    ).get("circumstances", [])


def has_places(answers: Answers) -> bool:
    """There is a link or an account name that could have been reported."""
    where = answers.get("places", {})
    return bool(where.get("account") or (where.get("pasted") and not where.get("no_link")))


def takes_screenshots(answers: Answers) -> bool:
    """The operator takes screenshots of messages."""
    return bool(settings.EVIDENCE_ENABLED)


def is_no_parent(answers: Answers) -> bool:
    """Whether home is safe is not asked of the one it may not be safe from."""
    return answers.get("who", {}).get("who") != Who.CHILD


@dataclass(frozen=True, slots=True)
class Question:
    """One page. Without an answer to those that can't be skipped, nothing can be sent.

    The extra ones come after everything that is needed, and can be left out together.
    """

    name: str
    heading: Words
    why: Words
    form: type[QuestionForm]
    lead: Words | None = None
    asked_if: Callable[[Answers], bool] = always
    is_skippable: bool = False
    is_extra: bool = False
    title: Words | None = None  # on the last page, where the heading would be too long
    template: str = "reports/question.html"

    @property
    def short(self) -> Words:
        """What it is called on the last page."""
        return self.title or self.heading


WHO = Question(
    name="who",
    heading=same(_("Who is it about?")),
    lead=same(_("No name needed. You can stop any time.")),
    why=same(_("So that the next questions fit.")),
    form=forms.WhoForm,
    title=same(_("About whom")),
)

SAFETY = Question(
    name="safety",
    heading=Words(
        me=_("Are you safe right now?"),
        friend=_("Is your friend safe right now?"),
        adult=_("Is the young person safe right now?"),
    ),
    why=Words(
        me=_("If you are in danger, you need someone faster than us. We show you who."),
        friend=_("If your friend is in danger, they need someone faster than us. We show you who."),
        adult=_("If someone is in danger, others can be there faster than us. We show you who."),
    ),
    form=forms.SafetyForm,
    title=same(_("Safe right now?")),
)

AGE = Question(
    name="age",
    heading=Words(
        me=_("How old are you?"),
        friend=_("How old is your friend?"),
        adult=_("How old is the young person?"),
    ),
    why=Words(
        me=_("We help you at any age. Some sites act faster when someone is under 18. You need no proof."),
        friend=_(
            "We help at any age. Some sites act faster when someone is under 18. We never ask for proof."
        ),
    ),
    form=forms.AgeForm,
    title=same(_("Age")),
)

KIND = Question(
    name="kind",
    heading=same(_("What happened?")),
    why=same(_("Each kind is removed in a different way.")),
    form=forms.KindForm,
)

DEADLINE = Question(
    name="deadline",
    heading=Words(
        me=_("First, what helps when someone makes threats"),
        friend=_("First, what you can tell your friend"),
        adult=_("First, what you can tell the young person"),
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
    lead=same(_("We never need the picture.")),
    why=same(_("A site can only remove what it can find. The more exact the link, the faster it goes.")),
    form=forms.WhereForm,
    title=same(_("Where")),
    template="reports/places.html",
)

FINGERPRINTS = Question(
    name="fingerprints",
    heading=Words(
        me=_("Do you have the picture or video on this device?"),
        friend=_("Do you have the picture or video on this device?"),
        adult=_("Is the picture or video on this device already?"),
    ),
    lead=Words(
        me=_("If you do, its fingerprint can be made here. The picture stays with you. If not, go on."),
        friend=_("If you do, its fingerprint can be made here. The picture stays here. If not, go on."),
        adult=_(
            "If it is, its fingerprint can be made here. If not, go on: please do not look for it or copy it."
        ),
    ),
    why=same(
        _("With a fingerprint, some sites find the same picture again, or stop it before it is posted.")
    ),
    form=forms.FingerprintsForm,
    is_skippable=True,
    is_extra=True,
    title=same(_("Fingerprints")),
    template="reports/fingerprints.html",
)

SCREENSHOTS = Question(
    name="screenshots",
    heading=same(_("Do you have screenshots of messages?")),
    lead=same(
        _(
            "For example of a threat, or of the profile. Never of the naked picture itself, not even of a fake one. "
            "No screenshots? Go on."
        )
    ),
    why=same(_("They show what was said and by whom. Some sites and the police ask for that.")),
    form=forms.ScreenshotsForm,
    asked_if=takes_screenshots,
    is_skippable=True,
    is_extra=True,
    title=same(_("Screenshots of messages")),
    template="reports/screenshots.html",
)

REPORTED = Question(
    name="reported",
    heading=same(_("Did anyone report it to the site already?")),
    why=same(_("When a site did not react, we ask in another way.")),
    form=forms.ReportedForm,
    asked_if=has_places,
    is_skippable=True,
    is_extra=True,
    title=same(_("Reported to the site already")),
)

CIRCUMSTANCES = Question(
    name="circumstances",
    heading=same(_("Is any of this true?")),
    lead=same(_("Tick what is true. None of it? Go on.")),
    why=same(_("It tells us what is most urgent, and who else can help.")),
    form=forms.CircumstancesForm,
    is_skippable=True,
    is_extra=True,
    title=same(_("What else is true")),
)

KNOWS = Question(
    name="knows",
    heading=same(_("Who knows about it?")),
    lead=same(_("Tick all that fits.")),
    why=Words(
        me=_("So that we do not tell anyone by mistake, and know who could stand beside you."),
        friend=_("So that we do not tell anyone by mistake, and know who could stand beside your friend."),
        adult=_("So that we do not tell anyone by mistake, and know who could help."),
    ),
    form=forms.KnowsForm,
    is_skippable=True,
    is_extra=True,
)

HOME = Question(
    name="home",
    heading=Words(
        me=_("Is home a safe place for you?"),
        friend=_("Is home a safe place for your friend?"),
        adult=_("Is home a safe place for the young person?"),
    ),
    why=Words(
        me=_("We say nothing to your family without asking you first, unless the law says we must."),
        friend=_("We say nothing to the family without asking first, unless the law says we must."),
    ),
    form=forms.HomeForm,
    asked_if=is_no_parent,
    is_skippable=True,
    is_extra=True,
    title=same(_("Safe at home")),
)

STORY = Question(
    name="story",
    heading=same(_("Do you want to tell it in your own words?")),
    lead=Words(
        me=_("A few words are enough. You do not have to describe the picture."),
        friend=_("A few words are enough. You do not have to describe the picture."),
        adult=_("A few words are enough. Please do not describe the picture."),
    ),
    why=Words(
        me=_("It can help us to understand. Only the people who help you can read it."),
        friend=_("It can help us to understand. Only the people who help can read it."),
    ),
    form=forms.StoryForm,
    is_skippable=True,
    is_extra=True,
    title=same(_("In your own words")),
    template="reports/story.html",
)

SCHOOL = Question(
    name="school",
    heading=same(_("Which school is it about?")),
    lead=same(
        _(
            "Only if it has to do with a school. We do not tell the school without asking you first, "
            "unless the law says we must."
        )
    ),
    why=same(_("Often several people in one school need help with the same thing. This lets us see it.")),
    form=forms.SchoolForm,
    is_skippable=True,
    is_extra=True,
    title=same(_("Name of the school")),
)

CONTACT = Question(
    name="contact",
    heading=same(_("How do you get our answer?")),
    lead=same(
        _(
            "On this page, with your code. If you want, we can also send you a sign that there is something new."
        )
    ),
    why=same(_("We send nothing unless you choose it. The code stays the safest way.")),
    form=forms.ContactForm,
    is_skippable=True,
    is_extra=True,
    title=same(_("Our answer")),
    template="reports/contact_question.html",
)

QUESTIONS: tuple[Question, ...] = (
    WHO,
    SAFETY,
    AGE,
    KIND,
    DEADLINE,
    DEMAND,
    PLACES,
    FINGERPRINTS,
    SCREENSHOTS,
    REPORTED,
    CIRCUMSTANCES,
    KNOWS,
    HOME,
    STORY,
    SCHOOL,
    CONTACT,
)
# Whoever is being threatened reads the card before anything is asked.
THREAT_FIRST = (DEADLINE, DEMAND)
