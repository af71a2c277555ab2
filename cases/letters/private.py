"""What must not stand in a notice because it leads to the young person, and finding it in any spelling. Pure.

Nothing here answers with a value: a finding says which kind of thing it is, and that is all that reaches a page or a log.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from helpline.platforms import rules


class What(TextChoices):
    """Which kind of thing was found."""

    NAME = "name", _("how the young person is called")
    MAIL = "mail", _("their e-mail address")
    PHONE = "phone", _("their phone number")
    SCHOOL = "school", _("their school")
    SCHOOL_CODE = "school_code", _("the school’s code")
    CODE = "code", _("a receipt code")
    REFERENCE = "reference", _("the case’s reference")
    STORY = "story", _("their own words")


PHRASE = 6  # words of the story that stand together
LONG = 7  # letters from which a name is looked for inside other words
# Letters that Unicode does not take apart.
_WHOLE = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_LETTERS = frozenset({"oe", "ae", "th", "ss"})  # one letter, written as two
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_DIGITS = re.compile(r"\d(?:[^0-9A-Za-z\n]{0,3}\d){6,}")
_SIX = re.compile(r"\b([0-9A-Za-z]{3})[ ._/‐-―-]?([0-9A-Za-z]{3})\b")  # what a school code looks like
_LINKING = rules.words("de des du la le les l d the of a and et")
_SCHOOLS = rules.words(
    "college lycee ecole school high middle primary secondary elementaire maternelle primaire institut institution "
    "academy prive privee public publique professionnel general saint sainte st ste notre dame"
)
# Overlapping ones are found, too: the words before a code look like a part of it.
_CODE = re.compile(r"(?<![0-9A-Za-z])(?=((?:[0-9A-Za-z][^0-9A-Za-z\n]{0,2}){15}[0-9A-Za-z])(?![0-9A-Za-z]))")


@lru_cache(maxsize=512)
def folded(text: str) -> str:
    """Without capitals, accents and other widths: what is left is compared."""
    taken_apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(one for one in taken_apart if not unicodedata.combining(one))
    return unicodedata.normalize("NFKC", bare.translate(_WHOLE))


def words_of(text: str) -> list[str]:
    """The words, folded: letters and digits apart from each other."""
    return re.findall(r"[^\W\d_]+|\d+", folded(text))


def squashed(text: str) -> str:
    """Letters and digits alone."""
    return "".join(words_of(text))


@dataclass(frozen=True, slots=True)
class Private:
    """The young person's own facts, opened, for one check. `is_code` tells whether a text is their receipt code."""

    names: tuple[str, ...] = field(default=(), repr=False)
    mails: tuple[str, ...] = field(default=(), repr=False)
    phones: tuple[str, ...] = field(default=(), repr=False)
    school: str = field(default="", repr=False)
    references: tuple[str, ...] = field(default=(), repr=False)
    story: str = field(default="", repr=False)
    school_codes: tuple[str, ...] = field(default=(), repr=False)
    is_code: Callable[[str], bool] = field(default=lambda _text: False, repr=False)

    def found_in(self, text: str) -> list[What]:
        """What of it stands in `text`, in the order of `What`."""
        if not text.strip():
            return []
        pieces = words_of(text)
        found = {
            What.NAME: any(_has_name(pieces, one) for one in self._all_names()),
            What.MAIL: any(_has_mail(text, pieces, one) for one in self.mails),
            What.PHONE: any(_has_phone(text, one) for one in self.phones),
            What.SCHOOL: _has_school(pieces, self.school),
            What.SCHOOL_CODE: any(_has_name(pieces, one) for one in self.school_codes),
            What.CODE: any(self.is_code(one) for one in _CODE.findall(text)),
            What.REFERENCE: any(_has_name(pieces, one) for one in self.references),
            What.STORY: bool(_phrases(self.story) & _phrases(text)),
        }
        return [what for what, there in found.items() if there]

    def _all_names(self) -> Iterable[str]:
        """Each as told, and its words one by one: a first name alone leads to them, too."""
        for name in self.names:
            yield name
            yield from (one for one in words_of(name) if len(one) >= 3 and one not in _LINKING)


def private_of(
    *,
    answers: Mapping[str, Any],
    contact: Mapping[str, Any],
    school: str,
    story: str,
    references: Iterable[str],
    is_code: Callable[[str], bool],
) -> Private:
    """From the opened columns of a report. Addresses and numbers written into the story count as well."""
    told = [str(answers.get(name) or "") for name in ("name", "handle", "first_name", "last_name")]
    everything = "\n".join((story, str(contact.get("address") or ""), str(answers.get("pasted") or "")))
    address = str(contact.get("address") or "")
    return Private(
        names=tuple(one for one in told if len(squashed(one)) >= 3),
        mails=tuple(dict.fromkeys([*_MAIL.findall(f"{story}\n{address}")])),
        phones=tuple(dict.fromkeys(_digits(one) for one in _DIGITS.findall(_plain(everything)))),
        school=_SIX.sub(lambda match: " " if _is_school_code(match) else match.group(), school),
        references=tuple(one for one in references if one),
        story=story,
        school_codes=_codes_in(school),
        is_code=is_code,
    )


def _codes_in(school: str) -> tuple[str, ...]:
    """What a school may have handed out, written where its name was asked."""
    return tuple("".join(match.groups()) for match in _SIX.finditer(school) if _is_school_code(match))


def _is_school_code(match: re.Match[str]) -> bool:
    """Three and three characters, with a digit and a letter among them."""
    return any(one.isdigit() for one in match.group()) and any(one.isalpha() for one in match.group())


# --- finding ------------------------------------------------------------------------------------------


def _has_name(pieces: list[str], name: str) -> bool:
    """Does it stand there, whatever stands between its letters?

    A short one only as a word of its own, or letter by letter: inside other words it would be found everywhere.
    """
    wanted = squashed(name)
    if len(wanted) < 3:
        return False
    if len(wanted) >= LONG:
        return wanted in "".join(pieces)
    own = words_of(name)
    for start in range(len(pieces)):
        glued, end = "", start
        while end < len(pieces) and len(glued) < len(wanted):
            glued, end = glued + pieces[end], end + 1
        if glued != wanted:
            continue
        run = pieces[start:end]
        if len(run) == 1 or run == own or all(len(one) == 1 or one in _LETTERS for one in run):
            return True
        if len(own) > 1 or not wanted.isalpha():
            return True
    return False


def _has_mail(text: str, pieces: list[str], mail: str) -> bool:
    """Also written out: "name (at) host dot example"; and the part before the sign alone."""
    local, _at, host = mail.partition("@")
    hosts = "(?:dot|point)?".join(re.escape(squashed(one)) for one in host.split("."))
    names = "(?:dot|point)?".join(
        re.escape(squashed(one)) for one in re.split(r"[.]", local) if squashed(one)
    )
    if names and re.search(f"{names}(?:at|arobase|chez)?{hosts}", "".join(pieces)):
        return True
    alone = squashed(local)
    # "contact" is nobody's own.
    is_own = len(alone) >= LONG and (not local.isalpha() or len(alone) > LONG + 2)
    return is_own and alone in "".join(pieces)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _digits(text: str) -> str:
    return "".join(str(int(one)) for one in text if one.isdigit())


def _has_phone(text: str, phone: str) -> bool:
    """By its last nine digits: with the country's code or without, however they are grouped."""
    wanted = _digits(phone)[-9:]
    if len(wanted) < 7:
        return False
    return any(wanted in _digits(run) for run in _DIGITS.findall(_plain(text)))


def _has_school(pieces: list[str], school: str) -> bool:
    """Its name in full or what is its own in it, without the small words between; each part of what was told by itself."""
    said = [one for one in pieces if one not in _LINKING]
    return any(_has_part_of_school(pieces, said, one) for one in re.split(r"[,;()\n/]|\s[-–—]\s", school))


def _has_part_of_school(pieces: list[str], said: list[str], part: str) -> bool:
    told = [one for one in words_of(part) if one not in _LINKING]
    own = [one for one in told if one not in _SCHOOLS]
    whole, glued = "".join(told), "".join(said)
    if not own:
        return False
    if len(told) == 1:
        return len(whole) >= 4 and _has_name(pieces, part)
    if len(whole) >= LONG and whole in glued:
        return True
    if len(own) > 1:
        return len("".join(own)) >= LONG and "".join(own) in glued
    # One word of its own may be any word: it counts beside one that means a school.
    places = [at for at, one in enumerate(said) if one == own[0]]
    return any(_SCHOOLS.intersection(said[max(0, at - 3) : at + 4]) for at in places)


@lru_cache(maxsize=256)
def _phrases(text: str) -> frozenset[tuple[str, ...]]:
    said = words_of(text)
    return frozenset(tuple(said[start : start + PHRASE]) for start in range(len(said) - PHRASE + 1))
