"""Addresses for whoever operates this."""

from django.urls import path

from helpline.health import views

app_name = "health"
urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
