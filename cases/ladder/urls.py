"""Addresses of the ladder, below /staff/."""

from django.urls import path

from cases.ladder import views

app_name = "ladder"
urlpatterns = [
    path("ladder/", views.list_page, name="list"),
    path("ladder/steps/<uuid:step_id>/", views.step_page, name="step"),
    path("ladder/steps/<uuid:step_id>/take/", views.take, name="take"),
    path("ladder/steps/<uuid:step_id>/done/", views.done, name="done"),
    path("ladder/steps/<uuid:step_id>/skip/", views.skip, name="skip"),
    path("ladder/steps/<uuid:step_id>/outcome/", views.outcome, name="outcome"),
    path("ladder/steps/<uuid:step_id>/undo/", views.undo, name="undo"),
    path("ladder/steps/<uuid:step_id>/pack/", views.pack, name="pack"),
    path("ladder/redress/<uuid:redress_id>/", views.redress_page, name="redress"),
    path("ladder/redress/<uuid:redress_id>/file/", views.file, name="file"),
    path("ladder/redress/<uuid:redress_id>/decide/", views.decide, name="decide"),
    path("ladder/redress/<uuid:redress_id>/drop/", views.drop, name="drop"),
    path("ladder/redress/<uuid:redress_id>/undo/", views.undo_redress, name="undo-redress"),
    path("ladder/redress/<uuid:redress_id>/pack/", views.redress_pack, name="redress-pack"),
    path("takedowns/<uuid:takedown_id>/escalate/", views.escalate, name="escalate"),
    path("takedowns/<uuid:takedown_id>/dispute/", views.dispute, name="dispute"),
    path("takedowns/<uuid:takedown_id>/clock/pause/", views.pause, name="pause"),
    path("takedowns/<uuid:takedown_id>/clock/resume/", views.resume, name="resume"),
    path("takedowns/<uuid:takedown_id>/clock/undo/", views.undo_clock, name="undo-clock"),
]
