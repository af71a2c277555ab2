"""Every address. The public face serves the public zone only; the staff face the desk only; `all` both."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from helpline.health import exposing
from helpline.web import schema

# The API first: it is told from all pages by its first word.
urlpatterns: list[URLPattern | URLResolver] = []
# The desk's calls before the public ones: one address, /api/v1/reports/, takes reports from anyone and shows them
# to the staff.
if settings.FACE in {"staff", "all"}:
    urlpatterns += [
        path("api/v1/", include("cases.api_urls")),
        path("api/v1/", include("cases.takedowns.api_urls")),
        path("api/v1/", include("cases.ladder.api_urls")),
        path("api/v1/", include("cases.incidents.api_urls")),
        path("api/v1/", include("cases.dashboards.api_urls")),
        path("api/docs/", schema.docs, name="api-docs"),
    ]
if settings.FACE in {"public", "all"}:
    urlpatterns += [path("api/v1/", include("reports.api_urls"))]
urlpatterns += [
    path("api/schema/", schema.Schema.as_view(), name="api-schema"),
    path("", include("helpline.web.urls")),
    path("", include("helpline.health.urls")),
]
if settings.FACE in {"public", "all"}:
    urlpatterns += [path("", include("reports.urls"))]
if settings.FACE in {"staff", "all"}:
    # What it tells of, the public face may not read.
    urlpatterns += [path("metrics", exposing.metrics, name="metrics"), path("", include("cases.urls"))]

handler400 = "helpline.web.views.bad_request"
handler403 = "helpline.web.views.forbidden"
handler404 = "helpline.web.views.not_found"
handler500 = "helpline.web.views.server_error"
