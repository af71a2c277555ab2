"""What the intake stored: reports, links, and links that differ."""

import json

from django.db.models import Count

from reports.models import Link, Report

links = Link.objects.aggregate(all=Count("pk"), different=Count("url_index", distinct=True))
print(json.dumps({"reports": Report.objects.count(), "links": links["all"], "different": links["different"]}))
