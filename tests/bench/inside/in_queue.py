"""`in_queue CODE...`: how many of these codes open a report, and how many of those stand in the queue."""

import json
import sys

from cases.models import QueueItem
from reports import actions, receipts
from reports.models import Report

found = [actions.open_by_code(receipts.normalise(code)) for code in sys.argv[1:]]
reports = {one.pk for one in found if isinstance(one, Report)}
waiting = QueueItem.objects.filter(report_id__in=reports).count()
print(json.dumps({"stored": len(reports), "queued": waiting}))
