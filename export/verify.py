"""The rewritten graph against the original network: names, axes, types, values, and what follows from them."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from export import runtime
from export.contract import DetectorExport, Outputs, RecognizerExport
from export.errors import ExportError
from ocr_core import batching, bidi, crops, ctc, detection, image
from ocr_core.detector import Detector
from ocr_core.options import Options
from ocr_core.pixels import as_rgb
from ocr_core.quads import FloatArray
from ocr_core.recognizer import Recognizer

# Float rounding moves a probability by about 1e-6; anything that moves it by more has changed the network.
TOLERANCE = 1e-3
# Where two classes are nearly as probable, rounding may pick the other one; on real text that never mattered.
MIN_EQUAL_CLASSES = 0.999
BOX_TOLERANCE_PX = 0.5
DETECTOR_OUTPUTS = {"maps": ("float", 4)}
RECOGNIZER_OUTPUTS = {"indices": ("int32", 2), "confidences": ("float", 2)}
PAGES = ("street.jpg", "receipt.png", "article.png")
PAGE_SIZES_WH = ((960, 736), (480, 640))
CROP_WIDTHS_PX = (160, 320)
BATCHES = (1, 3)

Run = Callable[[NDArray[np.uint8]], Outputs]


@dataclasses.dataclass
class Report:
    """What was compared, for people.

    Attributes:
        batches: Number of batches that went through both networks.
        largest_difference: Of any output value; of distances, as a share of the greatest one.
        decisions: Number of boxes or texts that were found equal.
    """

    batches: int = 0
    largest_difference: float = 0
    decisions: int = 0


def runner(graph: ModelProto) -> Run:
    """Run a contract graph in ONNX Runtime: its one input → its outputs by name."""
    return partial(runtime.run, runtime.open_session(graph))


def verify_detector(export: DetectorExport, samples: Path) -> Report:
    """Compare a detector with its original on noise and on real pages, two sizes, one and three at a time.

    Raises:
        ExportError: They differ in names, axes, types, values or boxes, or another decoder finds other boxes.
    """
    check_signature(export.graph, "image", DETECTOR_OUTPUTS)
    run, report, batches = runner(export.graph), Report(), list(_page_batches(export.detector, samples))
    for pages, original in zip(batches, export.reference(batches), strict=True):
        ours, theirs = run(pages)["maps"], original["maps"]
        _check_maps(ours, pages, export.detector)
        _compare(report, "maps", ours, theirs, _channel_units(theirs))
        for our_maps, their_maps in zip(ours, theirs, strict=True):
            report.decisions += _compare_boxes(our_maps, their_maps, pages.shape[1:3], export.detector)
            if export.check_decoding:
                export.check_decoding(our_maps)
    return report


def verify_recognizer(export: RecognizerExport, lines: list[NDArray[np.uint8]]) -> Report:
    """Compare a recognizer with its original on noise and on real lines, one and three at a time.

    Lines have two widths, or the one width that the recognizer takes.

    Args:
        export: The recognizer.
        lines: Crops of real pages at the recognizer's height, uint8 RGB.

    Raises:
        ExportError: They differ in names, axes, types, values or texts, of which the original's are another decoder's.
    """
    check_signature(export.graph, "crops", RECOGNIZER_OUTPUTS)
    run, report, batches = runner(export.graph), Report(), list(_line_batches(lines, export.recognizer))
    for batch, theirs in zip(batches, export.reference(batches), strict=True):
        ours = run(batch)
        _compare(report, "confidences", ours["confidences"], theirs["confidences"])
        if (equal := float(np.mean(ours["indices"] == theirs["indices"]))) < MIN_EQUAL_CLASSES:
            raise ExportError(f"only {equal:.2%} of the classes are the original's")
        our_texts, _ = ctc.decode(ours["indices"], ours["confidences"], export.recognizer.characters)
        their_texts = [_best_path(row, export.recognizer.characters) for row in theirs["indices"].tolist()]
        if our_texts != their_texts:
            raise ExportError(f"the texts are {our_texts}, the original's {their_texts}")
        report.decisions += len(our_texts)
    return report


def detector_inputs(detector: Detector, samples: Path) -> list[NDArray[np.uint8]]:
    """The sample pages as the detector will get them, each a batch of one."""
    return [np.asarray(image.fit_to_detector(page, detector)[None]) for page in _pages(detector, samples)]


def line_batches(lines: list[NDArray[np.uint8]], recognizer: Recognizer) -> list[NDArray[np.uint8]]:
    """Lines in batches, each padded to the widest of its batch: padding is among what a network is calibrated on."""
    widths = np.array([line.shape[1] for line in lines], np.int32)
    return batching.pack(np.concatenate(lines, axis=1), widths, recognizer, batching.SMALL)[1]


def cut_lines(export: DetectorExport, recognizer: Recognizer, samples: Path) -> list[NDArray[np.uint8]]:
    """Crops of the sample pages, as the recognizer will get them."""
    run, lines, detector = runner(export.graph), [], export.detector
    for page in _pages(detector, samples):
        maps = run(image.fit_to_detector(page, detector)[None])["maps"][0]
        quads, _ = detection.decode(maps, image.size(page), detector, Options())
        strip, widths = crops.cut(page, quads, recognizer)
        lines += np.split(strip, np.cumsum(widths)[:-1], axis=1)
    return lines


def check_signature(graph: ModelProto, input_name: str, outputs: dict[str, tuple[str, int]]) -> None:
    """One uint8 RGB image batch goes in, and these outputs come out, of these types and ranks.

    All axes but the colours must be free: the native backend refuses a graph that fixes an axis which
    config.pbtxt leaves open. ONNX Runtime is asked, not the file: it fixes axes that it can infer.

    Raises:
        ExportError: It is not so.
    """
    session = runtime.open_session(graph)
    found = {
        tensor.name: (tensor.type, _axes(tensor.shape)) for tensor in (*session.get_inputs(), *session.get_outputs())
    }
    wanted = {input_name: ("tensor(uint8)", [None, None, None, 3])}
    wanted |= {name: (f"tensor({kind})", [None] * rank) for name, (kind, rank) in outputs.items()}
    if found != wanted:
        raise ExportError(f"the graph's signature is {found}, the contract wants {wanted}")


def _pages(detector: Detector, samples: Path) -> list[NDArray[np.uint8]]:
    return [as_rgb(image.decode((samples / name).read_bytes(), 100, detector)[0]) for name in PAGES]


def _page_batches(detector: Detector, samples: Path) -> Iterator[NDArray[np.uint8]]:
    pages = _pages(detector, samples)
    noise = np.random.default_rng(0)
    for size_wh in PAGE_SIZES_WH:
        batch = np.stack([cv2.resize(page, size_wh, interpolation=cv2.INTER_AREA) for page in pages])
        for count in BATCHES:
            yield np.asarray(batch[:count], np.uint8)
        yield noise.integers(0, 256, (1, *batch.shape[1:]), np.uint8)


def _line_batches(lines: list[NDArray[np.uint8]], recognizer: Recognizer) -> Iterator[NDArray[np.uint8]]:
    noise = np.random.default_rng(0)
    for width in sorted({min(max(width, recognizer.min_width), recognizer.max_width) for width in CROP_WIDTHS_PX}):
        fitting = sorted(lines, key=lambda line: abs(line.shape[1] - width))
        for count in BATCHES:
            batch = [
                cv2.resize(line, (width, recognizer.height), interpolation=cv2.INTER_AREA) for line in fitting[:count]
            ]
            yield np.asarray(np.stack(batch), np.uint8)
        yield noise.integers(0, 256, (1, recognizer.height, width, 3), np.uint8)


def _check_maps(maps: FloatArray, pages: NDArray[np.uint8], detector: Detector) -> None:
    """The maps have the channels and the stride that the detector's file will promise to the steps."""
    stride = detector.map_stride_px
    wanted = (len(pages), detector.channels, pages.shape[1] // stride, pages.shape[2] // stride)
    if maps.shape != wanted:
        raise ExportError(
            f"of pages {pages.shape} the maps are {maps.shape}; decoder {detector.decoder} with a stride of {stride} "
            f"pixels wants {wanted}"
        )


def _axes(shape: list[int | str]) -> list[int | None]:
    return [size if isinstance(size, int) else None for size in shape]


def _channel_units(maps: FloatArray) -> FloatArray:
    """What a difference is measured in: 1 for probabilities, for EAST's distances the greatest on the map, in pixels.

    Args:
        maps: (N, channels, height, width) float32.

    Returns:
        (1, channels, 1, 1) float32.
    """
    return np.asarray(np.maximum(np.abs(maps).max(axis=(0, 2, 3), keepdims=True), 1), np.float32)


def _compare(report: Report, name: str, ours: NDArray[Any], theirs: NDArray[Any], unit: FloatArray | float = 1) -> None:
    if ours.shape != theirs.shape:
        raise ExportError(f"{name} has the shape {ours.shape}, the original's {theirs.shape}")
    difference = float((np.abs(ours - theirs) / unit).max(initial=0))
    report.batches += 1
    report.largest_difference = max(report.largest_difference, difference)
    if not difference <= TOLERANCE:
        raise ExportError(f"{name} differs from the original by {difference:g}, allowed is {TOLERANCE:g}")


def _best_path(indices: list[int], characters: Sequence[str]) -> str:
    """Another decoder than `ctc.decode`, from the definition: runs of a class count once, blanks do not count."""
    return bidi.logical("".join(characters[index] for index, _ in groupby(indices) if index != ctc.BLANK)).strip()


def _compare_boxes(our_maps: FloatArray, their_maps: FloatArray, size: tuple[int, ...], detector: Detector) -> int:
    ours, theirs = (
        detection.decode(maps, (size[0], size[1]), detector, Options())[0] for maps in (our_maps, their_maps)
    )
    if len(ours) != len(theirs) or np.abs(ours - theirs).max(initial=0) > BOX_TOLERANCE_PX:
        raise ExportError(f"{len(ours)} boxes follow from the graph, {len(theirs)} from the original, or others")
    return len(ours)
