"""A platform's reporting form, filled in by a person: text in, reference number out."""

from aiohttp import web

from tests.platforms import markup
from tests.platforms.behaviour import BadBehaviour, Behaviour
from tests.platforms.content import moved
from tests.platforms.journal import fingerprint
from tests.platforms.mailbox import addresses_in
from tests.platforms.smtp import is_page
from tests.platforms.world import World, items_of

LONGEST = 50_000


class Forms:
    """Answers `/forms`, `/forms/<slug>` and `/forms/<slug>/<reference>`."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def answer(self, request: web.BaseRequest, rest: str) -> web.StreamResponse:
        """`rest` is the path after `/forms/`."""
        slug, _, reference = rest.strip("/").partition("/")
        if not slug:
            return self._all()
        try:
            behaviour = self._world.directory.of(slug)
        except BadBehaviour as error:
            return markup.page("No such platform", f"<p>{markup.text(error)}</p>", status=404)
        if reference:
            return self._filed(behaviour, reference)
        return await self._file(request, behaviour) if request.method == "POST" else form(behaviour)

    async def _file(self, request: web.BaseRequest, behaviour: Behaviour) -> web.StreamResponse:
        try:
            sent = await request.post()
        except web.HTTPRequestEntityTooLarge:
            return form(behaviour, "", "That is too long for this form.")
        words = str(sent.get("text", "")).strip()
        if not words or len(words) > LONGEST:
            return form(behaviour, words, "Please tell us what to look at, in up to 50,000 characters.")
        body = words.encode(errors="surrogatepass")
        notice = self._world.take(
            "form",
            behaviour,
            notice_id=f"form-{fingerprint(body)[:24]}",
            items=items_of(
                behaviour.slug, [one for one in addresses_in(words, behaviour.host) if is_page(one)]
            ),
            body=body,
        )
        response = moved(f"/forms/{behaviour.slug}/{notice.reference}")
        response.set_status(303)
        return response

    def _filed(self, behaviour: Behaviour, reference: str) -> web.Response:
        found = (one for one in self._world.ledger.of_platform(behaviour.slug) if one.reference == reference)
        notice = next(found, None)
        if notice is None:
            return markup.page("No such report", "<p>Nothing was filed under this number.</p>", status=404)
        count = len(notice.items)
        looked = "one address" if count == 1 else f"{count} addresses"
        return markup.page(
            "Thank you, we have your report",
            f'<p>Your reference number is</p><p class="reference">{markup.text(notice.reference)}</p>'
            f"<p>We found {looked} in what you wrote.</p>"
            f"<p>{markup.link(f'/forms/{behaviour.slug}', 'File another')}</p>",
            here="/forms",
        )

    def _all(self) -> web.Response:
        rows = [
            (markup.link(f"/forms/{one.slug}", one.name), markup.text(one.host))
            for one in self._world.directory.named()
        ]
        note = "<p>Every other platform has one too: <code>/forms/&lt;its slug&gt;</code>.</p>"
        return markup.page(
            "Reporting forms", markup.table(("Platform", "Host"), rows, "") + note, here="/forms"
        )


def form(behaviour: Behaviour, words: str = "", error: str = "") -> web.Response:
    """The form; with a sentence that says what to mend, and what was typed."""
    mend = f'<p class="error" id="mend" role="alert">{markup.text(error)}</p>' if error else ""
    described = ' aria-describedby="mend" aria-invalid="true"' if error else ""
    return markup.page(
        f"Report something to {behaviour.name}",
        f'<form method="post" action="/forms/{behaviour.slug}">{mend}'
        '<p><label for="email">Your e-mail address (you may leave it out)</label>'
        '<input id="email" name="email" type="email" autocomplete="off"></p>'
        '<p><label for="text">What should we look at? Paste every address, and why it should go.</label>'
        f'<textarea id="text" name="text" rows="12"{described}>{markup.text(words)}</textarea></p>'
        '<p><button type="submit">Send the report</button></p></form>',
        here="/forms",
        status=422 if error else 200,
    )
