from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("takedowns", "0005_clock"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["channel", "requested_at"], name="notice_channel"),
        ),
    ]
