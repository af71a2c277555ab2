"""An older version, still running while the new one starts, writes reports without these columns."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0005_a_code_was_said_aloud"),
    ]

    operations = [
        migrations.AlterField(
            model_name="report",
            name="is_complete",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AlterField(
            model_name="report",
            name="is_retold",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
