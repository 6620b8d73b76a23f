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

from export import exact_half, exact_int8, runtime
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
# int8 and float16 may move a box a little, and may read the odd doubtful character differently.
NEAR_PX = 3
MIN_SAME_ON_CPU = 0.97
MIN_SAME_ON_GPU = 0.99
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


@dataclasses.dataclass
class Same:
    """How alike a graph for CPUs or GPUs and the float32 graph are.

    Attributes:
        decisions: Number of boxes or texts.
        same: How many of them both graphs give.
    """

    decisions: int = 0
    same: int = 0

    @property
    def is_enough_on_gpus(self) -> bool:
        """Whether float16 will do."""
        return self.same >= MIN_SAME_ON_GPU * self.decisions

    def check_on_cpus(self, what: str) -> None:
        """Raise ExportError if there are too few in int8."""
        if self.same < MIN_SAME_ON_CPU * self.decisions:
            raise ExportError(
                f"in int8 only {self.same} of {self.decisions} {what} are the same; export with --cpu-precision float32"
            )


def runner(graph: ModelProto) -> Run:
    """Run a contract graph in ONNX Runtime: its one input → its outputs by name."""
    return partial(runtime.run, runtime.open_session(graph))


def verify_detector(export: DetectorExport, samples: Path) -> Report:
    """Compare a detector with its original on noise and on real pages, two sizes, one and three at a time.

    Raises:
        ExportError: They differ in names, axes, types, values or boxes, or another decoder finds other boxes.
    """
    _check_signature(export.graph, "image", DETECTOR_OUTPUTS)
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
    _check_signature(export.graph, "crops", RECOGNIZER_OUTPUTS)
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


def verify_cpu_detector(graph: ModelProto, export: DetectorExport, samples: Path) -> Same:
    """Compare the boxes of a detector's CPU graph with those of its float32 graph on real pages.

    Raises:
        ExportError: They differ in names, axes or types, or too many boxes differ.
    """
    report = _same_boxes(graph, exact_int8.with_uint8_weights(graph), export, samples)
    report.check_on_cpus("boxes")
    return report


def verify_cpu_recognizer(graph: ModelProto, export: RecognizerExport, lines: list[NDArray[np.uint8]]) -> Same:
    """Compare the texts of a recognizer's CPU graph with those of its float32 graph on real lines.

    Raises:
        ExportError: They differ in names, axes or types, or too many texts differ.
    """
    report = _same_texts(graph, exact_int8.with_uint8_weights(graph), export, lines)
    report.check_on_cpus("texts")
    return report


def verify_gpu_detector(graph: ModelProto, export: DetectorExport, samples: Path) -> Same:
    """Compare the boxes of a detector's GPU graph, as GPUs round, with those of its float32 graph on real pages.

    Raises:
        ExportError: They differ in names, axes or types.
    """
    return _same_boxes(graph, exact_half.rounding(graph), export, samples)


def verify_gpu_recognizer(graph: ModelProto, export: RecognizerExport, lines: list[NDArray[np.uint8]]) -> Same:
    """Compare the texts of a recognizer's GPU graph, as GPUs round, with those of its float32 graph on real lines.

    Raises:
        ExportError: They differ in names, axes or types.
    """
    return _same_texts(graph, exact_half.rounding(graph), export, lines)


def detector_inputs(detector: Detector, samples: Path) -> list[NDArray[np.uint8]]:
    """The sample pages as the detector will get them, each a batch of one."""
    return [np.asarray(image.fit_to_detector(page, detector)[None]) for page in _pages(detector, samples)]


def line_batches(lines: list[NDArray[np.uint8]], recognizer: Recognizer) -> list[NDArray[np.uint8]]:
    """Lines in batches as the recognizer will get them."""
    widths = np.array([line.shape[1] for line in lines], np.int32)
    return batching.pack(np.concatenate(lines, axis=1), widths, recognizer)[1]


def cut_lines(export: DetectorExport, recognizer: Recognizer, samples: Path) -> list[NDArray[np.uint8]]:
    """Crops of the sample pages, as the recognizer will get them."""
    run, lines, detector = runner(export.graph), [], export.detector
    for page in _pages(detector, samples):
        maps = run(image.fit_to_detector(page, detector)[None])["maps"][0]
        quads, _ = detection.decode(maps, image.size(page), detector, Options())
        strip, widths = crops.cut(page, quads, recognizer)
        lines += np.split(strip, np.cumsum(widths)[:-1], axis=1)
    return lines


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


def _same_boxes(graph: ModelProto, exact: ModelProto, export: DetectorExport, samples: Path) -> Same:
    """Compare boxes of `exact`, which computes what `graph` does on the processor that it is for."""
    _check_signature(graph, "image", DETECTOR_OUTPUTS)
    run, run_float, report = runner(exact), runner(export.graph), Same()
    for page in detector_inputs(export.detector, samples):
        ours, theirs = (
            detection.decode(r(page)["maps"][0], image.size(page[0]), export.detector, Options())[0]
            for r in (run, run_float)
        )
        report.same += _near_boxes(ours, theirs)
        report.decisions += max(len(ours), len(theirs))
    return report


def _same_texts(graph: ModelProto, exact: ModelProto, export: RecognizerExport, lines: list[NDArray[np.uint8]]) -> Same:
    """Compare texts in the same way."""
    _check_signature(graph, "crops", RECOGNIZER_OUTPUTS)
    run, run_float, report = runner(exact), runner(export.graph), Same()
    for batch in line_batches(lines, export.recognizer):
        texts = [
            ctc.decode(read["indices"], read["confidences"], export.recognizer.characters)[0]
            for read in (run(batch), run_float(batch))
        ]
        report.same += sum(ours == theirs for ours, theirs in zip(*texts, strict=True))
        report.decisions += len(batch)
    return report


def _check_signature(graph: ModelProto, input_name: str, outputs: dict[str, tuple[str, int]]) -> None:
    """One uint8 RGB image batch goes in, and these outputs come out, of these types and ranks.

    All axes but the colours must be free: the native backend refuses a graph that fixes an axis which
    config.pbtxt leaves open. ONNX Runtime is asked, not the file: it fixes axes that it can infer.
    """
    session = runtime.open_session(graph)
    found = {
        tensor.name: (tensor.type, _axes(tensor.shape)) for tensor in (*session.get_inputs(), *session.get_outputs())
    }
    wanted = {input_name: ("tensor(uint8)", [None, None, None, 3])}
    wanted |= {name: (f"tensor({kind})", [None] * rank) for name, (kind, rank) in outputs.items()}
    if found != wanted:
        raise ExportError(f"the graph's signature is {found}, the contract wants {wanted}")


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


def _near_boxes(ours: FloatArray, theirs: FloatArray) -> int:
    """How many of their boxes have one of ours in the same place."""
    if len(ours) == 0:
        return 0
    distances = np.abs(theirs[:, None] - ours).max(axis=(2, 3))
    return int((distances.min(axis=1, initial=np.inf) <= NEAR_PX).sum())
