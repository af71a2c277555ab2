"""Addresses of the figures."""

from django.urls import path

from cases.dashboards import behind, leaving, views

app_name = "dashboards"
urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("behind/", behind.behind, name="behind"),
    path("export/", leaving.export_page, name="export"),
    path("export/figures/", leaving.save_figures, name="save-figures"),
    path("export/requests/", leaving.save_rows, name="save-rows"),
    path("public/", leaving.publish_page, name="publish"),
    path("public/take-down/", leaving.take_down, name="take-down"),
]
