"""Files of every format, and damaged ones made of them."""

import zlib
from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from tests.bombs import encode

PICTURE = Image.new("RGB", (96, 64), "white")
ImageDraw.Draw(PICTURE).text((8, 8), "Harbour 12", "black")
GREY = PICTURE.convert("L")
ALPHA = PICTURE.convert("RGBA")
ALPHA.putalpha(GREY)
DEEP = Image.fromarray(np.asarray(GREY, np.uint16) * 257)
FLOATS = Image.fromarray(np.asarray(GREY, np.float32) / 255)
EXIF = Image.Exif()
EXIF[0x0112] = 6

WRITTEN: list[tuple[Image.Image, str, dict[str, Any]]] = [
    (PICTURE, "JPEG", {}),
    (PICTURE, "JPEG", {"progressive": True, "exif": EXIF}),
    (PICTURE.convert("CMYK"), "JPEG", {"icc_profile": bytes(300)}),
    (PICTURE, "PNG", {"exif": EXIF}),
    (ALPHA, "PNG", {}),
    (DEEP, "PNG", {}),
    (PICTURE.convert("P"), "PNG", {"transparency": 3}),
    (PICTURE, "WEBP", {"exif": EXIF}),
    (ALPHA, "WEBP", {"lossless": True}),
    (PICTURE, "TIFF", {}),
    (ALPHA, "TIFF", {"compression": "tiff_lzw"}),
    (FLOATS, "TIFF", {"compression": "tiff_adobe_deflate"}),
    (GREY.convert("1"), "TIFF", {"compression": "group4"}),
    (PICTURE, "TIFF", {"compression": "jpeg"}),
    (PICTURE.convert("P"), "BMP", {}),
    (PICTURE, "BMP", {}),
    (PICTURE.convert("P"), "GIF", {"comment": b"a comment"}),
    (GREY, "GIF", {"save_all": True, "append_images": [GREY.rotate(180)]}),
    (PICTURE, "PPM", {}),
    (DEEP, "PPM", {}),
]
FILES = {f"{kind} {number}": encode(picture, kind, **how) for number, (picture, kind, how) in enumerate(WRITTEN)}
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF)


def mutants(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Damaged files, the same for the same seed: each the name of what it was made of, and its bytes."""
    random = Random(seed)
    names = list(FILES)
    for _ in range(count):
        name = random.choice(names)
        encoded = bytearray(FILES[name])
        for _ in range(random.choice((1, 1, 2, 4, 16))):
            random.choice(CHANGES)(encoded, random)
        mend = name.startswith("PNG") and random.random() < 0.5
        yield name, with_right_sums(bytes(encoded)) if mend else bytes(encoded)


def with_right_sums(png: bytes) -> bytes:
    """Mend the check sums of a PNG, so that its reader gets to the rest."""
    mended, position = bytearray(png), 8
    while position + 12 <= len(mended):
        end = position + 8 + int.from_bytes(mended[position : position + 4], "big")
        mended[end : end + 4] = zlib.crc32(mended[position + 4 : end]).to_bytes(4, "big")
        position = end + 4
    return bytes(mended[: len(png)])


def _flip(encoded: bytearray, random: Random) -> None:
    if encoded:
        encoded[_place(encoded, random)] = random.randrange(256)


def _set_number(encoded: bytearray, random: Random) -> None:
    """Sizes, offsets and counts are numbers of one, two or four bytes."""
    start, size = _place(encoded, random), random.choice((1, 2, 4))
    number = random.choice(EXTREMES) & (256**size - 1)
    encoded[start : start + size] = number.to_bytes(size, random.choice(("little", "big")))


def _cut(encoded: bytearray, random: Random) -> None:
    del encoded[_place(encoded, random) :]


def _leave_out(encoded: bytearray, random: Random) -> None:
    start = _place(encoded, random)
    del encoded[start : start + random.randrange(1, 64)]


def _repeat(encoded: bytearray, random: Random) -> None:
    start = _place(encoded, random)
    part = encoded[start : start + random.randrange(1, 64)]
    encoded[start:start] = part * random.choice((1, 2, 100))


def _put_in_of_another(encoded: bytearray, random: Random) -> None:
    other = FILES[random.choice(list(FILES))]
    start = random.randrange(len(other))
    place = _place(encoded, random)
    encoded[place:place] = other[start : start + random.randrange(1, 200)]


def _place(encoded: bytearray, random: Random) -> int:
    """Headers are where most decisions are made."""
    return random.randrange(max(1, min(len(encoded), 64) if random.random() < 0.5 else len(encoded)))


CHANGES = (_flip, _flip, _flip, _set_number, _set_number, _cut, _leave_out, _repeat, _put_in_of_another)
