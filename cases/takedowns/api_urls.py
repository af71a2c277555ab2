"""Addresses of the takedowns' calls."""

from django.urls import path

from cases.takedowns import api

urlpatterns = [
    path("cases/<slug:ref>/takedowns/", api.CaseTakedowns.as_view(), name="api-case-takedowns"),
    path("takedowns/", api.Takedowns.as_view(), name="api-takedowns"),
    path("takedowns/<uuid:pk>/", api.OneTakedown.as_view(), name="api-takedown"),
    path("takedowns/<uuid:pk>/outcome/", api.TakedownOutcome.as_view(), name="api-takedown-outcome"),
    path("takedowns/<uuid:pk>/filed/", api.TakedownFiled.as_view(), name="api-takedown-filed"),
    path("takedowns/<uuid:pk>/cancel/", api.TakedownCancel.as_view(), name="api-takedown-cancel"),
    path("takedowns/<uuid:pk>/retry/", api.TakedownRetry.as_view(), name="api-takedown-retry"),
    path("takedowns/<uuid:pk>/check/", api.TakedownCheck.as_view(), name="api-takedown-check"),
    path("takedowns/<uuid:pk>/resolve-unknown/", api.TakedownResolve.as_view(), name="api-takedown-resolve"),
    path("inbound/<slug:channel>/", api.Inbound.as_view(), name="api-inbound"),
]
