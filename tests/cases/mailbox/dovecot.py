"""A real IMAP server of our own: dovecot on loopback, without privileges, gone with the test."""

import grp
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from imap_tools import MailBoxUnencrypted

USER, PASSWORD = "notices@helpline.example", "p/w:rd@1"
PATIENCE = 15.0
CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{folder}/mail
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {door}
first_valid_uid = 0
first_valid_gid = 0
mail_uid = {uid}
mail_gid = {gid}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service stats {{
  chroot =
}}
"""


def program() -> str | None:
    """Where dovecot is installed."""
    return shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")


class Dovecot:
    """Use as a context manager."""

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="dovecot-")
        self.folder = Path(self._temporary.name)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """As HELPLINE_IMAP_URL writes it."""
        return f"imap://notices%40helpline.example:p%2Fw%3Ard%401@127.0.0.1:{self.port}/INBOX"

    def __enter__(self) -> Self:
        # Nothing of dovecot runs as root: where tests do, the users that its package made take their places.
        is_root = os.getuid() == 0
        owner = pwd.getpwnam("dovecot") if is_root else pwd.getpwuid(os.getuid())
        self.folder.chmod(0o755)
        for name in ("run", "mail", "home"):
            (self.folder / name).mkdir()
            if is_root and name != "run":
                os.chown(self.folder / name, owner.pw_uid, owner.pw_gid)
        config = self.folder / "dovecot.conf"
        config.write_text(
            CONFIG.format(
                folder=self.folder,
                user=owner.pw_name,
                group=grp.getgrgid(owner.pw_gid).gr_name,
                door="dovenull" if is_root else owner.pw_name,
                uid=owner.pw_uid,
                gid=owner.pw_gid,
                password=PASSWORD,
                port=self.port,
            )
        )
        self._process = subprocess.Popen([str(program()), "-F", "-c", str(config)])
        until = time.monotonic() + PATIENCE
        while True:
            try:
                with self.mailbox():
                    return self
            except (OSError, imaplib.IMAP4.error):
                if time.monotonic() > until or self._process.poll() is not None:
                    log = self.folder / "log"
                    said = log.read_text() if log.exists() else ""
                    self.__exit__(None, None, None)
                    raise RuntimeError(f"dovecot does not answer: {said}") from None
                time.sleep(0.05)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)
        self._temporary.cleanup()

    def mailbox(self) -> MailBoxUnencrypted:
        """Logged in, as a person would be."""
        return MailBoxUnencrypted("127.0.0.1", self.port, timeout=PATIENCE).login(USER, PASSWORD)

    def put(self, *raws: bytes) -> None:
        """What came in."""
        with self.mailbox() as box:
            for raw in raws:
                box.append(raw, "INBOX")

    def empty(self) -> None:
        """Begin anew."""
        with self.mailbox() as box:
            box.delete(box.uids())

    def untaken(self) -> int:
        """How many bear no word of ours."""
        with self.mailbox() as box:
            return len(box.uids("UNKEYWORD HelplineTaken"))

    def see_all(self) -> None:
        """As somebody does who opens each in webmail."""
        with self.mailbox() as box:
            box.flag(box.uids(), "\\Seen", True)
