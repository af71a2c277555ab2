"""The figures, for programs: the same module of figures that the dashboard reads."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cases.api import staff_of
from cases.dashboards import metrics
from cases.dashboards.calendar import moment, month_of, shifted
from helpline.accounts.api import needs
from helpline.accounts.permissions import Permission
from helpline.platforms.models import Platform
from helpline.web import problems

USUAL = timedelta(days=30)
LONGEST = timedelta(days=3 * 366)


class CountsSerializer(serializers.Serializer[Any]):
    """Takedowns by what became of them (docs/figures.md)."""

    total = serializers.IntegerField()
    items = serializers.IntegerField(
        help_text="Content asked for: what harms several people is one item, although each has a takedown of it."
    )
    notices = serializers.IntegerField()
    sent = serializers.IntegerField()
    said_removed = serializers.IntegerField()
    seen_gone = serializers.IntegerField()
    gone_long_ago = serializers.IntegerField(
        help_text="Of which a look 30 days later, or their return, says whether they stayed gone."
    )
    stayed_gone = serializers.IntegerField()
    reappeared = serializers.IntegerField()
    acted_on = serializers.IntegerField()
    refused = serializers.IntegerField()
    not_found = serializers.IntegerField()
    more_information = serializers.IntegerField()
    under_way = serializers.IntegerField()
    no_answer = serializers.IntegerField()
    withdrawn = serializers.IntegerField()


class AllCountsSerializer(CountsSerializer):
    """All of the period. Some is not all: what of `said_removed` is not wholly removed."""

    blocked = serializers.IntegerField(help_text="The platform’s latest word: blocked in some places.")
    partly = serializers.IntegerField(help_text="The platform’s latest word: partly removed.")


class TimesSerializer(serializers.Serializer[Any]):
    """Seconds from sending to the first sign that it was acted on, within 2.5 % or a second; null where nothing was."""

    p50 = serializers.FloatField(allow_null=True)
    p90 = serializers.FloatField(allow_null=True)


class PlatformFiguresSerializer(serializers.Serializer[Any]):
    """One platform."""

    slug = serializers.SlugField()
    name = serializers.CharField()
    takedowns = CountsSerializer()
    time_to_action_s = TimesSerializer()


class MonthFiguresSerializer(serializers.Serializer[Any]):
    """One month of the helpline's time zone, by its first day; of a broken one, the days inside the period."""

    month = serializers.DateField()
    takedowns = CountsSerializer()
    time_to_action_s = TimesSerializer()


class PeriodSerializer(serializers.Serializer[Any]):
    """The one that was used: from `since` (included) to `until` (not included), by the moment of the request.

    Whole months of the helpline's time zone for whoever does not see every case.
    """

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    platform = serializers.SlugField(allow_null=True)


class StatisticsSerializer(serializers.Serializer[Any]):
    """The figures of a period, as far as they are kept: every change up to `as_of` is in them."""

    as_of = serializers.DateTimeField(allow_null=True)
    period = PeriodSerializer()
    takedowns = AllCountsSerializer()
    time_to_action_s = TimesSerializer()
    platforms = PlatformFiguresSerializer(many=True)
    months = MonthFiguresSerializer(many=True)


class Statistics(APIView):
    """The figures."""

    permission_classes = (needs(Permission.FIGURES),)

    @extend_schema(
        operation_id="statistics",
        summary="What became of the takedowns of a period",
        tags=["statistics"],
        parameters=[
            OpenApiParameter(
                "since", str, description="A date, or a date and time. 30 days before `until` if not said."
            ),
            OpenApiParameter("until", str, description="A date, or a date and time. Now if not said."),
            OpenApiParameter("platform", str, description="Only this platform, by its slug."),
        ],
        responses=StatisticsSerializer,
    )
    def get(self, request: Request) -> Response:
        """Platforms that leave the most up come first. No figure leads to a person.

        A few seconds hold one request, and its figures are a line about one person. So whoever does not see every case
        gets whole months: the period is widened to those it touches, and `period` says which.
        """
        until = said(request, "until") or timezone.now()
        since = said(request, "since") or until - USUAL
        if not since < until <= since + LONGEST:
            raise problems.invalid(
                {"since": [_("A period begins before it ends, and is at most three years long.")]}
            )
        if not staff_of(request).can(Permission.CASES_ALL):
            since, until = whole_months(since, until)
        slug = request.query_params.get("platform") or None
        if slug is not None and ("\0" in slug or not Platform.objects.filter(slug=slug).exists()):
            raise problems.invalid({"platform": [_("This is no platform of the directory.")]})
        return Response(metrics.figures(since=since, until=until, platform=slug).as_dict())


def whole_months(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """All of the months that this period touches, in the helpline's time zone."""
    last = moment(month_of(until))
    return moment(month_of(since)), last if last == until else moment(shifted(month_of(until), 1))


def said(request: Request, name: str) -> datetime | None:
    """The moment under `name` in the address; None when it is not said. Raises Problem."""
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        # In an address, the plus of a time zone arrives as a space.
        found = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        found = None
    if found is None or not 2000 <= found.year <= 2100:
        raise problems.invalid({name: [_("This must be a date, or a date and time (2026-03-02T12:00:00Z).")]})
    return found if found.tzinfo else found.replace(tzinfo=UTC)
