"""Addresses of the public zone. None says what it is about: they stay in the history of a browser."""

from django.urls import path

from reports.evidence import views as evidence
from reports.followup import contact, ending, more, papers
from reports.followup import views as followup
from reports.intake import changing, keep
from reports.intake import views as intake
from reports.statistics import views as statistics

app_name = "reports"
urlpatterns = [
    path("report/", intake.start, name="start"),
    path("report/<int:number>/", intake.question, name="question"),
    path("report/now/", intake.help_now, name="now"),
    path("report/review/", intake.review, name="review"),
    path("report/pictures/", evidence.pictures, name="pictures"),
    path("report/code/", intake.code, name="code"),
    path("report/code/card/", keep.card, name="code-card"),
    path("follow/", followup.follow, name="follow"),
    path("follow/code/", changing.change, name="change-code"),
    path("follow/messages/", followup.message, name="messages"),
    path("follow/links/", more.links, name="links"),
    path("follow/fingerprints/", more.fingerprints, name="fingerprints"),
    path("follow/changed/", more.changed, name="changed"),
    path("follow/stop/", ending.stop, name="stop"),
    path("follow/stop/<int:number>/", ending.stop, name="stop-one"),
    path("follow/proof/", papers.proof, name="proof"),
    path("follow/erase/", ending.erase, name="erase"),
    path("follow/contact/", contact.contact, name="contact"),
    path("follow/leave/", ending.leave, name="leave"),
    path("follow/gone/", ending.gone, name="gone"),
    path("follow/left/", ending.left, name="left"),
    path("statistics/", statistics.statistics, name="statistics"),
]
