"""Addresses of a case's file, below /staff/."""

from django.urls import path

from cases.exports import views

app_name = "exports"
urlpatterns = [
    path("cases/<slug:ref>/export/", views.export_page, name="export"),
    path("cases/<slug:ref>/export/file/", views.export_file, name="file"),
]
