"""Make the limits' own tables, and two platforms that the reports' links are on."""

from django.db import connection

from helpline.platforms.models import Platform
from tests.bench.bare.models import BareReport, BareWord

with connection.schema_editor() as editor:
    editor.create_model(BareReport)
    editor.create_model(BareWord)
for slug in ("chatter", "pixboard"):
    Platform.objects.create(slug=slug, name=slug.title(), domains=[f"{slug}.example"])
