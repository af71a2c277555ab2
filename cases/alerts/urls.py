"""Addresses of the alerts, below /staff/."""

from django.urls import path

from cases.alerts import views

app_name = "alerts"
urlpatterns = [
    path("alerts/", views.alert_list, name="alerts"),
    path("alerts/mail/", views.mail, name="mail"),
    path("alerts/<uuid:alert_id>/acknowledge/", views.acknowledge, name="acknowledge"),
    path("alerts/<uuid:alert_id>/take-back/", views.take_back, name="take-back"),
]
