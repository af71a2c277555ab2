"""Files that somebody might send in the place of a screenshot, made from shapes and noise. No file is kept in the tree."""

import gzip
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

# Stands in every piece of metadata, every tail and every hidden pixel: none of it may come through.
CANARY = b"CANARY-48.8566N-2.3522E"
HTML = b"<html><script>alert('" + CANARY + b"')</script></html>"
PNG_START = b"\x89PNG\r\n\x1a\n"
FORMATS = ("PNG", "JPEG", "WEBP")


def bubbles(width: int = 180, height: int = 240) -> Image.Image:
    """A drawn conversation: boxes on a ground, with some noise so that every format has something to do."""
    image = Image.effect_noise((width, height), 12).convert("RGB")
    pen = ImageDraw.Draw(image)
    for line in range(4):
        left = 10 if line % 2 else width // 3
        top = 10 + line * height // 5
        box = (left, top, left + width // 2, top + height // 8)
        pen.rounded_rectangle(box, 8, fill=(40 * line, 90, 200 - 30 * line))
    return image


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


@cache
def plain(format: str) -> bytes:
    """A good picture in this format."""
    random.seed(1)
    return encoded(bubbles(), format)


def chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def header(width: int, height: int, *, bits: int = 8, colours: int = 2) -> bytes:
    return PNG_START + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0))


def with_chunk(kind: bytes, body: bytes) -> bytes:
    """The good PNG with one more chunk after its header."""
    good = plain("PNG")
    return good[:33] + chunk(kind, body) + good[33:]


def with_segment(marker: int, body: bytes) -> bytes:
    """The good JPEG with one more segment after its start."""
    good = plain("JPEG")
    return good[:2] + struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + good[2:]


def zeros(size: int) -> bytes:
    """`size` zeros, deflated without ever being whole in memory."""
    squeeze, piece = zlib.compressobj(9), bytes(1024 * 1024)
    out = [squeeze.compress(piece) for _ in range(size // len(piece))]
    return b"".join([*out, squeeze.compress(bytes(size % len(piece))), squeeze.flush()])


def exif(orientation: int = 1) -> Image.Exif:
    """A camera's notes, with a place."""
    notes = Image.Exif()
    notes[0x0112] = orientation
    notes[0x010E] = CANARY.decode()
    notes[0x010F] = "Telephone " + CANARY.decode()
    place = notes.get_ifd(0x8825)
    place[1], place[2] = "N", (48.0, 51.0, 24.0)
    place[3], place[4] = "E", (2.0, 21.0, 8.0)
    return notes


def xmp() -> bytes:
    return b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>' + CANARY + b"</rdf:RDF></x:xmpmeta>"


def profile() -> bytes:
    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    return bytes(made) + CANARY


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("index.html", HTML)
    return out.getvalue()


# --- families, each a stream of (name, bytes) ---------------------------------------------------------

Files = Iterator[tuple[str, bytes]]
TAILS = {
    "html": HTML,
    "zip": zipped(),
    "js": b"*/;alert('" + CANARY + b"');/*",
    "pdf": b"%PDF-1.4\n1 0 obj<</JS(" + CANARY + b")>>endobj\n%%EOF",
    "php": b"<?php system('" + CANARY + b"'); ?>",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='" + CANARY.lower() + CANARY + b"'/>",
    "program": b"MZ\x90\x00" + CANARY,
}


def polyglots() -> Files:
    for format in FORMATS:
        for name, tail in TAILS.items():
            yield f"{format} then {name}", plain(format) + tail
    for name, tail in TAILS.items():
        yield f"{name} then PNG", tail + plain("PNG")
        yield f"PNG with {name} in a chunk", with_chunk(b"teXt", tail)
        yield f"JPEG with {name} in a comment", with_segment(0xFE, tail[:60_000])
    yield "PNG and JPEG in one", plain("PNG") + plain("JPEG")
    yield "JPEG that is a script", b"\xff\xd8\xff\xe0/*" + CANARY + b"*/=1;" + plain("JPEG")
    yield "GIF that is a script", b"GIF89a/*" + CANARY + b"*/=1;"


def strangers() -> Files:
    image = bubbles(60, 60)
    for format in ("GIF", "TIFF", "BMP", "ICO", "PPM", "TGA", "PCX", "EPS", "PDF", "AVIF", "JPEG2000", "DDS"):
        kept = image if format not in {"GIF"} else image.convert("P")
        yield format, encoded(kept, format)
    yield (
        "GIF that moves",
        encoded(image.convert("P"), "GIF", save_all=True, append_images=[image.convert("P")]),
    )
    yield "PSD", b"8BPS\x00\x01" + bytes(6) + struct.pack(">HIIHH", 3, 60, 60, 8, 3) + bytes(200)
    yield "SVG", TAILS["svg"]
    yield "SVG with entities", b'<!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><svg>&b;</svg>'
    yield "HTML", HTML
    yield "text", b"Look at this: " + CANARY
    yield "one byte", b"\x89"
    yield "zeros", bytes(5000)
    yield "zip", zipped()
    yield "gzip of zeros", gzip.compress(bytes(3_000_000))
    yield "HEIC", b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(100)
    yield "MP4", b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(100)
    yield "WAV", b"RIFF" + struct.pack("<I", 100) + b"WAVEfmt " + bytes(92)
    yield "program", b"\x7fELF" + bytes(200)
    for start, name in (
        (PNG_START, "PNG"),
        (b"\xff\xd8\xff", "JPEG"),
        (b"RIFF", "RIFF"),
        (b"RIFF\0\0\0\0WEBP", "WebP"),
    ):
        yield f"{name}, only its start", start
        yield f"{name}, its start and noise", start + random.Random(name).randbytes(3000)
        yield f"{name}, its start and HTML", start + HTML


def bombs() -> Files:
    most = 2**31 - 1
    for width, height in (
        (65_535, 65_535),
        (100_000, 100_000),
        (most, most),
        (most, 1),
        (1, most),
        (0, 10),
        (10, 0),
    ):
        yield (
            f"PNG that says {width}×{height}",
            header(width, height) + chunk(b"IDAT", zeros(1000)) + chunk(b"IEND", b""),
        )
    body = zeros(30_000 * (30_000 // 8 + 1))
    yield (
        "PNG of 900 million black pixels",
        header(30_000, 30_000, bits=1, colours=0) + chunk(b"IDAT", body) + chunk(b"IEND", b""),
    )
    flat = zeros(5000 * (4001 * 3 + 1))
    yield "PNG of just too many pixels", header(4001, 5000) + chunk(b"IDAT", flat) + chunk(b"IEND", b"")
    full = zeros(5000 * (4000 * 3 + 1))
    yield "PNG of as many pixels as may be", header(4000, 5000) + chunk(b"IDAT", full) + chunk(b"IEND", b"")
    deep = zeros(5000 * (4000 * 8 + 1))
    yield (
        "the same with 16 bits and alpha",
        header(4000, 5000, bits=16, colours=6) + chunk(b"IDAT", deep) + chunk(b"IEND", b""),
    )
    yield (
        "PNG with more behind its pixels",
        header(20, 20) + chunk(b"IDAT", zeros(200_000_000)) + chunk(b"IEND", b""),
    )
    bomb = zeros(400_000_000)
    yield "iCCP bomb", with_chunk(b"iCCP", b"p\0\0" + bomb)
    yield "zTXt bomb", with_chunk(b"zTXt", b"Comment\0\0" + bomb)
    yield "iTXt bomb", with_chunk(b"iTXt", b"Comment\0\1\0\0\0" + bomb)
    near = chunk(b"zTXt", b"Comment\0\0" + zeros(1_000_000))
    yield "a hundred zTXt just below the limit", plain("PNG")[:33] + near * 100 + plain("PNG")[33:]
    yield (
        "a hundred thousand empty chunks",
        plain("PNG")[:33] + chunk(b"teSt", b"") * 100_000 + plain("PNG")[33:],
    )
    for side in (5000, 65_500, 65_535):
        good = bytearray(plain("JPEG"))
        at = good.index(b"\xff\xc0")
        good[at + 5 : at + 9] = struct.pack(">HH", side, side)
        yield f"JPEG that says {side}×{side}", bytes(good)
    progressive = encoded(bubbles(600, 600), "JPEG", progressive=True)
    scan = progressive[progressive.index(b"\xff\xda") : -2]
    yield "JPEG of thousands of scans", progressive[:-2] + scan[:2000] * 2000 + b"\xff\xd9"
    yield (
        "large progressive JPEG",
        encoded(Image.linear_gradient("L").resize((4400, 4400)), "JPEG", progressive=True),
    )
    for side in (16_384, 2**24):
        size = struct.pack("<I", side - 1)[:3]
        canvas = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + size + size
        yield f"WebP that says {side}×{side}", b"RIFF" + struct.pack("<I", len(canvas) + 4) + b"WEBP" + canvas
    lossless = b"VP8L" + struct.pack("<I", 20) + b"\x2f" + struct.pack("<I", 0x0FFFFFFF) + bytes(15)
    yield (
        "WebP, lossless, of all the pixels it can say",
        b"RIFF" + struct.pack("<I", len(lossless) + 4) + b"WEBP" + lossless,
    )
    yield (
        "large WebP",
        encoded(Image.linear_gradient("L").resize((4000, 4900)).convert("RGB"), "WEBP", method=0),
    )
    yield "65535×1", encoded(Image.effect_noise((65_535, 1), 90).convert("RGB"), "PNG")
    yield "1×65535", encoded(Image.effect_noise((1, 65_535), 90).convert("RGB"), "PNG")
    yield (
        "65535×20, larger than a photograph",
        encoded(Image.effect_noise((65_535, 20), 99).convert("RGB"), "PNG", compress_level=0),
    )
    for format in FORMATS:
        yield f"1×1 {format}", encoded(bubbles(1, 1), format)


def notes_along() -> Files:
    for orientation in range(1, 9):
        for format in FORMATS:
            yield f"{format}, EXIF, turned {orientation}", encoded(bubbles(), format, exif=exif(orientation))
    for format in FORMATS:
        yield f"{format} with a colour profile", encoded(bubbles(), format, icc_profile=profile())
        yield f"{format} with XMP", encoded(bubbles(), format, xmp=xmp())
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", CANARY.decode())
    info.add_text("Zipped", CANARY.decode() * 50, zip=True)
    info.add_itxt("Place", CANARY.decode(), "en", "Place")
    yield "PNG with texts", encoded(bubbles(), "PNG", pnginfo=info, dpi=(300, 300))
    for kind in (b"tIME", b"prVt", b"eXIf", b"sPLT", b"caNb"):
        yield f"PNG with {kind.decode()}", with_chunk(kind, CANARY)
    for marker in (*range(0xE0, 0xF0), 0xFE):
        yield f"JPEG with segment {marker:X}", with_segment(marker, b"Photoshop 3.0\0" + CANARY)
    yield "JPEG with a broken EXIF", with_segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\x7f" + CANARY)
    yield (
        "JPEG with an EXIF that leads round",
        with_segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0" + b"\x01\0" * 9 + CANARY),
    )
    yield "JPEG with its small picture", with_segment(0xE1, b"Exif\0\0" + plain("JPEG")[:60_000] + CANARY)
    yield "two JPEG in one (MPO)", encoded(bubbles(), "MPO", save_all=True, append_images=[bubbles()])


def modes() -> Files:
    image = bubbles()
    yield "JPEG, CMYK", encoded(image.convert("CMYK"), "JPEG")
    yield "JPEG, grey", encoded(image.convert("L"), "JPEG")
    yield "JPEG, progressive", encoded(image, "JPEG", progressive=True)
    yield "PNG, grey of 16 bits", encoded(Image.linear_gradient("L").convert("I;16"), "PNG")
    for bits, colours in ((16, 2), (16, 4), (16, 6), (2, 0), (4, 0)):
        rows = zeros(40 * (40 * 8 + 1))
        yield (
            f"PNG, {bits} bits, colours {colours}",
            header(40, 40, bits=bits, colours=colours) + chunk(b"IDAT", rows) + chunk(b"IEND", b""),
        )
    yield "PNG, palette", encoded(image.quantize(16), "PNG")
    yield "PNG, palette with a hole", encoded(image.quantize(16), "PNG", transparency=3)
    yield (
        "PNG, palette without one",
        header(9, 9, colours=3) + chunk(b"IDAT", zeros(90)) + chunk(b"IEND", b""),
    )
    yield "PNG, black and white", encoded(image.convert("1"), "PNG")
    yield "PNG, grey and alpha", encoded(image.convert("LA"), "PNG")
    hidden = image.convert("RGBA")
    hidden.putalpha(0)
    for format in ("PNG", "WEBP"):
        yield (
            f"{format}, all of it see-through",
            encoded(hidden, format, **({"exact": True, "lossless": True} if format == "WEBP" else {})),
        )
    yield "WebP, lossless", encoded(image, "WEBP", lossless=True)
    for format in ("PNG", "WEBP"):
        yield (
            f"{format} that moves",
            encoded(image, format, save_all=True, append_images=[image.rotate(90)], duration=100),
        )


def cut_off() -> Files:
    for format in FORMATS:
        good = plain(format)
        for part in (*range(1, 25), 24.9):
            yield f"{format}, cut at {part}/25", good[: int(len(good) * part / 25)]


def flipped() -> Files:
    for format in FORMATS:
        for seed in range(40):
            dice, bad = random.Random(f"{format} {seed}"), bytearray(plain(format))
            reach = 200 if seed % 2 else len(bad)  # every second one near the start, where the structure is
            for _ in range(dice.randint(1, 12)):
                bad[dice.randrange(reach)] ^= 1 << dice.randrange(8)
            yield f"{format}, flipped {seed}", bytes(bad)
        for seed in range(10):
            dice, bad = random.Random(f"splice {format} {seed}"), bytearray(plain(format))
            at = dice.randrange(12, len(bad))
            bad[at:at] = dice.randbytes(dice.randint(1, 5000))
            yield f"{format}, spliced {seed}", bytes(bad)


FAMILIES: tuple[Callable[[], Files], ...] = (
    polyglots,
    strangers,
    bombs,
    notes_along,
    modes,
    cut_off,
    flipped,
)


@cache
def everything() -> dict[str, bytes]:
    """Every hostile file by its name."""
    return {f"{family.__name__}: {name}": body for family in FAMILIES for name, body in family()}
