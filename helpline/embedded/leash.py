"""Become another program, but one that ends when whoever started it does, even by kill -9.

    python leash.py SIGNAL PARENT PROGRAM [ARGUMENT...]

SIGNAL is what the program gets when the process PARENT is gone. Only Linux can promise that; elsewhere the
program just runs. A file of its own, and not a hook between fork and exec, because the promise is void once a
process changes its user: `unshare` and `setpriv` go first, then this, then the program.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(end: str, parent: str, *program: str) -> None:
    """Replace this process by `program`; exits at once when `parent` has gone already."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(end))
    if os.getppid() != int(parent):
        sys.exit(f"{program[0]} was not started: the process {parent} that asked for it has gone.")
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.execvp(program[0], program)  # noqa: S606  our own programs, and a shell is what we do not want


if __name__ == "__main__":
    main(*sys.argv[1:])
