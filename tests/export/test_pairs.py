"""Every detector works with every recognizer: a real Triton reads the samples with each pair."""

import re
from difflib import SequenceMatcher
from pathlib import Path

import pytest

from export import build, cpu
from export.choices import DETECTORS, RECOGNIZERS
from export.contract import DetectorExport, RecognizerExport
from export.repository import ModelRepository
from ocr_client import OcrClient
from server.triton import TritonServer
from tests.export.conftest import Built
from tests.project import SAMPLES

# Of the words of a sample, the least share that is read as written and in its place; words too many count against it.
# EAST overlooks words of one letter and cuts between words of a line, where EasyOCR's network sees letters that are
# not there.
SHARES: dict[tuple[str, str], dict[str, float]] = {
    ("ppocrv6", "ppocrv6"): {"label.png": 1, "street.jpg": 1, "article.png": 1},
    ("ppocrv5", "ppocrv5"): {"label.png": 1, "street.jpg": 1, "article.png": 1},
    ("ppocrv6", "english"): {"label.png": 1, "street.jpg": 0.75, "article.png": 0.9},
    ("east", "ppocrv6"): {"label.png": 0.85, "street.jpg": 0.75, "article.png": 0.88},
    ("east", "english"): {"label.png": 0.75, "street.jpg": 0.3, "article.png": 0.7},
}


def family(name: str) -> str:
    return name.partition("-")[0]


def pairs(*recognizers: str) -> pytest.MarkDecorator:
    """Every detector with these recognizers, PP-OCRv5's with its own; PP-OCR's are the ones that need no framework."""
    return pytest.mark.parametrize(
        ("detector", "recognizer"),
        [
            pytest.param(
                detector,
                recognizer,
                id=f"{detector} + {recognizer}",
                marks=[] if family(detector) == family(recognizer) else pytest.mark.frameworks,
            )
            for detector in DETECTORS
            for recognizer in recognizers
            if (family(detector) == "ppocrv5") == (family(recognizer) == "ppocrv5")
        ],
    )


def share(read: list[str], written: list[str]) -> float:
    """How many words are the same and in the same order, of all that are on the longer side."""
    blocks = SequenceMatcher(None, read, written, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / max(len(read), len(written))


def write(root: Path, detector: DetectorExport, recognizer: RecognizerExport) -> None:
    """Export for CPUs in float32 alone."""
    graphs = {"text_detection": detector.graph, "text_recognition": recognizer.graph}
    forms = {model: build.Forms(*4 * [cpu.in_float32(graph, gelu_by_tanh=True)]) for model, graph in graphs.items()}
    ModelRepository(root, version=1).write(build.Built(detector, recognizer, forms), inputs={})


@pairs(*(name for name, choice in RECOGNIZERS.items() if all(source.package for source in choice.sources)))
def test_a_pair_reads_signs_a_label_and_a_page_of_two_columns(
    detector: str, recognizer: str, built: Built, tmp_path: Path
) -> None:
    write(tmp_path, built(DETECTORS[detector]), built(RECOGNIZERS[recognizer]))
    with TritonServer(tmp_path, log=tmp_path / "triton.log") as server, OcrClient(server.url) as client:
        read = {name: client.read(SAMPLES / name).text for name in SHARES["east", "english"]}
    for name, least in SHARES[family(detector), family(recognizer)].items():
        written = (SAMPLES / name).with_suffix(".txt").read_text(encoding="utf-8")
        assert share(read[name].split(), written.split()) >= least, read[name]


@pairs("resnet-ctc")
def test_the_random_network_gives_its_own_letters_for_each_line(
    detector: str, recognizer: str, built: Built, tmp_path: Path
) -> None:
    """Its published weights are on no package registry: that it is served is all that can be tried."""
    write(tmp_path, built(DETECTORS[detector]), built(RECOGNIZERS[recognizer]))
    with TritonServer(tmp_path, log=tmp_path / "triton.log") as server, OcrClient(server.url) as client:
        lines = client.read(SAMPLES / "label.png", min_confidence=0).lines
    assert len(lines) >= 5
    assert all(re.fullmatch("[0-9a-z]+", line.text) for line in lines)
