"""Addresses of the wellbeing pages, below /staff/."""

from django.urls import path

from cases.wellbeing import views

app_name = "wellbeing"
urlpatterns = [
    path("wellbeing/", views.team, name="team"),
    path("wellbeing/mine/", views.mine, name="mine"),
    path("wellbeing/mine/lighter/", views.lighter, name="lighter"),
    path("wellbeing/mine/forget/", views.forget, name="forget"),
    path("wellbeing/talks/", views.ask_to_talk, name="ask-to-talk"),
    path("wellbeing/talks/<uuid:talk_id>/answer/", views.answer, name="answer"),
    path("wellbeing/talks/<uuid:talk_id>/talked/", views.talked, name="talked"),
    path("wellbeing/unfolded/<uuid:report_id>/", views.unfolded, name="unfolded"),
]
