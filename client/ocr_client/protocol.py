"""Requests and answers of the ensemble, without I/O: every client and transport uses this module."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, cast
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from ocr_client.calls import Infer
from ocr_client.errors import BadImage, ServerFault
from ocr_client.options import request_parameters
from ocr_client.results import Facts, Line, Page, Quad, Unread

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
# Asked for only by those who want them, because servers of earlier versions do not have them; by the option that asks.
# -1 is a number of its own.
FURTHER_OUTPUTS: Mapping[str, Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {
        "unread": {"unread_quads": (-1, 4, 2), "unread_reasons": (-1,)},
        "blocks": {"blocks": (-1,)},
        "facts": {"page_angle": (1,), "page_skew": (1,), "page_confidence": (1,), "detector_scale": (1,)},
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
    extra = (name for option, further in FURTHER_OUTPUTS.items() if options.get(option) for name in further)
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
            asked for. Others are ignored.

    Raises:
        ServerFault: An output is missing or has another shape, or a text is not UTF-8.
    """
    arrays = _checked(outputs)
    try:
        texts = [text.decode() for text in arrays["texts"]]
    except UnicodeDecodeError as error:
        raise ServerFault(f"the server sent a text that is not UTF-8 ({error}): see its log") from error
    confidences, scores = (_rounded(arrays[name], 4) for name in ("text_confidences", "quad_scores"))
    rows = zip(texts, confidences, _quads(arrays["quads"]), scores, _blocks(outputs, len(texts)), strict=True)
    lines = tuple(
        Line(text=text, confidence=confidence, quad=quad, score=score, block=block)
        for text, confidence, quad, score, block in rows
    )
    height, width = arrays["image_size"].tolist()
    return Page(width=width, height=height, lines=lines, unread=_unread(outputs), facts=_facts(outputs))


def _unread(outputs: Mapping[str, NDArray[Any] | None]) -> tuple[Unread, ...] | None:
    quads, reasons = (outputs.get(name) for name in FURTHER_OUTPUTS["unread"])
    if quads is None or reasons is None:
        return None
    return tuple(Unread(quad=quad, reason=reason.decode()) for quad, reason in zip(_quads(quads), reasons, strict=True))


def _facts(outputs: Mapping[str, NDArray[Any] | None]) -> Facts | None:
    values = [outputs.get(name) for name in FURTHER_OUTPUTS["facts"]]
    if any(value is None for value in values):
        return None
    angle, skew, confidence, scale = (float(value[0]) for value in values if value is not None)
    return Facts(angle=int(angle), skew=round(skew, 2), confidence=round(confidence, 4), detector_scale=round(scale, 4))


def _checked(outputs: Mapping[str, NDArray[Any] | None]) -> dict[str, NDArray[Any]]:
    present = {name: array for name in OUTPUTS if (array := outputs.get(name)) is not None}
    if missing := [name for name in OUTPUTS if name not in present]:
        raise ServerFault(f"the answer lacks {', '.join(missing)}: is {MODEL} of this client's version?")
    count = present["texts"].size
    for name, array in present.items():
        shape = tuple(count if size < 0 else size for size in OUTPUTS[name])
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
