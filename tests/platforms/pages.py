"""What a person sees of the simulator: the platforms, the notices, the mail."""

from aiohttp import web

from tests.platforms import markup, moments
from tests.platforms.behaviour import LATER, REFUSALS, Behaviour
from tests.platforms.content import moved
from tests.platforms.ledger import TAKES_DOWN, Notice
from tests.platforms.mailbox import Mail, text_of
from tests.platforms.markup import badge, link, table, text
from tests.platforms.world import World

SHOWN = 100
CHANNELS = {"http_api": "API", "email": "e-mail", "web_form": "form"}
KINDS = {"notice": "API", "mail": "e-mail", "form": "form"}
BY_HAND = ("removed", "refused", "disabled", "more_information", "not_found")


class Pages:
    """Answers `/`, `/notices` and `/mail`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def overview(self) -> web.Response:
        """All platforms and the last notices."""
        world = self._world
        now = world.clock()
        rows = []
        for one in self._platforms():
            decided = sum(notice.decided(now) for notice in world.ledger.of_platform(one.slug))
            taken = sum(world.counts[one.slug, kind] for kind in KINDS)
            rows.append(
                (
                    f"<strong>{text(one.name)}</strong><br>{link(f'/site/{one.host}/', one.host)}",
                    text(CHANNELS[one.channel]),
                    text(in_words(one)),
                    text(taken),
                    text(decided),
                    text(world.counts[one.slug, "turned_away"]),
                )
            )
        heads = ("Platform", "Reached by", "Manner", "Taken", "Decided", "Turned away")
        latest = list(reversed(world.ledger.notices.values()))[:8]
        return markup.page(
            "Platforms",
            table(heads, rows, "No platforms.")
            + "<h2>Last notices</h2>"
            + self._notices(latest)
            + f"<p>{link('/notices', 'All notices')}</p>",
            here="/",
        )

    def _platforms(self) -> list[Behaviour]:
        """Those that were described, and those that something came in for."""
        named = self._world.directory.named()
        known = {one.slug for one in named}
        seen = sorted({slug for slug, kind in self._world.counts if kind in KINDS} - known)
        return named + [self._world.directory.of(slug) for slug in seen[:SHOWN]]

    def notices(self) -> web.Response:
        """The last notices, with buttons to decide them by hand."""
        latest = list(reversed(self._world.ledger.notices.values()))[:SHOWN]
        return markup.page("Notices", self._notices(latest, by_hand=True), here="/notices")

    async def decide(self, request: web.BaseRequest) -> web.StreamResponse:
        """A person decided a notice on the page."""
        sent = await request.post()
        notice = self._world.ledger.notices.get(str(sent.get("notice", "")))
        outcome = str(sent.get("outcome", ""))
        if notice is None or outcome not in BY_HAND:
            return markup.page("No such notice", "<p>Nothing was decided.</p>", status=404)
        self._world.decide(notice, outcome)
        response = moved("/notices")
        response.set_status(303)
        return response

    def inbox(self) -> web.Response:
        """The mails that came in, and what platforms wrote back."""
        rows = [
            (
                link(f"/mail/{mail.number}", mail.parsed()["subject"] or "(no subject)"),
                text(", ".join(mail.recipients)),
                text(mail.sender),
                text(moments.clock(mail.at)),
            )
            for mail in reversed(self._world.mailbox.mails)
        ]
        answers = [
            (
                text(answer["subject"]),
                text(answer["from"]),
                f'<pre class="letter">{text(text_of(answer))}</pre>',
            )
            for answer in self._world.replies()
        ]
        return markup.page(
            "Mail",
            table(
                ("Subject", "To", "From", "Came"), rows, "No mail yet. What the helpline sends arrives here."
            )
            + "<h2>Written back</h2><p>Kept here and sent nowhere.</p>"
            + table(("Subject", "From", "Text"), answers, "No platform has written back yet."),
            here="/mail",
        )

    def mail(self, number: str) -> web.Response:
        """One mail to read."""
        mail = self._world.mailbox.find(int(number)) if number.isascii() and number.isdigit() else None
        if mail is None:
            return markup.page("No such mail", "<p>It was never here, or it was let go.</p>", status=404)
        return markup.page(str(mail.parsed()["subject"] or "(no subject)"), letter(mail), here="/mail")

    def _notices(self, notices: list[Notice], *, by_hand: bool = False) -> str:
        now = self._world.clock()
        rows = []
        for notice in notices:
            items = "".join(
                f"<li>{link(site_address(item.url), item.url)} {badge(notice.status(item, now)[0])}</li>"
                for item in notice.items
            )
            row = [
                text(self._world.directory.of(notice.slug).name),
                f"<code>{text(notice.reference)}</code><br>{text(KINDS[notice.channel])}",
                f'<ul class="items">{items}</ul>' if items else "No address in it.",
                text(moments.clock(notice.accepted_at)),
            ]
            if by_hand:
                row.append(decision_form(notice))
            rows.append(row)
        heads = ["Platform", "Reference", "Addresses", "Came"] + ["Decide now"] * by_hand
        return table(heads, rows, "No notice has come in yet.")


def letter(mail: Mail) -> str:
    """A mail with its headers."""
    headers = "".join(f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in mail.parsed().items())
    return f'<dl class="headers">{headers}</dl><pre class="letter">{text(text_of(mail.parsed()))}</pre>'


def decision_form(notice: Notice) -> str:
    """A choice and a button."""
    options = "".join(f'<option value="{one}">{one.replace("_", " ")}</option>' for one in BY_HAND)
    return (
        '<form class="decide" method="post" action="/notices">'
        f'<input type="hidden" name="notice" value="{text(notice.key)}">'
        f'<label><span class="unseen">Decision on {text(notice.reference)}</span>'
        f'<select name="outcome">{options}</select></label><button type="submit">Decide</button></form>'
    )


def site_address(url: str) -> str:
    """The simulator's own address of a page."""
    return "/site/" + url.partition("://")[2] if "://" in url else url


def in_words(one: Behaviour) -> str:
    """How a platform is, in a line."""
    if one.silent:
        return "Answers nothing at all."
    later = sum(share for name, share in one.answers.items() if name in LATER)
    refusing = sum(share for name, share in one.answers.items() if name in REFUSALS)
    odd = sum(one.answers.values()) - later - refusing - one.answers.get("accepted", 0)
    removing = 1 - sum(share for name, share in one.outcomes.items() if name not in TAKES_DOWN)
    least, most = one.decide_after
    if one.outcomes.get("never", 0) > 0.99:
        said = ["Never decides"]
    else:
        how_much = "everything" if removing > 0.99 else f"{removing:.0%}" if removing > 0.01 else "nothing"
        said = [f"Decides in {least:g}–{most:g} s", f"takes {how_much} down"]
    said += [f"{later:.0%} told to try later"] if later else []
    said += [f"{refusing:.0%} refused at the door"] if refusing else []
    said += [f"{odd:.0%} without a proper answer"] if odd > 0.001 else []
    return ", ".join(said) + "."
