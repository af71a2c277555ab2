"""Which programs make a helpline, in which order, and the environment they share."""

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from helpline.embedded import postgres, valkey
from helpline.embedded.ports import Ports, check_free, choose_ports, healthy
from helpline.embedded.processes import ROOT, Program
from helpline.embedded.supervisor import Supervisor, say

MANAGE = (sys.executable, str(ROOT / "manage.py"))


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `manage.py up` was asked for."""

    var: Path
    port: int
    demo: bool = False
    worker: bool = True
    beat: bool = True
    servers_only: bool = False


def bring_up(supervisor: Supervisor, options: Options) -> None:
    """Start everything `options` ask for, in order; returns once it answers. Raises CannotStart, Stopped."""
    began = time.monotonic()
    if not options.servers_only:
        check_free(options.port)
    for server in embedded_servers(options.var, os.environ):
        supervisor.start(server)
        say(f"{server.name} is running")
    if options.servers_only:
        say(servers_note(options.var))
        return
    ports = choose_ports(options.port)
    shared = environment(options, ports, os.environ)
    # Keys come before the tables that need them, people and platforms after the tables they stand in.
    for step in ("bootstrap", "migrate", "bootstrap"):
        done = supervisor.run(manage(step, "--noinput", environment=shared))
        say(f"{step} is done")
    if options.demo:
        supervisor.start(simulator(options.var, ports, shared))
        say("simulator is running")
        supervisor.run(manage("seed_demo", environment=shared))
        say("the demo story is there")
    else:
        say(done.last_words(4))
        supervisor.run(manage("collectstatic", "--noinput", environment=shared))
        say("collectstatic is done")
    programs = helpline(options, shared)
    for program in programs:
        supervisor.start(program)
    supervisor.check()
    say(f"running: {', '.join(program.name for program in programs)}")
    say(welcome(options, shared, time.monotonic() - began))


# --- The environment ----------------------------------------------------------------------------------


def environment(options: Options, ports: Ports, given: Mapping[str, str]) -> dict[str, str]:
    """What every program gets: the `given` environment and what the options decide.

    The demo overrides what would let it reach out of this machine, whatever a `.env` says.
    """
    address = f"http://127.0.0.1:{options.port}"
    hosts = "127.0.0.1,localhost,[::1]"
    shared = dict(given)
    shared["HELPLINE_PUBLIC_URL"] = given.get("HELPLINE_PUBLIC_URL") or address
    shared["HELPLINE_HOSTS"] = given.get("HELPLINE_HOSTS") or hosts
    shared |= {
        "HELPLINE_VAR": str(options.var),
        "HELPLINE_DEMO": str(int(options.demo)),
        "PYTHONUNBUFFERED": "1",
    }
    if options.demo:
        shared |= {
            "HELPLINE_PUBLIC_URL": address,
            "HELPLINE_HOSTS": hosts,
            "HELPLINE_TRUSTED_PROXIES": "0",
            "HELPLINE_FACE": "all",
            "HELPLINE_KEYS_DIR": str(options.var / "keys"),
            "HELPLINE_SIMULATOR": f"127.0.0.1:{ports.simulator}",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(ports.mail),
            "EMAIL_HOST_USER": "",
            "EMAIL_HOST_PASSWORD": "",
            "EMAIL_USE_TLS": "0",
            # Signs by mail end in the simulator's mailbox; there is no gateway for text messages.
            "HELPLINE_NUDGE_FROM": "post@notes.example",
            "HELPLINE_SMS_GATEWAY_URL": "",
            "HELPLINE_SMS_GATEWAY_TOKEN": "",
        }
    return shared


# --- The programs -------------------------------------------------------------------------------------


def embedded_servers(var: Path, environment: Mapping[str, str], *, durable: bool = True) -> list[Program]:
    """The database and the broker, each unless the environment names another. Raises CannotStart."""
    servers: list[Program] = []
    if not environment.get("DATABASE_URL"):
        servers.append(postgres.program(var, durable=durable))
    if not environment.get("REDIS_URL"):
        servers.append(valkey.program(var))
    return servers


def manage(command: str, *arguments: str, environment: Mapping[str, str]) -> Program:
    """A management command that runs to its end."""
    return Program(name=command, command=[*MANAGE, command, *arguments], environment=environment)


def simulator(var: Path, ports: Ports, environment: Mapping[str, str]) -> Program:
    """The platforms of the demo, and the mailbox its notices go to."""
    options = {
        "--port": str(ports.simulator),
        "--mail-port": str(ports.mail),
        "--receipts": str(var / "receipts.jsonl"),
        "--state": str(var / "simulator.json"),
        "--callback-base": f"http://127.0.0.1:{ports.web}",
    }
    words = [word for option in options.items() for word in option]
    return Program(
        name="simulator",
        command=[sys.executable, "-m", "tests.platforms", *words],
        environment=environment,
        ready=partial(healthy, ports.simulator),
    )


def helpline(options: Options, environment: Mapping[str, str]) -> list[Program]:
    """Worker and beat, as wanted, and the web server: last to start, as it is awaited, and first to end."""
    celery = (sys.executable, "-m", "celery", "-A", "helpline")
    worker = Program(
        name="worker",
        command=[*celery, "worker", "--concurrency", "6", "--without-gossip", "--without-mingle"],
        environment=environment,
        # "Finish what you hold", then "drop it": a row says what was left undone.
        end=((signal.SIGTERM, 10), (signal.SIGQUIT, 5)),
        orphaned=signal.SIGQUIT,
    )
    beat = Program(
        name="beat",
        # No pid file of Celery's own: one left by a crash would keep it from starting.
        command=[*celery, "beat", "--schedule", str(options.var / "run" / "beat-schedule"), "--pidfile="],
        environment=environment,
    )
    web = Program(
        name="web",
        command=[
            *(sys.executable, "-m", "gunicorn", "helpline.wsgi", "--bind", f"127.0.0.1:{options.port}"),
            # Threads: a browser opens connections ahead of need, and each would hold a whole worker.
            *("--workers", "2", "--worker-class", "gthread", "--threads", "8"),
            *("--graceful-timeout", "5", "--no-control-socket"),
        ],
        environment=environment,
        ready=partial(healthy, options.port, host=urlsplit(environment["HELPLINE_PUBLIC_URL"]).netloc),
        ready_within=60,
    )
    return [*([worker] if options.worker else []), *([beat] if options.beat else []), web]


# --- What we say when it is done ----------------------------------------------------------------------


def servers_note(var: Path) -> str:
    """How other commands find the servers."""
    return (
        f"\nWith HELPLINE_VAR={var}, and neither DATABASE_URL nor REDIS_URL, every command finds them.\n"
        "Ctrl-C stops them."
    )


def welcome(options: Options, environment: Mapping[str, str], seconds: float) -> str:
    """Where everything is and, in the demo, who can log in."""
    address = environment["HELPLINE_PUBLIC_URL"].rstrip("/")
    rows = [("Young people", f"{address}/"), ("Staff", f"{address}/staff/")]
    if options.demo:
        story = json.loads((options.var / "demo.json").read_text())
        rows += [("Simulator", story["simulator_url"]), ("Receipt code", story["receipt_code"])]
        rows += [
            (who["role"].capitalize(), f"{who['username']}  {who['password']}") for who in story["staff"]
        ]
    block = "\n".join(f"  {name:<15}{what}" for name, what in rows)
    logs = options.var / "log"
    return f"\nReady after {seconds:.0f} seconds.\n\n{block}\n\n  Logs in {logs}. Ctrl-C stops everything.\n"
