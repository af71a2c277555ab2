"""`queries COOKIE ADDRESS...`: how many queries each of these pages costs in a process that is warm."""

import json
import sys
from typing import Any

from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext


def answered(client: Client, address: str) -> Any:
    found: HttpResponse = client.get(address, headers={"host": "127.0.0.1"})  # type: ignore[assignment]
    if found.status_code != 200:
        raise SystemExit(f"{address} answered {found.status_code}")
    return found


counts = []
client = Client()
name, _, value = sys.argv[1].partition("=")
client.cookies[name] = value
for address in sys.argv[2:]:
    answered(client, address)
    with CaptureQueriesContext(connection) as seen:
        answered(client, address)
    counts.append(len(seen))
    for one in seen.captured_queries:
        print(one["time"], one["sql"][:2000])
print(json.dumps(counts))
