"""The pages of helpline.web alone, with one that breaks and one that takes a form."""

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path


@login_not_required
def breaks(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("on purpose")


@login_not_required
def without_database(request: HttpRequest) -> HttpResponse:
    raise OperationalError("the server closed the connection")


class Story(forms.Form):
    story = forms.CharField(label="Story", widget=forms.Textarea)


@login_not_required
def takes_a_form(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return HttpResponse("taken: " + request.POST.get("story", ""))
    return render(request, "components/question.html", {"form": Story(), "heading": "What happened?"})


urlpatterns = [
    path("", include("helpline.web.urls")),
    path("breaks/", breaks),
    path("away/", without_database),
    path("staff/away/", without_database),
    path("api/v1/away/", without_database),
    path("form/", takes_a_form),
    path("staff/breaks/", breaks),
    path("staff/form/", takes_a_form),
]
handler400 = "helpline.web.views.bad_request"
handler403 = "helpline.web.views.forbidden"
handler404 = "helpline.web.views.not_found"
handler500 = "helpline.web.views.server_error"
