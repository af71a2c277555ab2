"""A file that stands in the database piece by piece: written while it arrives, read from anywhere, never whole in memory."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from typing import BinaryIO, cast
from uuid import UUID, uuid4

from cases.reconciliation.models import Piece

SIZE = 1024 * 1024
NESTED = 2  # the public dumps hold archives in an archive
INNER = 2  # how many times the file those in it may be: what is packed already hardly shrinks
ENTRIES = 500  # tables and archives in one archive; what it lists in all takes SIZE at the most


class Writer:
    """Takes bytes as they come. `most`: what is longer is not kept, and `is_too_large` says so."""

    def __init__(self, upload_id: UUID, *, most: int, at: datetime) -> None:
        self.upload_id, self.size, self.is_too_large = upload_id, 0, False
        self._most, self._at, self._number = most, at, 0
        self._digest, self._kept = hashlib.sha256(), bytearray()

    def write(self, body: bytes) -> None:
        """Some more of it."""
        self.size += len(body)
        if self.size > self._most:
            self.discard()
        if self.is_too_large:
            return
        self._digest.update(body)
        self._kept += body
        while len(self._kept) >= SIZE:
            self._store(bytes(self._kept[:SIZE]))
            del self._kept[:SIZE]

    def close(self) -> str:
        """The last of it; answers the SHA-256 of all."""
        if self._kept and not self.is_too_large:
            self._store(bytes(self._kept))
        return self._digest.hexdigest()

    def discard(self) -> None:
        """Nothing of it is kept."""
        if not self.is_too_large:
            self.is_too_large = True
            self._kept.clear()
            Piece.objects.filter(upload_id=self.upload_id).delete()

    def _store(self, body: bytes) -> None:
        Piece.objects.create(upload_id=self.upload_id, number=self._number, at=self._at, body=body)
        self._number += 1


class Reader(io.RawIOBase):
    """The bytes of an upload, from any place in them; one piece in memory at a time."""

    def __init__(self, upload_id: UUID, *, size: int) -> None:
        self._id, self.size, self._at = upload_id, size, 0
        self._number, self._piece = -1, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: object) -> int:
        into = memoryview(cast(bytearray, buffer))
        if self._at >= self.size:
            return 0
        number, start = divmod(self._at, SIZE)
        if number != self._number:
            row = (
                Piece.objects.filter(upload_id=self._id, number=number).values_list("body", flat=True).first()
            )
            if row is None:
                raise OSError("A piece of the file is gone.")
            self._number, self._piece = number, bytes(row)
        part = self._piece[start : start + len(into)]
        into[: len(part)] = part
        self._at += len(part)
        return len(part)


class TooLong(Exception):
    """Unpacked it is longer than we read."""


class TooMany(Exception):
    """An archive that lists more than we read."""


class NoTable(Exception):
    """An archive that can't be opened, or that holds no table."""


@contextmanager
def tables(
    raw: Reader, *, most: int, at: datetime, on_work: Callable[[], None]
) -> Iterator[Iterator[io.TextIOBase]]:
    """Each table of the file as text: the file itself, or every CSV file of an archive, of archives in it, too.

    `most`: bytes in all, unpacked. `on_work` is called again and again while it is unpacked, so that whoever holds the file
    can say so. Raises NoTable, TooMany; reading on raises TooLong.
    """
    meter, inner = _Meter(most, on_work), _Meter(INNER * raw.size + SIZE, on_work)
    with closing(_open(_Bounded(raw), meter, inner, at)) as found:
        try:
            yield found
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
            raise NoTable from error


class _Bounded(io.BufferedReader):
    """Never reads more than SIZE at once, but for the end: the list of an archive's files is asked for whole, and however
    many they are, it would be."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > SIZE:
            raise TooMany
        return super().read(size)


class _Meter:
    def __init__(self, most: int, on_work: Callable[[], None]) -> None:
        self.left, self._on_work = most, on_work

    def count(self, body: bytes) -> bytes:
        self._on_work()
        self.left -= len(body)
        if self.left < 0:
            raise TooLong
        return body


@contextmanager
def _spread(raw: BinaryIO | io.BufferedReader, meter: _Meter, at: datetime) -> Iterator[io.BufferedReader]:
    """An archive in an archive, as pieces of its own for as long as it is read.

    An archive is read from its end and from place to place; where it is packed, each step back would unpack it again.
    """
    written = Writer(uuid4(), most=meter.left, at=at)
    try:
        while body := raw.read(SIZE):
            written.write(meter.count(body))
        written.close()
        yield _Bounded(Reader(written.upload_id, size=written.size))
    finally:
        written.discard()


def _open(
    raw: BinaryIO | io.BufferedReader, meter: _Meter, inner: _Meter, at: datetime, depth: int = NESTED
) -> Generator[io.TextIOBase, None, None]:
    beginning = raw.read(4)
    raw.seek(0)
    if not beginning.startswith(b"PK"):
        yield _as_text(raw, beginning, meter.count)
        return
    if not depth:
        raise NoTable
    with ExitStack() as held:
        if depth < NESTED:
            raw = held.enter_context(_spread(raw, inner, at))
        archive = held.enter_context(zipfile.ZipFile(raw))
        names = [
            one
            for one in archive.infolist()
            if one.filename.casefold().endswith((".csv", ".zip")) and not one.filename.startswith("__MACOSX")
        ]
        if not names:
            raise NoTable
        if len(names) > ENTRIES:
            raise TooMany
        for one in names:
            with archive.open(one) as part:
                yield from _open(cast(BinaryIO, part), meter, inner, at, depth - 1)


class _Counted(io.RawIOBase):
    def __init__(self, raw: BinaryIO | io.BufferedReader, count: Callable[[bytes], bytes]) -> None:
        self._raw, self._count = raw, count

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        into = memoryview(cast(bytearray, buffer))
        body = self._count(self._raw.read(len(into)))
        into[: len(body)] = body
        return len(body)


def _as_text(
    raw: BinaryIO | io.BufferedReader, beginning: bytes, count: Callable[[bytes], bytes]
) -> io.TextIOBase:
    # What a spreadsheet saved as "Unicode text"; all else is UTF-8, and a byte that is not is shown as such.
    encoding = "utf-16" if beginning[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    counted = io.BufferedReader(_Counted(raw, count), buffer_size=64 * 1024)
    return io.TextIOWrapper(counted, encoding=encoding, errors="replace", newline="")
