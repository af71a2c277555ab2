"""Addresses of the public calls."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, path

from reports import api

urlpatterns: list[URLPattern | URLResolver] = []
if settings.FACE == "public":
    # In a process that serves both faces, `cases.api_urls` takes reports at the address where it lists them.
    urlpatterns += [path("reports/", api.SubmitReport.as_view(), name="api-reports")]
urlpatterns += [
    path("follow/", api.Follow.as_view(), name="api-follow"),
    path("follow/messages/", api.FollowMessages.as_view(), name="api-follow-messages"),
    path("follow/withdraw/", api.FollowWithdraw.as_view(), name="api-follow-withdraw"),
    path("follow/links/", api.FollowLinks.as_view(), name="api-follow-links"),
]
