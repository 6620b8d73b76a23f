"""A page is read however it lies: its text, in its order, and where it is."""

from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from benchmarks.accuracy.changed import turn_back
from ocr_client import OcrClient, Page
from ocr_core.timings import STEPS
from tests.project import SAMPLES
from tests.triton import Triton

LABEL = np.asarray(Image.open(SAMPLES / "label.png").convert("RGB"))


def turned(degrees: int) -> NDArray[np.uint8]:
    """The label, turned counter-clockwise."""
    return np.rot90(LABEL, degrees // 90)


def texts(page: Page) -> list[str]:
    return [line.text for line in page.lines]


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_turned_page_is_read_as_if_it_stood_upright(client: OcrClient, label: Page, degrees: int) -> None:
    page = client.read(turned(degrees), facts=True)
    assert texts(page) == texts(label)
    assert page.angle == -degrees % 360
    quads = [line.quad for line in turn_back(page, degrees).lines]
    np.testing.assert_allclose(quads, [line.quad for line in label.lines], atol=6)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_page_whose_angle_is_said_is_read_once(
    triton: Triton, client: OcrClient, degrees: Literal[90, 180, 270]
) -> None:
    before = triton.calls("text_recognition")
    page = client.read(turned(-degrees % 360), orientation=degrees, facts=True)
    upright = client.read(LABEL, orientation="off")
    assert (texts(page), page.angle) == (texts(upright), degrees)
    # Those of the turned page's lines and those of the upright one's.
    assert triton.calls("text_recognition") - before <= 2 * len(upright.lines)


@pytest.mark.parametrize(("degrees", "looks"), [(0, 1), (90, 3), (180, 1), (270, 3)])
def test_the_detector_looks_at_a_page_on_its_side_from_both_sides_too(
    triton: Triton, client: OcrClient, degrees: int, looks: int
) -> None:
    before = triton.calls("text_detection")
    client.read(turned(degrees))
    assert triton.calls("text_detection") - before == looks


def test_with_off_no_line_is_turned(client: OcrClient, label: Page) -> None:
    page = client.read(turned(180), orientation="off", facts=True)
    assert page.angle == 0
    assert not set(texts(page)) & set(texts(label))


def test_the_facts_of_a_page_that_is_only_askew(client: OcrClient, label: Page) -> None:
    facts = client.read(LABEL, facts=True).facts
    assert facts
    assert facts.angle == 0
    assert facts.skew == pytest.approx(-20, abs=1)  # its lines rise
    assert facts.confidence == pytest.approx(np.mean([line.confidence for line in label.lines]), abs=1e-3)
    assert facts.detector_scale == pytest.approx(1, abs=0.05)
    assert list(facts.step_milliseconds) == list(STEPS)
    assert all(time_ms > 0 for time_ms in facts.step_milliseconds.values())


def test_the_facts_of_a_blank_page(client: OcrClient) -> None:
    facts = client.read(SAMPLES / "blank.png", facts=True).facts
    assert facts
    assert (facts.angle, facts.skew, facts.confidence) == (0, 0, 0)
