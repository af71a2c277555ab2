"""`dispatch_mail`: whole sends by one worker process over kept SMTP connections, beside Django's kept connection alone."""

from tests.bench.dispatch import SLUG
from tests.bench.figures import Figure, median
from tests.bench.house import Broken, House, say
from tests.platforms import receipts
from tests.platforms.simulator import RunningSimulator

ROUNDS = 3
SENDS = 2_000


def bench(house: House) -> list[Figure]:
    """Sends a second over the middle of each round, and what was lost or delivered twice."""
    database = house.database("bench_mail")
    ours: list[float] = []
    kept: list[float] = []
    wanted: list[str] = []
    with RunningSimulator(bench=True) as simulator:
        simulator.control(SLUG, channel="email", latency=0, answers={})
        mail = {
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(simulator.mail_port),
            "HELPLINE_MAIL_RETURN": "notices+*@helpline.example",
            "HELPLINE_RECHECK": "0",
        }
        for number in range(ROUNDS + 1):
            count = 300 if number == 0 else SENDS
            say(f"dispatch_mail: {'warming up' if number == 0 else f'round {number} of {ROUNDS}'}")
            house.inside("notices", count, f"abuse@{SLUG}.example", database=database, **mail)
            plain = house.inside("kept_mail", count, database=database, **mail)
            done = house.inside("sends", database=database, **mail)
            if (done["wanted"], done["sent"]) != (count, count):
                raise Broken(f"{count} notices were prepared, {done['wanted']} due and {done['sent']} sent")
            wanted += done["notices"]
            if number:
                ours.append(done["rate"])
                kept.append(plain["rate"])
            say(f"dispatch_mail: {done['rate']:,.0f}/s, Django's kept connection {plain['rate']:,.0f}/s")
        taken = [str(one["notice_id"])[1:37] for one in receipts.mails(simulator.receipts)]
    ids = set(wanted)
    arrived = [one for one in taken if one in ids]
    return [
        Figure("dispatch_mail", median(ours), "sends/s", median(kept), at_least=0.6),
        Figure("dispatch_mail.kept", len(set(arrived)), "notices", len(wanted), at_least=1),
        Figure(
            "dispatch_mail.once",
            len(wanted) - (len(arrived) - len(set(arrived))),
            "notices",
            len(wanted),
            at_least=1,
        ),
    ]
