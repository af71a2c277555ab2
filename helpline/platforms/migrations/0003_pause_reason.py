from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("platforms", "0002_engine"),
    ]

    operations = [
        migrations.AddField(
            model_name="channel",
            name="pause_reason",
            field=models.CharField(blank=True, db_default="", max_length=200),
        ),
    ]
