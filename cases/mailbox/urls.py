"""Addresses of the mailbox, below /staff/."""

from django.urls import path

from cases.mailbox import views

app_name = "mailbox"
urlpatterns = [
    path("takedowns/<uuid:takedown_id>/not-filed/", views.not_filed, name="not-filed"),
    path("mailbox/", views.list_page, name="list"),
    path("mailbox/<uuid:mail_id>/", views.detail, name="detail"),
    path("mailbox/<uuid:mail_id>/confirm/", views.confirm, name="confirm"),
    path("mailbox/<uuid:mail_id>/undelivered/", views.undelivered, name="undelivered"),
    path("mailbox/<uuid:mail_id>/dismiss/", views.dismiss, name="dismiss"),
    path("mailbox/<uuid:mail_id>/restore/", views.restore, name="restore"),
    path("mailbox/<uuid:mail_id>/lead/", views.lead, name="lead"),
    path("mailbox/<uuid:mail_id>/write/", views.write, name="write"),
]
