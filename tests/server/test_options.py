"""Options change what is found and read, as request parameters and as HTTP headers."""

from dataclasses import replace

import numpy as np
import pytest

from ocr_client import OcrClient, Page
from tests.project import SAMPLES
from tests.server.raw_http import post
from tests.server.thresholds import middle
from tests.triton import Triton

LABEL = (SAMPLES / "label.png").read_bytes()


def heights(page: Page) -> float:
    """Mean height of a page's quads along their left edges, pixels."""
    quads = np.array([line.quad for line in page.lines])
    return float(np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1).mean())


def test_min_confidence_drops_lines_from_all_outputs_together(client: OcrClient, label: Page) -> None:
    least = middle([line.confidence for line in label.lines])
    kept = tuple(line for line in label.lines if line.confidence >= least)
    assert client.read(LABEL, min_confidence=least).lines == kept


def test_quad_threshold_drops_boxes_before_they_are_read(client: OcrClient, label: Page) -> None:
    least = middle([line.score for line in label.lines])
    kept = tuple(line for line in label.lines if line.score >= least)
    found = client.read(LABEL, quad_threshold=least).lines
    # Read in a call of other crops, confidences may differ in their last digits on a GPU.
    assert [replace(line, confidence=1) for line in found] == [replace(line, confidence=1) for line in kept]


def test_unclip_ratio_widens_the_quads(client: OcrClient, label: Page) -> None:
    assert heights(client.read(LABEL, unclip_ratio=2)) > heights(label) + 2


def test_map_threshold_decides_how_much_of_the_map_is_text(client: OcrClient, label: Page) -> None:
    assert heights(client.read(LABEL, map_threshold=0.8)) < heights(label) - 1


@pytest.mark.parametrize("name", ["Quad-Threshold", "quad-threshold"])
def test_a_header_does_what_the_parameter_does(triton: Triton, client: OcrClient, label: Page, name: str) -> None:
    least = middle([line.score for line in label.lines])
    answer = post(triton.url, LABEL, **{name: str(least)})
    assert answer.texts == [line.text for line in client.read(LABEL, quad_threshold=least).lines]
    assert len(answer.texts) < len(label.lines)


@pytest.mark.parametrize("option", ["map_threshold", "quad_threshold", "unclip_ratio", "min_confidence"])
def test_every_option_may_come_as_a_header(triton: Triton, option: str) -> None:
    answer = post(triton.url, LABEL, **{option: "99"})
    assert (answer.status, f"{option} is 99" in answer.error) == (400, True)


def test_a_header_that_is_no_option_is_ignored(triton: Triton, label: Page) -> None:
    assert post(triton.url, LABEL, X_Request_Source="scanner 3").texts == [line.text for line in label.lines]
