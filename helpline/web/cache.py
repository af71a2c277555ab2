"""What the cache may hold: JSON.

Django's own serializer reads pickles: whoever can write to the broker could then run code in the staff's process.
"""

import json
from typing import Any


class JsonSerializer:
    """For `CACHES["default"]["OPTIONS"]["serializer"]`. Whole numbers stay numbers, so that they can be counted up."""

    def dumps(self, value: Any) -> bytes | int:
        return value if type(value) is int else json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)
