"""Addresses of the public zone. None says what it is about: they stay in the history of a browser."""

from django.urls import path

from reports.followup import views as followup
from reports.intake import views as intake

app_name = "reports"
urlpatterns = [
    path("report/", intake.start, name="start"),
    path("report/<int:number>/", intake.question, name="question"),
    path("report/now/", intake.help_now, name="now"),
    path("report/review/", intake.review, name="review"),
    path("report/code/", intake.code, name="code"),
    path("follow/", followup.follow, name="follow"),
    path("follow/messages/", followup.message, name="messages"),
    path("follow/links/", followup.links, name="links"),
    path("follow/stop/", followup.stop, name="stop"),
    path("follow/stop/<int:number>/", followup.stop, name="stop-one"),
    path("follow/erase/", followup.erase, name="erase"),
    path("follow/leave/", followup.leave, name="leave"),
    path("follow/gone/", followup.gone, name="gone"),
    path("follow/left/", followup.left, name="left"),
]
