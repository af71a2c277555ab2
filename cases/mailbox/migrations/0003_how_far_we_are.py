from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mailbox", "0002_looks_and_readings"),
    ]

    operations = [
        migrations.AddField(
            model_name="mailboxlook",
            name="highest_uid",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="mailboxlook",
            name="uid_validity",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
    ]
