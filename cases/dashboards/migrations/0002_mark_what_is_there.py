from django.db import migrations

from cases.dashboards.migrations import _triggers


class Migration(migrations.Migration):
    """In a transaction of its own: nobody waits for the locks of 0001 meanwhile, and its triggers mark what comes now."""

    dependencies = [("dashboards", "0001_initial")]

    operations = [migrations.RunSQL(_triggers.BEGIN, migrations.RunSQL.noop)]
