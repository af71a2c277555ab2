"""Danger calls until somebody has looked, also in a case; and since when what a young person wrote is unread."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# What is in a case already was looked at when it was opened: the day this arrives alarms nobody.
FILL = """
UPDATE cases_queueitem AS item SET danger_since = report.danger_at
FROM reports_report AS report
WHERE report.id = item.report_id AND item.danger AND report.danger_at IS NOT NULL;
UPDATE cases_queueitem SET danger_seen_at = now() WHERE danger AND state <> 'waiting';
UPDATE cases_queueitem SET unread_since = now() WHERE unread;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0005_proposals_of_open_cases"),
        ("reports", "0009_when_danger_was_told"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="queueitem", name="danger_since", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="queueitem", name="danger_seen_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="queueitem",
            name="danger_seen_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="queueitem", name="unread_since", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
