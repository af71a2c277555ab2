"""The demo's cast: invented staff, platforms that exist only in the simulator, and what was told."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext_noop

from helpline.platforms.models import ChannelKind
from reports.states import AgeRange, Circumstance, Kind, Who


@dataclass(frozen=True, slots=True)
class Colleague:
    """A member of staff. The password is for the demo and nothing else."""

    username: str
    name: str
    role: str
    team: str
    password: str


STAFF = (
    Colleague("nour", "Nour", "counsellor", "night", "demo-counsellor-lamp"),
    Colleague("sacha", "Sacha", "counsellor", "day", "demo-counsellor-dawn"),
    Colleague("maud", "Maud", "supervisor", "night", "demo-supervisor-lamp"),
    Colleague("ines", "Inès", "supervisor", "day", "demo-supervisor-dawn"),
    Colleague("anouk", "Anouk", "administrator", "", "demo-administrator-lamp"),
    Colleague("theo", "Théo", "auditor", "", "demo-auditor-lamp"),
)
TEAMS = {"night": gettext_noop("Night"), "day": gettext_noop("Day")}


@dataclass(frozen=True, slots=True)
class Place:
    """A simulated platform: how it is reached, and where its content is."""

    slug: str
    name: str
    kind: ChannelKind
    host: str
    promised_hours: int | None = None

    @property
    def content_url(self) -> str:
        """Any address that begins with this is a page of the simulator."""
        return f"http://{self.host}/p/"


PLACES = (
    Place("chatter", "Chatter", ChannelKind.HTTP_API, "chatter.example", 24),
    Place("clipshare", "Clipshare", ChannelKind.HTTP_API, "clipshare.example", 48),
    Place("stubborn", "Stubborn", ChannelKind.HTTP_API, "stubborn.example"),
    Place("pixboard", "Pixboard", ChannelKind.EMAIL, "pixboard.example"),
    Place("silent", "Silent Host", ChannelKind.EMAIL, "silenthost.example"),
    Place("snaproom", "Snaproom", ChannelKind.WEB_FORM, "snaproom.example", 48),
)


@dataclass(frozen=True, slots=True)
class Told:
    """What one person told. `links` are `slug/path`; `account` a name on the first link's platform."""

    initials: str
    story: str
    age: AgeRange
    kind: Kind
    links: tuple[str, ...] = ()
    account: str = ""
    circumstances: tuple[Circumstance, ...] = ()
    who: Who = Who.SELF
    school: str = ""
    language: str = "fr"
    deadline: timedelta | None = None
    fingerprint: str = ""


SCHOOL = "Collège de la Baie"
INCIDENT = "Le mur"  # what colleagues call it: no name of a pupil, none of the school
WALL = "le.mur.de.la.baie"  # the account that posted them all

# One incident, twelve pupils of one school. The posts are different, the account is the same.
PUPILS = tuple(
    Told(
        initials=initials,
        story=story,
        age=age,
        kind=Kind.DEEPNUDE,
        links=links,
        account=WALL,
        circumstances=(Circumstance.SCHOOL, *more),
        who=who,
        school=SCHOOL,
    )
    for initials, story, age, links, more, who in (
        (
            "L.",
            "Une fausse photo de moi tourne dans le groupe de la classe. Je ne l'ai pas faite. Je n'ose plus y aller.",
            AgeRange.FROM_13,
            ("chatter/baie-01",),
            (Circumstance.NAMED, Circumstance.SEVERAL),
            Who.SELF,
        ),
        (
            "M.",
            "On m'a envoyé le lien ce matin. C'est mon visage mais pas moi.",
            AgeRange.FROM_13,
            ("chatter/baie-02", "chatter/baie-01"),
            (),
            Who.SELF,
        ),
        (
            "I.",
            "Je suis dessus avec deux copines. Tout le monde en parle.",
            AgeRange.FROM_13,
            ("chatter/baie-03",),
            (Circumstance.SPREADING,),
            Who.SELF,
        ),
        (
            "S.",
            "Je l'ai signalé moi-même il y a deux jours et ils n'ont rien fait.",
            AgeRange.FROM_13,
            ("chatter/baie-04", "clipshare/baie-a"),
            (Circumstance.IGNORED,),
            Who.SELF,
        ),
        (
            "J.",
            "C'est ma fille. Elle ne mange plus. Dites-nous quoi faire.",
            AgeRange.FROM_13,
            ("chatter/baie-05",),
            (),
            Who.CHILD,
        ),
        (
            "A.",
            "Il y a mon prénom écrit dessous.",
            AgeRange.FROM_13,
            ("chatter/baie-06",),
            (Circumstance.NAMED,),
            Who.SELF,
        ),
        ("C.", "Je veux juste que ça s'arrête.", AgeRange.FROM_15, ("chatter/baie-07",), (), Who.SELF),
        (
            "R.",
            "Ça a été remis sur un autre site.",
            AgeRange.FROM_13,
            ("chatter/baie-08", "pixboard/baie-b"),
            (Circumstance.REPEATED,),
            Who.SELF,
        ),
        (
            "E.",
            "C'est mon amie, elle n'ose pas écrire.",
            AgeRange.FROM_13,
            ("chatter/baie-09",),
            (),
            Who.FRIEND,
        ),
        (
            "N.",
            "Je suis infirmière scolaire. Une élève m'a montré le message. Elle est d'accord pour que j'écrive.",
            AgeRange.FROM_13,
            ("chatter/baie-10",),
            (),
            Who.PUPIL,
        ),
        (
            "T.",
            "J'ai douze ans. Je ne sais pas qui a fait ça.",
            AgeRange.UNDER_13,
            ("chatter/baie-11",),
            (),
            Who.SELF,
        ),
        ("H.", "Mon frère l'a vue. J'ai trop honte.", AgeRange.FROM_13, ("chatter/baie-12",), (), Who.SELF),
    )
)

SEXTORTION = Told(
    initials="K.",
    story=(
        "J'ai parlé avec quelqu'un pendant une semaine. Maintenant il veut de l'argent, sinon il envoie tout à mes "
        "contacts demain soir. J'ai déjà payé une fois."
    ),
    age=AgeRange.FROM_15,
    kind=Kind.THREAT,
    links=("chatter/account-7731",),
    account="lea.officiel.92",
    circumstances=(Circumstance.BLACKMAIL, Circumstance.ADULT),
    deadline=timedelta(hours=18),
)
IN_DANGER = Told(
    initials="O.",
    story="Ça fait trois jours. Je n'y arrive plus. Je ne sais pas à qui parler.",
    age=AgeRange.FROM_15,
    kind=Kind.DEEPNUDE,
    links=("clipshare/o-1",),
    circumstances=(Circumstance.SELF_HARM, Circumstance.SPREADING),
)
NO_LINK = Told(
    initials="V.",
    story="Des gens disent qu'il y a une photo de moi mais je ne l'ai pas vue. Je n'ai pas de lien.",
    age=AgeRange.FROM_13,
    kind=Kind.UNSURE,
)
ADULT = Told(
    initials="D.",
    story="My former partner put private pictures of me online after we split up.",
    age=AgeRange.ADULT,
    kind=Kind.REAL_IMAGE,
    links=("clipshare/d-1", "snaproom/d-2"),
    circumstances=(Circumstance.NAMED,),
    language="en",
)
REFUSED = Told(
    initials="B.",
    story="Ils disent que c'est une parodie. Ce n'en est pas une, c'est moi.",
    age=AgeRange.FROM_15,
    kind=Kind.DEEPNUDE,
    links=("stubborn/b-1",),
    circumstances=(Circumstance.NAMED,),
)
CAME_BACK = Told(
    initials="Y.",
    story="C'était parti et c'est revenu.",
    age=AgeRange.FROM_15,
    kind=Kind.DEEPNUDE,
    links=("pixboard/y-1",),
    circumstances=(Circumstance.REPEATED,),
)
UNSURE_WHETHER_SENT = Told(
    initials="P.",
    story="Le site est bizarre, il n'y a pas de bouton pour signaler.",
    age=AgeRange.FROM_15,
    kind=Kind.DEEPNUDE,
    links=("silent/p-1",),
)
FOLLOWED = Told(
    initials="F.",
    story="Quelqu'un de ma classe a fait une fausse photo avec une appli. Il y a trois liens.",
    age=AgeRange.FROM_13,
    kind=Kind.DEEPNUDE,
    links=("chatter/f-1", "pixboard/f-2", "snaproom/f-3"),
    circumstances=(Circumstance.SCHOOL,),
    fingerprint="5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
)
