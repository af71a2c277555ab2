"""A rule about what nobody has read."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="alert",
            name="rule",
            field=models.CharField(
                choices=[
                    ("danger", "Danger that waits"),
                    ("deadline", "A threat’s deadline is near"),
                    ("wait", "The queue is late"),
                    ("unread", "Somebody wrote and nobody has read it"),
                    ("slower", "A platform acts more slowly"),
                    ("silent", "A platform has gone silent"),
                    ("breaker", "Sending is paused by itself"),
                    ("bounced", "A contact sends our mail back"),
                    ("answers-due", "Many answers are due at once"),
                    ("steps-late", "Next steps are left lying"),
                    ("window", "A complaint nobody was reminded of"),
                ],
                max_length=12,
            ),
        ),
    ]
