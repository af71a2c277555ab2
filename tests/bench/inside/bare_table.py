"""Make the limit's own table."""

from django.db import connection

from tests.bench.bare.models import BareReport

with connection.schema_editor() as editor:
    editor.create_model(BareReport)
