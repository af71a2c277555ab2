"""The limits: a form, and a JSON body, that insert a row, and a list of fifty rows behind a session."""

import json

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from cases.models import QueueItem
from cases.states import QueueState
from helpline.accounts.models import Staff
from tests.bench.bare.models import BareReport, BareWord
from tests.bench.bare.question import NUMBERS, PAGE, ROWS_OF_AGE


class BareForm(ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = BareReport
        fields = (
            *("language", "who", "age_range", "kind", "blackmail", "story", "school"),
            *("first_url", "first_seen_at", "first_reported_before", "second_url", "second_account"),
            *("fingerprint", "quality", "contact_via"),
        )


def submit(request: HttpRequest) -> HttpResponse:
    """Fifteen fields checked, one row inserted."""
    form = BareForm(request.POST)
    if not form.is_valid():
        return HttpResponse(form.errors.as_json(), status=422)
    form.save()
    return HttpResponse("thank you", status=201)


def word(request: HttpRequest) -> HttpResponse:
    """JSON read, one row inserted."""
    said = json.loads(request.body)
    item = said["items"][0]
    BareWord.objects.create(
        event_id=said["event_id"],
        notice_id=said["notice_id"],
        item_id=item["item_id"],
        status=item["status"],
        decided_at=item["decided_at"],
        reason=item["reason"],
        reference=said["reference"],
    )
    return HttpResponse("thank you", status=201)


ROWS = """<!doctype html><html lang="en"><title>Queue</title><table>
{% for item in rows %}<tr><td>{{ item.score }}</td><td><a href="/staff/reports/{{ item.report_id }}/">{{ item.kind }}</a>
{{ item.age_range }} {% for reason in item.reasons %}{{ reason.code }} {% endfor %}</td><td>{{ item.submitted_at }}</td>
<td>{{ item.deadline_at }}</td><td>{{ item.places }} {{ item.link_count }}</td><td>{{ item.language }}</td>
<td>{{ item.holder|default:"" }}</td></tr>
{% endfor %}</table></html>"""
LIST = engines["django"].from_string(ROWS)


def queue(request: HttpRequest) -> HttpResponse:
    """The session, its person, the first fifty rows that wait, as a plain table."""
    session = SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    if Staff.objects.select_related("role").filter(pk=int(session.get(SESSION_KEY) or 0)).first() is None:
        return HttpResponse(status=403)
    rows = QueueItem.objects.select_related("holder", "case").filter(state=QueueState.WAITING)
    return HttpResponse(LIST.render({"rows": rows.order_by("-danger", "rank_at", "report_id")[:51]}))


QUESTION = engines["django"].from_string(PAGE)


def question(request: HttpRequest) -> HttpResponse:
    """One row read, and the same page from one template."""
    BareReport.objects.filter(pk=1).first()
    return HttpResponse(QUESTION.render({"numbers": NUMBERS, "rows": ROWS_OF_AGE, "token": "x" * 64}))


urlpatterns = [path("submit", submit), path("word", word), path("queue", queue), path("question", question)]
