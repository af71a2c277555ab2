"""Addresses of the figures' calls."""

from django.urls import path

from cases.dashboards import api

urlpatterns = [path("statistics/", api.Statistics.as_view(), name="api-statistics")]
