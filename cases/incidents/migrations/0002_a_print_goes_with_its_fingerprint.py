"""The database itself deletes a print with its fingerprint: the public face may delete that, and knows nothing of this."""

import django.db.models.deletion
from django.db import migrations, models

ON_DELETE = """
DO $$
DECLARE held text;
BEGIN
    SELECT conname INTO STRICT held FROM pg_constraint
        WHERE conrelid = 'incidents_print'::regclass AND contype = 'f';
    EXECUTE format(
        'ALTER TABLE incidents_print DROP CONSTRAINT %%1$I, ADD CONSTRAINT %%1$I FOREIGN KEY (fingerprint_id) '
        'REFERENCES reports_fingerprint (id) %s DEFERRABLE INITIALLY DEFERRED', held);
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0001_initial"),
        ("reports", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            ON_DELETE % "ON DELETE CASCADE",
            ON_DELETE % "",
            state_operations=[
                migrations.AlterField(
                    model_name="print",
                    name="fingerprint",
                    field=models.OneToOneField(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="reports.fingerprint",
                    ),
                ),
            ],
        ),
    ]
