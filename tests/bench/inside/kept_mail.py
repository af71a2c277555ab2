"""`kept_mail COUNT`: the limit of sending mail: ready-made messages over Django's own connection, kept; answers the rate."""

import json
import sys
import time
from uuid import uuid4

from django.core.mail import EmailMessage, get_connection

from cases.takedowns.notices import explain
from reports.states import Kind
from tests.bench.dispatch import SLUG
from tests.bench.figures import middle_rate

count = int(sys.argv[1])
body = (explain(Kind.DEEPNUDE, minor=True) + "\n") * 3
ready = [
    EmailMessage(
        f"Notice {uuid4()}",
        body,
        "Helpline <notices@helpline.example>",
        [f"abuse@{SLUG}.example"],
        headers={"Message-ID": f"<bare-{uuid4()}@helpline.example>"},
    )
    for _ in range(count)
]
connection = get_connection("django.core.mail.backends.smtp.EmailBackend")
connection.open()
sent = []
for one in ready:
    connection.send_messages([one])
    sent.append(time.perf_counter())
connection.close()
print(json.dumps({"rate": middle_rate(sent)}))
