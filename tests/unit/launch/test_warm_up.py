"""What a GPU is warmed up with before the first request."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ocr_core import batching, image
from ocr_core.detector import CoarseDetector
from ocr_launch import layout, warm_up
from ocr_launch.errors import StartError
from ocr_launch.model_config import ModelConfig
from ocr_launch.repository import Repository
from tests.unit.asking import DB, recognizer
from tests.unit.launch.test_layout import arranged, laid_out

RECOGNIZER = recognizer(max_width=9600)
COARSE_DB = CoarseDetector(**dataclasses.asdict(DB))
PAGES = 10_000


def shapes(config: ModelConfig) -> list[tuple[int, ...]]:
    """Of the tensors that are sent: rows, height, width, colours."""
    (tensor,) = config.input
    return [(sent.batch_size, *sent.inputs[tensor.name].dims) for sent in config.model_warmup]


@pytest.mark.parametrize("profile", ["gpu", "tensorrt"])
def test_pages_of_usual_formats_and_lines_of_any_width_of_a_page_are_made_ready(
    repository: Repository, tmp_path: Path, profile: str
) -> None:
    configs = arranged(repository, laid_out(profile, 16), tmp_path / "served")
    a4, photo = (1280, 896, 3), (1024, 1280, 3)
    assert {(1, *a4), (1, *photo)} <= set(shapes(configs["text_detection"]))
    crops = shapes(configs["text_recognition"])
    assert {(1, 48, 32, 3), (8, 48, 320, 3), (2, 48, 2048, 3)} <= set(crops)
    assert len(set(crops)) == len(crops) == 2 * 32


@pytest.mark.parametrize("profile", ["gpu", "tensorrt"])
def test_every_request_of_the_warm_up_is_one_that_the_model_takes(
    repository: Repository, tmp_path: Path, profile: str
) -> None:
    configs = arranged(repository, laid_out(profile, 16), tmp_path / "served")
    for model in ("text_detection", "text_recognition"):
        most_px = int(configs[model].parameters["max_input_pixels"].string_value)
        for rows, height, width, colours in shapes(configs[model]):
            assert rows <= configs[model].max_batch_size
            assert rows * height * width <= most_px
            assert colours == configs[model].input[0].dims[-1]


def test_on_cpus_nothing_needs_warming_up(repository: Repository, tmp_path: Path) -> None:
    configs = arranged(repository, laid_out("cpu", 2), tmp_path / "served")
    assert not any(config.model_warmup for config in configs.values())


def test_a_warm_up_of_the_operators_own_stays(repository: Repository, tmp_path: Path) -> None:
    file = repository.root / "text_detection" / "configs" / "gpu.pbtxt"
    own = 'model_warmup { name: "mine" batch_size: 1 }'
    file.write_text(f"{file.read_text(encoding='utf-8')}\n{own}\n", encoding="utf-8")
    config = arranged(repository, laid_out("gpu", 2), tmp_path / "served")["text_detection"]
    assert [sent.name for sent in config.model_warmup] == ["mine"]


def test_an_export_of_another_version_is_told_in_a_sentence(repository: Repository, tmp_path: Path) -> None:
    (repository.root / "ctc_decoding" / "1" / "recognizer.json").write_text("{}")
    with pytest.raises(StartError, match=r"recognizer\.json lacks .*; export anew"):
        layout.arrange(repository, laid_out("gpu", 2), tmp_path / "served")


def test_a_narrow_recognizer_is_warmed_up_within_its_width() -> None:
    assert warm_up.widths(recognizer(max_width=100)) == [32, 64, 96, 100]


def mixed_day() -> Iterator[tuple[int, int]]:
    """Width and height of photos, scans, receipts, screenshots, and of pieces cut out of anything."""
    rng = np.random.default_rng(0)
    photos = ((4032, 3024), (3024, 4032), (4000, 1800), (1920, 1080), (1280, 720))
    formats_mm = ((210, 297), (216, 279), (216, 356), (148, 210), (297, 210))
    for _ in range(PAGES // 4):
        yield photos[rng.integers(len(photos))]
        dots_per_mm, (width, height) = rng.uniform(3, 24), formats_mm[rng.integers(len(formats_mm))]
        yield round(width * dots_per_mm), round(height * dots_per_mm)
        width = int(rng.integers(400, 1200))
        yield width, round(width * rng.uniform(1.5, 6))
        yield int(rng.integers(50, 1500)), int(rng.integers(50, 1500))


def test_a_day_of_mixed_pages_has_few_shapes() -> None:
    """A GPU prepares anew for each; half of these pages are of a size of their own."""
    sizes = {image.detector_size(*size, COARSE_DB) for size in mixed_day()}
    assert len(sizes) < PAGES / 30
    lines_px = np.random.default_rng(1).lognormal(5.5, 0.9, size=20 * PAGES).clip(16, RECOGNIZER.max_width)
    calls_px = {min(batching.COARSE.padded_px(int(px)), RECOGNIZER.max_width) for px in lines_px}
    assert calls_px <= set(warm_up.widths(RECOGNIZER, RECOGNIZER.max_width))
    assert len(warm_up.widths(RECOGNIZER, RECOGNIZER.max_width)) == 50


def test_coarse_sizes_stretch_a_page_by_little() -> None:
    for wanted_px in range(8 * DB.side_multiple_px, DB.max_side_px):
        side_px = COARSE_DB.side_px(wanted_px)
        assert side_px % DB.side_multiple_px == 0
        assert abs(side_px - wanted_px) <= wanted_px / 8


def test_coarse_widths_cost_an_eighth_of_padding_at_most() -> None:
    for width in range(1, RECOGNIZER.max_width + 1):
        fine, coarse = batching.FINE.padded_px(width), batching.COARSE.padded_px(width)
        assert width <= fine <= coarse
        assert coarse == fine or coarse < width * (1 + 1 / 8)
