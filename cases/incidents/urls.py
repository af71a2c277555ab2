"""Addresses of the incidents, below /staff/, with the names of the desk."""

from django.urls import path

from cases.incidents import views

urlpatterns = [
    path("reports/<uuid:report_id>/together/", views.open_together, name="open-together"),
    path("incidents/", views.incident_list, name="incidents"),
    path("incidents/<slug:ref>/", views.incident_page, name="incident"),
    path("incidents/<slug:ref>/title/", views.set_title, name="set-title"),
    path("incidents/<slug:ref>/members/<int:member_id>/", views.decide, name="decide"),
    path("incidents/<slug:ref>/join/", views.join, name="join-proposed"),
    path("incidents/<slug:ref>/add/", views.add, name="add-to-incident"),
    path("incidents/<slug:ref>/split/", views.split, name="split-incident"),
    path("incidents/<slug:ref>/merge/", views.merge, name="merge-incident"),
    path("incidents/<slug:ref>/close/", views.set_open, name="close-incident"),
    path("incidents/<slug:ref>/undo/<uuid:step_id>/", views.undo, name="undo-incident"),
    path("incidents/<slug:ref>/code/", views.code, name="school-code"),
    path("incidents/<slug:ref>/code/card/", views.code_card, name="school-code-card"),
    path("incidents/<slug:ref>/ask/<slug:slug>/", views.ask, name="ask-for-all"),
    path("incidents/<slug:ref>/worksheet/", views.worksheet, name="worksheet"),
    path("incidents/<slug:ref>/worksheet/paper/", views.worksheet_paper, name="worksheet-paper"),
]
