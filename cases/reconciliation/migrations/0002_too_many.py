from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("reconciliation", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="upload",
            name="problem",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", ""),
                    ("columns", "It lacks columns that are needed."),
                    ("empty", "It holds no rows."),
                    ("archive", "The archive can’t be opened, or holds no CSV file."),
                    ("too-many", "The archive holds more files than we read. Pack the tables in several archives."),
                    ("too-long", "Unpacked it is longer than we read."),
                    ("gave-up", "Reading it broke off several times."),
                ],
                max_length=10,
            ),
        ),
    ]
