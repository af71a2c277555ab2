"""One page with the box that makes fingerprints, and nothing else: the URLs of test_fingerprint.py."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path
from django.urls.resolvers import URLPattern

from reports.fingerprints import FingerprintsForm

PAGE = """{% extends "base_public.html" %}{% load static %}
{% block head %}<link rel="stylesheet" href="{% static "css/device.css" %}">{% endblock %}
{% block content %}<form method="post" autocomplete="off">{% csrf_token %}<h1>Fingerprints</h1>
{% if form.errors %}{% include "components/errors.html" %}{% endif %}
{% include "reports/_fingerprint.html" %}
<p><button class="button wide" type="submit">Continue</button></p></form>{% endblock %}
{% block scripts %}<script src="{% static "js/fingerprint.js" %}" defer></script>{% endblock %}"""


@login_not_required
def page(request: HttpRequest) -> HttpResponse:
    """The box; what was sent comes back in it."""
    form = FingerprintsForm(request.POST or None)
    return HttpResponse(engines["django"].from_string(PAGE).render({"form": form}, request))


urlpatterns: list[URLPattern] = [path("try/", page)]
