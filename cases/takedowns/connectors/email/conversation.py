"""One letter's SMTP conversation over a kept connection, and what its end means.

Where the server takes commands in groups (RFC 2920) the envelope is one write and its replies one wait.
"""

import re
import smtplib

from cases.takedowns.connectors.base import Lines, Sent
from cases.takedowns.connectors.email.letter import Envelope, is_address
from cases.takedowns.states import Result

FULL_STOP = re.compile(rb"^\.", re.M)
BROKEN = (smtplib.SMTPException, OSError)


def deliver(body: bytes, envelope: Envelope, lines: Lines) -> Sent:
    """What broke before the text left is tried again; after that, nobody knows."""
    return_to = envelope.return_to
    if not all(map(is_address, (envelope.recipient, envelope.sender, return_to))):
        return Sent(Result.REFUSED, detail="no mail address to write to, or from")
    try:
        line, sender, recipient = _announced(return_to, envelope.recipient, lines)
    except BROKEN as error:
        lines.drop_mail_line()
        return Sent(Result.RETRY, detail=f"no connection: {type(error).__name__}")
    if sender != 250:
        return _refused(sender, "sender", lines)
    if recipient not in (250, 251):
        return _refused(recipient, "recipient", lines)
    try:
        code, _reply = line.docmd("DATA")
    except BROKEN as error:
        lines.drop_mail_line()
        return Sent(Result.RETRY, detail=f"broken before the text: {type(error).__name__}")
    if code != 354:
        return _refused(code, "data", lines)
    try:
        line.send(FULL_STOP.sub(b"..", body) + (b".\r\n" if body.endswith(b"\r\n") else b"\r\n.\r\n"))
        code, reply = line.getreply()
    except BROKEN as error:
        lines.drop_mail_line()
        return Sent(Result.UNKNOWN, detail=f"broken during the text: {type(error).__name__}")
    if 200 <= code < 300:
        return Sent(Result.ACCEPTED, detail=reply.decode("ascii", "replace")[:100])
    if not 400 <= code < 600:
        lines.drop_mail_line()
        return Sent(Result.UNKNOWN, detail="no reply to the text that means anything")
    return _refused(code, "text", lines)


def _announced(return_to: str, to: str, lines: Lines) -> tuple[smtplib.SMTP, int, int]:
    """The line, and what was answered to sender and recipient. Raises SMTPException or OSError."""
    line = lines.mail_line()
    try:
        return line, *_announce(line, return_to, to)
    except BROKEN:
        # The kept connection may simply have grown old: one fresh one, before anything has left.
        lines.drop_mail_line()
        line = lines.mail_line()
        return line, *_announce(line, return_to, to)


def _announce(line: smtplib.SMTP, return_to: str, to: str) -> tuple[int, int]:
    sender, recipient = f"MAIL FROM:<{return_to}>", f"RCPT TO:<{to}>"
    if line.has_extn("pipelining"):
        line.send(f"{sender}\r\n{recipient}\r\n".encode("ascii"))
        return _code(line), _code(line)
    line.putcmd(sender)
    code = _code(line)
    if code != 250:
        return code, code
    line.putcmd(recipient)
    return code, _code(line)


def _code(line: smtplib.SMTP) -> int:
    """Of the next reply. 421 is a server that hangs up (RFC 5321, 4.2.3), as it does to a line that slept."""
    code, reply = line.getreply()
    if code == 421:
        raise smtplib.SMTPServerDisconnected(reply.decode("ascii", "replace"))
    return code


def _refused(code: int, what: str, lines: Lines) -> Sent:
    """5xx is for good, 4xx is not now (RFC 5321, 4.2.1)."""
    try:
        if lines.mail_line().rset()[0] != 250:
            lines.drop_mail_line()
    except BROKEN:
        lines.drop_mail_line()
    return Sent(Result.REFUSED if 500 <= code < 600 else Result.RETRY, detail=f"SMTP {code} for the {what}")
