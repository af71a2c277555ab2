"""The address of the ladder's call."""

from django.urls import path

from cases.ladder import api

urlpatterns = [
    path("takedowns/<uuid:pk>/escalate/", api.TakedownEscalate.as_view(), name="api-takedown-escalate")
]
