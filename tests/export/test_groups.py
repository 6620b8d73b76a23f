"""A recognizer that reads in groups: each crop gives what it gives by itself, whatever shares its call."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, helper

from export import cpu, groups, likeness, runtime, verify
from export.contract import RecognizerExport
from export.groups import MAX_CROPS, in_groups
from export.repository import CPU_MODEL_FILE, MODEL_FILE, RECOGNIZER_STEPS
from ocr_core.batching import PADDING
from ocr_core.recognizer import Recognizer
from tests.export.conftest import Run

HEIGHT = 48
# Rounding; of values from 0 to 1.
TOLERANCE = 1e-5

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def plain(recognizer: RecognizerExport) -> ModelProto:
    return cpu.in_float32(recognizer.graph, gelu_by_tanh=False)


@pytest.fixture(scope="module")
def alone(plain: ModelProto) -> ort.InferenceSession:
    return runtime.open_session(plain)


@pytest.fixture(scope="module")
def grouped(plain: ModelProto) -> ort.InferenceSession:
    return runtime.open_session(in_groups(plain))


def noise(widths: Sequence[int], width: int) -> Pixels:
    """Crops that are drawn up to these widths, in a call of this width."""
    crops = np.random.default_rng(0).integers(0, 256, (len(widths), HEIGHT, width, 3), np.uint8)
    for crop, end in zip(crops, widths, strict=True):
        crop[:, end:] = PADDING
    return crops


def check(grouped: ort.InferenceSession, alone: ort.InferenceSession, crops: Pixels, widths: Sequence[int]) -> None:
    """Compare what crops give together with what each gives that is cut to its width."""
    together = runtime.run(grouped, crops)
    steps = runtime.run(alone, crops[:1])["indices"].shape[1]
    assert {output.shape for output in together.values()} == {(len(crops), steps)}
    for place, width in enumerate(widths):
        wanted = runtime.run(alone, crops[place : place + 1, :, :width])
        own = wanted["indices"].shape[1]
        np.testing.assert_array_equal(together["indices"][place, :own], wanted["indices"][0])
        np.testing.assert_allclose(together["confidences"][place, :own], wanted["confidences"][0], atol=TOLERANCE)
        assert not together["indices"][place, own:].any()
        assert not together["confidences"][place, own:].any()


@pytest.mark.parametrize(
    "drawn",
    [
        [320],
        [320, 310, 290, 288, 160, 150, 64, 40, 20],
        [64, 320, 33, 320, 32, 96],
        [100] * (2 * MAX_CROPS + 1),
        [9, 9],
    ],
    ids=str,
)
def test_every_crop_gives_what_it_gives_by_itself(
    grouped: ort.InferenceSession, alone: ort.InferenceSession, drawn: list[int]
) -> None:
    widths = [-(-width // 32) * 32 for width in drawn]
    check(grouped, alone, noise(drawn, max(widths)), widths)


def test_the_widest_crops_of_a_call_are_as_wide_as_the_call(
    grouped: ort.InferenceSession, alone: ort.InferenceSession
) -> None:
    """A recognizer may take no wider ones, and the steps of a call are those of its width."""
    check(grouped, alone, noise([250, 230, 100], 250), [250, 250, 128])
    check(grouped, alone, noise([100, 40], 320), [320, 64])


def test_blank_crops_are_read_too(grouped: ort.InferenceSession, alone: ort.InferenceSession) -> None:
    check(grouped, alone, noise([0, 0], 96), [96, 96])
    check(grouped, alone, noise([96, 0], 96), [96, 32])


def test_padding_within_a_crop_does_not_end_it(grouped: ort.InferenceSession, alone: ort.InferenceSession) -> None:
    crops = noise([160, 320], 320)
    crops[0, :, 40:130] = PADDING
    check(grouped, alone, crops, [160, 320])


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_a_single_pixel_that_is_no_padding_counts(
    grouped: ort.InferenceSession, alone: ort.InferenceSession, channel: int
) -> None:
    crops = noise([30, 320], 320)
    crops[0, HEIGHT - 1, 64, channel] = PADDING + 1
    check(grouped, alone, crops, [96, 320])


@pytest.mark.parametrize(("same", "is_grouped"), [(100, True), (98, False)])
def test_a_recognizer_that_reads_something_else_in_groups_stays_as_it_is(
    tmp_path: Path, export_into: Run, quickly: pytest.MonkeyPatch, same: int, *, is_grouped: bool
) -> None:
    quickly.setattr(groups, "in_groups", lambda _: ModelProto(producer_name="in groups"))
    quickly.setattr(likeness.Texts, "in_groups", lambda *_: likeness.Same("texts", 100, same))
    told = export_into(tmp_path)
    assert ("it stays as it is, and is slower" in told.stderr) == (not is_grouped)
    folder = tmp_path / "text_recognition" / "1"
    for file in (MODEL_FILE, CPU_MODEL_FILE):
        assert (onnx.load(folder / file).producer_name == "in groups") == is_grouped
    for step in RECOGNIZER_STEPS:
        assert Recognizer.load(tmp_path / step / "1").in_groups == is_grouped


def test_it_is_the_same_model_from_outside(recognizer: RecognizerExport, plain: ModelProto) -> None:
    verify.check_signature(in_groups(plain), "crops", verify.RECOGNIZER_OUTPUTS)
    named = in_groups(helper.make_model(plain.graph, opset_imports=plain.opset_import, producer_name="ours"))
    assert named.producer_name == "ours"
    # One that is of an older opset than its loop.
    verify.check_signature(in_groups(recognizer.graph), "crops", verify.RECOGNIZER_OUTPUTS)
