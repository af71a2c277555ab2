"""The parts of a template: what each is for, which placeholders it may and must hold. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpline.platforms.models import Regime
from reports.states import Kind

MINOR, ADULT = "minor", "adult"
LONGEST = 2000  # characters of a part

# The closed list, with what stands in their place.
PLACEHOLDERS: Mapping[str, str | Promise] = {
    "reference": gettext_lazy("the notice’s number"),
    "account": gettext_lazy("the account that the content is on"),
    "facts": gettext_lazy("what a counsellor added for the platform"),
    "designated_by": gettext_lazy("who made the helpline a trusted flagger"),
    "name": gettext_lazy("who signs"),
    "capacity": gettext_lazy("as what they sign"),
    "date": gettext_lazy("the day of the signature"),
}
IN_BRACES = re.compile(r"\{([^{}]*)\}")

KINDS: Mapping[str, str | Promise] = {
    Kind.DEEPNUDE: gettext_lazy("fake nude"),
    Kind.REAL_IMAGE: gettext_lazy("real intimate image"),
    Kind.THREAT: gettext_lazy("threat"),
    Kind.SENT: gettext_lazy("image sent and passed on"),
    Kind.UNSURE: gettext_lazy("not sure"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """One text of a template. What is not `long` is one line."""

    name: str
    label: str | Promise
    holds: tuple[str, ...] = ()  # placeholders it must hold; no others may stand in it
    long: bool = False


BEFORE = (
    Part("subject", gettext_lazy("Subject"), ("reference",)),
    Part("subject_trusted", gettext_lazy("Subject, as a trusted flagger"), ("reference",)),
    Part("title", gettext_lazy("First line")),
    Part("reference", gettext_lazy("Line with our number"), ("reference",)),
    Part("heading_where", gettext_lazy("Heading: where it is")),
    Part("account", gettext_lazy("The account, beside an address"), ("account",)),
    Part("heading_why", gettext_lazy("Heading: why it is illegal")),
)
LAWS = (
    Part("law_minor", gettext_lazy("The law, for a minor"), long=True),
    Part("law_adult", gettext_lazy("The law, for an adult"), long=True),
    Part("law_threat", gettext_lazy("The law, for a threat"), long=True),
)
AFTER = (
    Part("request", gettext_lazy("What we ask for"), long=True),
    Part("facts", gettext_lazy("What helps to find it"), ("facts",)),
    Part("heading_who", gettext_lazy("Heading: who sends it")),
    Part("trusted", gettext_lazy("That we are a trusted flagger"), ("designated_by",)),
    Part("heading_faith", gettext_lazy("Heading: good faith")),
    Part("good_faith", gettext_lazy("Statement of good faith"), long=True),
)
SIGNED = (
    Part("capacity", gettext_lazy("As what the helpline signs")),
    Part("signature", gettext_lazy("Line with the signature"), ("name", "capacity", "date")),
)
CLOSING = (Part("closing", gettext_lazy("Last line"), long=True),)

# The regimes under which a notice is signed in somebody's name.
NEEDS_SIGNATURE = frozenset({Regime.US_TAKE_IT_DOWN.value})


def parts_of(regime: str, kind: str = "") -> Sequence[Part]:
    """The parts of a template under this law, in the order of the notice; of one for a `kind`, only what it can say."""
    kinds = [kind] if kind else list(KINDS)
    what = [
        Part(f"what_{one}_{age}", _what_label(one, age), long=True) for one in kinds for age in (MINOR, ADULT)
    ]
    laws = [law for law in LAWS if not kind or (law.name == "law_threat") == (kind == Kind.THREAT)]
    signed = SIGNED if regime in NEEDS_SIGNATURE else ()
    return [*BEFORE, *what, *laws, *AFTER, *signed, *CLOSING]


def _what_label(kind: str, age: str) -> str:
    said = _("What it is: %(kind)s, a minor") if age == MINOR else _("What it is: %(kind)s, an adult")
    return said % {"kind": KINDS[kind]}


def what_is_wrong(part: Part, text: str) -> list[str]:
    """Why this text can't be the part, a sentence each; [] when it can."""
    wrong = []
    if not text.strip():
        return [_("This part can’t be empty.")]
    found = IN_BRACES.findall(text)
    for name in dict.fromkeys(found):
        if name not in PLACEHOLDERS:
            wrong.append(_("There is no placeholder {%(name)s}.") % {"name": name})
        elif name not in part.holds:
            wrong.append(_("{%(name)s} has no place here.") % {"name": name})
    missing = [name for name in part.holds if name not in found]
    wrong += [_("{%(name)s} is missing.") % {"name": name} for name in missing]
    if re.search(r"[{}]", IN_BRACES.sub("", text)):
        wrong.append(_("A brace stands alone. Placeholders are written like {reference}."))
    return wrong


def tidied(text: str) -> str:
    """In one line. The narrow spaces that a language's typography wants stay, unlike in what people add (`one_line`)."""
    return re.sub(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+", " ", text).strip()


def fill(text: str, **values: str) -> str:
    """The part with its placeholders filled in. What is filled in is never read as a placeholder itself."""
    return IN_BRACES.sub(lambda match: values.get(match.group(1), match.group()), text)
