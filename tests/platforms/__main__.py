"""`python -m tests.platforms`: run the simulator until Ctrl-C or SIGTERM."""

import argparse
import asyncio
import gc
import os
import signal
import sys
from pathlib import Path

from tests.platforms.app import running
from tests.platforms.behaviour import BadBehaviour
from tests.platforms.cast import PROFILES
from tests.platforms.directory import Directory
from tests.platforms.world import World


def parser() -> argparse.ArgumentParser:
    """The command line."""
    it = argparse.ArgumentParser(prog="python -m tests.platforms", description=__doc__)
    it.add_argument("--port", type=int, default=0, help="HTTP port on 127.0.0.1 (0: a free one)")
    it.add_argument("--mail-port", type=int, default=0, help="SMTP port on 127.0.0.1 (0: a free one)")
    it.add_argument("--receipts", type=Path, help="append a line of JSON for everything received")
    it.add_argument("--state", type=Path, help="keep notices and removed pages here across restarts")
    it.add_argument(
        "--callback-base",
        help="where callbacks go whose address is not on this machine, such as http://127.0.0.1:8000",
    )
    it.add_argument("--seed", type=int, default=1, help="the same seed misbehaves in the same places")
    it.add_argument("--profile", choices=PROFILES, default="demo", help="how the platforms are")
    it.add_argument(
        "--config", type=Path, help='JSON, {"<slug>": {"<field>": value}}; "*" is every other platform'
    )
    it.add_argument(
        "--bench",
        action="store_true",
        help="answer in 0.2 s, 1 in 20 with 503, decide nothing, call nobody, save nothing",
    )
    it.add_argument(
        "--until-stdin-closes", action="store_true", help="also end when whoever started this has gone away"
    )
    return it


async def serve(world: World, options: argparse.Namespace) -> None:
    """Run until told to stop; prints one line of JSON once everything answers."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with running(
        world, port=options.port, mail_port=options.mail_port, callback_base=options.callback_base
    ) as ports:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        if options.until_stdin_closes:
            loop.add_reader(0, stop_at_end, stop)
        print(ports.as_line(), flush=True)
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 20, 100)  # notices are kept for good: a look through them finds nothing
        await stop.wait()


def stop_at_end(stop: asyncio.Event) -> None:
    """Something came on standard input: nothing is read there but its end."""
    if not os.read(0, 1024):
        stop.set()


def main(arguments: list[str] | None = None) -> int:
    """0 after a clean stop; 2 with a sentence when it cannot start."""
    options = parser().parse_args(arguments)
    try:
        directory = Directory(options.profile, bench=options.bench)
        if options.config is not None:
            directory.read(options.config)
        world = World(
            directory=directory,
            seed=options.seed,
            receipts_path=options.receipts,
            state_path=options.state,
            bench=options.bench,
        )
        world.restore()
        asyncio.run(serve(world, options))
    except (BadBehaviour, OSError) as error:
        print(f"The platform simulator cannot start: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
