"""What can be exported: every detector works with every recognizer."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from downloads import Source, read_sources
from export import east, english_g2, ppocr, resnet_ctc
from export.contract import DetectorExport, RecognizerExport

SOURCES = read_sources(Path(__file__).parent / "sources.toml")

Export = TypeVar("Export", DetectorExport, RecognizerExport)


@dataclasses.dataclass(frozen=True)
class Choice(Generic[Export]):
    """One detector or recognizer.

    Attributes:
        name: As on the command line.
        build: Files of the sources, in their order → the model.
        source_names: Tables of sources.toml.
        reads: Languages or scripts.
        good_for: When to choose it.
        int8_on_cpus: CPUs run it in int8, which is faster; it finds or reads as much so (the tiny recognizer reads 5 of
            144 sample lines differently).
    """

    name: str
    build: Callable[..., Export]
    source_names: tuple[str, ...]
    reads: str
    good_for: str
    int8_on_cpus: bool = False

    @property
    def sources(self) -> list[Source]:
        """Its files."""
        return [SOURCES[name] for name in self.source_names]


DETECTORS: dict[str, Choice[DetectorExport]] = {
    choice.name: choice
    for choice in (
        Choice(
            "ppocrv6-small",
            ppocr.detector,
            ("ppocrv6-small-det",),
            "any script",
            "the default: accurate",
            int8_on_cpus=True,
        ),
        Choice(
            "ppocrv6-tiny",
            ppocr.detector,
            ("ppocrv6-tiny-det",),
            "any script",
            "faster, but misses some small print",
            int8_on_cpus=True,
        ),
        Choice(
            "east",
            east.detector,
            ("east",),
            "Latin words in street scenes",
            "the Triton tutorial's detector; TensorFlow is installed to convert it",
        ),
    )
}

RECOGNIZERS: dict[str, Choice[RecognizerExport]] = {
    choice.name: choice
    for choice in (
        Choice(
            "ppocrv6-small",
            ppocr.recognizer,
            ("ppocrv6-small-rec",),
            "Latin, Chinese, Japanese; 18,708 characters",
            "the default: accurate",
            int8_on_cpus=True,
        ),
        Choice(
            "ppocrv6-tiny",
            ppocr.recognizer,
            ("ppocrv6-tiny-rec", "ppocrv6-tiny-characters"),
            "Latin, Chinese; 6,904 characters",
            "faster, but less accurate",
        ),
        Choice(
            "english-g2",
            english_g2.recognizer,
            ("english-g2",),
            "English; 96 characters",
            "EasyOCR's recognizer; torch is installed to convert it",
        ),
        Choice(
            "resnet-ctc",
            resnet_ctc.recognizer,
            ("resnet-ctc",),
            "digits and Latin letters, without case",
            "the Triton tutorial's recognizer, for single words; torch is installed to convert it",
        ),
    )
}
