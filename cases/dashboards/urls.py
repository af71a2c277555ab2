"""Addresses of the figures."""

from django.urls import path

from cases.dashboards import views

app_name = "dashboards"
urlpatterns = [path("", views.dashboard, name="dashboard")]
