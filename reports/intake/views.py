"""One question a page, and the pages at the end. Each loads, makes one call, and answers."""

from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from helpline.crypto.box import Box
from helpline.web import kept
from helpline.web.context import DangerNumber, danger_numbers
from helpline.web.language import spoken
from reports import actions, crowd, receipts
from reports import note as notes
from reports.actions import Submission
from reports.bounds import bounded, in_turn
from reports.intake import interview as interviews
from reports.intake import keep
from reports.intake.forms import QuestionForm, WhereForm, posted
from reports.intake.interview import NUMBERS, Interview
from reports.intake.questions import DEADLINE, QUESTIONS, SAFETY, SCHOOL, SCREENSHOTS, Question
from reports.locked import CodeForm, ask_for_code, open_note
from reports.models import Draft, Evidence, Report
from reports.note import Kind, Note
from reports.states import Circumstance, Safety
from reports.voice import Voice, speak_to, voice_of

AUTO_ID = "f-%s"
START = "/report/"
HELP_NOW = "/report/now/"
REVIEW = "/report/review/"
CODE = "/report/code/"
FOLLOW = "/follow/"
SKIPS = frozenset({"skip", "finish"})


@dataclass(slots=True)
class Desk:
    """What is being written in this browser: nothing yet (`draft` None), or an open draft."""

    interview: Interview
    note: Note | None = None
    draft: Draft | None = None
    box: Box | None = None
    told: Submission | None = None  # of somebody who was raised: what our team has already

    def save(self) -> None:
        """Keep the answers; the first time, under a new code. Whoever is in danger is raised at once. Raises DraftGone."""
        at, language = timezone.now(), spoken()
        interview = self.interview
        interview.is_raised = interview.is_raised or interview.is_urgent
        answers = interview.as_json()
        if self.draft and self.box:
            actions.save_draft(draft=self.draft, box=self.box, answers=answers, language=language, at=at)
        else:
            code = receipts.new_code()
            draft = actions.start_draft(language=language, code=code, answers=answers, at=at)
            self.note = Note(draft.pk, code, Kind.DRAFT)
        if interview.is_raised:
            self.send(is_complete=False)

    def send(self, *, is_complete: bool = True) -> Note:
        """Make a report of it, once. Returns the note for the browser. Raises DraftGone."""
        if self.note is None:
            raise actions.DraftGone
        report = actions.submit_draft(
            draft_id=self.note.id,
            code=self.note.code,
            submission=interviews.submission_of(self.interview, language=spoken()),
            at=timezone.now(),
            before=self.told,
            is_complete=is_complete,
        )
        return Note(report.pk, self.note.code, Kind.REPORT)


def _open(note: Note | None, *, lock: bool = False) -> Desk | None:
    """The desk of a draft's note; None when there is no note, or no draft behind it any more."""
    found = notes.draft_of(note, lock=lock) if note else None
    if not found:
        return None
    draft, box = found
    interview = Interview.from_json(box.open_json(draft, "answers"))
    speak_to(interview.voice)
    told = interviews.submission_of(interview, language=draft.language) if interview.is_raised else None
    return Desk(interview, note, draft, box, told)


def _speak_to_sender(note: Note) -> Report | None:
    """In the register of whoever sent this report, which is returned."""
    found = notes.report_of(note)
    if found is None:
        return None
    speak_to(voice_of(found[0].who))
    return found[0]


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
    """What is open in this browser, or behind the code that was just typed; else the page to show instead.

    A form holds its draft until it is answered, inside the caller's transaction: two tabs of one draft answer one after
    the other, and neither undoes the other.
    """
    note, form = open_note(request)
    desk = _open(note, lock=request.method == "POST")
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
    desk = _open(note)
    if desk is None and note and note.is_report:
        if request.method == "POST":
            return notes.forget(redirect(START))
        _speak_to_sender(note)
        return notes.keep(render(request, "reports/sent_before.html"), note)
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
@in_turn
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
        return _raise_late(request, asked) or desk
    if request.method == "POST":
        return _answer(request, desk, asked)
    if asked not in desk.interview.path():
        return _and_keep(redirect(_address(desk.interview.next())), desk)
    return _ask(request, desk, asked)


def _raise_late(request: HttpRequest, asked: Question) -> HttpResponse | None:
    """Danger, answered in a tab that was left open after everything was sent: it is heard all the same."""
    note, _form = open_note(request)
    found = notes.report_of(note) if note and request.method == "POST" and asked is SAFETY else None
    form = asked.form(request.POST, voice=voice_of(found[0].who)) if found else None
    if note is None or found is None or form is None or not form.is_valid():
        return None
    safety = Safety(form.cleaned_data["safety"])
    if not safety.is_urgent:
        return None
    danger = [Circumstance(safety.value)]
    actions.add_circumstances(report=found[0], circumstances=danger, at=timezone.now())
    return notes.keep(redirect(HELP_NOW), note)


def _begins(request: HttpRequest, asked: Question) -> bool:
    """Is this the first answer of a new report, or any answer of somebody who lost the code of the old one?"""
    note = notes.read(request)
    if request.method != "POST" or (note and notes.is_for(request, note)):
        return False
    first = DEADLINE if request.POST.get("start") == "threat" else QUESTIONS[0]
    is_new = note is None and asked is first and not {"code", notes.FIELD} & set(request.POST)
    return "fresh" in request.POST or is_new


def _answer(request: HttpRequest, desk: Desk, asked: Question) -> HttpResponse:
    interview = desk.interview
    if request.POST.get("start") == "threat":
        interview.begin_with_threat()
    form = _form(desk, asked, request)
    if "look" in request.POST and isinstance(form, WhereForm):
        return _look(request, desk, asked, form)
    is_valid = form.is_valid()
    is_left_out = asked.is_skippable and not SKIPS.isdisjoint(request.POST)
    if is_left_out and not (is_valid and "finish" in request.POST and any(form.cleaned_data.values())):
        interview.keep(asked, interview.answers.get(asked.name, {}))  # what was said before stays said
    elif is_valid:
        answer = form.answer(timezone.now())
        if any(answer.values()) or "save" not in request.POST:
            interview.keep(asked, answer)
    elif "save" in request.POST:
        interview.keep_unfinished(asked, dict(posted(form)))
    elif asked in interview.path():
        return _ask(request, desk, asked, form)
    else:  # another tab changed the way meanwhile
        return _and_keep(redirect(_address(interview.next())), desk)
    if desk.draft is None and (held := crowd.hold(request)):
        return held
    interview.to_the_end = interview.to_the_end or "finish" in request.POST
    desk.save()
    if "save" in request.POST:
        return _and_keep(redirect(CODE), desk)
    if interview.is_urgent and asked is SAFETY:
        return _and_keep(redirect(HELP_NOW), desk)
    return _and_keep(redirect(_address(interview.next())), desk)


def _child_number(interview: Interview, *answered: Question) -> DangerNumber | None:
    """Whom to call when what was answered there is a matter for those who protect children."""
    if not interview.calls_for_protection(*answered):
        return None
    return next((one for one in danger_numbers() if one.number == settings.CHILD_DANGER_NUMBER), None)


def _form(desk: Desk, asked: Question, request: HttpRequest | None = None) -> QuestionForm:
    interview = desk.interview
    return asked.form(
        request.POST if request else None,
        voice=interview.voice,
        earlier=interview.earlier(asked),
        heading=asked.heading.to(interview.voice),
    )


def _ask(request: HttpRequest, desk: Desk, asked: Question, form: QuestionForm | None = None) -> HttpResponse:
    interview = desk.interview
    speak_to(interview.voice)
    step, steps = interview.step(asked)
    before = interview.before(asked)
    is_enough = interview.is_enough(asked) and not interview.to_the_end
    way = {
        "step": step,
        "steps": steps,
        "back_url": _address(before) if before else "/",
        "is_enough": is_enough,
        "can_finish": is_enough and not asked.is_extra,
        "is_threat": interview.threat_first and asked is DEADLINE,
        "can_send": desk.draft is not None and interview.has_just_told_the_demand(asked),
        "child_number": _child_number(interview, *filter(None, [before])),
        "screenshots": _screenshots(desk) if asked is SCREENSHOTS else 0,
    }

    def context() -> dict[str, Any]:
        shown = form or _form(desk, asked)
        return way | _said(asked, interview.voice) | _found(shown) | {"form": shown}

    if form is not None or interview.earlier(asked) or crowd.is_near(request):
        response = render(request, asked.template, context())
    else:
        key = (asked.name, interview.voice, *way.values())
        mark = notes.mark_of(request)
        # With a first question, nothing is open that a form could be about.
        holes = {"whose_mark": mark} if mark else {}
        response = kept.page(request, asked.template, context, key=(*key, bool(mark)), holes=holes)
    return _and_keep(response, desk)


def _said(asked: Question, voice: Voice) -> dict[str, Any]:
    """What a question says, whatever was answered."""
    return {
        "action": _address(asked),
        "heading": asked.heading.to(voice),
        "lead": asked.lead.to(voice) if asked.lead else "",
        "why": asked.why.to(voice),
        "hide_label": asked.form.hides_label,
        "can_skip": asked.is_skippable,
        "is_extra": asked.is_extra,
        "can_save": True,
    }


def _found(form: QuestionForm) -> dict[str, Any]:
    """What was recognised in the places so far."""
    if not isinstance(form, WhereForm) or not form.is_bound or form.errors:
        return {}
    return {"places": form.places(), "words": form.has_words()}


def _look(request: HttpRequest, desk: Desk, asked: Question, form: WhereForm) -> HttpResponse:
    """What we recognise so far: a part of the page for the script, the whole page without it."""
    form.is_valid()
    if request.headers.get("X-Part"):
        context = {"places": form.places(), "words": form.has_words(), "error": form.sentence()}
        return _and_keep(render(request, "reports/_found.html", context), desk)
    return _ask(request, desk, asked, form)


def _and_keep(response: HttpResponse, desk: Desk) -> HttpResponse:
    return notes.keep(response, desk.note) if desk.note else response


# --- help first ---------------------------------------------------------------------------------------


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
@in_turn
def help_now(request: HttpRequest) -> HttpResponse:
    """For someone in danger: the numbers, large. What is written so far can be sent from here at once."""
    if request.method == "POST":
        desk = _at_desk(request)
        if isinstance(desk, HttpResponse):
            return desk
        # Who was raised may go on answering later: nothing is closed by stopping here.
        return _and_keep(redirect(CODE), desk) if desk.interview.is_raised else _send(request, desk)
    note = notes.read(request)
    opened = _open(note)
    interview = opened.interview if opened else Interview()
    first = settings.DARK_THOUGHTS_NUMBER if interview.speaks_of_self_harm else ""
    context = {
        "can_send": opened is not None,
        "is_raised": interview.is_raised,
        "code": receipts.grouped(note.code) if note and interview.is_raised and not note.shown else "",
        "is_sent": bool(note and opened is None and notes.report_of(note)),
        "voice": interview.voice,
        "numbers": danger_numbers(first=first),
    }
    response = render(request, "reports/help_now.html", context)
    return _and_keep(response, opened) if opened else response


# --- the end ------------------------------------------------------------------------------------------


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
@in_turn
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
    rows = _rows(desk)
    context = {
        "rows": rows,
        "open_rows": [row for row in rows if not row.lines],
        "back_url": _address(interview.last()),
        "is_raised": interview.is_raised,
        "is_under_threat": interview.is_under_threat,
        "child_number": _child_number(interview, *QUESTIONS),
        "school": None if interview.answers.get(SCHOOL.name) else NUMBERS[SCHOOL.name],
    }
    return _and_keep(render(request, "reports/review.html", context), desk)


def _screenshots(desk: Desk) -> int:
    """How many there are: they are no answer but rows of their own."""
    if desk.note is None:
        return 0
    return Evidence.objects.filter(Q(draft=desk.note.id) | Q(report=desk.note.id)).count()


def _rows(desk: Desk) -> list[interviews.Row]:
    rows = interviews.rows(desk.interview)
    if count := _screenshots(desk):
        line = ngettext("%(count)s screenshot", "%(count)s screenshots", count) % {"count": count}
        rows = [replace(row, lines=[line]) if row.question is SCREENSHOTS else row for row in rows]
    return rows


def _send(request: HttpRequest, desk: Desk) -> HttpResponse:
    if held := crowd.hold(request):
        return held
    try:
        return notes.keep(redirect(CODE), desk.send())
    except actions.DraftGone:
        return ask_for_code(request)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
def code(request: HttpRequest) -> HttpResponse:
    """The code, to be kept. Of a report it is shown until it was noted, then never again."""
    note, tried = open_note(request)
    if note is None:
        return ask_for_code(request, tried) if notes.read(request) else redirect(FOLLOW)
    if not note.is_report:
        desk = _open(note)
        is_raised = desk is not None and desk.interview.is_raised
        context = {**keep.ways(note), "days": actions.DRAFT_LIFE.days, "is_raised": is_raised}
        return notes.keep(render(request, "reports/code_draft.html", context), note)
    if note.shown:  # or typed just now
        return notes.keep(redirect(FOLLOW), note)
    report = _speak_to_sender(note)
    form = CodeForm(auto_id=AUTO_ID)
    form.fields["code"].required = False
    if request.method == "POST":
        form = CodeForm(request.POST, auto_id=AUTO_ID)
        form.fields["code"].required = False
        if "skip" in request.POST or _is_noted(form, note):
            return notes.keep(redirect(FOLLOW), note.with_code_shown())
    is_under_threat = report is not None and report.is_under_threat
    context = {"form": form, "is_under_threat": is_under_threat, **keep.ways(note)}
    return notes.keep(render(request, "reports/code.html", context), note)


def _is_noted(form: CodeForm, note: Note) -> bool:
    """Did they type their own code?"""
    if not form.is_valid():
        return False
    typed = form.cleaned_data["code"]
    if not typed:
        form.add_error("code", _("Type the code here once. Kept it already? Then use the second button."))
    elif receipts.read(typed) != note.code:
        form.add_error("code", _("Not quite the same yet. Compare each group with the code above."))
    return form.is_valid()
