"""Addresses of the incidents' calls."""

from django.urls import path

from cases.incidents import api

urlpatterns = [
    path("incidents/", api.Incidents.as_view(), name="api-incidents"),
    path("incidents/<slug:ref>/", api.OneIncident.as_view(), name="api-incident"),
    path("incidents/<slug:ref>/add/", api.AddToIncident.as_view(), name="api-incident-add"),
    path("incidents/<slug:ref>/join/", api.JoinIncident.as_view(), name="api-incident-join"),
    path("incidents/<slug:ref>/detach/", api.DetachFromIncident.as_view(), name="api-incident-detach"),
]
