"""What a GPU is warmed up with before the first request, and that users' pages need no more."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ocr_core import image
from ocr_core.shapes import CALLS, PAGES
from ocr_launch import layout
from ocr_launch.errors import StartError
from ocr_launch.model_config import ModelConfig
from ocr_launch.repository import Repository
from tests.unit.asking import DB, recognizer
from tests.unit.launch.test_layout import arranged, laid_out

MIXED = 10_000


def shapes(config: ModelConfig) -> list[tuple[int, ...]]:
    """Of the tensors that are sent: rows, height, width, colours."""
    (tensor,) = config.input
    return [(sent.batch_size, *sent.inputs[tensor.name].dims) for sent in config.model_warmup]


def test_every_shape_in_which_a_gpu_computes_is_made_ready(repository: Repository, tmp_path: Path) -> None:
    configs = arranged(repository, laid_out("gpu", 16), tmp_path / "served")
    assert shapes(configs["text_detection"]) == [(1, height, width, 3) for height, width in PAGES]
    assert shapes(configs["text_recognition"]) == [(crops, 48, width, 3) for crops, width in CALLS]


@pytest.mark.parametrize("profile", ["gpu", "tensorrt"])
def test_every_request_of_the_warm_up_is_one_that_the_model_takes(
    repository: Repository, tmp_path: Path, profile: str
) -> None:
    configs = arranged(repository, laid_out(profile, 16), tmp_path / "served")
    for model in ("text_detection", "text_recognition"):
        most_px = int(configs[model].parameters["max_input_pixels"].string_value)
        assert shapes(configs[model])
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


def test_a_narrow_recognizer_is_warmed_up_within_its_width(repository: Repository, tmp_path: Path) -> None:
    recognizer(max_width=320).save(repository.root / "ctc_decoding" / "1")
    config = arranged(repository, laid_out("gpu", 2), tmp_path / "served")["text_recognition"]
    assert {width for _, _, width, _ in shapes(config)} == {160, 320}


def mixed_day() -> Iterator[tuple[int, int]]:
    """Width and height of photos, scans, receipts, screenshots, and of pieces cut out of anything."""
    rng = np.random.default_rng(0)
    photos = ((4032, 3024), (3024, 4032), (4000, 1800), (1920, 1080), (1280, 720))
    formats_mm = ((210, 297), (216, 279), (216, 356), (148, 210), (297, 210))
    for _ in range(MIXED // 4):
        yield photos[rng.integers(len(photos))]
        dots_per_mm, (width, height) = rng.uniform(3, 24), formats_mm[rng.integers(len(formats_mm))]
        yield round(width * dots_per_mm), round(height * dots_per_mm)
        width = int(rng.integers(400, 1200))
        yield width, round(width * rng.uniform(1.5, 6))
        yield int(rng.integers(50, 1500)), int(rng.integers(50, 1500))


def test_a_day_of_mixed_pages_needs_no_other_shape() -> None:
    """Half of these pages are of a size of their own; a GPU would prepare anew for each."""
    sizes_wh = {image.detector_size(*size, DB) for size in mixed_day()}
    assert len(sizes_wh) > MIXED / 10
    for width, height in sizes_wh:
        assert any(height <= most[0] and width <= most[1] for most in PAGES), (width, height)
