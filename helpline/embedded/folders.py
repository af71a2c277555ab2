"""Folders that nobody else may enter."""

import os
import stat
from pathlib import Path

from helpline.embedded.processes import CannotStart

NOBODY = 65534


def make_private(folder: Path, *, owner: int | None = None) -> None:
    """Make `folder` (its parent exists) with mode 0700, for the user `owner` or for ourselves.

    A short address lies under /tmp, where anybody could have made it first: raises CannotStart if so.
    """
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    except OSError as error:
        raise CannotStart(f"The folder {folder} cannot be made: {error.strerror}.") from error
    found = folder.lstat()
    # PostgreSQL will not run as root, so what root starts may belong to nobody.
    ours = {0, NOBODY} if os.geteuid() == 0 else {os.geteuid()}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in ours:
        raise CannotStart(
            f"{folder} belongs to somebody else (user {found.st_uid}), so nothing is started in it. "
            "Remove it, or choose another data folder with VAR= or --var."
        )
    folder.chmod(0o700)
    if owner is not None and found.st_uid != owner:
        os.chown(folder, owner, -1)


def hand_over(folder: Path, *, owner: int) -> None:
    """Give `folder` and all that is in it to the user `owner`, if it is not theirs already. Only root can."""
    if folder.stat().st_uid == owner:
        return
    for path in [*folder.rglob("*"), folder]:  # itself last: an interrupted run begins again
        os.chown(path, owner, -1, follow_symlinks=False)
