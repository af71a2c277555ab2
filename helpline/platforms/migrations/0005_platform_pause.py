"""A whole platform can be paused: nothing is sent to it until a person says otherwise."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("platforms", "0004_merged_into"),
    ]

    operations = [
        migrations.AddField(
            model_name="platform",
            name="recheck_reason",
            field=models.CharField(blank=True, db_default="", max_length=200),
        ),
        migrations.AddField(
            model_name="platform",
            name="paused_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="platform",
            name="paused_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="platform",
            name="pause_reason",
            field=models.CharField(blank=True, db_default="", max_length=200),
        ),
        migrations.AddConstraint(
            model_name="platform",
            constraint=models.CheckConstraint(
                condition=models.Q(("pause_reason", ""), ("paused_at", None), ("paused_by", None))
                | models.Q(("paused_at__isnull", False), models.Q(("pause_reason", ""), _negated=True)),
                name="platform_paused_with_reason",
            ),
        ),
    ]
