"""Addresses of the referrals, below /staff/."""

from django.urls import path

from cases.referrals import views

app_name = "referrals"
urlpatterns = [
    path("referrals/", views.list_page, name="list"),
    path("referrals/<uuid:referral_id>/", views.detail, name="detail"),
    path("referrals/<uuid:referral_id>/change/", views.change, name="change"),
    path("referrals/<uuid:referral_id>/approval/", views.approval, name="approval"),
    path("referrals/<uuid:referral_id>/ready/", views.ready, name="ready"),
    path("referrals/<uuid:referral_id>/dossier/", views.make_dossier, name="dossier"),
    path("referrals/<uuid:referral_id>/sent/", views.sent, name="sent"),
    path("referrals/<uuid:referral_id>/answer/", views.answer, name="answer"),
    path("referrals/<uuid:referral_id>/follow-up/", views.follow_up, name="follow-up"),
    path("referrals/<uuid:referral_id>/close/", views.close, name="close"),
    path("referrals/<uuid:referral_id>/cancel/", views.cancel, name="cancel"),
    path("referrals/<uuid:referral_id>/tell/", views.tell, name="tell"),
    path("cases/<slug:ref>/referrals/new/", views.new, name="new"),
]
