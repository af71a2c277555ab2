from django.db import migrations

# What was blocked in some places or removed in part was told as removed, until now.
TELL = """
INSERT INTO reports_update (report_id, link_id, what, at, data)
SELECT link.report_id, link.id, CASE takedown.status WHEN 'disabled' THEN 'said_blocked' ELSE 'said_partly' END, now(),
    jsonb_build_object('platform', platform.name)
FROM takedowns_takedown AS takedown
JOIN reports_link AS link ON link.id = takedown.link_id
JOIN platforms_platform AS platform ON platform.id = takedown.platform_id
WHERE takedown.status IN ('disabled', 'partly_removed') AND link.status = 'said_removed';
UPDATE reports_link AS link SET status = 'sent', status_at = now()
FROM takedowns_takedown AS takedown
WHERE takedown.link_id = link.id AND takedown.status IN ('disabled', 'partly_removed') AND link.status = 'said_removed';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("takedowns", "0010_covered_indexes"),
        ("reports", "0010_some_is_not_all"),
    ]

    operations = [migrations.RunSQL(TELL, migrations.RunSQL.noop)]
