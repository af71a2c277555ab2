"""When danger was told, and when it was over. What was told before was told when it was sent."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0008_news_of_what_came_back"),
    ]

    operations = [
        migrations.AddField(
            model_name="report", name="danger_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="report", name="danger_over_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.RunSQL(
            "UPDATE reports_report SET danger_at = submitted_at"
            " WHERE circumstances && ARRAY['in-danger', 'self-harm']::varchar[] AND status <> 'erased'",
            migrations.RunSQL.noop,
        ),
    ]
