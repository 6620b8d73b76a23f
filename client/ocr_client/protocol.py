"""Requests and answers of the ensemble, without I/O: every client and transport uses this module."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar, cast
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from ocr_client.calls import Infer
from ocr_client.errors import BadImage, ServerFault
from ocr_client.options import request_parameters
from ocr_client.results import Character, Facts, Line, Page, Quad, Unread, Word

T = TypeVar("T")

MODEL = "ocr_ensemble"
INPUT = "image"
# What is asked for: each output's name and dimensions, as in the ensemble's configuration; -1 is the number of lines.
OUTPUTS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "texts": (-1,),
        "text_confidences": (-1,),
        "quads": (-1, 4, 2),
        "quad_scores": (-1,),
        "image_size": (2,),
    }
)
PAGE_OUTPUTS = {"page_angle": (1,), "page_skew": (1,), "page_confidence": (1,), "detector_scale": (1,)}
# Not an output: what Triton says beside them, as an array of one text.
MODEL_VERSION = "model_version"
STEP_OUTPUTS = {"step_names": (-1,), "step_milliseconds": (-1,)}
# Asked for only by those who want them, because servers of earlier versions do not have them; by the option that asks.
# -1 is a number of its own. The last one of words and of characters tells which line or word each belongs to.
FURTHER_OUTPUTS: Mapping[str, Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {
        "unread": {"unread_quads": (-1, 4, 2), "unread_reasons": (-1,)},
        "blocks": {"blocks": (-1,)},
        "facts": {**PAGE_OUTPUTS, **STEP_OUTPUTS},
        "words": {"word_texts": (-1,), "word_confidences": (-1,), "word_quads": (-1, 4, 2), "word_lines": (-1,)},
        "characters": {
            "character_texts": (-1,),
            "character_confidences": (-1,),
            "character_quads": (-1, 4, 2),
            "character_words": (-1,),
        },
    }
)


def build_request(content: bytes, options: Mapping[str, object], request_id: str | None = None) -> Infer:
    """Make the request for an encoded image, with an id of its own unless one is given.

    Raises:
        BadImage: There is no content.
        TypeError: An option does not exist, or is no number.
        ValueError: An option is out of range.
    """
    if not content:
        raise BadImage("the image is empty (0 bytes): send the whole encoded file")
    asked = {**options, "words": options.get("words") or options.get("characters")}
    extra = (name for option, further in FURTHER_OUTPUTS.items() if asked.get(option) for name in further)
    return Infer(content, request_parameters(options), request_id or uuid4().hex, (*OUTPUTS, *extra))


def check_many(images: object, concurrency: int, options: Mapping[str, object]) -> None:
    """Refuse at once whatever is wrong with all of the images.

    Raises:
        TypeError: A path or a file's content is given as if it were many, or an option does not exist or is no number.
        ValueError: An option or the concurrency is out of range.
    """
    if isinstance(images, (str, bytes)):  # one could go through its letters, too
        raise TypeError("read_many takes several images: put a single one into a list, or use read")
    request_parameters(options)
    if concurrency < 1:
        raise ValueError(f"concurrency is 1 or more, got {concurrency!r}")


def parse_page(outputs: Mapping[str, NDArray[Any] | None]) -> Page:
    """Turn the ensemble's outputs into a page.

    Confidences and scores are rounded to 4 decimals, corners to hundredths of a pixel: the rest is float32 noise.

    Args:
        outputs: `texts` (N,) bytes in UTF-8; `text_confidences` (N,) float32; `quads` (N, 4, 2) float32;
            `quad_scores` (N,) float32; `image_size` (2,) int32 (height, width); those of `FURTHER_OUTPUTS` that were
            asked for; `model_version` (1,) text, if the server told it. Others are ignored.

    Raises:
        ServerFault: An output is missing or has another shape, or a text is not UTF-8.
    """
    arrays = _checked(outputs, OUTPUTS)
    count = len(arrays["texts"])
    rows = zip(
        _texts(arrays["texts"]),
        _rounded(arrays["text_confidences"], 4),
        _quads(arrays["quads"]),
        _rounded(arrays["quad_scores"], 4),
        _blocks(outputs, count),
        _words(outputs, count),
        strict=True,
    )
    lines = tuple(
        Line(text=text, confidence=confidence, quad=quad, score=score, block=block, words=words)
        for text, confidence, quad, score, block, words in rows
    )
    height, width = arrays["image_size"].tolist()
    return Page(width=width, height=height, lines=lines, unread=_unread(outputs), facts=_facts(outputs))


def _unread(outputs: Mapping[str, NDArray[Any] | None]) -> tuple[Unread, ...] | None:
    quads, reasons = (outputs.get(name) for name in FURTHER_OUTPUTS["unread"])
    if quads is None or reasons is None:
        return None
    return tuple(Unread(quad=quad, reason=reason.decode()) for quad, reason in zip(_quads(quads), reasons, strict=True))


def _facts(outputs: Mapping[str, NDArray[Any] | None]) -> Facts | None:
    if outputs.get("page_angle") is None:
        return None
    angle, skew, confidence, scale = (float(number[0]) for number in _checked(outputs, PAGE_OUTPUTS).values())
    names, times_ms = _checked(outputs, STEP_OUTPUTS).values()
    version = outputs.get(MODEL_VERSION)
    return Facts(
        angle=int(angle),
        skew=round(skew, 2),
        confidence=round(confidence, 4),
        detector_scale=round(scale, 4),
        step_milliseconds=dict(zip(_texts(names), _rounded(times_ms, 3), strict=True)),
        model_version=None if version is None else str(version[0]),
    )


def _words(outputs: Mapping[str, NDArray[Any] | None], line_count: int) -> Sequence[tuple[Word, ...] | None]:
    """The words of each line; None where they were not asked for."""
    if outputs.get("word_texts") is None:
        return [None] * line_count
    arrays = _checked(outputs, FURTHER_OUTPUTS["words"])
    rows = zip(*_pieces(arrays, "word"), _characters(outputs, len(arrays["word_texts"])), strict=True)
    words = [Word(text=text, confidence=confidence, quad=quad, characters=own) for text, confidence, quad, own in rows]
    return _grouped(words, arrays["word_lines"], line_count)


def _characters(outputs: Mapping[str, NDArray[Any] | None], word_count: int) -> Sequence[tuple[Character, ...] | None]:
    if outputs.get("character_texts") is None:
        return [None] * word_count
    arrays = _checked(outputs, FURTHER_OUTPUTS["characters"])
    rows = zip(*_pieces(arrays, "character"), strict=True)
    characters = [Character(text=text, confidence=confidence, quad=quad) for text, confidence, quad in rows]
    return _grouped(characters, arrays["character_words"], word_count)


def _pieces(arrays: Mapping[str, NDArray[Any]], name: str) -> tuple[list[str], list[float], tuple[Quad, ...]]:
    confidences = _rounded(arrays[f"{name}_confidences"], 4)
    return _texts(arrays[f"{name}_texts"]), confidences, _quads(arrays[f"{name}_quads"])


def _grouped(pieces: Sequence[T], wholes: NDArray[Any], count: int) -> list[tuple[T, ...]]:
    """The pieces of each whole, by the number of it that each piece has."""
    grouped: list[list[T]] = [[] for _ in range(count)]
    for piece, whole in zip(pieces, wholes.tolist(), strict=True):
        if not 0 <= whole < count:
            raise ServerFault(
                f"the answer has a part of number {whole} of {count}: is {MODEL} of this client's version?"
            )
        grouped[whole].append(piece)
    return list(map(tuple, grouped))


def _texts(encoded: NDArray[Any]) -> list[str]:
    try:
        return [text.decode() for text in encoded]
    except UnicodeDecodeError as error:
        raise ServerFault(f"the server sent a text that is not UTF-8 ({error}): see its log") from error


def _checked(
    outputs: Mapping[str, NDArray[Any] | None], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, NDArray[Any]]:
    """The outputs of these names; the first one's length is that of all whose dimension is -1."""
    present = {name: array for name in shapes if (array := outputs.get(name)) is not None}
    if missing := [name for name in shapes if name not in present]:
        raise ServerFault(f"the answer lacks {', '.join(missing)}: is {MODEL} of this client's version?")
    count = present[next(iter(shapes))].size
    for name, array in present.items():
        shape = tuple(count if size < 0 else size for size in shapes[name])
        if array.shape != shape:
            raise ServerFault(
                f"the answer's {name} has shape {array.shape}, expected {shape}: is {MODEL} of this client's version?"
            )
    return present


def _blocks(outputs: Mapping[str, NDArray[Any] | None], count: int) -> list[int] | list[None]:
    """The number of each line's block; None for each where they were not asked for."""
    (blocks,) = (outputs.get(name) for name in FURTHER_OUTPUTS["blocks"])
    if blocks is None:
        return [None] * count
    if blocks.shape != (count,):
        raise ServerFault(f"the answer's blocks has shape {blocks.shape}, expected ({count},)")
    numbers: list[int] = blocks.tolist()
    return numbers


def _quads(corners: NDArray[Any]) -> tuple[Quad, ...]:
    """(N, 4, 2) float32 as tuples."""
    return tuple(cast("Quad", tuple(map(tuple, quad))) for quad in _rounded(corners, 2))


def _rounded(numbers: NDArray[Any], decimals: int) -> list[Any]:
    rounded: list[Any] = numbers.astype(np.float64).round(decimals).tolist()
    return rounded
