"""Addresses of proposals, below /staff/."""

from django.urls import path

from cases.channels import pages, views

app_name = "channels"
urlpatterns = [
    path("platforms/new/", views.new, name="new"),
    path("platforms/<slug:slug>/", pages.platform_page, name="platform"),
    path("platforms/<slug:slug>/sending/", pages.sending, name="sending"),
    path("platforms/<slug:slug>/looks/", pages.looks, name="looks"),
    path("platforms/<slug:slug>/merge/", pages.merge, name="merge"),
    path("platforms/<slug:slug>/part/", pages.part, name="part"),
    path("platforms/<slug:slug>/words/", pages.words, name="words"),
    path("platforms/<slug:slug>/pause/", pages.pause, name="pause"),
    path("platforms/<slug:slug>/resume/", pages.resume, name="resume"),
    path("platforms/<slug:slug>/trial/", pages.trial_page, name="trial"),
    path("platforms/<slug:slug>/channel/", views.add, name="add"),
    path("platforms/<slug:slug>/change/", views.change, name="change"),
]
