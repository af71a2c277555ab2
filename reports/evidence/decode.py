"""The only place where somebody's picture is decoded: a program of its own, with next to no rights, run by `sanitise`.

The picture comes on stdin, the most pixels and the most bytes it may have as arguments. On stdout `OK`, width and height
(four bytes each, big-endian) and the new picture; or `NO` and a word that says why. It knows nothing of Django, of keys or
of files.
"""

import io
import os
import resource
import struct
import sys
import warnings
from collections.abc import Callable

MEMORY = 256 * 1024 * 1024
SECONDS = 5
LIMITS = {
    resource.RLIMIT_AS: (MEMORY, MEMORY),
    resource.RLIMIT_CPU: (SECONDS, SECONDS + 1),
    resource.RLIMIT_FSIZE: (0, 0),
    resource.RLIMIT_CORE: (0, 0),
    resource.RLIMIT_NOFILE: (16, 16),
}

if __name__ == "__main__":
    # Before Pillow is there. Set by the parent between fork and exec, they would not be safe beside its threads.
    for which, limit in LIMITS.items():
        resource.setrlimit(which, limit)
    os.nice(19)  # words come first

from PIL import (  # noqa: E402  see above
    Image,
    ImageFile,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)
from PIL import MpoImagePlugin as _mpo  # noqa: E402, F401  Pillow asks for these two later,
from PIL import TiffImagePlugin as _tiff  # noqa: E402, F401  when nothing can be opened any more

# By what is inside, never by a name or a declared type.
READERS: dict[bytes, Callable[[io.BytesIO], ImageFile.ImageFile]] = {
    b"\x89PNG\r\n\x1a\n": PngImagePlugin.PngImageFile,
    b"\xff\xd8\xff": JpegImagePlugin.jpeg_factory,
    b"RIFF": WebPImagePlugin.WebPImageFile,
}
BAND = 128  # rows laid on white at once: a second whole copy would not fit into the memory
JPEG_LONGEST = 65_500  # the format's own limit
PHOTO = 1024 * 1024  # a picture larger than this, and than a byte a pixel, is no plain screen


class No(Exception):
    """This picture is not taken; its text is the word that says why."""


def clean(body: bytes, most: int, most_bytes: int) -> tuple[int, int, bytes]:
    """Width, height and bytes of a new picture that holds the pixels of `body` and nothing else of it. Raises No."""
    reader = next((read for start, read in READERS.items() if body.startswith(start)), None)
    if reader is None or (body.startswith(b"RIFF") and body[8:12] != b"WEBP"):
        raise No("not_a_picture")
    # Pillow itself refuses twice this; the WebP reader asks it before it makes room for the pixels.
    Image.MAX_IMAGE_PIXELS = most // 2
    try:
        found = reader(io.BytesIO(body))
        if found.width * found.height > most:
            raise No("too_many_pixels")
        if getattr(found, "n_frames", 1) != 1:
            raise No("animated")
        found.load()
        ImageOps.exif_transpose(found, in_place=True)
        plain = on_white(found)
        is_photo = body.startswith(b"\xff\xd8") or len(body) > max(PHOTO, found.width * found.height)
        found.close()
        out = io.BytesIO()
        if is_photo and max(plain.size) <= JPEG_LONGEST:
            plain.save(out, "JPEG", quality=90, subsampling=0)
        else:
            plain.save(out, "PNG", compress_level=4)
            if out.tell() > most_bytes and max(plain.size) <= JPEG_LONGEST:
                out = io.BytesIO()
                plain.save(out, "JPEG", quality=80)
        if out.tell() > most_bytes:
            raise No("too_large")
    except No:
        raise
    except (MemoryError, Image.DecompressionBombError) as error:
        raise No("too_many_pixels") from error
    except Exception as error:  # whatever a decoder can think of
        raise No("damaged") from error
    return plain.width, plain.height, out.getvalue()


def on_white(image: Image.Image) -> Image.Image:
    """The pixels as they are seen, without anything that came with them, not even what lies under a transparent one."""
    plain = Image.new("RGB", image.size, "white")
    for top in range(0, image.height, BAND):
        band = image.crop((0, top, image.width, min(top + BAND, image.height)))
        if band.mode.startswith("I;16"):
            band = band.point(lambda value: value / 256).convert("L")
        seen = band.convert("RGBA")
        plain.paste(seen, (0, top), seen)
    return plain


def main() -> None:
    """Read, answer, end."""
    warnings.simplefilter("ignore")
    Image.preinit()  # `save` would do it, too late
    # From here on it can open nothing: no file, no connection. It has what it was given.
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    out = sys.stdout.buffer
    try:
        width, height, picture = clean(sys.stdin.buffer.read(), *map(int, sys.argv[1:3]))
    except No as no:
        out.write(b"NO" + str(no).encode())
    except MemoryError:
        out.write(b"NOtoo_many_pixels")
    else:
        out.write(b"OK" + struct.pack(">II", width, height) + picture)
    out.flush()


if __name__ == "__main__":
    main()
