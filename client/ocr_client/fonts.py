"""Fonts for drawing text of any script: Pillow's own font has ASCII only, the system's fonts have the rest.

A letter that no font has is drawn as the box that fonts show instead.
"""

import shutil
import subprocess
from functools import lru_cache
from typing import NamedTuple

from PIL import ImageFont

# Without fontconfig (Windows, macOS), Pillow finds these in the system's folders; the ones with most scripts are first.
NAMES = (
    "Arial Unicode.ttf",
    "arial.ttf",
    "Arial.ttf",
    "msyh.ttc",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "malgun.ttf",
    "AppleSDGothicNeo.ttc",
    "Nirmala.ttc",
    "seguisym.ttf",
    "DejaVuSans.ttf",
    "NotoSansCJK-Regular.ttc",
)
FONTCONFIG_TIMEOUT_S = 10
# No font has it: Unicode keeps the last planes for private use.
NOBODYS_LETTER = "\U0010fffd"


class FontFile(NamedTuple):
    """A font of the system: its file's path or name, and which of the file's faces it is."""

    path: str
    face: int


def font_for(text: str, size_px: int) -> ImageFont.FreeTypeFont:
    """The first font that has all letters of a text, or else the one that lacks the fewest."""
    return _load(_choose(frozenset(text)), max(1, size_px))


@lru_cache(maxsize=4096)
def _choose(letters: frozenset[str]) -> FontFile | None:
    best, fewest = None, len(letters) + 1
    for file in (None, *system_fonts()):
        missing = sum(not _has(file, letter) for letter in letters)
        if missing < fewest:
            best, fewest = file, missing
        if not missing:
            break
    return best


@lru_cache(maxsize=1)
def system_fonts() -> tuple[FontFile, ...]:
    """The system's fonts, the most common ones first; empty if they cannot be found."""
    program = shutil.which("fc-match")
    found = _fontconfig(program) if program else [FontFile(name, 0) for name in NAMES]
    return tuple(file for file in found if _loads(file))


def _fontconfig(program: str) -> list[FontFile]:
    """Ask fontconfig in which order it would look for letters, starting from the usual font without serifs."""
    command = [program, "--sort", "--format", "%{file}\t%{index}\n", "sans-serif"]
    try:
        told = subprocess.run(command, capture_output=True, timeout=FONTCONFIG_TIMEOUT_S, check=True)  # noqa: S603  a fixed command
    except (OSError, subprocess.SubprocessError):
        return []
    rows = (line.partition("\t") for line in told.stdout.decode(errors="surrogateescape").splitlines())
    # Beyond 16 bits, the index names a variant of the font's shape.
    return [FontFile(path, int(index) & 0xFFFF) for path, _, index in rows if index.isdecimal()]


def _loads(file: FontFile) -> bool:
    try:
        _load(file, 20)
    except (OSError, ValueError):  # it is not there, not scalable, of an unknown kind, or has an impossible name
        return False
    return True


@lru_cache(maxsize=65536)
def _has(file: FontFile | None, letter: str) -> bool:
    """Whether a letter looks different from one that no font has."""
    return letter.isspace() or _shape(file, letter) != _shape(file, NOBODYS_LETTER)


def _shape(file: FontFile | None, letter: str) -> tuple[tuple[int, int], bytes]:
    mask = _load(file, 20).getmask(letter)
    return mask.size, bytes(mask)


@lru_cache(maxsize=256)
def _load(file: FontFile | None, size_px: int) -> ImageFont.FreeTypeFont:
    if file:
        return ImageFont.truetype(file.path, size_px, file.face)
    return ImageFont.load_default(size_px)  # type: ignore[return-value]  # with a size it is never the bitmap font
