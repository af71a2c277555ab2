"""Sending: claim what is due, write the attempt, send many at once, write what came of it.

A claim takes rows by `SKIP LOCKED`, with a lease from the database's clock and a fence number that only grows, and commits
(`claiming`). Then each notice is checked again and composed, and its attempt written, before anything leaves (`preparing`).
A worker that dies until then has sent nothing: the row comes due again, and is tried alone. One that dies later leaves an
attempt without a result: when its lease runs out that send is *unknown* (`reaping`), and is settled by asking the platform
(`settling`), never by sending blindly. A worker that stalls past its lease comes back with an old fence, and nothing it says
is written (`finishing`). How well a channel carries is in `breaker`; keeping hundreds on their way at once, in `lanes`.
"""

from cases.takedowns.dispatch.breaker import FIRST_PAUSE, LONGEST_PAUSE, pause
from cases.takedowns.dispatch.claiming import BATCH, Claim, routes, take
from cases.takedowns.dispatch.finishing import finish
from cases.takedowns.dispatch.lanes import LANES, run
from cases.takedowns.dispatch.preparing import claim, prepare, proof_of
from cases.takedowns.dispatch.reaping import reap, strand, try_suspects
from cases.takedowns.dispatch.settling import MAX_QUESTIONS, poll, settle
from cases.takedowns.reasons import MAX_CRASHES, MAX_TRIES

__all__ = [
    "BATCH",
    "FIRST_PAUSE",
    "LANES",
    "LONGEST_PAUSE",
    "MAX_CRASHES",
    "MAX_QUESTIONS",
    "MAX_TRIES",
    "Claim",
    "claim",
    "finish",
    "pause",
    "poll",
    "prepare",
    "proof_of",
    "reap",
    "routes",
    "run",
    "settle",
    "strand",
    "take",
    "try_suspects",
]
