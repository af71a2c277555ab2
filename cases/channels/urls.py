"""Addresses of proposals, below /staff/."""

from django.urls import path

from cases.channels import views

app_name = "channels"
urlpatterns = [
    path("platforms/new/", views.new, name="new"),
    path("platforms/<slug:slug>/channel/", views.add, name="add"),
    path("platforms/<slug:slug>/change/", views.change, name="change"),
]
