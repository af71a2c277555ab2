"""Apart from the rows it is made of: a table can't be indexed in the transaction that has changed them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0006_danger_in_a_case"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="queueitem",
            index=models.Index(
                condition=models.Q(("danger", True), ("danger_seen_at", None), ("state", "open")),
                fields=["danger_since"],
                name="queue_calling",
            ),
        ),
        migrations.AddIndex(
            model_name="queueitem",
            index=models.Index(
                condition=models.Q(("state", "open"), ("unread", True)),
                fields=["unread_since"],
                name="queue_unread",
            ),
        ),
        migrations.AlterField(
            model_name="caseevent",
            name="what",
            field=models.CharField(
                choices=[
                    ("opened", "Case opened"),
                    ("assigned", "Assigned"),
                    ("noted", "Note added"),
                    ("messaged", "Message sent"),
                    ("replied", "The young person wrote"),
                    ("links-added", "Links added"),
                    ("requested", "Takedown requested"),
                    ("outcome", "Takedown outcome"),
                    ("status", "Status changed"),
                    ("joined", "Joined an incident"),
                    ("detached", "Left an incident"),
                    ("closed", "Case closed"),
                    ("reopened", "Case reopened"),
                    ("referred", "Referral"),
                    ("handed", "Hand-over"),
                    ("shared", "Shared with a colleague"),
                    ("danger", "Danger"),
                    ("deadline", "Deadline"),
                ],
                max_length=12,
            ),
        ),
    ]
