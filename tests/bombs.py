"""Small files that would cost a server much: built here, refused there."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

# Number → type, number of values, the value or where it is.
Tags = dict[int, tuple[int, int, bytes | None]]


def encode(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """A picture's file."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def png(width: int, height: int, *, bits: int = 8, colour: int = 0, rows: int | None = None) -> bytes:
    """A black PNG; with fewer rows than its height it is cut short."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    pixels = bytes(1 + (width * channels * bits + 7) // 8) * (height if rows is None else rows)
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    palette = [(b"PLTE", bytes(768))] if colour == 3 else []
    return png_of((b"IHDR", header), *palette, (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b""))


def png_of(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of these chunks, each its type and its content."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def lossless_webp(width: int, height: int) -> bytes:
    """38 bytes that declare a size, and hold codes of no bits for its pixels."""
    bits = width - 1 | height - 1 << 14
    content = b"\x2f" + struct.pack("<I", bits) + bytes.fromhex("88880822220100000000")[:13].ljust(13, b"\0")
    chunk = b"VP8L" + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def progressive_jpeg(side: int, further_scans: int) -> bytes:
    """A JPEG whose last scan, of a few bytes, comes again and again."""
    encoded = encode(Image.new("L", (side, side)), "JPEG", progressive=True)
    last = encoded[encoded.rindex(b"\xff\xda") : -2]
    return encoded[:-2] + last * further_scans + encoded[-2:]


def gif(*blocks: bytes) -> bytes:
    """A GIF with blocks of metadata before its frame."""
    encoded = encode(Image.new("L", (16, 16)), "GIF")
    start = encoded.index(b"\x2c", 13 + 3 * 2 ** ((encoded[10] & 7) + 1))
    return encoded[:start] + b"".join(blocks) + encoded[start:]


GIF_COMMENT = b"\x21\xfe\x01a\0"
GIF_APPLICATION = b"\x21\xff\x0bXMP DataXMP"  # sub-blocks follow


def tiff(
    width: int, height: int, *, strips: int = 1, rows_per_strip: int | None = None, further: Tags | None = None
) -> bytes:
    """A grey TIFF whose strips all lie at one place, where one strip's bytes are.

    Args:
        width: Of the picture.
        height: The same.
        strips: How many places of strips it lists.
        rows_per_strip: Rows of each; all of the picture's by default.
        further: Other tags.
    """
    rows = rows_per_strip or height
    entries: Tags = {
        256: (4, 1, struct.pack("<I", width)),
        257: (4, 1, struct.pack("<I", height)),
        258: (3, 1, struct.pack("<HH", 8, 0)),
        259: (3, 1, struct.pack("<HH", 1, 0)),
        262: (3, 1, struct.pack("<HH", 1, 0)),
        273: (4, strips, None),
        278: (4, 1, struct.pack("<I", rows)),
        279: (4, 1, struct.pack("<I", width * rows)),
        **(further or {}),
    }
    pixels = 8 + 2 + 12 * len(entries) + 4
    offsets = pixels + width * rows
    directory = b"".join(
        struct.pack("<HHI", tag, kind, count)
        + (struct.pack("<I", offsets if strips > 1 else pixels) if content is None else content)
        for tag, (kind, count, content) in sorted(entries.items())
    )
    listed = struct.pack("<I", pixels) * strips
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + directory + bytes(4) + bytes(width * rows) + listed


def float_tiff(side: int) -> bytes:
    """A TIFF of floating-point numbers that declares a larger size than it has."""
    encoded = encode(Image.fromarray(np.zeros((16, 16), np.float32)), "TIFF")
    for tag in (256, 257, 278):
        entry = encoded.index(struct.pack("<HHI", tag, 4, 1))
        encoded = encoded[: entry + 8] + struct.pack("<I", side) + encoded[entry + 12 :]
    return encoded


def rle_bmp(side: int) -> bytes:
    """A BMP of runs, each line of which is its end alone."""
    palette = b"".join(struct.pack("<BBBB", grey, grey, 255 - grey, 0) for grey in range(256))
    pixels = b"\x01\0\0\0" * side
    header = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(pixels), 0, 0, 256, 0)
    start = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + header + palette + pixels


def exif_of_shared_values(tags: int, value_bytes: int) -> bytes:
    """An EXIF block whose tags all have the same value."""
    start = 8 + 2 + 12 * tags + 4
    entries = b"".join(struct.pack("<HHII", 0x8000 + tag, 7, value_bytes, start) for tag in range(tags))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", tags) + entries + bytes(4 + value_bytes)


def jpeg_of_exif(block: bytes) -> bytes:
    """A JPEG with an EXIF block over several segments, which some cameras write and readers put together."""
    encoded = encode(Image.new("L", (9, 9)), "JPEG")
    parts = [b"Exif\0\0" + block[start : start + 65_000] for start in range(0, len(block), 65_000)]
    return encoded[:2] + b"".join(b"\xff\xe1" + struct.pack(">H", len(part) + 2) + part for part in parts) + encoded[2:]


# Name → the file, and what is said about it.
BOMBS: dict[str, tuple[bytes, str]] = {
    "a WebP of 38 bytes that declares 100 megapixels": (lossless_webp(16383, 6100), "has only 38 bytes"),
    "a PNG of alpha of 100 megapixels": (png(10000, 10000, colour=6, rows=999), "at most 24 are accepted"),
    "a PNG of 16 bits of 100 megapixels": (png(10000, 10000, bits=16, rows=999), "at most 40 are accepted"),
    "a float TIFF of 100 megapixels": (float_tiff(10000), "at most 24 are accepted"),
    "a progressive JPEG of 1,500 scans": (progressive_jpeg(3000, 1500), "in 15.. scans; at most 0.1.. are accepted"),
    "a JPEG of 10,000 scans": (progressive_jpeg(64, 10_000), "more than 2000 segments"),
    "a GIF of comments": (gif(GIF_COMMENT * 800_000), "more than 20000 blocks of metadata"),
    "a GIF of one comment": (gif(b"\x21\xfe" + b"\xff".ljust(256, b"a") * 4_000 + b"\0"), "bytes of comments"),
    "a GIF of small blocks": (gif(GIF_APPLICATION + b"\x01a" * 500_000 + b"\0"), "blocks of metadata"),
    "a TIFF of 2 million strips": (tiff(16, 16, strips=2_000_000), "more than 65536 values of one tag"),
    "a TIFF of layers": (tiff(3000, 3000, strips=60_000, rows_per_strip=2_999), "strips that lie over each other"),
    "a TIFF whose tags share a megabyte": (
        tiff(16, 16, further={40_000 + tag: (7, 1_000_000, bytes(4)) for tag in range(999)}),
        "the TIFF image's tags are larger than its file",
    ),
    "a BMP of runs": (rle_bmp(10_000), "in a rare encoding; at most 1 are accepted"),
    "a PPM of written numbers": (b"P3 2000 2000 255 " + b"0 " * 9_999, "in a rare encoding; at most 0.333 are"),
    "a PPM of an unusual range": (b"P6 2000 2000 99 " + bytes(9_999), "in a rare encoding; at most 0.333 are"),
    "a PNG of 200,000 chunks": (png_of(*[(b"teXt", b"")] * 200_000), "more than 100000 chunks"),
    "a palette PNG without its palette": (
        png_of((b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 3, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(72)))),
        "it has no palette",
    ),
}
