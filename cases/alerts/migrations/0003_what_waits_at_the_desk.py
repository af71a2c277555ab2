"""A rule about what waits for somebody's decision, and one about what the watch saw stop."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0002_what_is_unread"),
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
                    ("desk-late", "Work at the desk is left lying"),
                    ("steps-late", "Next steps are left lying"),
                    ("window", "A complaint nobody was reminded of"),
                    ("stopped", "A part of the machine has stopped"),
                ],
                max_length=12,
            ),
        ),
    ]
