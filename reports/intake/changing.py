"""A code that somebody said aloud is changed into one that only the young person knows, when they first come with it.

Nothing is different until they noted the new one: it waits in their own browser, and the one they came with still opens
this page, and no other. What they typed elsewhere with it waits here, and goes its way after.
"""

import hmac
import re

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from helpline.crypto import blind
from helpline.crypto.wrapping import WrongKey
from reports import actions, receipts
from reports import note as notes
from reports.bounds import bounded
from reports.intake import keep
from reports.locked import CHANGE_CODE as HERE
from reports.locked import THEN, CodeForm, ask_for_code, open_note, typed_in
from reports.models import Report
from reports.note import Note
from reports.voice import speak_to, voice_of

FOLLOW = "/follow/"
AGAIN = "again"  # not "code": what is typed here opens nothing yet
OURS = frozenset({"which", "skip", f"{AGAIN}-code"})  # of this page's own form
GOES_ON = re.compile(r"/follow/(?!code/)[a-z]+/([0-9]+/)?")  # where what was typed may go


class AgainForm(CodeForm):
    """The new code once more, by whoever noted it."""

    prefix = AGAIN

    def compare(self, code: str) -> bool:
        """Is it the same? Else the form says what to look at."""
        if not self.is_valid():
            return False
        if receipts.read(self.cleaned_data["code"]) != code:
            self.add_error("code", _("Not quite the same yet. Compare each group with the code above."))
        return self.is_valid()


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
def change(request: HttpRequest) -> HttpResponse:
    """First why; then the new code, until it is noted."""
    note, tried = open_note(request)
    note = notes.settled(note) if note else None
    found = notes.report_of(note) if note else None
    if note is None or found is None:
        return ask_for_code(request, tried)
    report, _box = found
    if not report.code_said_aloud:
        return notes.keep(_onward(request), note.with_fresh(""))
    speak_to(voice_of(report.who))
    if request.method == "POST":
        return _posted(request, report, note)
    if note.fresh:
        return _show(request, note, AgainForm(auto_id="f-%s"))
    return notes.keep(render(request, "reports/code_said.html"), note)


def _posted(request: HttpRequest, report: Report, note: Note) -> HttpResponse:
    # Another tab may have made another code since: only the one that was on this page is taken for noted.
    is_shown = hmac.compare_digest(request.POST.get("which", "").encode(), _mark(note).encode())
    if not note.fresh or not is_shown:
        note = note.with_fresh(note.fresh or receipts.new_code())
        if THEN in request.POST:
            return _show(request, note, AgainForm(auto_id="f-%s"))
        return notes.keep(redirect(HERE), note)
    form = AgainForm(request.POST, auto_id="f-%s")
    if "skip" not in request.POST and not form.compare(note.fresh):
        return _show(request, note, form)
    try:
        actions.change_code(report=report, code=note.code, fresh=note.fresh, at=timezone.now())
    except WrongKey:  # erased, or changed elsewhere with the same code, since it was looked up
        return ask_for_code(request)
    return notes.keep(_onward(request), note.after_change())


def _onward(request: HttpRequest) -> HttpResponse:
    """To their page; or, where something waited, it is sent by the browser as it would have been."""
    then = request.POST.get(THEN, "")
    return redirect(then, preserve_request=True) if GOES_ON.fullmatch(then) else redirect(FOLLOW)


def _show(request: HttpRequest, note: Note, form: AgainForm) -> HttpResponse:
    typed = typed_in(request, but=OURS)
    context = {"form": form, "which": _mark(note), "typed": typed, **keep.ways(note)}
    return notes.keep(render(request, "reports/code_own.html", context), note)


def _mark(note: Note) -> str:
    """What a form carries to say which code was on its page."""
    return (blind.index("fresh code", note.fresh) or b"").hex()[:32]
