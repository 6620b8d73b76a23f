"""A file's bytes → what it is made of, counted before its pixels are touched.

Readers of images trust these counts, and some take time by the square of them. The walks here are bounded themselves.
"""

import re
import struct
from collections.abc import Iterator
from itertools import islice

from ocr_core.errors import BadImage

MAX_SEGMENTS = 2_000  # of a JPEG: an ICC profile has up to 255, each scan two or three
MAX_STRAY_BYTES = 65_536  # between the segments of a JPEG
MAX_CHUNKS = 100_000  # of a PNG: 40 megapixels that do not compress, in chunks of 4 kB, have half as many
MAX_BLOCKS = 20_000  # of a GIF, before its first frame: a megabyte of metadata
MAX_COMMENT_BYTES = 65_536  # of a GIF
MAX_TAGS = 4_096  # of a TIFF
MAX_VALUES = 65_536  # of a number in a TIFF: strips of one row of the greatest image

JPEG_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
JPEG_WITHOUT_LENGTH, JPEG_END, JPEG_SCAN = (0x01, 0xD8), 0xD9, 0xDA
JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # ITU T.81, table B.1
JPEG_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
GIF_COMMENT = 0xFE
# TIFF 6.0, page 15, and BigTIFF: bytes of a value of each type.
TIFF_TYPES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
TIFF_BYTES = (1, 2, 6, 7)


def check(encoded: bytes) -> None:
    """Refuse a file of more parts than any honest one has.

    Raises:
        BadImage: It has too many segments, chunks, blocks, comments or values.
    """
    if encoded[:4] == b"GIF8":
        _check_gif(encoded)
    elif encoded[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        _check_tiff(encoded)
    elif encoded[:4] == b"\x89PNG":
        _limit("chunks", sum(1 for _ in islice(_png_chunks(encoded), MAX_CHUNKS + 1)), MAX_CHUNKS)


def jpeg_scans(encoded: bytes) -> int:
    """How often a JPEG's decoder goes over the whole image; 1 where it needs to keep no coefficients.

    Raises:
        BadImage: It has too many segments, or too much between them.
    """
    scans = stray = components = 0
    progressive = False
    position = 2
    for segments, marker in enumerate(_jpeg_markers(encoded)):
        _limit("segments", segments, MAX_SEGMENTS)
        code, start = encoded[marker + 1], marker + 2
        stray += marker - position if scans == 0 else 0
        _limit("stray bytes", stray, MAX_STRAY_BYTES)
        if code in JPEG_FRAMES and len(encoded) > start + 7:
            progressive, components = code in JPEG_PROGRESSIVE, encoded[start + 7]
        elif code == JPEG_SCAN:
            scans += 1
            if not progressive and encoded[start + 2 : start + 3] == bytes([components]):
                break  # all is in the first scan: nothing after it is read
        position = _after_segment(encoded, marker)
    return max(scans, 1)


def webp_size(encoded: bytes) -> tuple[int, int] | None:
    """Width and height that a WebP declares, which its reader sets memory aside for as it opens it."""
    header = encoded[:30]
    if len(header) < 30 or header[:4] != b"RIFF" or header[8:12] != b"WEBP":
        return None
    if header[12:16] == b"VP8X":
        return int.from_bytes(header[24:27], "little") + 1, int.from_bytes(header[27:30], "little") + 1
    if header[12:16] == b"VP8L":
        bits = int.from_bytes(header[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", header[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _limit(what: str, count: int, greatest: int) -> None:
    if count > greatest:
        raise BadImage(f"the image's file has more than {greatest} {what}; save the image anew and send that file")


def _jpeg_markers(encoded: bytes) -> Iterator[int]:
    """Where the markers stand, up to the end of the image."""
    position = 2
    while (found := JPEG_MARKER.search(encoded, position)) and encoded[found.start() + 1] != JPEG_END:
        yield found.start()
        position = _after_segment(encoded, found.start())


def _after_segment(encoded: bytes, marker: int) -> int:
    if encoded[marker + 1] in JPEG_WITHOUT_LENGTH:
        return marker + 2
    return marker + 2 + int.from_bytes(encoded[marker + 2 : marker + 4], "big")


def _png_chunks(encoded: bytes) -> Iterator[int]:
    position = 8
    while position < len(encoded):
        yield position
        position += 12 + int.from_bytes(encoded[position : position + 4], "big")


def _check_gif(encoded: bytes) -> None:
    """Count what stands before the first frame."""
    flags = encoded[10:11] or b"\0"
    position = 13 + (3 * 2 ** ((flags[0] & 7) + 1) if flags[0] & 0x80 else 0)
    blocks = comment_bytes = 0
    while position < len(encoded) and encoded[position] not in b",;":
        blocks += 1
        if encoded[position] == ord("!"):
            sizes = list(islice(_gif_block_sizes(encoded, position + 2), MAX_BLOCKS))
            blocks += len(sizes)
            comment_bytes += sum(sizes) if encoded[position + 1 : position + 2] == bytes([GIF_COMMENT]) else 0
            position += 2 + sum(sizes) + len(sizes)
        position += 1
        _limit("blocks of metadata", blocks, MAX_BLOCKS)
        _limit("bytes of comments", comment_bytes, MAX_COMMENT_BYTES)


def _gif_block_sizes(encoded: bytes, position: int) -> Iterator[int]:
    while position < len(encoded) and encoded[position]:
        yield encoded[position]
        position += 1 + encoded[position]


def _check_tiff(encoded: bytes) -> None:
    """Count the values of the first directory."""
    size = 0
    for tags, (kind, count) in enumerate(_tiff_entries(encoded)):
        _limit("tags", tags, MAX_TAGS)
        size += count * TIFF_TYPES.get(kind, 0)
        if kind not in TIFF_BYTES:
            _limit("values of one tag", count, MAX_VALUES)
    # Tags that share their values would have the reader copy them for each.
    if size > len(encoded):
        raise BadImage("the TIFF image's tags are larger than its file: it is truncated; send the whole file")


def _tiff_entries(encoded: bytes) -> Iterator[tuple[int, int]]:
    """Type and number of values of each entry of the first directory."""
    order = "<" if encoded[:1] == b"I" else ">"
    big = encoded[2:4] in (b"+\0", b"\0+")
    offset, number, entry = ("Q", "Q", "HHQ8x") if big else ("L", "H", "HHL4x")
    header = struct.Struct(order + "4x" + ("4x" if big else "") + offset)
    if len(encoded) < header.size:
        return
    (directory,) = header.unpack_from(encoded)
    start, size = directory + struct.calcsize(order + number), struct.calcsize(order + entry)
    if start > len(encoded):
        return
    (entries,) = struct.unpack_from(order + number, encoded, directory)
    for position in range(start, min(start + entries * size, len(encoded) - size + 1), size):
        _, kind, count = struct.unpack_from(order + entry, encoded, position)
        yield kind, count
