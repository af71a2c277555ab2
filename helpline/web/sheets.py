"""Tables for spreadsheets: no cell of ours is ever run as a formula, and a French Excel opens the file as it is.

Each file begins with a byte order mark, without which Excel reads UTF-8 as something else. The separator is the one that
Excel expects where the reader is: a semicolon where numbers have a decimal comma, as in French, and a comma elsewhere.
Numbers are whole, because 3.5 turns into the third of May there. Programs take the JSON beside it, which has none of these
questions.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from django.http import StreamingHttpResponse
from django.utils.formats import get_format

Cell = str | int | date | None

BOM = "\ufeff"
CHUNK = 64 * 1024  # characters between two pieces of a stream
# What begins a formula, also in its full-width form, which some programs fold into the plain one.
_RUNS = "=+\\-@\uff1d\uff0b\uff0d\uff20\u2212\ufe62\ufe63\ufe66\ufe6b"
# It counts as a beginning, too, behind anything that a reader with another separator takes for the end of a cell, and
# behind blanks, quotes and characters nobody sees, which some programs drop first.
_UNSEEN = "\\s\"'\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\x00-\x1f\x7f"
_BEGINS = re.compile(f'(?:^|(?<=[,;|\\t\\r\\n"]))([{_UNSEEN}]*)(?=[{_RUNS}])')


def plain(text: str) -> str:
    """`text` so that no spreadsheet runs it: an apostrophe stands before whatever would begin a formula.

    Control characters go; a tab or a line break becomes a blank. Said twice, it changes nothing more.
    """
    without = re.sub(r"[\t\r\n\v\f\u0085\u2028\u2029]+", " ", text)
    without = re.sub(r"[\x00-\x1f\x7f]", "", without)
    return _BEGINS.sub(lambda found: found[1] if found[1].endswith("'") else f"{found[1]}'", without)


def separator() -> str:
    """The one a spreadsheet expects in the language that is on."""
    return ";" if get_format("DECIMAL_SEPARATOR") == "," else ","


def pieces(lines: Iterable[Sequence[Cell]], *, delimiter: str = ";") -> Iterator[bytes]:
    """The file, piece by piece: memory does not grow with it."""
    buffer = io.StringIO()
    buffer.write(BOM)
    writer = csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for line in lines:
        writer.writerow([_cell(one) for one in line])
        if buffer.tell() >= CHUNK:
            yield _taken(buffer)
    yield _taken(buffer)


def sheet(lines: Iterable[Sequence[Cell]], *, delimiter: str = ";") -> bytes:
    """The whole file at once, for one that is small or is hashed."""
    return b"".join(pieces(lines, delimiter=delimiter))


def sheet_file(lines: Iterable[Sequence[Cell]], *, name: str) -> StreamingHttpResponse:
    """A table to save as `name`.csv, sent while it is made. No cache keeps it."""
    response = StreamingHttpResponse(
        pieces(lines, delimiter=separator()), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    return plain(value) if isinstance(value, str) else str(int(value))


def _taken(buffer: io.StringIO) -> bytes:
    piece = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return piece
