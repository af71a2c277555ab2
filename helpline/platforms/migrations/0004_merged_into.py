import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("platforms", "0003_pause_reason"),
    ]

    operations = [
        migrations.AddField(
            model_name="platform",
            name="merged_into",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="merged",
                to="platforms.platform",
            ),
        ),
        migrations.AddConstraint(
            model_name="platform",
            constraint=models.CheckConstraint(
                condition=models.Q(("merged_into", models.F("id")), _negated=True)
                | models.Q(("merged_into__isnull", True)),
                name="platform_not_into_itself",
            ),
        ),
    ]
