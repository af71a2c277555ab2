"""Addresses of the calls, below /staff/."""

from django.urls import path

from cases.listening import views

app_name = "listening"
urlpatterns = [
    path("calls/", views.list_page, name="list"),
    path("calls/new/", views.new, name="new"),
    path("calls/<uuid:call_id>/", views.call_page, name="call"),
    path("calls/<uuid:call_id>/save/", views.keep, name="save"),
    path("calls/<uuid:call_id>/discard/", views.discard, name="discard"),
    path("calls/<uuid:call_id>/restore/", views.restore, name="restore"),
    path("calls/<uuid:call_id>/code/", views.code_page, name="code"),
    path("cases/<slug:ref>/code/", views.another_code, name="another-code"),
]
