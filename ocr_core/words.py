"""Words and characters: what they say, where they are, how sure the recognizer is of them.

The recognizer tells roughly where in a crop it saw each character. The boxes' edges are then moved to the ink.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_core import crops, ctc
from ocr_core.ctc import Character, Steps
from ocr_core.ink import BoolArray, Columns, find_ink
from ocr_core.options import Options
from ocr_core.pixels import RgbArray
from ocr_core.quads import FloatArray, edge_lengths

# Scripts that do not part words: each character of theirs is one. Radicals to ideographs with kana, compatibility
# ideographs, half-width kana, and the ideographs beyond 16 bits.
UNSPACED = ((0x2E80, 0x9FFF), (0xF900, 0xFAFF), (0xFF66, 0xFF9F), (0x20000, 0x3FFFF))
# Ink is what is at least half black; its blurred edges are within a box that is larger by this, in pixels of the image.
# People leave more room round small words: lines of forms are 12 to 19 px high, of letters of 20 px 22.
MARGIN_PX = 0.35
SMALL_MARGIN_PX = 0.8
SMALL_PX, LARGE_PX = 16, 22  # heights of lines; the margin of a word falls in between
NO_BOXES = np.zeros((0, 4), np.float32)


@dataclasses.dataclass(frozen=True, slots=True)
class Word:
    """A word of a line.

    Attributes:
        characters: Of which it consists, in the text's order.
        box: (4,) float32: left, top, right, bottom in pixels of the crop.
        boxes: (C, 4) float32, the same of each character; (0, 4) where they were not asked for.
    """

    characters: Sequence[Character]
    box: FloatArray
    boxes: FloatArray


def split(line: Sequence[Character]) -> list[Sequence[Character]]:
    """Part a line's characters into words: at spaces, and round each character of a script that does not part words.

    >>> [[c.text for c in word] for word in split([Character(text, 0, 1) for text in "of it, 字体"])]
    [['o', 'f'], ['i', 't', ','], ['字'], ['体']]
    """
    words: list[list[Character]] = []
    is_open = False  # whether the last word may go on
    for character in line:
        is_spaced, is_space = not _is_unspaced(character.text), character.text.isspace()
        if is_open and is_spaced and not is_space:
            words[-1].append(character)
        elif not is_space:
            words.append([character])
        is_open = is_spaced and not is_space
    return list(words)


def _is_unspaced(text: str) -> bool:
    return any(first <= ord(text[0]) <= last for first, last in UNSPACED)


def locate(line: Sequence[Character], ink: BoolArray, *, characters: bool) -> list[Word]:
    """Find the boxes of a line's words.

    Args:
        line: Its characters, the spaces between words among them.
        ink: (height, width) bool, of its crop.
        characters: Whether the boxes of the characters are wanted, too.

    Returns:
        Its words, in the text's order.
    """
    words = split(line)
    if not words:
        return []
    columns, centres = Columns.of(ink), [[character.centre_px for character in word] for word in words]
    order = sorted(range(len(words)), key=lambda number: min(centres[number]))  # from left to right
    gaps = [columns.gap(max(centres[left]), min(centres[right])) for left, right in pairwise(order)]
    first, last = columns.ends(sorted(character.centre_px for character in line))
    spans = list(zip([first, *(end for _, end in gaps)], [*(start for start, _ in gaps), last], strict=True))
    boxes = columns.boxes(np.array(spans))[np.argsort(order)]
    parts = [_part(word, box, columns) if characters else NO_BOXES for word, box in zip(words, boxes, strict=True)]
    return [Word(*fields) for fields in zip(words, boxes, parts, strict=True)]


def _part(word: Sequence[Character], box: FloatArray, columns: Columns) -> FloatArray:
    """The boxes of a word's characters; a full stop is often seen behind its ink, but is not behind its word's."""
    start, end = int(box[0]), int(box[2])
    centres = np.clip([character.centre_px for character in word], start, end - 1)
    order = np.argsort(centres, kind="stable")  # from left to right
    gaps = [columns.gap(left, right) for left, right in pairwise(centres[order].tolist())]
    cuts = [(left + right) // 2 for left, right in gaps]
    return columns.boxes(np.array(list(pairwise([start, *cuts, end]))))[np.argsort(order)]


@dataclasses.dataclass(frozen=True, slots=True)
class _Piece:
    """A word or a character of the page; `whole` is the number of the line or word that it belongs to."""

    text: str
    confidence: float
    quad: FloatArray
    whole: int


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """A line as the recognizer saw it.

    Attributes:
        steps: What it said.
        crop: (height, width, 3) uint8, with the text upright.
        quad: (4, 2) float32, the corners of the crop in the image, clockwise from the text's top-left one.
        bend: (2,) float32, pixels of the image, as in `arcs`.
        turned: Whether the crop was turned by half after it had been cut out.
    """

    steps: Steps
    crop: RgbArray
    quad: FloatArray
    bend: FloatArray
    turned: bool


def outputs(lines: Iterable[Seen], alphabet: Sequence[str], options: Options) -> dict[str, NDArray[Any]]:
    """What the last step gives of words and characters: nothing where they are not asked for.

    Args:
        lines: Those that are given, in their order.
        alphabet: Entry i is the recognizer's class i.
        options: `words` and `characters` apply.

    Returns:
        Of words and of characters: texts, (W,) objects; confidences, (W,) float32, of a word the mean of its
        characters; quads, (W, 4, 2) float32; and the line of each word, the word of each character, (W,) int32.
    """
    words: list[_Piece] = []
    characters: list[_Piece] = []
    for number, line in enumerate(lines if options.words or options.characters else ()):
        located = locate(ctc.align(line.steps, alphabet), find_ink(line.crop), characters=options.characters)
        characters += _characters(located, line, len(words))
        words += _words(located, line, number)
    return _arrays("word", "lines", words) | _arrays("character", "words", characters)


def _words(located: Sequence[Word], line: Seen, number: int) -> Iterator[_Piece]:
    height_px = edge_lengths(line.quad[None])[1][0]
    margin_px = float(np.interp(height_px, (SMALL_PX, LARGE_PX), (SMALL_MARGIN_PX, MARGIN_PX)))
    placed = _placed(np.array([word.box for word in located]), line, margin_px)
    for word, word_quad in zip(located, placed, strict=True):
        text = "".join(character.text for character in word.characters)
        confidence = sum(character.confidence for character in word.characters) / len(word.characters)
        yield _Piece(text, confidence, word_quad, number)


def _characters(located: Sequence[Word], line: Seen, first_word: int) -> Iterator[_Piece]:
    placed = iter(_placed(np.concatenate([word.boxes for word in located]), line, MARGIN_PX))
    for number, word in enumerate(located, first_word):
        # Without boxes, where they are not asked for, there are no characters.
        for character, character_quad in zip(word.characters, islice(placed, len(word.boxes)), strict=False):
            yield _Piece(character.text, character.confidence, character_quad, number)


def _placed(boxes: FloatArray, line: Seen, margin_px: float) -> FloatArray:
    height, width, _ = line.crop.shape
    return crops.place(boxes, line.quad, width, height, margin_px, bend=line.bend, turned=line.turned)


def _arrays(name: str, wholes: str, pieces: Sequence[_Piece]) -> dict[str, NDArray[Any]]:
    return {
        f"{name}_texts": np.array([piece.text for piece in pieces], object),
        f"{name}_confidences": np.array([piece.confidence for piece in pieces], np.float32),
        f"{name}_quads": np.array([piece.quad for piece in pieces], np.float32).reshape(-1, 4, 2),
        f"{name}_{wholes}": np.array([piece.whole for piece in pieces], np.int32),
    }
