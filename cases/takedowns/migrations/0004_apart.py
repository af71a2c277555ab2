from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Each channel is claimed from apart, and so is a row whose worker died."""

    dependencies = [("takedowns", "0003_engine")]

    operations = [
        migrations.AddField(
            model_name="notice",
            name="crashes",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.RemoveIndex(model_name="notice", name="notice_due"),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                fields=["channel", "due_at", "id"], name="notice_due", condition=Q(due_at__isnull=False)
            ),
        ),
    ]
