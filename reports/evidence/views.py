"""One page for screenshots, of what is being written and of what was sent."""

import time
from dataclasses import replace
from http import HTTPStatus
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from helpline.crypto.wrapping import WrongKey
from helpline.web.flood import address_of
from reports import crowd
from reports import note as notes
from reports.bounds import WRITING
from reports.evidence import actions
from reports.evidence.forms import PictureForm
from reports.evidence.sanitise import Refused, sanitise
from reports.evidence.upload import FIELD, is_by_script, with_a_picture
from reports.locked import CHANGE_CODE, ask_for_code, open_note
from reports.models import Draft, Report
from reports.note import Kind, Note
from reports.states import Picture
from reports.voice import speak_to, voice_of

PICTURES = "/report/pictures/"
START = "/report/"
FOLLOW = "/follow/"
ADDED, REMOVED = "1", "2"


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@with_a_picture
def pictures(request: HttpRequest) -> HttpResponse:
    """Add a screenshot, or take one back."""
    if not settings.EVIDENCE_ENABLED:
        raise Http404
    note, typed = open_note(request)
    opened = _owner(note) if note else None
    if opened is None:
        return _locked(request) if is_by_script(request) else ask_for_code(request, typed)
    note, owner = opened
    if isinstance(owner, Report):
        speak_to(voice_of(owner.who))
        if owner.code_said_aloud:
            return _change_first(request, note)
    if request.method != "POST":
        answer = _page(request, owner, PictureForm(auto_id="f-%s"))
    elif "remove" in request.POST:
        answer = _remove(request, owner)
    elif typed is not None and FIELD not in request.FILES:
        answer = redirect(PICTURES)  # only the code was typed: the picture stayed on the page before
    else:
        try:
            answer = _add(request, owner, note.code)
        except WrongKey:  # erased, or sent from another tab, since it was looked up
            return _locked(request) if is_by_script(request) else ask_for_code(request)
    return notes.keep(answer, note)


def _owner(note: Note) -> tuple[Note, Draft | Report] | None:
    """What is open, with a note that says what it is by now."""
    if found := notes.report_of(note):
        return replace(note, kind=Kind.REPORT), found[0]
    draft = None if note.is_report else notes.draft_of(note)
    return (note, draft[0]) if draft else None


def _add(request: HttpRequest, owner: Draft | Report, code: str) -> HttpResponse:
    form = PictureForm(request.POST, auto_id="f-%s")
    if not form.is_valid():
        return _not_taken(request, owner, form)
    file = request.FILES.get(FIELD)
    if not isinstance(file, UploadedFile):
        return _not_taken(request, owner, form, _("Choose a screenshot first."))
    if not crowd.has_room_for_pictures(request):
        said = _("We cannot take screenshots right now. Everything else works. Try again in a few minutes.")
        return _not_taken(request, owner, form, said, status=HTTPStatus.TOO_MANY_REQUESTS)
    WRITING.count(address_of(request), now=time.monotonic())
    try:
        actions.check_room(owner)  # before the work of making it anew
        clean = sanitise(file.read())
        what = Picture(form.cleaned_data["what"])
        actions.add_evidence(owner=owner, code=code, what=what, clean=clean, at=timezone.now())
    except (Refused, actions.TooManyPictures, actions.NotBeforeSending, actions.WasDestroyed) as no:
        return _not_taken(request, owner, form, str(no.sentence))
    return _done(request, ADDED)


def _remove(request: HttpRequest, owner: Draft | Report) -> HttpResponse:
    try:
        chosen = actions.of(owner).filter(pk=UUID(request.POST["remove"])).first()
    except ValueError:
        chosen = None
    if chosen is not None:
        actions.remove_evidence(evidence=chosen, at=timezone.now())
    return _done(request, REMOVED)


def _done(request: HttpRequest, what: str) -> HttpResponse:
    address = f"{PICTURES}?done={what}"
    return JsonResponse({"go": address}) if is_by_script(request) else redirect(address)


def _not_taken(
    request: HttpRequest,
    owner: Draft | Report,
    form: PictureForm,
    said: str = "",
    *,
    status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY,
) -> HttpResponse:
    """Say why, and keep what was chosen."""
    if said:
        form.add_error(None, said)
    if is_by_script(request):
        sentences = [str(one) for errors in form.errors.values() for one in errors]
        return JsonResponse({"error": " ".join(sentences)}, status=status)
    shown = HTTPStatus.OK if status == HTTPStatus.UNPROCESSABLE_ENTITY else status
    return _page(request, owner, form, status=shown)


def _locked(request: HttpRequest) -> HttpResponse:
    """For the script: nothing is open any more. The picture waits on the page meanwhile."""
    said = _(
        "You were away for a while, so we closed your notes on this device. "
        "Open them in another tab with your code, then send this screenshot once more."
    )
    return JsonResponse({"error": said}, status=HTTPStatus.CONFLICT)


def _change_first(request: HttpRequest, note: Note) -> HttpResponse:
    """The code was said aloud: first they take their own. A file can't wait on the page that changes it."""
    if not is_by_script(request):
        return notes.keep(redirect(CHANGE_CODE), note)
    said = _(
        "First take a code that only you know. Open your page in another tab, then send this screenshot."
    )
    return notes.keep(JsonResponse({"error": said}, status=HTTPStatus.CONFLICT), note)


def _no_room(owner: Draft | Report) -> str:
    """Said before somebody covers a screenshot that could not be taken."""
    try:
        actions.check_room(owner)
    except actions.NotBeforeSending as no:
        return str(no.sentence)
    return ""


def _page(
    request: HttpRequest, owner: Draft | Report, form: PictureForm, *, status: HTTPStatus = HTTPStatus.OK
) -> HttpResponse:
    added = list(actions.of(owner))
    context = {
        "form": form,
        "added": added,
        "is_full": sum(one.destroyed_at is None for one in added) >= settings.EVIDENCE_MOST,
        "no_room": _no_room(owner),
        "most": settings.EVIDENCE_MOST,
        "most_bytes": settings.EVIDENCE_MAX_BYTES,
        "most_pixels": settings.EVIDENCE_MAX_PIXELS,
        "go_on": START if Draft.objects.filter(pk=owner.pk).exists() else FOLLOW,
        "done": request.GET.get("done", ""),
    }
    return render(request, "reports/pictures.html", context, status=status)
