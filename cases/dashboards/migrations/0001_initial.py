import django.contrib.postgres.fields
import uuid
from django.db import migrations, models

from cases.dashboards.migrations import _triggers


class Migration(migrations.Migration):

    initial = True

    # Its triggers stand on tables of these.
    dependencies = [
        ("cases", "0005_proposals_of_open_cases"),
        ("ladder", "0002_held"),
        ("platforms", "0004_merged_into"),
        ("reports", "0008_news_of_what_came_back"),
        ("takedowns", "0007_polls"),
    ]

    operations = [
        migrations.CreateModel(
            name='RedressFact',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('own_platform', models.BigIntegerField()),
                ('platform', models.BigIntegerField()),
                ('kind', models.CharField(max_length=14)),
                ('state', models.CharField(max_length=10)),
                ('state_at', models.DateTimeField(db_index=True)),
                ('month', models.DateField()),
            ],
        ),
        migrations.CreateModel(
            name='ReportFact',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('submitted_at', models.DateTimeField(db_index=True)),
                ('month', models.DateField()),
                ('hour', models.CharField(max_length=4)),
                ('kind', models.CharField(max_length=12)),
                ('age_range', models.CharField(max_length=10)),
                ('who', models.CharField(max_length=10)),
                ('channel', models.CharField(max_length=10)),
                ('circumstances', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=12), size=None)),
                ('with_school', models.BooleanField()),
            ],
        ),
        migrations.CreateModel(
            name='Stale',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=10)),
                ('row', models.UUIDField()),
            ],
        ),
        migrations.CreateModel(
            name='StepFact',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('own_platform', models.BigIntegerField()),
                ('platform', models.BigIntegerField()),
                ('rung', models.CharField(max_length=16)),
                ('state', models.CharField(max_length=10)),
                ('outcome', models.CharField(max_length=10)),
                ('state_at', models.DateTimeField(db_index=True)),
                ('month', models.DateField()),
            ],
        ),
        migrations.CreateModel(
            name='Tally',
            fields=[
                ('pk', models.CompositePrimaryKey('dim', 'platform', 'month', 'value', blank=True, editable=False, primary_key=True, serialize=False)),
                ('dim', models.CharField(max_length=20)),
                ('platform', models.BigIntegerField()),
                ('month', models.DateField()),
                ('value', models.CharField(max_length=60)),
                ('counts', django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
            ],
        ),
        migrations.CreateModel(
            name='LastFold',
            fields=[
                ('id', models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('as_of', models.DateTimeField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='last_fold_one')],
            },
        ),
        migrations.CreateModel(
            name='TakedownFact',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('own_platform', models.BigIntegerField()),
                ('platform', models.BigIntegerField()),
                ('channel', models.BigIntegerField()),
                ('regimes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), size=None)),
                ('kind', models.CharField(max_length=12)),
                ('age', models.CharField(max_length=8)),
                ('item', models.UUIDField()),
                ('notice', models.UUIDField()),
                ('requested_at', models.DateTimeField()),
                ('month', models.DateField()),
                ('is_counted', models.BooleanField()),
                ('is_first_of_item', models.BooleanField()),
                ('is_first_of_notice', models.BooleanField()),
                ('is_sent', models.BooleanField()),
                ('fate', models.CharField(max_length=16)),
                ('action', models.CharField(max_length=16)),
                ('said_removed', models.BooleanField()),
                ('seen_gone', models.BooleanField()),
                ('reappeared', models.BooleanField()),
                ('first_gone_at', models.DateTimeField(null=True)),
                ('gone_long_ago', models.BooleanField()),
                ('stayed_gone', models.BooleanField()),
                ('next_at', models.DateTimeField(null=True)),
                ('bin', models.SmallIntegerField(null=True)),
                ('back', models.IntegerField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['requested_at'], name='fact_requested'), models.Index(condition=models.Q(('next_at__isnull', False)), fields=['next_at'], name='fact_next'), models.Index(fields=['notice'], name='fact_notice'), models.Index(condition=models.Q(('item', models.F('id')), _negated=True), fields=['item'], name='fact_shared_item')],
            },
        ),
        migrations.RunSQL(_triggers.MAKE, _triggers.UNMAKE),
        # Its rows change all the time: new versions find room beside the old ones.
        migrations.RunSQL("ALTER TABLE dashboards_tally SET (fillfactor = 50)", migrations.RunSQL.noop),
    ]
