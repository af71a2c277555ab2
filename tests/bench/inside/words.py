"""How many words of platforms are stored: those of callbacks, and the takedowns that followed them; as JSON."""

import json

from cases.takedowns.models import Event, Takedown
from cases.takedowns.states import Source, Status

print(
    json.dumps(
        {
            "events": Event.objects.filter(source=Source.CALLBACK).count(),
            "removed": Takedown.objects.filter(status=Status.REMOVED).count(),
        }
    )
)
