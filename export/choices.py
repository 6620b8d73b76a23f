"""What can be exported: every detector works with every recognizer."""

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from downloads import Source, read_sources
from export import east, english_g2, languages, ppocr, resnet_ctc
from export.contract import DetectorExport, RecognizerExport

SOURCES = read_sources(Path(__file__).parent / "sources.toml")
# Less serves the tiny network better than what the others get (ppocr.SPACE_BIAS): its F1 on forms, street scenes and
# receipts is 0.872, 0.595, 0.903 with that, 0.895, 0.595, 0.907 with this, and 0.900, 0.579, 0.885 with nothing added.
TINY_SPACE_BIAS = 1.25

Export = TypeVar("Export", DetectorExport, RecognizerExport)


@dataclasses.dataclass(frozen=True)
class Choice(Generic[Export]):
    """One detector or recognizer.

    Attributes:
        name: As on the command line.
        build: Files of the sources, in their order → the model.
        sources: Its files.
        reads: Languages or scripts.
        good_for: When to choose it.
        int8_on_cpus: CPUs run it in int8, which is faster; it finds or reads as much so.
        half_on_gpus: GPUs run it in float16, if it finds or reads the same on the sample pages.
    """

    name: str
    build: Callable[..., Export]
    sources: tuple[Source, ...]
    reads: str
    good_for: str
    int8_on_cpus: bool = False
    half_on_gpus: bool = False


def _from(*names: str) -> tuple[Source, ...]:
    """Sources by the names of their tables."""
    return tuple(SOURCES[name] for name in names)


def _ppocrv5(script: str, reads: str) -> Choice[RecognizerExport]:
    """One of the recognizers of one script, which no package registry has."""
    return Choice(f"ppocrv5-{script}", ppocr.recognizer, _from(f"ppocrv5-{script}-rec"), reads, "PP-OCRv5 mobile")


DETECTORS: dict[str, Choice[DetectorExport]] = {
    choice.name: choice
    for choice in (
        Choice(
            "ppocrv6-small",
            ppocr.detector,
            _from("ppocrv6-small-det"),
            "any script",
            "the default: accurate",
            int8_on_cpus=True,
            half_on_gpus=True,
        ),
        Choice(
            "ppocrv6-tiny",
            ppocr.detector,
            _from("ppocrv6-tiny-det"),
            "any script",
            "faster, but misses some small print",
            int8_on_cpus=True,
            half_on_gpus=True,
        ),
        Choice(
            "ppocrv5-mobile",
            ppocr.detector,
            _from("ppocrv5-mobile-det"),
            "any script",
            "the version before",
        ),
        Choice(
            "east",
            east.detector,
            _from("east"),
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
            _from("ppocrv6-small-rec"),
            f"{languages.PPOCRV6_SMALL}; 18,708 characters",
            "the default: accurate",
            int8_on_cpus=True,
            half_on_gpus=True,
        ),
        Choice(
            "ppocrv6-tiny",
            partial(ppocr.recognizer, space_bias=TINY_SPACE_BIAS),
            _from("ppocrv6-tiny-rec", "ppocrv6-tiny-characters"),
            f"{languages.PPOCRV6_TINY}; 6,904 characters",
            "faster, but less accurate",
            int8_on_cpus=True,
            half_on_gpus=True,
        ),
        Choice(
            "ppocrv5-mobile",
            ppocr.recognizer,
            _from("ppocrv5-mobile-rec"),
            f"{languages.PPOCRV5_MOBILE}; 18,383 characters",
            "the version before; hardly any letters with accents",
        ),
        *(_ppocrv5(script, reads) for script, reads in languages.PPOCRV5.items()),
        Choice(
            "english-g2",
            english_g2.recognizer,
            _from("english-g2"),
            "English; 96 characters",
            "EasyOCR's recognizer; torch is installed to convert it",
        ),
        Choice(
            "resnet-ctc",
            resnet_ctc.recognizer,
            _from("resnet-ctc"),
            "digits and Latin letters, without case",
            "the Triton tutorial's recognizer, for single words; torch is installed to convert it",
        ),
    )
}
