"""Addresses of the takedown desk, below /staff/."""

from django.urls import path

from cases.takedowns import views

app_name = "takedowns"
urlpatterns = [
    path("takedowns/", views.desk_page, name="desk"),
    path("takedowns/bulk/", views.bulk_page, name="bulk"),
    path("takedowns/<uuid:takedown_id>/", views.detail, name="detail"),
    path("takedowns/<uuid:takedown_id>/filed/", views.filed, name="filed"),
    path("takedowns/<uuid:takedown_id>/outcome/", views.outcome, name="outcome"),
    path("takedowns/<uuid:takedown_id>/answered/", views.answered, name="answered"),
    path("takedowns/<uuid:takedown_id>/settle/", views.settle, name="settle"),
    path("takedowns/<uuid:takedown_id>/settle/undo/", views.unsettle, name="unsettle"),
    path("takedowns/<uuid:takedown_id>/cancel/", views.cancel, name="cancel"),
    path("takedowns/<uuid:takedown_id>/retry/", views.retry, name="retry"),
    path("takedowns/<uuid:takedown_id>/check/", views.check_again, name="check"),
    path("cases/<slug:ref>/takedowns/", views.request_page, name="request"),
]
