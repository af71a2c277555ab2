"""One question a page, and the pages at the end. Each loads, makes one call, and answers."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from helpline.crypto.box import Box
from helpline.web.context import danger_numbers, with_purpose
from reports import actions, receipts
from reports import note as notes
from reports.actions import Submission
from reports.bounds import bounded
from reports.intake import interview as interviews
from reports.intake.forms import QuestionForm, WhereForm, posted
from reports.intake.interview import NUMBERS, Interview
from reports.intake.questions import DEADLINE, QUESTIONS, Question
from reports.locked import CodeForm, ask_for_code, open_note
from reports.models import Draft
from reports.note import Kind, Note

AUTO_ID = "f-%s"
START = "/report/"
HELP_NOW = "/report/now/"
REVIEW = "/report/review/"
CODE = "/report/code/"
FOLLOW = "/follow/"


@dataclass(slots=True)
class Desk:
    """What is being written in this browser: nothing yet (`draft` None), or an open draft."""

    interview: Interview
    note: Note | None = None
    draft: Draft | None = None
    box: Box | None = None

    def save(self) -> Note:
        """Keep the answers; the first time, under a new code. Returns the note for the browser."""
        at, language = timezone.now(), get_language() or ""
        answers = self.interview.as_json()
        if self.draft and self.box and self.note:
            actions.save_draft(draft=self.draft, box=self.box, answers=answers, language=language, at=at)
            return self.note
        code = receipts.new_code()
        draft = actions.start_draft(language=language, code=code, answers=answers, at=at)
        self.note = Note(draft.pk, code, Kind.DRAFT)
        return self.note

    def send(self, submission: Submission, *, at: datetime) -> Note:
        """Make a report of it, once. Returns the note for the browser. Raises DraftGone."""
        if self.note is None:
            raise actions.DraftGone
        note = self.note
        report = actions.submit_draft(draft_id=note.id, code=note.code, submission=submission, at=at)
        return Note(report.pk, note.code, Kind.REPORT)


def _open(note: Note | None) -> Desk | None:
    """The desk of a draft's note; None when there is no note, or no draft behind it any more."""
    found = notes.draft_of(note) if note and not note.is_report else None
    if not found:
        return None
    draft, box = found
    return Desk(Interview.from_json(box.open_json(draft, "answers")), note, draft, box)


def _address(question: Question | None) -> str:
    return f"/report/{NUMBERS[question.name]}/" if question else REVIEW


def _sent_already(note: Note) -> HttpResponse | None:
    """Where the note of something that is sent belongs; None when it is not."""
    if note.is_report:
        return notes.keep(redirect(FOLLOW if note.shown else CODE), note)
    if notes.report_of(note):
        return notes.keep(redirect(CODE), Note(note.id, note.code, Kind.REPORT))
    return None


def _at_desk(request: HttpRequest, *, may_start_again: bool = False) -> Desk | HttpResponse:
    """What is open in this browser, or behind the code that was just typed; else the page to show instead."""
    note, form = open_note(request)
    desk = _open(note)
    if desk is not None:
        return desk
    if note and (elsewhere := _sent_already(note)):
        return elsewhere
    return ask_for_code(request, form, may_start_again=may_start_again)


# --- questions ----------------------------------------------------------------------------------------


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
def start(request: HttpRequest) -> HttpResponse:
    """The first question, or where it was left. `?start=threat` begins with the card."""
    note, form = open_note(request)
    if note is None and (form or (request.method == "POST" and notes.read(request))):
        return ask_for_code(request, form)
    if note and note.is_report:
        if request.method == "POST":
            return notes.forget(redirect(START))
        return notes.keep(render(request, "reports/sent_before.html"), note)
    desk = _open(note)
    if desk is None and note and (elsewhere := _sent_already(note)):
        return elsewhere
    wants_card = request.GET.get("start") == "threat"
    if desk is None:
        desk = Desk(Interview())
        if wants_card:
            desk.interview.begin_with_threat()
        return _ask(request, desk, desk.interview.path()[0])
    if wants_card and DEADLINE.name not in desk.interview.answers:
        desk.interview.begin_with_threat()
        return _ask(request, desk, DEADLINE)
    return _and_keep(redirect(_address(desk.interview.next())), desk)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
def question(request: HttpRequest, number: int) -> HttpResponse:
    """One question: shown, answered, skipped, or left for later."""
    if not 1 <= number <= len(QUESTIONS):
        raise Http404
    asked = QUESTIONS[number - 1]
    if _begins(request, asked):
        notes.make_for(request, None)
        return _answer(request, Desk(Interview()), asked)
    desk = _at_desk(request, may_start_again=True)
    if isinstance(desk, HttpResponse):
        return desk
    if request.method == "POST":
        return _answer(request, desk, asked)
    if asked not in desk.interview.path():
        return _and_keep(redirect(_address(desk.interview.next())), desk)
    return _ask(request, desk, asked)


def _begins(request: HttpRequest, asked: Question) -> bool:
    """Is this the first answer of a new report, or any answer of somebody who lost the code of the old one?"""
    note = notes.read(request)
    if request.method != "POST" or (note and notes.is_for(request, note)):
        return False
    first = DEADLINE if request.POST.get("start") == "threat" else QUESTIONS[0]
    return "fresh" in request.POST or (note is None and asked is first and "code" not in request.POST)


def _answer(request: HttpRequest, desk: Desk, asked: Question) -> HttpResponse:
    interview = desk.interview
    if request.POST.get("start") == "threat":
        interview.begin_with_threat()
    form = _form(desk, asked, request)
    if "look" in request.POST and isinstance(form, WhereForm):
        return _look(request, desk, asked, form)
    if "skip" in request.POST or "finish" in request.POST:
        if asked.is_skippable:
            interview.keep(asked, {})
            interview.to_the_end = interview.to_the_end or "finish" in request.POST
    elif form.is_valid():
        answer = form.answer(timezone.now())
        if any(answer.values()) or "save" not in request.POST:
            interview.keep(asked, answer)
    elif "save" in request.POST:
        interview.keep_unfinished(asked, dict(posted(form)))
    else:
        return _ask(request, desk, asked, form)
    try:
        desk.save()
    except actions.DraftGone:
        return ask_for_code(request, may_start_again=True)
    if "save" in request.POST:
        return _and_keep(redirect(CODE), desk)
    if interview.is_urgent and asked.name == "safety":
        return _and_keep(redirect(HELP_NOW), desk)
    return _and_keep(redirect(_address(interview.next())), desk)


def _form(desk: Desk, asked: Question, request: HttpRequest | None = None) -> QuestionForm:
    interview = desk.interview
    return asked.form(
        request.POST if request else None,
        voice=interview.voice,
        earlier=interview.earlier(asked),
        heading=asked.heading.to(interview.voice),
    )


def _ask(request: HttpRequest, desk: Desk, asked: Question, form: QuestionForm | None = None) -> HttpResponse:
    interview, voice = desk.interview, desk.interview.voice
    step, steps = interview.step(asked)
    before = interview.before(asked)
    form = form or _form(desk, asked)
    context = {
        "form": form,
        "action": _address(asked),
        "heading": asked.heading.to(voice),
        "lead": asked.lead.to(voice) if asked.lead else "",
        "why": asked.why.to(voice),
        "hide_label": form.hides_label,
        "step": step,
        "steps": steps,
        "back_url": _address(before) if before else "/",
        "can_skip": asked.is_skippable,
        "can_save": True,
        "is_threat": interview.threat_first and asked is DEADLINE,
        "places": form.places()
        if isinstance(form, WhereForm) and form.is_bound and not form.errors
        else None,
    }
    return _and_keep(render(request, asked.template, context), desk)


def _look(request: HttpRequest, desk: Desk, asked: Question, form: WhereForm) -> HttpResponse:
    """What we recognise so far: a part of the page for the script, the whole page without it."""
    form.is_valid()
    if request.headers.get("X-Part"):
        context = {"places": form.places(), "error": form.sentence()}
        return _and_keep(render(request, "reports/_found.html", context), desk)
    return _ask(request, desk, asked, form)


def _and_keep(response: HttpResponse, desk: Desk) -> HttpResponse:
    return notes.keep(response, desk.note) if desk.note else response


# --- help first ---------------------------------------------------------------------------------------


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
def help_now(request: HttpRequest) -> HttpResponse:
    """For someone in danger: the numbers, large. What is written so far can be sent from here at once."""
    if request.method == "POST":
        desk = _at_desk(request)
        return desk if isinstance(desk, HttpResponse) else _send(request, desk)
    opened = _open(notes.read(request))
    interview = opened.interview if opened else Interview()
    more = with_purpose(settings.MORE_DANGER_NUMBERS)
    numbers = [*more, *danger_numbers()] if interview.speaks_of_self_harm else [*danger_numbers(), *more]
    context = {"can_send": opened is not None, "voice": interview.voice, "numbers": numbers}
    response = render(request, "reports/help_now.html", context)
    return _and_keep(response, opened) if opened else response


# --- the end ------------------------------------------------------------------------------------------


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
def review(request: HttpRequest) -> HttpResponse:
    """Everything once more, each with a way to change it; then it is sent."""
    desk = _at_desk(request)
    if isinstance(desk, HttpResponse):
        return desk
    interview = desk.interview
    if "save" in request.POST:
        return _and_keep(redirect(CODE), desk)
    missing = interview.next()
    if missing:
        return _and_keep(redirect(_address(missing)), desk)
    if request.method == "POST":
        return _send(request, desk)
    context = {"rows": interviews.rows(interview), "back_url": _address(interview.path()[-1])}
    return _and_keep(render(request, "reports/review.html", context), desk)


def _send(request: HttpRequest, desk: Desk) -> HttpResponse:
    at, language = timezone.now(), get_language() or ""
    submission = interviews.submission_of(desk.interview, language=language)
    try:
        report = desk.send(submission, at=at)
    except actions.DraftGone:
        return ask_for_code(request)
    return notes.keep(redirect(CODE), report)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
def code(request: HttpRequest) -> HttpResponse:
    """The code, to be kept. Of a report it is shown until it was noted, then never again."""
    note, tried = open_note(request)
    if note is None:
        return ask_for_code(request, tried) if notes.read(request) else redirect(FOLLOW)
    if not note.is_report:
        context = {"code": receipts.grouped(note.code), "days": actions.DRAFT_LIFE.days}
        return notes.keep(render(request, "reports/code_draft.html", context), note)
    if note.shown:  # or typed just now
        return notes.keep(redirect(FOLLOW), note)
    form = CodeForm(auto_id=AUTO_ID)
    form.fields["code"].required = False
    if request.method == "POST":
        form = CodeForm(request.POST, auto_id=AUTO_ID)
        form.fields["code"].required = False
        if "skip" in request.POST or _is_noted(form, note):
            return notes.keep(redirect(FOLLOW), note.with_code_shown())
    context = {"form": form, "code": receipts.grouped(note.code)}
    return notes.keep(render(request, "reports/code.html", context), note)


def _is_noted(form: CodeForm, note: Note) -> bool:
    """Did they type their own code? Nothing typed is fine, too."""
    if not form.is_valid():
        return False
    typed = form.cleaned_data["code"]
    try:
        fits = not typed or receipts.normalise(typed) == note.code
    except receipts.MalformedCode:
        fits = False
    if not fits:
        form.add_error("code", _("Not quite the same yet. Compare each group with the code above."))
    return fits
