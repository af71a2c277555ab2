"""Addresses of the yearly report, below /staff/annual-report/."""

from django.urls import path

from cases.annual import views

app_name = "annual"
urlpatterns = [
    path("", views.report_list, name="list"),
    path("<uuid:report_id>/", views.report_page, name="report"),
    path("<uuid:report_id>/recount/", views.recount, name="recount"),
    path("<uuid:report_id>/send/", views.send, name="send"),
    path("<uuid:report_id>/discard/", views.discard, name="discard"),
    path("<uuid:report_id>/restore/", views.restore, name="restore"),
    path("<uuid:report_id>/correct/", views.correct, name="correct"),
    path("<uuid:report_id>/published/", views.publish, name="publish"),
    path("<uuid:report_id>/not-published/", views.unpublish, name="unpublish"),
    path("<uuid:report_id>/file/<slug:kind>/", views.report_file, name="file"),
]
