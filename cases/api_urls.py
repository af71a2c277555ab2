"""Addresses of the desk's calls."""

from django.conf import settings
from django.urls import path

from cases import api

# Only where the public zone lives in the same process does the same address also take reports.
reports = api.ReportQueue if settings.FACE == "staff" else api.Reports

urlpatterns = [
    path("reports/", reports.as_view(), name="api-reports"),
    path("reports/<uuid:pk>/", api.OneReport.as_view(), name="api-report"),
    path("cases/", api.Cases.as_view(), name="api-cases"),
    path("cases/<slug:ref>/", api.OneCase.as_view(), name="api-case"),
    path("cases/<slug:ref>/assign/", api.AssignCase.as_view(), name="api-case-assign"),
    path("cases/<slug:ref>/notes/", api.CaseNotes.as_view(), name="api-case-notes"),
    path("cases/<slug:ref>/messages/", api.CaseMessages.as_view(), name="api-case-messages"),
    path("cases/<slug:ref>/close/", api.CloseCase.as_view(), name="api-case-close"),
    path("cases/<slug:ref>/reopen/", api.ReopenCase.as_view(), name="api-case-reopen"),
]
