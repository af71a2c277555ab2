"""Addresses of the comparison with platforms' own counts, below /staff/."""

from django.urls import path

from cases.reconciliation import views

app_name = "reconciliation"
urlpatterns = [
    path("reconciliation/", views.upload_list, name="uploads"),
    path("reconciliation/upload/", views.upload, name="upload"),
    path("reconciliation/<uuid:upload_id>/", views.detail, name="detail"),
    path("reconciliation/<uuid:upload_id>/progress/", views.progress, name="progress"),
    path("reconciliation/<uuid:upload_id>/table/", views.table, name="table"),
    path("reconciliation/<uuid:upload_id>/name/", views.name_provider, name="name"),
    path("reconciliation/<uuid:upload_id>/again/", views.again, name="again"),
    path("reconciliation/<uuid:upload_id>/delete/", views.delete, name="delete"),
    path("reconciliation/lines/<uuid:line_id>/", views.line_page, name="line"),
    path("reconciliation/lines/<uuid:line_id>/settle/", views.settle, name="settle"),
    path("reconciliation/lines/<uuid:line_id>/unsettle/", views.unsettle, name="unsettle"),
]
