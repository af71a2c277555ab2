"""What was typed waits: for the code, where nothing is open in this browser any more, or for a code of their own."""

import time
from collections.abc import Collection
from http import HTTPStatus

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from helpline.web.flood import Gate, address_of
from reports import note as notes
from reports.note import Note

# Wrong codes a minute from one address, before we say so. A right one opens whatever was typed before it.
WRONG_CODES = Gate(20)

# Buttons and tokens are not what somebody typed.
NOT_TYPED = frozenset({"csrfmiddlewaretoken", "code", "fresh", notes.FIELD})
# Where a code that was said aloud is changed; and the field that says where what was typed goes then.
CHANGE_CODE = "/follow/code/"
THEN = "then"


class CodeForm(forms.Form):
    """One field, in which a code may be written in any way."""

    use_required_attribute = False
    code = forms.CharField(
        label=_("Your code"),
        max_length=80,
        strip=True,
        widget=forms.TextInput(
            attrs={
                "class": "code-box",
                "autocapitalize": "characters",
                "autocorrect": "off",
                "placeholder": "XXXX XXXX XXXX XXXX",
            }
        ),
        help_text=_("16 letters and numbers. Spaces and dashes do not matter."),
        error_messages={
            "required": _("Type your code here."),
            "max_length": _("This is longer than a code. It has 16 letters and numbers."),
        },
    )
    note: Note | None = None
    is_too_often = False

    def try_it(self, request: HttpRequest) -> Note | None:
        """The note that this code opens. For a wrong one, None, an error, and one more on the count."""
        if not self.is_valid():
            return None
        note = notes.from_code(self.cleaned_data["code"])
        if note is None:
            self.is_too_often = WRONG_CODES.count(address_of(request), now=time.monotonic()) > 0
            self.add_error(
                "code",
                _(
                    "There were many wrong codes from this network. The right one always works: "
                    "take your time, and look at each group once more."
                )
                if self.is_too_often
                else _("This code opens nothing. Look at each group once more: one letter may be different."),
            )
        return note

    @property
    def status(self) -> HTTPStatus:
        """For the answer that shows this form again."""
        return HTTPStatus.TOO_MANY_REQUESTS if self.is_too_often else HTTPStatus.OK


def open_note(request: HttpRequest) -> tuple[Note | None, CodeForm | None]:
    """What this request may act on: the browser's note, else what the code opens that was typed along.

    A form acts on the note that it was made for, or on none: two people may share one browser. The code form
    comes with its error when it was tried.
    """
    note, form = notes.read(request), None
    if request.method == "POST" and (note is None or not notes.is_for(request, note)):
        note = None
        if "code" in request.POST:
            form = CodeForm(request.POST, auto_id="f-%s")
            note = form.try_it(request)
    notes.make_for(request, note)
    return note, form


def typed_in(request: HttpRequest, *, but: Collection[str] = ()) -> list[tuple[str, str]]:
    """What somebody typed, to be carried along in hidden fields."""
    told = request.POST.lists()
    return [(name, one) for name, values in told if name not in {*NOT_TYPED, *but} for one in values]


def change_code_first(request: HttpRequest, note: Note) -> HttpResponse:
    """The answer to whatever comes with a code that was said aloud: it opens only the page that changes it.

    What was typed waits there, and goes where it was sent once they have a code of their own.
    """
    if request.method != "POST":
        return notes.keep(redirect(CHANGE_CODE), note)
    context = {"typed": [*typed_in(request, but={THEN}), (THEN, request.path)]}
    return notes.keep(render(request, "reports/code_said.html", context), note)


def ask_for_code(
    request: HttpRequest,
    form: CodeForm | None = None,
    *,
    may_start_again: bool = False,
) -> HttpResponse:
    """The page that asks for the code and sends everything typed once more. The stale cookie goes.

    A cookie that the form was not made for stays: it is somebody else's, who may not know their code yet.
    """
    typed = typed_in(request)
    context = {
        "form": form or CodeForm(auto_id="f-%s"),
        "typed": typed,
        "has_words": any(value.strip() for _name, value in typed),
        "action": request.path if request.method == "POST" else "/follow/",
        "may_start_again": may_start_again,
    }
    status = form.status if form else HTTPStatus.OK
    response = render(request, "reports/locked.html", context, status=status)
    held = notes.read(request)
    is_elses = request.method == "POST" and held is not None and not notes.is_for(request, held)
    return response if is_elses else notes.forget(response)
