"""The server programs that two wheels bring. Only their files are used, never their Python code."""

import importlib.util
import os
from pathlib import Path

from helpline.embedded.processes import CannotStart


def find(*, package: str, pattern: str, server: str, variable: str) -> Path:
    """The program that matches `pattern` inside the installed `package`.

    Raises CannotStart when this platform has no such wheel; it names `variable`, the way out.
    """
    found = importlib.util.find_spec(package)
    folders = found.submodule_search_locations if found else None
    for folder in folders or ():
        for program in sorted(Path(folder).glob(pattern)):
            if os.access(program, os.X_OK):
                return program
    raise CannotStart(
        f"There is no {server} here: the package {package.replace('_', '-')} is not installed, or has no "
        f"build for this platform. Install {server} yourself and set {variable} to its address."
    )
