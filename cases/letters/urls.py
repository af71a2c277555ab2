"""Addresses of the templates and of mandates, below /staff/."""

from django.urls import path

from cases.letters import views

app_name = "letters"
urlpatterns = [
    path("letters/", views.template_list, name="list"),
    path("letters/versions/<int:pk>/", views.version, name="version"),
    path("letters/versions/<int:pk>/again/", views.again, name="again"),
    path("letters/<slug:regime>/<slug:language>/", views.template, name="template"),
    path("letters/<slug:regime>/<slug:language>/change/", views.change, name="change"),
    path("letters/<slug:regime>/<slug:language>/<slug:kind>/", views.template, name="kind-template"),
    path("letters/<slug:regime>/<slug:language>/<slug:kind>/change/", views.change, name="kind-change"),
    path("cases/<slug:ref>/mandate/", views.record_mandate, name="record-mandate"),
    path("cases/<slug:ref>/mandate/<uuid:mandate_id>/revoke/", views.revoke_mandate, name="revoke-mandate"),
    path(
        "cases/<slug:ref>/mandate/<uuid:mandate_id>/restore/", views.restore_mandate, name="restore-mandate"
    ),
]
