"""What a platform's prose seems to say: proposed, with the sentences that led to it. A person decides. Pure.

Words of French and English, tried in order, one sentence at a time. What was quoted from our own letter is not read, and
neither is what would, could or will happen. Where sentences disagree, nothing is proposed and all of them are shown.
"""

import re
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise

from django.utils.translation import gettext as _

from cases.mailbox import phrases
from cases.takedowns.deadlines import months_later
from cases.takedowns.states import Outcome

Span = tuple[int, int]
Said = tuple[Outcome, Span]
Place = tuple[int, int, str]  # from, to, and which item's address stands there
MOST_SPANS = 8

_THING = (
    r"(?:the |les? )?(?:contents?|items?|posts?|links?|urls?|videos?|contenus?|publications?|liens?|vidéos?)"
)
_TITLE = r"(?:status|decision|outcome|result|action|statut|décision|résultat|mesure)"


def _rule(outcome: Outcome, said: Sequence[str]) -> re.Pattern[str]:
    label = "|".join(phrases.LABELS.get(outcome, ()))
    alone = rf"^[\W\d_]*(?:(?:{_TITLE}|{_THING})[\W\d_]+)?(?:{label})(?:[\W\d_]+{_THING})?[\W\d_]*$"
    return re.compile("|".join([*said, alone] if label else said), re.I)


RULES = tuple((outcome, _rule(outcome, said)) for outcome, said in phrases.SAYING.items())
# What has not happened yet, or only under a condition.
_NOT_YET = re.compile(
    r"\b(?:if|unless|whether|will|would|may|might|could|should|can be|once"
    r"|si|sera|seront|serai\w*|pourr\w+|devr\w+|lorsque)\b",
    re.I,
)
_HAPPENED = frozenset(
    {Outcome.REMOVED, Outcome.ACCOUNT_REMOVED, Outcome.DISABLED, Outcome.PARTLY_REMOVED, Outcome.ALREADY_GONE}
)
# Courtesies around a decision: the first of these that is there speaks, when nothing graver does.
_WEAK = (Outcome.MORE_INFORMATION, Outcome.UNDER_REVIEW, Outcome.ACKNOWLEDGED)
_BEGINS_QUOTE = re.compile(
    r"^(?:>|-{2,} ?(?:original message|message d'origine|forwarded message)|_{10,}|on .{5,120} wrote:|le .{5,120} a écrit ?:"
    r"|from: |de : |5\. )",
    re.I,
)
_AND = re.compile(r"[\s,;/&]*(?:and|et|or|ou)?[\s,;/&]*", re.I)
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n")
_SENTENCE = re.compile(r"[^\n.!?]*(?:[.!?](?!\s|$)[^\n.!?]*)*(?:[.!?]+|(?=\n)|$)")
_MENTIONS = re.compile(r"h(?:tt|xx)ps?://[^\s<>\"]+", re.I)
_STATEMENT = re.compile(
    r"statement of reasons|exposé des motifs|article 17\b|transparency database|base de données.{0,20}transparence",
    re.I,
)
_REDRESS = re.compile(
    r"complaint|appeal|redress|out[- ]of[- ]court|réclamation|recours|appel\b|extrajudiciaire|contest", re.I
)
_SIX_MONTHS = re.compile(r"\b(?:six|6) (?:months|mois)\b", re.I)
_MONTHS = (
    ("january", "janvier"),
    ("february", "février"),
    ("march", "mars"),
    ("april", "avril"),
    ("may", "mai"),
    ("june", "juin"),
    ("july", "juillet"),
    ("august", "août"),
    ("september", "septembre"),
    ("october", "octobre"),
    ("november", "novembre"),
    ("december", "décembre"),
)
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}
_ISO = re.compile(r"\b(20\d\d)-(\d\d)-(\d\d)\b")
_WRITTEN = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th|er)? ({'|'.join(_MONTH)}),? (20\d\d)\b", re.I)
_AMERICAN = re.compile(rf"\b({'|'.join(_MONTH)}) (\d{{1,2}})(?:st|nd|rd|th)?,? (20\d\d)\b", re.I)
_REFERENCE = re.compile(
    r"\b(?:reference|référence|case|ticket|dossier|request|report)\b\s*(?:number|no\.?|n°|numéro|id)?\s*(?:is|est)?\s*[:#]?\s*"
    r"([A-Z0-9](?:[A-Z0-9_/-]{2,38})[A-Z0-9])\b",
    re.I,
)
_BOUNCED = re.compile("|".join(phrases.BOUNCED), re.I)
_DELAYED = re.compile("|".join(phrases.DELAYED), re.I)


@dataclass(frozen=True, slots=True)
class Proposal:
    """`outcome` None: nothing clear. `by_item`: what it seems to say of single items, by their id."""

    outcome: Outcome | None = None
    spans: tuple[Span, ...] = ()
    by_item: Mapping[str, Outcome] = field(default_factory=dict)
    redress_until: date | None = None
    reference: str = ""
    is_statement: bool = False


def judge(
    text: str, *, at: datetime, urls: Mapping[str, str] | None = None, automatic: bool = False
) -> Proposal:
    """What these words seem to say. `urls`: the address of each item, by its id."""
    named = places(text, {item: (url,) for item, url in (urls or {}).items()})
    said = _said(text, named)
    by_item = _by_item(text, said, named)
    outcome = _agreed([one for one, _span in said])
    if outcome is None and not said and automatic:
        outcome = Outcome.ACKNOWLEDGED
    if by_item:
        kinds = set(by_item.values())
        outcome = kinds.pop() if len(kinds) == 1 and len(by_item) == len(urls or {}) else outcome
    shown = tuple(span for one, span in said if outcome is None or one == outcome or one in by_item.values())
    refused = Outcome.REFUSED in {outcome, *by_item.values()}
    return Proposal(
        outcome=outcome,
        spans=shown[:MOST_SPANS],
        by_item=by_item,
        redress_until=_redress(text, at=at) if refused else None,
        reference=_reference(text),
        is_statement=_STATEMENT.search(text) is not None,
    )


def places(text: str, named: Mapping[str, Sequence[str]]) -> list[Place]:
    """Wherever an address or an account stands, by the item it is of, in order; the longer of two that begin alike."""
    taken: list[Place] = []
    for address, item in sorted(
        ((one, item) for item, given in named.items() for one in given if one), key=lambda one: -len(one[0])
    ):
        scheme, _sep, rest = address.rpartition("://")
        how = r"(?:h(?:tt|xx)ps?://)?" if scheme else ""
        said = re.escape((rest or address).rstrip("/")).replace(r"\.", r"(?:\.|\[\.\])")
        for one in re.finditer(rf"(?<![\w@]){how}{said}(?!/?[\w%-])", text, re.I):
            if not any(start < one.end() and one.start() < end for start, end, _item in taken):
                taken.append((one.start(), one.end(), item))
    return sorted(taken)


def about(text: str, spans: Sequence[Sequence[int]], named: Sequence[Place], item: str) -> list[Span]:
    """Those of these sentences of `text` that are about one item, as `judge` reads them."""
    shown = {(start, end) for start, end in spans}
    stand = [(start, end, one) for start, end, one in named]  # as they come from where they are kept
    said = _attributed(text, _said(text, stand), stand).get(item, ())
    return sorted({span for _outcome, span in said if span in shown})


def masked(text: str, hidden: Sequence[Place], *, start: int = 0, end: int | None = None) -> str:
    """A stretch of the words with what stands at these places said as another address."""
    found, at, end = "", start, len(text) if end is None else end
    for begin, stop, _item in sorted(hidden):
        if begin < end and stop > at:
            found += text[at : max(at, begin)]
            found += f"[{_('another address')}]" if begin >= start else ""
            at = min(stop, end)
    return found + text[at:end]


def bounced(text: str) -> str:
    """A bounce in plain prose: "failed", "delayed", or "" for none."""
    if _DELAYED.search(text):
        return "delayed"
    return "failed" if _BOUNCED.search(text) else ""


def sentences(text: str) -> list[Span]:
    """Where the sentences stand that somebody wrote now; what is quoted ends the reading."""
    found: list[Span] = []
    at = 0
    for line in text.split("\n"):
        if _BEGINS_QUOTE.match(line):
            if not line.startswith(">"):
                break
        else:
            for one in _SENTENCE.finditer(line[:4000]):
                inner = one.group().strip()
                if inner:
                    start = at + one.start() + len(one.group()) - len(one.group().lstrip())
                    found.append((start, start + len(inner)))
        at += len(line) + 1
    return found


def _said(text: str, named: Sequence[Place] = ()) -> list[Said]:
    """What each sentence says, by its gravest word; of one that names an address and says several things, nothing."""
    found = []
    for start, end in sentences(text):
        inside = [(at, stop) for at, stop, _item in named if start <= at < end]
        words = _without(text, inside, start, end)
        told = _told(words)
        outcome = _agreed(told) if inside else next(iter(told), None)
        if outcome is not None:
            found.append((outcome, (start, end)))
    return found


def _without(text: str, inside: Sequence[Span], start: int, end: int) -> str:
    """A sentence without its addresses: words in them are none of the sentence's."""
    kept, at = "", start
    for begin, stop in inside:
        kept += text[at:begin] + " "
        at = max(at, stop)
    return _MENTIONS.sub(" ", kept + text[at:end])


def _told(words: str) -> list[Outcome]:
    """All that a sentence says, the gravest first: what one rule has read, no other reads again."""
    not_yet = _NOT_YET.search(words) is not None
    found = []
    for outcome, pattern in RULES:
        if not_yet and outcome in _HAPPENED:
            continue
        rest = pattern.sub(" ", words)
        if rest != words:
            found.append(outcome)
            words = rest
    return found


def _agreed(outcomes: Sequence[Outcome]) -> Outcome | None:
    """What they come to together: a decision if there is one alone, else the gravest courtesy."""
    decided = {one for one in outcomes if one not in _WEAK}
    if Outcome.PARTLY_REMOVED in decided and decided <= {
        Outcome.PARTLY_REMOVED,
        Outcome.REMOVED,
        Outcome.REFUSED,
    }:
        return Outcome.PARTLY_REMOVED
    if decided == {Outcome.ACCOUNT_REMOVED, Outcome.REMOVED}:
        return Outcome.ACCOUNT_REMOVED
    if decided == {Outcome.NOT_FOUND} and Outcome.MORE_INFORMATION in outcomes:
        return Outcome.MORE_INFORMATION
    if decided:
        return decided.pop() if len(decided) == 1 else None
    return next((one for one in _WEAK if one in outcomes), None)


def _by_item(text: str, said: Sequence[Said], named: Sequence[Place]) -> dict[str, Outcome]:
    """Where the mail names addresses of ours: what it seems to say of each."""
    found = {}
    for item, told in _attributed(text, said, named).items():
        outcome = _agreed([one for one, _span in told])
        if outcome is not None:
            found[item] = outcome
    return found


@dataclass(frozen=True, slots=True)
class _Token:
    """In the order of the text: an address of `item`, or what a sentence without one says."""

    at: int
    item: str = ""
    said: Said | None = None
    heads: bool = False  # it ends with a colon: what follows is meant
    is_told: bool = False  # the address stands in a sentence that says something of it

    @property
    def decides(self) -> bool:
        """Is it more than a courtesy?"""
        return self.said is not None and self.said[0] not in _WEAK


def _attributed(text: str, said: Sequence[Said], named: Sequence[Place]) -> dict[str, list[Said]]:
    """By item, what is said of it: in the sentence that names it, in a heading above it, or in what follows it.

    What could be read both ways is about none.
    """
    found: dict[str, list[Said]] = {}
    tokens: list[_Token] = []
    inside: set[Place] = set()
    for one in said:
        start, end = one[1]
        here = [place for place in named if start <= place[0] < end]
        inside |= set(here)
        if _stand_together(text, here):
            for item in dict.fromkeys(item for _at, _end, item in here):
                found.setdefault(item, []).append(one)
        if not here:
            tokens.append(_Token(start, said=one, heads=text[start:end].endswith(":")))
    tokens += [_Token(place[0], item=place[2], is_told=place in inside) for place in named]
    breaks = [one.start() for one in _PARAGRAPH.finditer(text)]
    stretches: dict[int, list[_Token]] = {}
    for token in sorted(tokens, key=lambda one: one.at):
        stretches.setdefault(bisect(breaks, token.at), []).append(token)
    apart: list[_Token] = []
    for stretch in stretches.values():
        if any(one.said for one in stretch) and any(one.item for one in stretch):
            _bind(stretch, found)
        else:
            apart += stretch  # addresses in one paragraph, and what is said of them in the next
    _bind(apart, found)
    return found


def _stand_together(text: str, here: Sequence[Place]) -> bool:
    """Is what a sentence says about all its addresses: one, or a mere list of them?"""
    return all(_AND.fullmatch(text, one[1], other[0]) or one[2] == other[2] for one, other in pairwise(here))


def _bind(stretch: Sequence[_Token], found: dict[str, list[Said]]) -> None:
    """Lead what is said to the addresses of this stretch: downwards from a heading, else upwards."""
    items = [number for number, one in enumerate(stretch) if one.item]
    decided = [number for number, one in enumerate(stretch) if one.decides]
    if not items:
        return
    opens = bool(decided) and decided[0] < items[0]
    is_headed = any(one.heads for one in stretch)
    if opens and not is_headed:
        if decided[-1] > items[-1] and len({one.said[0] for one in stretch if one.said and one.decides}) > 1:
            return  # a preamble, or headings and an end: nobody knows
        is_headed = decided[-1] < items[-1]
    else:
        opens = False
    heading: list[Said] = []
    above: list[str] = []
    before: _Token | None = None
    for one in stretch:
        if one.said is None:
            if before is not None and before.said is not None:
                above = []
            above.append(one.item)
            if not one.is_told:
                found.setdefault(one.item, []).extend(heading)
        elif one.heads or (opens and is_headed and one.decides):
            heading = [*heading, one.said] if before is not None and before.said in heading else [one.said]
            above = []
        else:
            for item in above:
                found.setdefault(item, []).append(one.said)
            if one.decides and above:
                heading = []
        before = one


def _redress(text: str, *, at: datetime) -> date | None:
    """Until when one may complain: a date in a sentence that speaks of it, or six months from the decision."""
    for start, end in sentences(text):
        words = text[start:end]
        if _REDRESS.search(words):
            named = _day(words)
            if named is not None and named >= at.date():
                return named
            if _SIX_MONTHS.search(words):
                return months_later(at.date(), 6)
    return None


def _day(words: str) -> date | None:
    if iso := _ISO.search(words):
        year, month, day = map(int, iso.groups())
    elif written := _WRITTEN.search(words):
        day, month, year = int(written[1]), _MONTH[written[2].lower()], int(written[3])
    elif american := _AMERICAN.search(words):
        month, day, year = _MONTH[american[1].lower()], int(american[2]), int(american[3])
    else:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _reference(text: str) -> str:
    for found in _REFERENCE.finditer(text[:20_000]):
        if any(one.isdigit() for one in found.group(1)):
            return found.group(1)
    return ""
